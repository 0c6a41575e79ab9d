"""The blind attack, on pairs whose answer is known and on published ones."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from helpers.builds import must_build
from typer.testing import CliRunner

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind import attack, interval, wilson
from naturel.builders.checks.blind_attackers import PUNCTUATION, RULES, view
from naturel.builders.checks.blind_cli import blind_command
from naturel.builders.checks.blind_inputs import Pairs, pairs_of, read_pairs

SUGARCREPE = Path(__file__).parents[3].parent / "shared" / "data" / "benchmarks" / "sugarcrepe"
PUBLISHED = {
    "add_obj": 0.98,
    "add_att": 0.91,
    "replace_rel": 0.83,
    "replace_obj": 0.78,
    "replace_att": 0.72,
    "swap_att": 0.64,
    "swap_obj": 0.59,
}
"""Accuracy of naive Bayes in five folds."""
PEOPLE = ("man", "woman", "boy", "girl", "person", "child", "farmer", "rider")
THINGS = ("cup", "ball", "book", "hat", "guitar", "lamp", "spoon", "bag", "kite", "box")
VERBS = ("holds", "wears", "carries", "kicks", "paints")


def swapped(count: int = 400) -> tuple[list[str], list[str]]:
    """People act on things in positives, things on people in negatives."""
    dice = random.Random(1)
    triplets = [(dice.choice(PEOPLE), dice.choice(VERBS), dice.choice(THINGS)) for _ in range(count)]
    return [f"a {a} {verb} a {b}" for a, verb, b in triplets], [
        f"a {b} {verb} a {a}" for a, verb, b in triplets
    ]


def nonsense(dice: random.Random, words: int = 8) -> str:
    return " ".join("".join(dice.choices("bcdfgaeiou", k=3)) for _ in range(words))


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    app = typer.Typer()
    app.command()(blind_command)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("blind") / "out"
    must_build("--data", sample, "--max-images", "60", "--out", out)
    return out


def test_wilson_agrees_with_hand_values() -> None:
    # 8 of 10, by hand with z = 1.96: (.8 + .19208 -+ 1.96 sqrt(.016 + .009604)) / 1.38416.
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_the_interval_of_lone_pairs_is_wilsons() -> None:
    found = interval(np.array([1.0] * 8 + [0.0] * 2), np.arange(10))
    assert (found.value, found.pairs) == (0.8, 10)
    assert (found.low, found.high) == wilson(0.8, 10)


def test_pairs_that_stand_and_fall_together_count_once() -> None:
    # 20 groups of 5 equal pairs: their variance is .25 / 19, that of 19 lone pairs.
    correct = np.repeat([1.0, 0.0], 50)
    clusters = np.repeat(np.arange(20), 5)
    found = interval(correct, clusters)
    assert (found.low, found.high) == pytest.approx(wilson(0.5, 19))
    all_hit = interval(np.ones(100), clusters)
    assert (all_hit.low, all_hit.high) == wilson(1.0, 20)


def test_groups_that_balance_within_do_not_narrow_the_interval() -> None:
    correct = np.tile([1.0, 0.0], 50)
    found = interval(correct, np.repeat(np.arange(50), 2))
    assert (found.low, found.high) == wilson(0.5, 100)


def test_two_by_two_groups_leave_nothing_to_tell() -> None:
    positives, negatives = swapped()
    groups = [" / ".join(sorted(pair)) for pair in zip(positives, negatives, strict=True)]
    report = attack(pairs_of(positives + negatives, negatives + positives, groups + groups))
    assert report.accuracy.value == pytest.approx(0.5)
    assert report.accuracy.low < 0.5 < report.accuracy.high
    assert report.on_both_sides == 1.0


def test_balance_over_many_pictures_leaves_nothing_to_tell() -> None:
    dice = random.Random(2)
    sentences = [nonsense(dice) for _ in range(60)]
    pairs = [(a, b) for a, b in zip(sentences[::2], sentences[1::2], strict=True)] * 30
    pairs += [(b, a) for a, b in pairs]
    report = attack(pairs_of([a for a, _ in pairs], [b for _, b in pairs]))
    assert report.accuracy.value < 0.53


def test_swaps_of_people_and_things_are_told() -> None:
    positives, negatives = swapped()
    report = attack(pairs_of(positives, negatives, groups=positives))
    assert report.accuracy.value > 0.95
    assert report.accuracy.low > 0.9
    assert {result.name for result in report.attackers} == {
        "naive Bayes",
        "word regression",
        "character regression",
        "rules",
    }
    assert any(tell.ngram.endswith(tuple(f"{thing} $" for thing in THINGS)) for tell in report.positive_tells)
    assert all(tell.weight < 0 for tell in report.negative_tells)


def test_tells_count_the_captions_that_hold_them() -> None:
    positives = ["the cat is here"] * 3 + ["a dog is here"]
    negatives = ["the cat is not here not now"] * 3 + ["a dog is there"]
    report = attack(pairs_of(positives, negatives))
    tells = {tell.ngram: (tell.positives, tell.negatives) for tell in report.negative_tells}
    tells |= {tell.ngram: (tell.positives, tell.negatives) for tell in report.positive_tells}
    assert tells["here $"] == (4, 0)
    assert tells["is here"] == (4, 0)


def test_length_alone_is_found_by_the_rules() -> None:
    dice = random.Random(3)
    lengths = [dice.randint(4, 30) for _ in range(600)]
    report = attack(
        pairs_of(
            [nonsense(dice, length) for length in lengths], [nonsense(dice, length + 1) for length in lengths]
        )
    )
    assert report.best == "rules"
    assert report.accuracy.value > 0.99
    words = next(rule for rule in report.rules if rule.name == "words")
    assert (words.positive_more, words.negative_more) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("mark", "rule"),
    [(str.capitalize, "capital first"), (lambda text: text + ".", "full stop last")],
    ids=["capital", "full stop"],
)
def test_case_and_punctuation_are_found_by_the_rules(mark: object, rule: str) -> None:
    assert callable(mark)
    dice = random.Random(4)
    report = attack(
        pairs_of([mark(nonsense(dice)) for _ in range(100)], [nonsense(dice) for _ in range(100)])
    )
    rules = next(result for result in report.attackers if result.name == "rules")
    assert rules.accuracy.value > 0.99
    assert rules.caption_accuracy > 0.99
    assert {found.name: found.positive_more for found in report.rules}[rule] == 1.0


def test_rules_measure_what_they_say() -> None:
    measured = {name: float(rule("A Dog, running.")) for name, rule in RULES.items()}
    assert measured == {
        "words": 3,
        "characters": 15,
        "characters a word": 5,
        "capital first": 1,
        "capitals": 2,
        "full stop last": 1,
        "punctuation marks": 2,
    }
    assert PUNCTUATION.findall("a-b!") == ["-", "!"]


def test_a_group_is_never_on_both_sides() -> None:
    # Each group repeats its own two sentences: easy to remember, impossible to tell unseen.
    dice = random.Random(5)
    sentences = [(nonsense(dice), nonsense(dice)) for _ in range(150)] * 6
    positives, negatives = [a for a, _ in sentences], [b for _, b in sentences]
    leaking = attack(pairs_of(positives, negatives))
    held_out = attack(pairs_of(positives, negatives, groups=positives))
    assert leaking.accuracy.value > 0.99
    assert held_out.accuracy.low < 0.5 < held_out.accuracy.high
    # Pairs of a group stand and fall together: the interval is that of 150 groups, not of 900 pairs.
    assert held_out.accuracy.high - held_out.accuracy.low > 0.13


def test_both_captions_are_held_out_with_their_own_claims() -> None:
    # A negative's claim is a negative elsewhere too: only holding it out keeps it from being remembered.
    dice = random.Random(6)
    sentence = {name: nonsense(dice) for name in [f"p{i}" for i in range(80)] + [f"n{i}" for i in range(80)]}
    claims = [(f"p{dice.randrange(80)}", f"n{dice.randrange(80)}") for _ in range(1200)]
    table = pa.table(
        {
            "positive": [sentence[a] for a, _ in claims],
            "negative": [sentence[b] for _, b in claims],
            "of_positive": [a for a, _ in claims],
            "of_negative": [b for _, b in claims],
        }
    )
    half, whole = ("of_positive", "of_positive"), ("of_positive", "of_negative")
    pairs = Pairs("made", table, {"half": half, "whole": whole})
    assert attack(pairs, group="half").accuracy.value > 0.9
    # 80 sentences a side: chance agreements of a classifier may reach a few groups' worth.
    assert attack(pairs, group="whole").accuracy.value < 0.65


def test_equal_captions_are_half_a_hit() -> None:
    same = ["one thing", "another thing", "a third thing", "a fourth"] * 5
    report = attack(pairs_of(same, same))
    assert {result.accuracy.value for result in report.attackers} == {0.5}
    assert {result.caption_accuracy for result in report.attackers} == {0.5}


def test_the_same_seed_gives_the_same_report() -> None:
    positives, negatives = swapped()
    first, again, other = (
        attack(pairs_of(positives, negatives), seed=seed, max_pairs=120) for seed in (3, 3, 4)
    )
    assert json.dumps(first.to_dict()) == json.dumps(again.to_dict())
    assert first.positive_tells != other.positive_tells
    assert (first.pairs, first.pairs_available) == (120, 400)


def test_unseen_ngrams_are_left_out_of_views() -> None:
    views = view(["a cat", "a dog"])
    assert set(views.names) == {"^", "a", "$", "^ a"}
    assert views.words.toarray().tolist() == [[1.0] * 4] * 2


def test_captions_that_share_nothing_are_attacked_too() -> None:
    assert attack(pairs_of(["a", "b", "c"], ["d", "e", "f"])).pairs == 3


@pytest.mark.parametrize("name", PUBLISHED)
def test_naive_bayes_reproduces_the_figures_on_sugarcrepe(name: str) -> None:
    path = SUGARCREPE / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path} is not here: SugarCrepe's files are not part of this repository")
    report = attack(read_pairs(path), group="none")
    bayes = next(result for result in report.attackers if result.name == "naive Bayes")
    assert bayes.accuracy.value == pytest.approx(PUBLISHED[name], abs=0.03)
    assert report.accuracy.value >= bayes.accuracy.value
    assert [found.value for found in report.by("kind")] == [name]


def test_a_release_gives_four_pairs_a_record(built: Path) -> None:
    records = pq.read_table(next((built / "release" / "1.0.0" / "data").rglob("*.parquet"))).to_pylist()
    pairs = read_pairs(built)
    assert pairs.source == str(built / "release" / "1.0.0")
    assert len(pairs) == 4 * len(records)
    wanted = set()
    for record in records:
        claim = f"{record['subject']['noun']} | {record['relation']} | {record['object']['noun']}".lower()
        positives = [record["simple_positive"], *record["complex_positives"]]
        negatives = [record["simple_negative"], *record["complex_negatives"]]
        for place in range(4):
            other = record["negative_claims"][place]
            wanted.add(
                (
                    positives[place],
                    negatives[place],
                    claim,
                    f"{other['subject']} | {other['relation']} | {other['object']}".lower(),
                    record["image_id"],
                    record["negative_kinds"][place],
                    record["negative_proofs"][place],
                    record["relation"],
                    "complex" if place else "simple",
                )
            )
    columns = (
        "positive",
        "negative",
        "positive_claim",
        "negative_claim",
        "image",
        "kind",
        "proof",
        "relation",
        "style",
    )
    assert {tuple(row[column] for column in columns) for row in pairs.table.to_pylist()} == wanted
    assert all(
        row["positive_pair"] == row["negative_pair"]
        for row in pairs.table.to_pylist()
        if row["kind"] in ("swap", "contrast")
    )


def test_a_release_is_reported_by_kind_relation_proof_and_style(built: Path) -> None:
    report = attack(read_pairs(built))
    assert report.group == "claim"
    for facet in ("kind", "relation", "proof", "style"):
        assert sum(found.accuracy.pairs for found in report.by(facet)) == report.pairs
    assert {found.value for found in report.by("style")} == {"simple", "complex"}
    told = sum(found.accuracy.value * found.accuracy.pairs for found in report.by("kind")) / report.pairs
    assert told == pytest.approx(report.accuracy.value)
    assert report.worst_kind() in report.by("kind")


@pytest.mark.parametrize("group", ["claim", "pair", "image", "none"])
def test_a_release_can_be_grouped_in_four_ways(built: Path, group: str) -> None:
    report = attack(read_pairs(built), group=group)
    assert report.group == group
    assert 0 < report.accuracy.low < report.accuracy.value < report.accuracy.high <= 1


def test_the_newest_release_of_a_build_is_read(built: Path, tmp_path: Path) -> None:
    source = next((built / "release" / "1.0.0" / "data").rglob("*.parquet"))
    for version in ("1.9.0", "1.10.0"):
        data = tmp_path / "release" / version / "data"
        data.mkdir(parents=True)
        (data / source.name).write_bytes(source.read_bytes())
    (tmp_path / "release" / "2.0.0.partial").mkdir()
    assert read_pairs(tmp_path).source.endswith("1.10.0")


def test_named_columns_of_every_form_give_the_same_pairs(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"good": "a cat, sitting", "bad": 'a "dog"', "of": str(number // 2)} for number in range(6)
    ]
    write_lines(tmp_path / "rows.jsonl", rows)
    (tmp_path / "list.json").write_text(json.dumps(rows))
    (tmp_path / "object.json").write_text(json.dumps({str(place): row for place, row in enumerate(rows)}))
    for name, delimiter in (("rows.csv", ","), ("rows.tsv", "\t")):
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    folder = tmp_path / "dataset"
    folder.mkdir()
    write_lines(folder / "train.jsonl", rows)
    tables = [
        read_pairs(path, "good", "bad", "of")
        for path in [folder, *sorted(path for path in tmp_path.iterdir() if path.is_file())]
    ]
    assert len(tables) == 7
    for pairs in tables:
        assert pairs.table.to_pydict() == {
            "positive": ["a cat, sitting"] * 6,
            "negative": ['a "dog"'] * 6,
            "group": ["0", "0", "1", "1", "2", "2"],
        }
        assert pairs.default_group == "of"


def test_lists_of_captions_are_paired_in_order_and_empty_ones_counted(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "lists.jsonl",
        [{"p": ["a", "b"], "n": ["c", "d"]}, {"p": ["e", None], "n": ["f", "g"]}, {"p": [" "], "n": ["h"]}],
    )
    pairs = read_pairs(path, "p", "n")
    assert pairs.table["positive"].to_pylist() == ["a", "b", "e"]
    assert pairs.table["negative"].to_pylist() == ["c", "d", "f"]
    assert pairs.left_out == {"empty caption": 2}
    assert attack(pairs).left_out == {"empty caption": 2}


def test_a_folder_of_sugarcrepe_files_is_reported_by_file(tmp_path: Path) -> None:
    positives, negatives = swapped(40)
    for name in ("swap_obj", "add_att"):
        items = {
            str(place): {"filename": f"{place}.jpg", "caption": good, "negative_caption": bad}
            for place, (good, bad) in enumerate(zip(positives, negatives, strict=True))
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(items))
    report = attack(read_pairs(tmp_path), group="image")
    assert {found.value for found in report.by("kind")} == {"swap_obj", "add_att"}
    assert report.groups == 40


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("no.jsonl", None, [], ["no.jsonl does not exist"]),
        ("plain.jsonl", '{"p": "a", "n": "b"}\n', [], ["--positive COLUMN", "plain.jsonl"]),
        ("half.jsonl", '{"p": "a"}\n', ["--positive", "p"], ["--positive is given without --negative"]),
        (
            "x.jsonl",
            '{"p": "a", "n": "b"}\n',
            ["--positive", "p", "--negative", "q"],
            ["line 1 has no column q", "p, n"],
        ),
        ("x.csv", "p,n\na,b\n", ["--positive", "p", "--negative", "q"], ["x.csv has no column q", "p, n"]),
        (
            "x.jsonl",
            '{"p": "a", "n": "b"}\n{"p"\n',
            ["--positive", "p", "--negative", "n"],
            ["line 2 is not JSON"],
        ),
        (
            "x.jsonl",
            '{"p": 1, "n": "b"}\n',
            ["--positive", "p", "--negative", "n"],
            ["line 1: p holds 1", "no caption"],
        ),
        (
            "x.jsonl",
            '{"p": ["a"], "n": ["b", "c"]}\n',
            ["--positive", "p", "--negative", "n"],
            ["p holds 1", "n holds 2"],
        ),
        ("x.txt", "a", ["--positive", "p", "--negative", "n"], ["suffix .txt", ".parquet"]),
        ("x.parquet", "no", ["--positive", "p", "--negative", "n"], ["x.parquet cannot be read as Parquet"]),
        ("x.json", "{", [], ["x.json is not JSON"]),
        ("x.json", "[1]", [], ["x.json is not a table"]),
        ("x.json", '{"0": {"caption": "a"}}', [], ["item 0 has no column negative_caption"]),
        ("x.jsonl", '{"p": "", "n": "b"}\n', ["--positive", "p", "--negative", "n"], ["no pairs", "empty"]),
        (
            "x.jsonl",
            '{"p": "a", "n": "b", "g": 1}\n' * 5,
            ["--positive", "p", "--negative", "n", "--group", "g"],
            ["grouped by g, its 5 pairs make 1 group", "another --group"],
        ),
        (
            "x.json",
            '{"0": {"caption": "a", "negative_caption": "b", "filename": "c"}}',
            ["--group", "claim"],
            ["image"],
        ),
        ("x.json", "[]", ["--max-blind", "55"], ["--max-blind 55", "0.55"]),
        ("x.json", "[]", ["--seed", "-1"], ["--seed -1"]),
    ],
)
def test_bad_input_is_one_paragraph_and_exit_code_2(
    tmp_path: Path, name: str, content: str | None, options: list[str], words: list[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    code, _, errors = run(tmp_path / name, *options)
    assert code == 2
    assert errors.startswith("Error: ")
    assert errors.count("\n") == 1
    for word in words:
        assert word in errors


def test_folders_that_hold_nothing_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds neither"):
        read_pairs(tmp_path)
    with pytest.raises(UserError, match="cannot be opened by load_dataset"):
        read_pairs(tmp_path, "p", "n")
    (tmp_path / "release").mkdir()
    with pytest.raises(UserError, match="no finished release"):
        read_pairs(tmp_path)
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"image_id": ["a"]}), tmp_path / "data" / "train.parquet")
    with pytest.raises(UserError, match="has no column subject"):
        read_pairs(tmp_path)


@pytest.mark.parametrize(("option", "value"), [("folds", 2), ("max_pairs", 2)])
def test_settings_too_small_are_refused(option: str, value: int) -> None:
    positives, negatives = swapped(20)
    folds, most = (value, 100) if option == "folds" else (5, value)
    with pytest.raises(UserError, match="too small"):
        attack(pairs_of(positives, negatives), folds=folds, max_pairs=most)


def test_the_command_shows_and_writes_the_report(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "blind.json"
    code, shown, _ = run(built, "--out", out)
    assert code == 0
    report = json.loads(out.read_text())
    assert report == attack(read_pairs(built)).to_dict()
    assert f"best attacker: {report['best']}, {report['accuracy']['value']:.3f}" in shown
    for word in (
        "naive Bayes",
        "rules",
        "swap",
        "simple",
        "complex",
        "speaks for negative",
        "groups by claim",
    ):
        assert word in shown
    assert "\x1b" not in shown
    assert not any(character in shown for character in "│┃━─")


def test_the_gate_shuts_with_exit_code_3(tmp_path: Path) -> None:
    positives, negatives = swapped(120)
    items = {
        str(place): {"filename": "x", "caption": good, "negative_caption": bad}
        for place, (good, bad) in enumerate(zip(positives, negatives, strict=True))
    }
    path = tmp_path / "swap_obj.json"
    path.write_text(json.dumps(items))
    code, _, errors = run(path, "--max-blind", "0.55")
    assert code == 3
    assert "above --max-blind 0.55" in errors
    assert "worst kind of negative is swap_obj" in errors
    assert run(path, "--max-blind", "1")[0] == 0
    assert run(path, "--out", tmp_path / "missing" / "x.json")[0] == 2


def test_exit_codes_pass_through_a_command_without_standalone_mode(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(blind_command)
    command = typer.main.get_command(app)
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path / "none.json")], standalone_mode=False)
