"""The command, driven as users drive it: a build of the sample from rows to a dataset that opens."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from helpers.builds import COMMAND, must_build, release_files, run_build
from PIL import Image


def manifest_of(out: Path, step: str) -> dict[str, object]:
    manifest: dict[str, object] = json.loads((out / "work" / step / "manifest.json").read_text())
    return manifest


@pytest.fixture(scope="module")
def built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build of the whole sample; tests only read it."""
    out = tmp_path_factory.mktemp("build") / "out"
    must_build("--data", sample, "--out", out)
    return out


def texts_of(records: list[dict[str, Any]], style: str) -> list[Counter[str]]:
    """How often each sentence stands on either side."""
    sides = ("positive", "negative")
    if style == "simple":
        return [Counter(record[f"simple_{side}"] for record in records) for side in sides]
    return [Counter(text for record in records for text in record[f"complex_{side}s"]) for side in sides]


@pytest.fixture(scope="module")
def annotated(sample: Path) -> dict[str, set[tuple[str, str, str]]]:
    """Picture -> annotated triplets of display names, straight from the CSV files."""
    names: dict[str, str] = {}
    for file in ("oidv6-class-descriptions-boxable.csv", "oidv6-attributes-description.csv"):
        names |= {row[0]: row[1] for row in csv.reader((sample / file).open())}
    triplets: dict[str, set[tuple[str, str, str]]] = {}
    for row in csv.DictReader((sample / "oidv6-train-annotations-vrd.csv").open()):
        triplet = (names[row["LabelName1"]], row["RelationshipLabel"], names[row["LabelName2"]])
        triplets.setdefault(row["ImageID"], set()).add(triplet)
    return triplets


def test_the_release_opens_with_typed_features_and_decoded_pictures(built: Path) -> None:
    records = datasets.load_dataset(str(built / "release" / "1.0.0"), split="train")
    assert len(records) >= 500
    assert records.features["image"] == datasets.Image()
    assert records.features["complex_positives"] == datasets.List(datasets.Value("string"), length=3)
    assert records.features["subject"]["box"] == datasets.List(datasets.Value("float32"), length=4)
    first = records[0]
    assert isinstance(first["image"], Image.Image)
    assert first["image"].size == (first["width"], first["height"])
    assert records["id"] == sorted(records["id"])
    assert set(records["version"]) == {"1.0.0"}


def test_the_release_streams_the_same_records(built: Path) -> None:
    folder = str(built / "release" / "1.0.0")
    streamed = list(datasets.load_dataset(folder, split="train", streaming=True).take(5))
    loaded = datasets.load_dataset(folder, split="train").select(range(5))
    assert [row["id"] for row in streamed] == loaded["id"]
    assert streamed[0]["image"].tobytes() == loaded[0]["image"].tobytes()


def test_two_releases_of_one_name_are_not_confused(built: Path, sample: Path, tmp_path: Path) -> None:
    must_build("--data", sample, "--max-images", "12", "--out", tmp_path / "small")
    small = datasets.load_dataset(str(tmp_path / "small" / "release" / "1.0.0"), split="train")
    large = datasets.load_dataset(str(built / "release" / "1.0.0"), split="train")
    assert len(small) < len(large)
    assert len(set(small["image_id"])) <= 12


def test_captions_and_claims_are_configurations(built: Path) -> None:
    folder = str(built / "release" / "1.0.0")
    records = datasets.load_dataset(folder, split="train")
    captions = {row["caption_id"]: row for row in datasets.load_dataset(folder, "captions", split="captions")}
    claims = {row["claim_id"]: row for row in datasets.load_dataset(folder, "claims", split="claims")}
    for record in records.select_columns([c for c in records.column_names if c != "image"]):
        texts = [record["simple_positive"], record["simple_negative"]]
        texts += record["complex_positives"] + record["complex_negatives"]
        assert [captions[name]["text"] for name in record["caption_ids"]] == texts
        negatives = [captions[record["caption_ids"][i]] for i in (1, 5, 6, 7)]
        stated = [claims[caption["claim_id"]] for caption in negatives]
        assert [{k: claim[k] for k in ("subject", "relation", "object")} for claim in stated] == record[
            "negative_claims"
        ]


def test_positives_are_annotated_and_negatives_are_not(
    built: Path, annotated: dict[str, set[tuple[str, str, str]]]
) -> None:
    table = pq.read_table(built / "work" / "records" / "records.parquet").to_pylist()
    claims = {
        (row["subject"], row["relation"], row["object"]): (
            row["subject_label"],
            row["relation"],
            row["object_label"],
        )
        for row in pq.read_table(built / "work" / "claims" / "claims.parquet").to_pylist()
    }
    for record in table:
        true = annotated[record["image_id"]]
        positive = (record["subject"]["label"], record["relation"], record["object"]["label"])
        assert positive in true
        for negative in record["negative_claims"]:
            assert claims[negative["subject"], negative["relation"], negative["object"]] not in true, record[
                "id"
            ]
        texts = [*record["complex_positives"], *record["complex_negatives"]]
        assert len(set(texts)) == 6, record["id"]


def test_every_row_is_accounted_for(built: Path) -> None:
    records, claims = manifest_of(built, "records"), manifest_of(built, "claims")
    triplets = pq.read_metadata(built / "work" / "source" / "triplets.parquet").num_rows
    lost = sum(records["dropped"].values()) + sum(claims["dropped"].values())  # type: ignore[attr-defined]
    assert records["counts"]["records"] + lost == triplets  # type: ignore[index]


def test_the_manifest_describes_the_files(built: Path) -> None:
    root = built / "release" / "1.0.0"
    manifest = json.loads((root / "manifest.json").read_text())
    assert manifest["rows"]["data"] == pq.read_metadata(next((root / "data").rglob("*.parquet"))).num_rows
    assert set(manifest["files"]) == set(release_files(built)) - {"manifest.json"}
    assert manifest["settings"]["seed"] == 0
    assert str(built) not in (root / "manifest.json").read_text() + (root / "README.md").read_text()


def test_the_closing_table_says_what_was_made(sample: Path, tmp_path: Path) -> None:
    done = run_build("--data", sample, "--max-images", "20", "--out", tmp_path / "out")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["NatuRel", "1.0.0"]
    assert any(line.startswith("records") for line in lines)
    assert lines[-1] == f"release: {tmp_path / 'out' / 'release' / '1.0.0'}"
    assert "\x1b" not in done.stdout + done.stderr  # no colour in a pipe
    assert "written by the grammar" in done.stderr


def test_two_builds_are_byte_identical(built: Path, sample: Path, tmp_path: Path) -> None:
    must_build("--data", sample, "--out", tmp_path / "again")
    assert release_files(tmp_path / "again") == release_files(built)


def test_the_order_of_rows_does_not_matter(built: Path, sample: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled"
    shutil.copytree(sample, shuffled)
    for path in shuffled.glob("*train*.csv"):
        header, *rows = path.read_text().splitlines(keepends=True)
        random.Random(7).shuffle(rows)
        path.write_text(header + "".join(rows))
    must_build("--data", shuffled, "--out", tmp_path / "out")
    ours, theirs = release_files(tmp_path / "out"), release_files(built)
    inputs = {"manifest.json", "README.md", "report.html"}  # these name the digests of the input files
    assert {k: v for k, v in ours.items() if k not in inputs} == {
        k: v for k, v in theirs.items() if k not in inputs
    }


def test_another_seed_gives_other_choices(built: Path, sample: Path, tmp_path: Path) -> None:
    must_build("--data", sample, "--seed", "1", "--out", tmp_path / "out")
    assert release_files(tmp_path / "out").keys() == release_files(built).keys()
    name = "data/openimages/train-00000-of-00001.parquet"
    assert release_files(tmp_path / "out")[name] != release_files(built)[name]


def test_nothing_changed_nothing_redone(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    must_build("--data", sample, "--max-images", "30", "--out", out)
    before = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"
    }
    stdout = must_build("--data", sample, "--max-images", "30", "--out", out)
    assert "nothing changed, nothing was redone" in stdout
    after = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"
    }
    assert after == before


def test_new_captions_touch_no_picture_and_make_the_next_version(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    must_build("--data", sample, "--max-images", "30", "--out", out)
    first = release_files(out)
    stdout = must_build("--data", sample, "--max-images", "30", "--captions-per-claim", "5", "--out", out)
    assert "(captions, records, release)" in stdout
    assert release_files(out) == first
    assert (out / "release" / "1.1.0").is_dir()


def test_a_release_is_never_changed(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    must_build("--data", sample, "--max-images", "10", "--version", "2.0.0", "--out", out)
    first = release_files(out, "2.0.0")
    done = run_build("--data", sample, "--max-images", "11", "--version", "2.0.0", "--out", out)
    assert done.returncode == 2
    assert "A release is never changed" in done.stderr
    assert release_files(out, "2.0.0") == first


def test_links_instead_of_pictures(sample: Path, tmp_path: Path) -> None:
    must_build("--data", sample, "--images", "link", "--out", tmp_path / "out")
    records = datasets.load_dataset(str(tmp_path / "out" / "release" / "1.0.0"), split="train")
    assert "image" not in records.column_names
    assert (
        records[0]["url"]
        == f"https://open-images-dataset.s3.amazonaws.com/train/{records[0]['image_id']}.jpg"
    )
    assert not (tmp_path / "out" / "work" / "picture_store").exists()


@pytest.mark.parametrize("kinds", ["swap,contrast,attribute,subject,object", "object,subject"])
def test_a_strict_build_is_balanced(sample: Path, tmp_path: Path, kinds: str) -> None:
    stdout = must_build(
        "--data", sample, "--balance", "strict", "--negatives", kinds, "--out", tmp_path / "out"
    )
    records = pq.read_table(tmp_path / "out" / "release" / "1.0.0" / "data").to_pylist()
    assert len(records) > 300
    assert f"records all in groups {len(records):,}" in " ".join(stdout.split())
    for style in ("simple", "complex"):
        positive, negative = texts_of(records, style)
        assert positive == negative
    groups = Counter(group for record in records for group in record["group_ids"])
    assert set(groups.values()) == {2}
    assert {kind for record in records for kind in record["negative_kinds"]} <= set(kinds.split(","))
    left_out = manifest_of(tmp_path / "out", "records")["dropped"]
    assert "record: no other picture balances it" in left_out  # type: ignore[operator]


@pytest.fixture
def undisturbed(sample: Path, tmp_path: Path) -> dict[str, bytes]:
    must_build("--data", sample, "--max-images", "80", "--out", tmp_path / "undisturbed")
    return release_files(tmp_path / "undisturbed")


def test_killed_at_ten_random_moments_and_resumed(
    sample: Path, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    out = tmp_path / "killed"
    options = ["--data", str(sample), "--max-images", "80", "--out", str(out)]
    moments = random.Random(3)
    for _ in range(10):
        process = subprocess.Popen(
            [*COMMAND, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(moments.uniform(0.4, 5.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for path in (out / "release").glob("*.*.*"):
            assert path.name.endswith(".partial") or release_files(out, path.name) == undisturbed
    must_build(*options)
    assert release_files(out) == undisturbed
    assert not list(out.rglob("*.partial"))


def test_a_second_process_on_the_folder_stops(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run_build("--data", sample, "--out", out)
    assert done.returncode == 2
    assert "another build (process 4711) is at work in this folder" in done.stderr
    assert "Traceback" not in done.stderr


BAD = {
    "unknown option": (["--nonsense"], "No such option: --nonsense"),
    "not a number": (["--seed", "many"], "--seed"),
    "too small": (["--max-images", "0"], "--max-images: Input should be greater than or equal to 1"),
    "unknown relation": (
        ["--relations", "on,flies_over"],
        "flies_over is not a usable relation. Choose from",
    ),
    "unknown source": (["--source", "imagenet"], "--source: Input should be 'openimages'"),
    "unknown split": (["--split", "dev"], "--split: Input should be 'train', 'validation' or 'test'"),
    "unknown balance": (["--balance", "on"], "--balance: Input should be 'off', 'prefer' or 'strict'"),
    "unknown negatives": (
        ["--negatives", "swap,hat"],
        "--negatives: Input should be 'swap', 'contrast', 'attribute', 'subject' or 'object', not 'hat'",
    ),
    "bad version": (["--version", "1.0"], "--version: '1.0' is not a version like 1.0.0"),
    "no such folder": (["--data", "/nowhere"], "--data /nowhere: there is no such folder"),
    "sample and data": (["--sample", "--data", "/nowhere"], "--sample and --data exclude each other"),
    "sample has one split": (["--sample", "--split", "test"], "the sample has only the split train"),
    "no such config": (["--config", "/nowhere.yaml"], "--config /nowhere.yaml cannot be read"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD.keys())
def test_bad_options_give_one_paragraph(options: list[str], message: str, tmp_path: Path) -> None:
    done = run_build("--out", tmp_path / "out", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "release").exists()


def test_all_bad_settings_are_named_at_once(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("seed: -1\nimage-size: big\ncolour: red\n")
    done = run_build("--config", config, "--out", tmp_path / "out")
    assert done.returncode == 2
    for name in ("--seed", "--image-size", "--colour: there is no such setting"):
        assert name in done.stderr


def test_options_win_over_the_config_file(sample: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"data: {sample}\nmax-images: 40\nrelations: on\nout: {tmp_path / 'out'}\n")
    must_build("--config", config, "--max-images", "6")
    records = pq.read_table(tmp_path / "out" / "work" / "records" / "records.parquet")
    assert len(records["image_id"].unique()) <= 6
    assert records["relation"].unique().to_pylist() == ["on"]


def test_a_dry_run_writes_nothing(sample: Path, tmp_path: Path) -> None:
    stdout = must_build("--data", sample, "--dry-run", "--out", tmp_path / "out")
    assert "nothing is written" in stdout
    assert "oidv6-train-annotations-vrd.csv" in stdout
    assert not (tmp_path / "out").exists()


def test_help_names_every_option() -> None:
    stdout = must_build("--help", COLUMNS="120")
    named = ["--source", "--sample", "--data", "--split", "--max-images", "--max-per-triplet", "--relations"]
    named += [
        "--captioner",
        "--balance",
        "--negatives",
        "--images",
        "--image-size",
        "--seed",
        "--runner",
        "--offline",
        "--out",
        "--version",
    ]
    named += ["--dry-run", "--config", "--debug"]
    assert [name for name in named if name not in stdout] == []


def test_a_read_only_folder_is_refused(sample: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = run_build("--data", sample, "--out", blocked / "out")
    assert done.returncode == 2
    assert f"--out {blocked / 'out'} cannot be written" in done.stderr
