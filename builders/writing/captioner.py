"""The captions step: every claim's sentences, whoever writes them, with what was found in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.captions.writer import write_captions
from naturel.builders.checks.captions import OK, REJECTED, check_captions
from naturel.builders.checks.check import Checker
from naturel.builders.checks.judge import ModelJudge
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.engines import Engine
from naturel.builders.llm.money import FREE, Estimate, Meter, Price, Prices, estimate
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.openai_batch import BatchSettings, OpenAIBatchEngine
from naturel.builders.llm.requests_file import RequestsFileEngine
from naturel.builders.llm.vllm_offline import VllmEngine
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Captioner
from naturel.builders.writing.asking import PromptShare, Question, Questions
from naturel.builders.writing.model_writer import ModelSettings, ModelWriter, Written
from naturel.prompts.parts import PromptKind
from naturel.prompts.prompt import load_prompt


class WaitingForAnswersError(Exception):
    """Requests were handed over and nobody has answered them yet; the text says what to do."""


@dataclass(frozen=True)
class Captions:
    """What the step made."""

    table: pa.Table
    """`schema.CAPTIONS`, rejected sentences too."""
    counts: dict[str, int]
    """Of sentences and answers, the same whether the answers were paid for now or known already."""
    meter: Meter | None = None
    """Calls and money of this run; None for the grammar."""

    @property
    def dropped(self) -> dict[str, int]:
        """Rejected captions by reason."""
        rejected = self.table.filter(pc.equal(self.table["status"], REJECTED))
        reasons = rejected["status_reason"].value_counts().to_pylist()
        return {f"caption: {entry['values']}": entry["counts"] for entry in reasons}


def prompt_shares(names: tuple[str, ...]) -> tuple[PromptShare, ...]:
    """Load prompts given as "naturel", "naturel:0.7" or a file.

    Raises:
        UserError: A prompt is unknown or has faults, is no prompt for captions, or a share is no positive number.
    """
    shares = []
    for text in names:
        name, mark, number = text.rpartition(":")
        if not mark or "/" in number or "\\" in number or number.endswith((".yaml", ".yml")):
            name, number = text, "1"
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not 0 < share < float("inf"):
            raise UserError(
                f"--prompt {text}: the share {number!r} is no positive number; write naturel:0.7."
            )
        prompt = load_prompt(name)
        if prompt.kind != PromptKind.CAPTIONS:
            raise UserError(f"--prompt {name}: is a prompt for a {prompt.kind}; choose one for captions.")
        shares.append(PromptShare(prompt, share))
    return tuple(shares)


def write_all(
    settings: BuildSettings,
    claims: pa.Table,
    vocabulary: Vocabulary,
    nouns: NounTable,
    progress: Progress,
) -> Captions:
    """Write and check the captions of all claims.

    Simple captions are the grammar's, which are bare words; complex ones are the captioner's.

    Args:
        settings: Who writes, and how.
        claims: `schema.CLAIMS`.
        vocabulary: The relations.
        nouns: The nouns.
        progress: Where progress is shown.

    Raises:
        UserError: The model cannot be asked, or the budget is used up.
        WaitingForAnswersError: Requests were handed over and are not answered yet.
    """
    checker = Checker()
    plain = write_captions(claims, vocabulary, nouns, settings.captions_per_claim, settings.seed, progress)
    if settings.captioner == Captioner.GRAMMAR:
        table, outcomes = check_captions(plain, claims, checker, progress)
        return Captions(table, _counts(table, outcomes))
    questions = questions_of(settings, claims, vocabulary, nouns)
    with AnswerCache(settings.cache) as cache:
        meter = Meter(
            prices_of(settings), None if settings.max_cost is None else Decimal(str(settings.max_cost))
        )
        engine = make_engine(settings, progress)
        judge = _judge(settings, cache, meter, vocabulary, nouns)
        writer = ModelWriter(
            engine,
            cache,
            meter,
            checker,
            ModelSettings(str(settings.model), settings.attempts, settings.seed),
            judge.opinions if judge else None,
        )
        written = writer.write(questions, progress)
    _stop_if_unfinished(settings, written, engine, meter)
    filled = plain.filter(pa.array(_gaps(plain, written.wanting, fill=settings.fallback)))
    checked, outcomes = check_captions(filled, claims, checker, progress)
    table = pa.concat_tables([checked, pa.Table.from_pylist(written.rows, schema.CAPTIONS)])
    table = table.sort_by(
        [("claim_id", "ascending"), ("construction", "ascending"), ("caption_id", "ascending")]
    )
    return Captions(table, _counts(table, outcomes) | _asked(written), meter)


def questions_of(
    settings: BuildSettings, claims: pa.Table, vocabulary: Vocabulary, nouns: NounTable
) -> dict[str, Question]:
    """What a model is asked for, by claim id."""
    shares = prompt_shares(settings.prompt)
    asking = Questions(shares, settings.captions_per_claim, settings.seed, vocabulary, nouns)
    rows = claims.select(["claim_id", "subject", "relation", "object"]).to_pylist()
    return {row["claim_id"]: asking.of(Claim(row["subject"], row["relation"], row["object"])) for row in rows}


def estimate_captions(
    settings: BuildSettings, claims: pa.Table, vocabulary: Vocabulary, nouns: NounTable
) -> Estimate:
    """What the first round of asking takes; sentences that do not pass are asked for again."""
    requests = [
        question.request(str(settings.model), question.constructions, 0, settings.seed)
        for question in questions_of(settings, claims, vocabulary, nouns).values()
    ]
    with AnswerCache(settings.cache) as cache:
        return estimate(requests, cache.results(requests), prices_of(settings))


def prices_of(settings: BuildSettings) -> Prices:
    """The prices in force: the table's, `--price` for other models, nothing for a server of one's own."""
    free = settings.captioner in (Captioner.VLLM, Captioner.REQUESTS_FILE, Captioner.RESPONSES_FILE)
    free = free or ApiSettings(settings.base_url).is_local
    given = Price.parse(settings.price) if settings.price else FREE if free else None
    return Prices.load(settings.prices, given)


def make_engine(settings: BuildSettings, progress: Progress) -> Engine:
    """Who answers."""
    api = ApiSettings(settings.base_url, concurrency=settings.concurrency)
    match settings.captioner:
        case Captioner.OPENAI_BATCH:
            return OpenAIBatchEngine(BatchSettings(api), progress)
        case Captioner.VLLM:
            return VllmEngine({}, progress)
        case Captioner.REQUESTS_FILE | Captioner.RESPONSES_FILE:
            return RequestsFileEngine(settings.requests_file, settings.responses_file)
        case _:
            return OpenAIEngine(api, progress)


def _judge(
    settings: BuildSettings, cache: AnswerCache, meter: Meter, vocabulary: Vocabulary, nouns: NounTable
) -> ModelJudge | None:
    if settings.judge is None:
        return None
    engine = OpenAIEngine(ApiSettings(settings.base_url, concurrency=settings.concurrency))
    return ModelJudge(settings.judge, engine, cache, meter, vocabulary, nouns)


def _stop_if_unfinished(settings: BuildSettings, written: Written, engine: Engine, meter: Meter) -> None:
    """End the build where requests were not answered and none of the captions would be the model's."""
    if meter.stopped:
        raise UserError(
            f"--max-cost {settings.max_cost:g} is used up: ${meter.cost:.4f} paid for {meter.calls:,} calls, "
            f"{written.waiting:,} not made. All answers are kept; raise --max-cost and run the same command again."
        )
    if not written.waiting:
        return
    if isinstance(engine, RequestsFileEngine):
        path: Path | None = engine.requests_path
        text = f"{written.waiting:,} requests have no answer"
        text += f" and were written to {path}" if path else ""
        raise WaitingForAnswersError(
            f"{text}. Have them answered, for example with `vllm run-batch -i {path or 'REQUESTS'} -o RESPONSES "
            f"--model {settings.model}`, and run the same command with --captioner responses-file --responses-file "
            "RESPONSES."
        )
    raise WaitingForAnswersError(
        f"{written.waiting:,} requests are not answered yet; the same command goes on when they are."
    )


def _gaps(plain: pa.Table, wanting: Mapping[str, int], *, fill: bool) -> list[bool]:
    """Which of the grammar's captions are used: the simple ones, and complex ones where the model's are too few."""
    left = dict(wanting) if fill else {}
    used = []
    for row in plain.select(["claim_id", "style"]).to_pylist():
        simple = row["style"] == "simple"
        gap = not simple and left.get(row["claim_id"], 0) > 0
        if gap:
            left[row["claim_id"]] -= 1
        used.append(simple or gap)
    return used


def _counts(table: pa.Table, outcomes: Counter[str]) -> dict[str, int]:
    usable = pc.sum(pc.equal(table["status"], OK)).as_py() or 0
    return {"captions": int(usable)} | {f"checked, {name}": count for name, count in sorted(outcomes.items())}


def _asked(written: Written) -> dict[str, int]:
    """What asking came to."""
    states: Counter[str] = Counter()
    for row in written.rows:
        reason = f"rejected, {row['status_reason']}" if row["status_reason"] else row["states"]
        states[f"checked, {row['writer']}: {reason}"] += 1
    return {
        **dict(sorted(states.items())),
        "claims filled up by the grammar": len(written.wanting),
        "captions wanted of the grammar": sum(written.wanting.values()),
        **{f"answers, {outcome}": count for outcome, count in sorted(written.calls.items())},
    }
