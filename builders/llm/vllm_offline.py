"""The engine for a GPU of one's own: vLLM in this process, no server."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.engine import require_extra
from naturel.builders.llm.answers import Answer, Outcome, Result, in_order
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.engines import OnResult
from naturel.builders.llm.money import Meter
from naturel.builders.llm.requests import Request
from naturel.builders.progress import Progress, SilentProgress

DIALECT = "vllm"
AT_ONCE = 512
"""Requests given to vLLM together; their answers are kept when all of them are there."""


class VllmEngine:
    """Answers requests with a model that vLLM holds; it is loaded when the first request needs it."""

    def __init__(
        self, options: dict[str, Any] | None = None, progress: Progress | None = None, at_once: int = AT_ONCE
    ) -> None:
        """Prepare the engine.

        Args:
            options: Arguments of `vllm.LLM` besides the model, such as `max_model_len`.
            progress: Where progress is shown.
            at_once: Requests given to vLLM together.

        Raises:
            UserError: vLLM is not installed.
        """
        require_extra("vllm", "--captioner vllm")
        self.options = options or {}
        self.progress = progress or SilentProgress()
        self.at_once = at_once
        self._model: str | None = None
        self._llm: Any = None

    def complete(
        self, requests: Sequence[Request], cache: AnswerCache, meter: Meter, on_result: OnResult | None = None
    ) -> list[Result]:
        """Answer requests; see `Engine.complete`. They cost nothing; tokens are counted."""
        wanted = {request.digest: request for request in requests}
        results: dict[str, Result] = {}
        with self.progress.task("asking the model", len(wanted), "answers") as task:
            for result in self._answers(wanted, cache, meter):
                results[result.request.digest] = result
                task.advance()
                if on_result is not None:
                    on_result(result)
        return in_order(requests, results)

    def _answers(self, wanted: dict[str, Request], cache: AnswerCache, meter: Meter) -> Iterator[Result]:
        known = cache.results(wanted.values())
        meter.cached += len(known)
        yield from known.values()
        missing = [request for digest, request in wanted.items() if digest not in known]
        for model in sorted({request.model for request in missing}):
            asked = [request for request in missing if request.model == model]
            self._load(model)
            for start in range(0, len(asked), self.at_once):
                some = asked[start : start + self.at_once]
                begin = time.perf_counter()
                for request, output in self._chat(some):
                    meter.calls += 1
                    seconds = (time.perf_counter() - begin) / len(some)
                    yield self._keep(request, output, seconds, cache, meter)

    def _load(self, model: str) -> None:
        if self._model == model:
            return
        vllm = importlib.import_module("vllm")
        self._llm = None  # the memory of the former model comes first
        try:
            self._llm = vllm.LLM(model=model, **self.options)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()
            raise UserError(
                f"vLLM cannot load the model {model}: {reason[0] if reason else type(error).__name__}. Give "
                "the name of a model on the Hugging Face Hub or a folder with one, and look whether memory suffices."
            ) from error
        self._model = model

    def _chat(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Any]]:
        """Outputs by request; an error instead where vLLM rejects one. One bad request spoils no other."""
        messages = [
            [{"role": message.role, "content": message.content} for message in request.messages]
            for request in requests
        ]
        sampling = [self._sampling(request) for request in requests]
        try:
            outputs = self._llm.chat(messages, sampling_params=sampling, use_tqdm=False)
        except _rejections() as error:
            if len(requests) == 1:
                yield requests[0], error
                return
            middle = len(requests) // 2
            yield from self._chat(requests[:middle])
            yield from self._chat(requests[middle:])
        else:
            yield from zip(requests, outputs, strict=True)

    def _sampling(self, request: Request) -> Any:
        vllm = importlib.import_module("vllm.sampling_params")
        usual, wanted = self._llm.get_default_sampling_params(), request.sampling
        schema = request.schema
        return vllm.SamplingParams(
            max_tokens=wanted.max_tokens,
            temperature=usual.temperature if wanted.temperature is None else wanted.temperature,
            top_p=usual.top_p if wanted.top_p is None else wanted.top_p,
            top_k=usual.top_k,
            min_p=usual.min_p,
            repetition_penalty=usual.repetition_penalty,
            seed=request.seed,
            logprobs=wanted.top_logprobs,
            structured_outputs=vllm.StructuredOutputsParams(json=schema.document) if schema else None,
        )

    def _keep(
        self, request: Request, output: Any, seconds: float, cache: AnswerCache, meter: Meter
    ) -> Result:
        if isinstance(output, Exception):
            cache.note_failure(request, 1, Outcome.BAD_REQUEST, str(output))
            return Result(request, Outcome.BAD_REQUEST, detail=str(output))
        raw = json.dumps(as_chat_completion(request.model, output))
        result = cache.keep(request, Answer(raw, seconds, DIALECT, time.time()))
        if result.completion is not None:
            meter.count_free(request, result.completion.usage, result.text)
        return result


def _rejections() -> tuple[type[Exception], ...]:
    """What vLLM raises for a request that it cannot take, such as one that is too long."""
    try:
        errors = importlib.import_module("vllm.exceptions")
    except ImportError:
        return (ValueError,)
    return (ValueError, getattr(errors, "VLLMClientError", ValueError))


def as_chat_completion(model: str, output: Any) -> dict[str, Any]:
    """A vLLM output in the form that servers answer in, so that everything is read in one way."""
    first = output.outputs[0]
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": first.text},
        "finish_reason": first.finish_reason,
    }
    if first.logprobs is not None:
        tokens = zip(first.token_ids, first.logprobs, strict=False)
        choice["logprobs"] = {"content": [_token(token, found) for token, found in tokens]}
    usage = {"prompt_tokens": len(output.prompt_token_ids or ()), "completion_tokens": len(first.token_ids)}
    return {"object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


def _token(token: int, found: dict[int, Any]) -> dict[str, Any]:
    """One token of an answer with the alternatives, likeliest first."""
    entries = {
        number: {"token": about.decoded_token or "", "logprob": about.logprob}
        for number, about in sorted(found.items(), key=lambda entry: -entry[1].logprob)
    }
    return entries[token] | {"top_logprobs": list(entries.values())}
