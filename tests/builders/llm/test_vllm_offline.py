"""The engine around vLLM, with a stand-in that takes and gives what vLLM 0.32 does."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from helpers.llm_server import SCHEMA, caption, question

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome, Usage
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import Meter, Prices
from naturel.builders.llm.requests import Request, Sampling
from naturel.builders.llm.vllm_offline import VllmEngine


class TooLongError(Exception):
    """As vLLM raises it."""


@dataclass
class FakeLLM:
    """Behaves like vllm.LLM: one request that is too long spoils the whole call."""

    model: str
    max_model_len: int = 100
    calls: ClassVar[list[list[Any]]] = []
    sampling: ClassVar[list[Any]] = []

    def __post_init__(self) -> None:
        if self.model == "none":
            raise OSError("no such folder\nmore lines")

    def get_default_sampling_params(self) -> Any:
        return SimpleNamespace(temperature=0.7, top_p=0.8, top_k=20, min_p=0.0, repetition_penalty=1.1)

    def chat(self, messages: list[Any], sampling_params: list[Any], use_tqdm: bool) -> list[Any]:
        assert not use_tqdm
        assert len(messages) == len(sampling_params)
        if any(len(conversation[-1]["content"]) > self.max_model_len for conversation in messages):
            raise TooLongError("longer than the model")
        self.calls.append(messages)
        self.sampling.extend(sampling_params)
        return [self._answer(*pair) for pair in zip(messages, sampling_params, strict=True)]

    def _answer(self, conversation: list[Any], sampling: Any) -> Any:
        logprobs = None
        if sampling.logprobs is not None:
            tokens = {7: ("no", -2.5), 9: ("yes", -0.1)}
            logprobs = [{id: SimpleNamespace(logprob=p, decoded_token=t) for id, (t, p) in tokens.items()}]
        text = "yes" if logprobs else caption(conversation[-1]["content"])
        ids = [9] if logprobs else [1, 2, 3]
        out = SimpleNamespace(text=text, token_ids=ids, finish_reason="stop", logprobs=logprobs)
        return SimpleNamespace(outputs=[out], prompt_token_ids=[0] * 11)


@dataclass
class Params:
    """Takes what vllm.SamplingParams takes of what we give."""

    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    seed: int | None
    logprobs: int | None
    structured_outputs: Any = field(default=None)


@pytest.fixture(autouse=True)
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: dict[str, dict[str, Any]] = {
        "vllm": {"LLM": FakeLLM, "__spec__": SimpleNamespace()},
        "vllm.sampling_params": {
            "SamplingParams": Params,
            "StructuredOutputsParams": lambda json: SimpleNamespace(json=json),
        },
        "vllm.exceptions": {"VLLMClientError": TooLongError},
    }
    for name, values in parts.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    FakeLLM.calls.clear()
    FakeLLM.sampling.clear()


def test_answers_are_kept_in_the_same_form(cache: AnswerCache) -> None:
    engine, meter = VllmEngine(at_once=2), Meter(Prices({}))
    requests = [question(text) for text in "abc"]
    results = engine.complete([*requests, requests[0]], cache, meter)
    assert [result.value["caption"] for result in results] == [f"Here is {x}." for x in "abca"]
    assert results[0].completion is not None
    assert results[0].completion.usage == Usage(11, 3)
    assert [len(call) for call in FakeLLM.calls] == [2, 1]
    assert (meter.calls, meter.input_tokens, meter.cost) == (3, 33, Decimal(0))
    again = Meter(Prices({}))
    assert VllmEngine().complete(requests, cache, again)[2].cached
    assert (again.calls, again.cached) == (0, 3)


def test_sampling_is_passed_on(cache: AnswerCache) -> None:
    wanted = Sampling(max_tokens=9, temperature=0.0, seed=4)
    VllmEngine().complete([question("a", wanted)], cache, Meter(Prices({})))
    (params,) = FakeLLM.sampling
    assert (params.max_tokens, params.temperature, params.top_p, params.top_k) == (9, 0.0, 0.8, 20)
    assert params.seed == question("a", wanted).seed
    assert params.structured_outputs.json == SCHEMA.document


def test_one_request_that_is_too_long_spoils_no_other(cache: AnswerCache) -> None:
    requests = [question(text) for text in ("a", "b", "x" * 500, "c", "d")]
    results = VllmEngine().complete(requests, cache, Meter(Prices({})))
    assert [result.outcome for result in results] == [
        *[Outcome.ANSWER] * 2,
        Outcome.BAD_REQUEST,
        *[Outcome.ANSWER] * 2,
    ]
    assert results[2].detail == "longer than the model"


def test_logprobs(cache: AnswerCache) -> None:
    request = question("a", Sampling(max_tokens=1, top_logprobs=2), schema=None)
    (result,) = VllmEngine().complete([request], cache, Meter(Prices({})))
    assert result.completion is not None
    assert result.completion.logprobs == ({"yes": -0.1, "no": -2.5},)


def test_a_model_that_is_not_there(cache: AnswerCache) -> None:
    request = Request("none", question("a").messages)
    with pytest.raises(UserError, match=r"cannot load the model none: no such folder\. Give the name"):
        VllmEngine().complete([request], cache, Meter(Prices({})))


def test_without_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "vllm")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"naturel\[vllm\]"):
        VllmEngine()
