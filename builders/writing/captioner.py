"""The captions step: every claim's sentences, whoever writes them, with what was found in each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.captions.grammar import CONSTRUCTIONS
from naturel.builders.captions.writer import write_captions
from naturel.builders.checks.captions import OK, REJECTED, check_captions
from naturel.builders.checks.check import Checker
from naturel.builders.checks.judge import ModelJudge
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.database import default_path
from naturel.builders.llm.engines import Engine
from naturel.builders.llm.money import BATCH_FACTOR, FREE, Estimate, Meter, Price, Prices, estimate
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.openai_batch import BatchSettings, OpenAIBatchEngine
from naturel.builders.llm.requests_file import RequestsFileEngine
from naturel.builders.llm.vllm_offline import VllmEngine
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Captioner
from naturel.builders.writing.asking import PromptShare, Question, Questions
from naturel.builders.writing.gaps import choose_fillers
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
    again: bool = False
    """Whether calls failed on the way, so that the next build should ask again."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Sentences that are not in the table, by reason."""

    @property
    def dropped(self) -> dict[str, int]:
        """Captions that are not used, by reason."""
        rejected = self.table.filter(pc.equal(self.table["status"], REJECTED))
        reasons = Counter(rejected["status_reason"].to_pylist())
        return {f"caption: {reason}": count for reason, count in (reasons + Counter(self.left_out)).items()}


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


def named_prompts(settings: BuildSettings) -> list[list[object]]:
    """Name, digest and share of each prompt in force; none where the grammar writes.

    Raises:
        UserError: As `prompt_shares`.
    """
    if settings.captioner == Captioner.GRAMMAR:
        return []
    shares = prompt_shares(settings.prompt)
    return [[entry.prompt.name, entry.prompt.digest, entry.share] for entry in shares]


def whole_prompts(settings: BuildSettings) -> list[dict[str, Any]]:
    """Each prompt in force with all that shapes its requests, for the card; none where the grammar writes."""
    if settings.captioner == Captioner.GRAMMAR:
        return []
    return [
        {
            "name": entry.prompt.name,
            "digest": entry.prompt.digest,
            "share": entry.share,
            "purpose": entry.prompt.purpose,
            "content": json.loads(entry.prompt.canonical),
        }
        for entry in prompt_shares(settings.prompt)
    ]


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
    asks = settings.captioner != Captioner.GRAMMAR
    # What fills gaps is chosen later, from all that the grammar can say.
    count = len(CONSTRUCTIONS) if asks else settings.captions_per_claim
    plain = write_captions(claims, vocabulary, nouns, count, settings.seed, progress)
    if not asks:
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
    used = plain.filter(pc.equal(plain["style"], "simple"))
    if settings.fallback:
        stated = {claim_id: question.claim for claim_id, question in questions.items()}
        fillers = choose_fillers(plain, written.rows, written.wanting, stated, settings.seed)
        used = pa.concat_tables([used, fillers])
    checked, outcomes = check_captions(used, claims, checker, progress)
    table = pa.concat_tables([checked, pa.Table.from_pylist(written.rows, schema.CAPTIONS)])
    table = table.sort_by(
        [("claim_id", "ascending"), ("construction", "ascending"), ("caption_id", "ascending")]
    )
    counts = _counts(table, outcomes) | _asked(written) | _gaps(checked, written.wanting)
    if judge:
        counts |= {f"judge, no answer: {why}": count for why, count in sorted(judge.failures.items())}
    if written.failed:
        counts["claims whose last call failed; the next build asks again"] = written.failed
    return Captions(table, counts, meter, written.failed > 0, dict(written.left_out))


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
    factor = BATCH_FACTOR if settings.captioner == Captioner.OPENAI_BATCH else Decimal(1)
    if not (settings.cache or default_path()).exists():  # nothing is written, no empty cache either
        return estimate(requests, {}, prices_of(settings), factor)
    with AnswerCache(settings.cache) as cache:
        return estimate(requests, cache.results(requests), prices_of(settings), factor)


def prices_of(settings: BuildSettings) -> Prices:
    """The prices in force: the table's, `--price` for other models, nothing for a server of one's own."""
    calls_a_server = settings.captioner in (Captioner.OPENAI, Captioner.OPENAI_BATCH) or settings.judge
    free = not calls_a_server or ApiSettings(settings.base_url).is_local
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
        raise WaitingForAnswersError(_hand_over(written.waiting, engine, str(settings.model)))
    raise WaitingForAnswersError(
        f"{written.waiting:,} requests are not answered yet; the same command goes on when they are."
    )


def _hand_over(waiting: int, engine: RequestsFileEngine, model: str) -> str:
    """What to do with requests that nobody has answered yet."""
    path = engine.requests_path
    text = f"{waiting:,} requests have no answer" + (f" and were written to {path}. " if path else ". ")
    if bad := engine.taken.bad_lines:
        number, reason = bad[0]
        text += f"{len(bad):,} lines of {engine.responses_path} cannot be read (line {number}: {reason}). "
    if path is None:
        return text + "Run the same command with --requests-file REQUESTS, which writes them there."
    return text + (
        f"Have them answered, for example with `vllm run-batch -i {path} -o RESPONSES --model {model}`, and run the "
        "same command with --captioner responses-file --responses-file RESPONSES."
    )


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
        **{f"judged, {opinion}": count for opinion, count in sorted(written.judged.items())},
        **{f"answers, {outcome}": count for outcome, count in sorted(written.answers.items())},
    }


def _gaps(grammar: pa.Table, wanting: Mapping[str, int]) -> dict[str, int]:
    """What the model left, and what became of it."""
    usable = pc.and_(pc.equal(grammar["status"], OK), pc.equal(grammar["style"], "complex"))
    filled = int(pc.sum(usable).as_py() or 0)
    return {
        "claims with gaps": len(wanting),
        "gaps filled by the grammar": filled,
        "gaps left open": sum(wanting.values()) - filled,
    }
