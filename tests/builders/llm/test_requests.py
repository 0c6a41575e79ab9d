from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from helpers.llm_server import SCHEMA, question

from naturel.annotations.errors import UserError
from naturel.builders.llm.requests import Message, Request, Sampling, Schema

VARIANTS = {
    "model": replace(question("a"), model="other"),
    "text": question("b"),
    "role": replace(question("a"), messages=(Message("user", "Write a caption."), Message("user", "a"))),
    "borders": replace(question("a"), messages=(Message("system", "Write a caption.a"), Message("user", ""))),
    "max_tokens": question("a", Sampling(max_tokens=51)),
    "temperature": question("a", Sampling(max_tokens=50, temperature=0)),
    "top_p": question("a", Sampling(max_tokens=50, top_p=0.5)),
    "seed": question("a", Sampling(max_tokens=50, seed=1)),
    "no seed": question("a", Sampling(max_tokens=50, seed=None)),
    "top_logprobs": question("a", Sampling(max_tokens=50, top_logprobs=0)),
    "no schema": question("a", schema=None),
    "schema name": question("a", schema=replace(SCHEMA, name="other")),
    "sample": replace(question("a"), sample_index=1),
    "attempt": question("a").again(),
}


def test_everything_that_shapes_the_answer_is_in_the_digest() -> None:
    digests = {request.digest for request in VARIANTS.values()} | {question("a").digest}
    assert len(digests) == len(VARIANTS) + 1


def test_equal_requests_have_equal_digests() -> None:
    assert question("a").digest == question("a").digest
    one, other = Sampling(temperature=1, top_p=1), Sampling(temperature=1.0, top_p=1.0)
    assert question("a", one).digest == question("a", other).digest


def test_the_order_of_a_schemas_properties_matters() -> None:
    """Models fill them in that order."""
    one = Schema.of("s", {"properties": {"a": {}, "b": {}}})
    other = Schema.of("s", {"properties": {"b": {}, "a": {}}})
    assert question("a", schema=one).digest != question("a", schema=other).digest


def test_digests_stay_the_same_for_ever() -> None:
    """A change here makes every user pay again: raise DIGEST_FORMAT knowingly."""
    assert question("a").digest == "e55689457f5a0bd2611eaa7ee95c8393a40caa7b4b4ba8078e3f218fd2bf5c80"
    code = "from helpers.llm_server import question; print(question('a').digest)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd="tests", capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == question("a").digest


@pytest.mark.parametrize("request_", VARIANTS.values(), ids=VARIANTS)
def test_canonical_text_is_the_request(request_: Request) -> None:
    again = Request.from_canonical(request_.canonical)
    assert again == request_
    assert again.digest == request_.digest
    assert json.loads(request_.canonical)["format"] == 1


def test_samples_and_attempts_have_their_own_seeds() -> None:
    request = question("a")
    seeds = {
        request.seed,
        request.again().seed,
        request.again().again().seed,
        replace(request, sample_index=1).seed,
    }
    assert len(seeds) == 4
    assert all(seed is not None and 0 <= seed < 2**31 for seed in seeds)
    assert question("a", Sampling(seed=None)).seed is None


@pytest.mark.parametrize(
    "values", [{"max_tokens": 0}, {"temperature": 2.5}, {"top_p": -0.1}, {"top_logprobs": 21}]
)
def test_sampling_out_of_range(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))} is .* must be between"):
        Sampling(**values)


def test_a_schema_that_is_none() -> None:
    with pytest.raises(UserError, match=r"schema s is none: at \$.type, .* Mend the prompt"):
        Schema.of("s", {"type": "strng"})


def test_nothing_to_ask() -> None:
    with pytest.raises(ValueError, match="at least one message"):
        Request("tiny", ())
