"""Log-probabilities of texts that a test can add up by hand, as vLLM sends them."""

from __future__ import annotations

from collections.abc import Mapping

from helpers.llm_server import Json


def likelihood(text: str, logprobs: Mapping[str, float], mark: bool = False) -> Json:
    """A Completions response with the log-probability of each word, in vLLM's form.

    The first token has none: the mark of the beginning, or, with a tokenizer without one, the first word.
    """
    words = text.split()
    tokens = [
        {str(place): {"logprob": logprobs[word], "rank": 1, "decoded_token": word}}
        for place, word in enumerate(words)
    ]
    choice = {"index": 0, "text": "x", "finish_reason": "length", "logprobs": None}
    choice |= {"prompt_logprobs": [None, *(tokens if mark else tokens[1:])]}
    usage = {
        "prompt_tokens": len(words) + mark,
        "completion_tokens": 1,
        "total_tokens": len(words) + mark + 1,
    }
    return {"object": "text_completion", "model": "tiny-2026", "choices": [choice], "usage": usage}


def without_likelihood(text: str) -> Json:
    """What a server says that does not know `prompt_logprobs`, and does not mind."""
    response = likelihood(text, dict.fromkeys(text.split(), -1.0))
    del response["choices"][0]["prompt_logprobs"]
    return response
