"""Words stay words."""

import pytest
import yaml

from naturel.annotations.yaml_file import read_yaml


def test_on_and_no_are_words_and_true_is_a_truth_value() -> None:
    document, repeated = read_yaml("{on: [on, off, yes, no, true, False], 1: 2}")
    assert document == {"on": ["on", "off", "yes", "no", True, False], "1": 2}
    assert repeated == []


def test_keys_given_twice_are_named() -> None:
    assert sorted(read_yaml("a: 1\nb: {c: 1, c: 2}\na: 3")[1]) == ["a", "c"]


def test_python_objects_are_refused() -> None:
    with pytest.raises(yaml.YAMLError):
        read_yaml("!!python/object/apply:os.system ['true']")
