"""Builds whose captions a language model writes, through the command, against a server that misbehaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.builds import release_files
from helpers.caption_server import Asked, CaptionServer, Sentences, reply_of
from helpers.llm_server import Reply, completion, error
from helpers.model_builds import (
    CLAIMS,
    Builder,
    captions_of,
    counts_of,
    half_wrong,
    run_command,
    write_small_source,
)

from naturel.annotations.claims import Claim
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.openai_batch import BatchSettings
from naturel.builders.writing import captioner

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_source(tmp_path_factory.mktemp("source") / "openimages")


@pytest.fixture
def server() -> Iterator[CaptionServer]:
    with CaptionServer() as server:
        yield server


@pytest.fixture
def builder(source: Path, tmp_path: Path) -> Builder:
    return Builder(source, tmp_path)


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# Sums


def test_calls_answers_and_cost_add_up_and_nothing_is_asked_twice(
    builder: Builder, server: CaptionServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = builder.must(server, out, "--price", "1,2")
    assert done.count("calls to the model") == len(server.bodies) == done.count("claims") == CLAIMS
    assert done.count("answers known already") == 0
    tokens = sum(10 + len(asked.text) for asked in server.asked)
    assert (done.count("tokens in"), done.count("tokens out")) == (tokens, 5 * CLAIMS)
    assert done.figure("cost") == f"${Decimal(tokens + 10 * CLAIMS) / 1_000_000:.4f}"
    asked = sum(len(asked.constructions) for asked in server.asked)
    counts = counts_of(out)
    assert counts["answers, answer"] == CLAIMS
    assert counts["checked, tiny: yes"] == asked
    assert counts["captions"] == asked + CLAIMS  # with the simple ones
    assert (counts["claims with gaps"], counts["gaps left open"]) == (0, 0)
    assert "written by the grammar" not in done.err
    assert "nothing changed, nothing was redone" in builder.must(server, out).out
    options = builder.options("", tmp_path / "elsewhere")
    at = options.index("--base-url")
    again = run_command(*options[:at], *options[at + 2 :], OPENAI_BASE_URL=server.url)
    assert (again.count("calls to the model"), again.count("answers known already")) == (0, CLAIMS)
    assert len(server.bodies) == CLAIMS
    assert release_files(tmp_path / "elsewhere") == release_files(out)


def test_no_secret_is_written_anywhere(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when the server repeats the key in what it says."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def behave(asked: Asked) -> Reply | None:
        told = Reply(completion(f"Your key is {KEY}", asked.text))
        return (
            {1: Reply(error(f"busy, {KEY}"), 500), 2: told}.get(asked.number)
            if len(asked.text) % 5 == 0
            else None
        )

    with CaptionServer(behave, key=KEY) as server:
        port = server.url.replace("http://", "http://user:hidden-password@")
        said = [
            builder.must(server, tmp_path / "out"),
            run_command(*builder.options(port, tmp_path / "o", "--dry-run")),
        ]
        wrong = run_command(
            *builder.options(server.url, tmp_path / "wrong", "--seed", "5"), OPENAI_API_KEY=f"{KEY}-x"
        )
    assert (wrong.code, "does not accept the key" in wrong.err) == (2, True)
    said.append(wrong)
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    texts += [(done.out + done.err).encode() for done in said]
    assert len(texts) > 20
    for secret in (KEY, "hidden-password"):
        assert not [text for text in texts if secret.encode() in text]


# Another prompt


def test_another_prompt_touches_no_picture_and_no_relation(
    builder: Builder, server: CaptionServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    builder.must(server, out)
    first = release_files(out)
    untouched = {name: stamps(out / "work" / name) for name in ("source", "pictures", "claims")}
    done = builder.must(server, out, "--prompt", "vivid")
    assert "(captions, records, release)" in done.out
    assert done.count("calls to the model") == CLAIMS
    assert {name: stamps(out / "work" / name) for name in untouched} == untouched
    assert release_files(out) == first
    with AnswerCache(builder.cache) as cache:
        rows = cache.database.rows("SELECT digest, request FROM answers")
    requests = {row["digest"]: json.loads(row["request"]) for row in rows}
    captions = pq.read_table(out / "release" / "1.1.0" / "captions").to_pylist()
    written = [row for row in captions if row["style"] == "complex"]
    assert {(row["prompt_id"], row["writer"]) for row in written} == {("vivid-v1", "tiny")}
    assert len({row["prompt_digest"] for row in written}) == 1
    assert {requests[row["request_digest"]]["model"] for row in written} == {"tiny"}
    back = builder.must(server, out, "--prompt", "naturel-v1")
    assert back.out.splitlines()[-1].endswith("/release/1.0.0")
    assert len(server.bodies) == 2 * CLAIMS


def test_two_prompts_share_one_release_and_nothing_is_asked_twice(
    builder: Builder, server: CaptionServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    builder.must(server, out, "--seed", "2")
    builder.must(server, out, "--seed", "2", "--prompt", "vivid")
    done = builder.must(server, out, "--seed", "2", "--prompt", "naturel:0.5,vivid:0.5")
    assert (done.count("calls to the model"), len(server.bodies)) == (0, 2 * CLAIMS)
    rows = pq.read_table(out / "work" / "claims" / "claims.parquet").to_pylist()
    claims = {row["claim_id"]: Claim(row["subject"], row["relation"], row["object"]) for row in rows}
    prompts: dict[str, set[str]] = {}
    for row in captions_of(out):
        prompts.setdefault(claims[row["claim_id"]].pair_key, set()).add(row["prompt_id"])
    assert {prompt for found in prompts.values() for prompt in found} == {"naturel-v1", "vivid-v1"}
    assert {len(found) for found in prompts.values()} == {1}
    manifest = json.loads((out / "release" / "1.2.0" / "manifest.json").read_text())
    assert [[name, share] for name, _, share in manifest["settings"]["prompts"]] == [
        ["naturel-v1", 0.5],
        ["vivid-v1", 0.5],
    ]


def test_a_prompt_file_of_ones_own_leaves_no_path(
    builder: Builder, server: CaptionServer, tmp_path: Path
) -> None:
    text = (Path(__file__).parents[2] / "prompts" / "vivid-v1.yaml").read_text(encoding="utf-8")
    file = tmp_path / "private" / "mine-v3.yaml"
    file.parent.mkdir()
    file.write_text(
        text.replace("id: vivid", "id: mine").replace("version: 1", "version: 3"), encoding="utf-8"
    )
    builder.must(server, tmp_path / "out", "--prompt", file)
    assert {row["prompt_id"] for row in captions_of(tmp_path / "out")} == {"mine-v3"}
    assert not [name for name, data in release_files(tmp_path / "out").items() if b"private" in data]


# Files, batches, money


def answer_file(requests: Path, responses: Path) -> int:
    """Answer a file of requests as `vllm run-batch` does, with what the server of `half_wrong` says."""
    lines = []
    for line in map(json.loads, requests.read_text().splitlines()):
        asked = Asked.read(line["body"]["messages"][-1]["content"], line["body"]["seed"])
        response = {"status_code": 200, "body": reply_of(asked, half_wrong(asked)).body}
        lines.append(json.dumps({"custom_id": line["custom_id"], "response": response, "error": None}))
    responses.write_text("\n".join(reversed(lines)) + "\n")
    return len(lines)


def test_a_file_of_requests_and_one_of_responses_give_the_same_bytes(
    builder: Builder, source: Path, tmp_path: Path
) -> None:
    with CaptionServer(half_wrong) as server:
        asked = builder.must(server, tmp_path / "asked").count("calls to the model")
    options: list[str | Path] = [
        "--data",
        source,
        "--images",
        "link",
        "--out",
        tmp_path / "filed",
        "--model",
        "tiny",
    ]
    requests, responses = tmp_path / "requests.jsonl", tmp_path / "responses.jsonl"
    options += ["--cache", tmp_path / "filed.sqlite", "--requests-file", requests]
    done = run_command(*options, "--captioner", "requests-file")
    assert (done.code, done.err.count("Error")) == (0, 0)
    assert done.out.startswith(f"{CLAIMS} requests have no answer and were written to {requests}. ")
    answered = 0
    filed = ("--captioner", "responses-file", "--responses-file", responses)
    for _ in range(2):
        assert not (tmp_path / "filed" / "release").exists()
        answered += answer_file(requests, responses)
        done = run_command(*options, *filed)
        assert done.code == 0, done.err
    assert answered == asked
    assert release_files(tmp_path / "filed") == release_files(tmp_path / "asked")


def test_what_is_wrong_with_a_responses_file_is_told(source: Path, tmp_path: Path) -> None:
    options: list[str | Path] = [
        "--data",
        source,
        "--images",
        "link",
        "--out",
        tmp_path / "out",
        "--model",
        "tiny",
    ]
    options += ["--cache", tmp_path / "c.sqlite", "--captioner", "responses-file", "--responses-file"]
    missing = run_command(*options, tmp_path / "none.jsonl")
    assert (missing.code, "cannot be read: No such file" in missing.err) == (2, True)
    (tmp_path / "bad.jsonl").write_text("<html>\n")
    bad = run_command(*options, tmp_path / "bad.jsonl")
    assert bad.code == 0
    assert f"1 lines of {tmp_path / 'bad.jsonl'} cannot be read (line 1: not JSON" in bad.out
    assert "Run the same command with --requests-file REQUESTS" in bad.out


def test_batches_give_the_same_bytes_at_half_the_price(
    builder: Builder, server: CaptionServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioner, "BatchSettings", partial(BatchSettings, poll_seconds=0.01))
    direct = builder.must(server, tmp_path / "direct", "--price", "100,200")
    builder.cache = tmp_path / "batch.sqlite"
    more = ("--captioner", "openai-batch", "--price", "100,200")
    planned = builder.must(server, tmp_path / "batch", *more, "--dry-run").out
    batch = builder.must(server, tmp_path / "batch", *more)
    assert len(server.batches) == 1
    assert release_files(tmp_path / "batch") == release_files(tmp_path / "direct")
    assert batch.count("tokens in") == direct.count("tokens in")
    paid = [Decimal(done.figure("cost").removeprefix("$")) for done in (direct, batch)]
    assert paid[0] == pytest.approx(paid[1] * 2, abs=Decimal("0.0002"))
    tokens = [
        int(figure.replace(",", ""))
        for figure in re.findall(r"([\d,]+) tokens in, at most ([\d,]+)", planned)[0]
    ]
    cost = Decimal(100 * tokens[0] + 200 * tokens[1]) / 2_000_000
    assert f"about ${cost:.4f} at most" in " ".join(planned.split())


def test_a_dry_run_makes_no_call_and_tells_the_numbers(
    builder: Builder, server: CaptionServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    before = builder.must(server, out, "--dry-run", "--price", "1,2")
    assert f"ask a model about {CLAIMS} claims: {CLAIMS} calls, 0 answers known already" in before.out
    assert not server.bodies
    assert not out.exists()
    assert not builder.cache.exists()
    builder.must(server, out)
    tokens, longest = 0, 0
    for body in server.bodies:
        schema = json.dumps(body["response_format"]["json_schema"]["schema"], separators=(",", ":"))
        size = len(schema.encode()) + sum(len(message["content"].encode()) for message in body["messages"])
        tokens += -(-size // 4) + 8 * len(body["messages"])
        longest += body["max_tokens"]
    cost = Decimal(tokens + 2 * longest) / 1_000_000
    assert f"about {tokens:,} tokens in, at most {longest:,} out, about ${cost:.4f} at most" in before.out
    after = builder.must(server, tmp_path / "other", "--dry-run")
    assert f"{CLAIMS} claims: 0 calls, {CLAIMS} answers known already" in after.out
    assert len(server.bodies) == CLAIMS


def test_the_limit_stops_the_build_keeps_the_answers_and_it_goes_on(
    builder: Builder, server: CaptionServer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    paid = builder.run(server, out, "--price", "1,2", "--max-cost", "0.011")
    assert paid.code == 2
    assert "--max-cost 0.011 is used up: $0.0" in paid.err
    cost = Decimal(re.findall(r"\$([\d.]+) paid", paid.err)[0])
    made = len(server.bodies)
    assert cost <= Decimal("0.011")
    assert f"for {made} calls, {CLAIMS - made} not made. All answers are kept" in paid.err
    assert 0 < made < CLAIMS
    assert not (out / "release").exists()
    nothing = builder.run(server, out, "--price", "1,2", "--max-cost", "0")
    assert (nothing.code, len(server.bodies)) == (2, made)
    done = builder.must(server, out, "--price", "1,2", "--max-cost", "1")
    assert (done.count("calls to the model"), done.count("answers known already")) == (CLAIMS - made, made)
    assert len(server.bodies) == CLAIMS


# A judge


def beneath(asked: Asked) -> Sentences | None:
    """One sentence of which the reader is unsure."""
    if not asked.object.endswith("table") or asked.relation != "on":
        return None
    return asked.good | {asked.constructions[0]: f"The {asked.subject[2:]} has the table beneath its paws."}


@pytest.mark.parametrize("opinion", ["yes", "no"])
def test_a_judge_decides_what_the_reader_is_unsure_of(builder: Builder, tmp_path: Path, opinion: str) -> None:
    out = tmp_path / "out"
    with CaptionServer(beneath, judge_says=lambda sentence: opinion) as server:
        done = builder.must(server, out, "--judge", "wise", "--attempts", "1")
        asked = sum(server.opinions.values())
        assert asked > 0
        assert done.count("calls to the model") == len(server.bodies) == CLAIMS + asked
        assert {body["model"] for body in server.bodies} == {"tiny", "wise"}
    assert counts_of(out)[f"judged, {opinion}"] == asked
    judged = [row for row in captions_of(out) if row["text"].endswith("beneath its paws.")]
    expected = ("yes", "ok") if opinion == "yes" else ("no", "rejected")
    assert {(row["states"], row["status"]) for row in judged} == {expected}
    assert counts_of(out)["gaps filled by the grammar"] == (0 if opinion == "yes" else asked)


# What users can mend

BAD = {
    "no captioner": (("--captioner", "grammar"), "--model needs a --captioner that asks a model"),
    "a file that nobody reads": (
        ("--requests-file", "r.jsonl"),
        "--requests-file needs --captioner requests-file",
    ),
    "no such prompt": (("--prompt", "vivd"), "did you mean vivid"),
    "a judge to write": (("--prompt", "judge"), "is a prompt for a judge"),
    "no price": (("--base-url", "https://models.example/v1"), "Give it with --price IN,OUT"),
    "no prices": (("--prices", "/nowhere.yaml"), "The price table /nowhere.yaml cannot be read"),
    "no server": (("--base-url", "http://127.0.0.1:9/v1"), "There is no server at http://127.0.0.1:9/v1"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD.keys())
def test_bad_options_give_one_paragraph(
    builder: Builder, server: CaptionServer, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = builder.run(server, tmp_path / "out", *options, OPENAI_API_KEY="x")
    assert done.code == 2
    assert message in done.err
    assert done.err.splitlines()[-1].startswith("Error: ")
    assert not (tmp_path / "out" / "release").exists()
    assert not server.bodies


def test_a_prompt_wants_a_captioner(source: Path, tmp_path: Path) -> None:
    done = run_command("--data", source, "--out", tmp_path / "out", "--prompt", "vivid")
    assert done.code == 2
    assert "--prompt needs a --captioner that asks a model, such as openai" in done.err
