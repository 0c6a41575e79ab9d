"""`naturel evaluate` from files to figures, with small models of random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.tiny_clip import save_clip
from PIL import Image

from naturel.evaluation import evaluate, open_benchmarks, open_model, read_results
from naturel.evaluation.cli import evaluate_command
from naturel.evaluation.models.torch_encoder import TorchEncoder
from naturel.evaluation.models.two_tower import TwoTower, open_two_tower

REAL = Path(__file__).parents[2].parent / "shared" / "data"
COLOURS = {
    "000000000001.jpg": "red",
    "000000000002.jpg": "green",
    "000000000003.jpg": "navy",
    "000000000004.jpg": "white",
}
ROWS = [
    ("000000000001.jpg", "a cat on a desk", "a desk on a cat"),
    ("000000000001.jpg", "a dog left of a cup", "a cup left of a dog"),
    ("000000000002.jpg", "a man rides a horse", "a horse rides a man"),
    ("000000000003.jpg", "a ball under a car", "a car under a ball"),
    ("000000000004.jpg", "a hat on a tree", "a tree on a hat"),
    ("000000000005.jpg", "this photo is damaged", "this photo is whole"),
    ("000000000006.jpg", "this photo is missing", "this photo is there"),
]  # fmt: skip
ASKED = [row for row in ROWS if row[0] in COLOURS]
ALL = {"photo is missing": 1, "its picture cannot be read": 1}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("models") / "clip", seed=6)


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("models") / "siglip", seed=4, sigmoid=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One of SugarCrepe's files and the photos of COCO that it names: one is damaged, one missing."""
    folder = tmp_path / "data"
    photos = folder / "coco" / "val2017"
    photos.mkdir(parents=True)
    for number, (name, colour) in enumerate(COLOURS.items()):
        Image.new("RGB", (40 + number, 50), colour).save(photos / name)
    (photos / "000000000005.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    (folder / "sugarcrepe").mkdir()
    rows = {
        str(number): {"filename": name, "caption": caption, "negative_caption": negative}
        for number, (name, caption, negative) in enumerate(ROWS)
    }
    (folder / "sugarcrepe" / "swap_obj.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "cache"))


def by_hand(folder: Path, picture: str, text: str, data: Path) -> float:
    """The cosine of one photo and one sentence, by the model itself."""
    import torch

    tower = _open(folder)
    with Image.open(data / "coco" / "val2017" / picture) as image, torch.no_grad():
        embedded = tower.image_features(tower.preprocess([image.convert("RGB")]))
        return float(embedded @ tower.text_features(tower.tokenize([text])).T)


_OPENED: dict[Path, TwoTower] = {}


def _open(folder: Path) -> TwoTower:
    return _OPENED.setdefault(folder, open_two_tower(str(folder)))


def figures(out: Path) -> dict[tuple[str, str], tuple[float, int]]:
    return {
        (one.model, one.metric): (one.value, one.count) for one in read_results(out / "results.json").measures
    }


def run(data: Path, out: Path, **options: Any) -> dict[tuple[str, str], tuple[float, int]]:
    evaluate_command(benchmark=["sugarcrepe/swap_obj"], data=[str(data)], out=out, resamples=20, **options)
    return figures(out)


def test_two_models_in_one_table(
    data: Path, clip: Path, siglip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(data, tmp_path / "out", model=[f"{clip},{siglip}", "blind:longer"])
    for folder in (clip, siglip):
        right = sum(
            by_hand(folder, name, yes, data) > by_hand(folder, name, no, data) for name, yes, no in ASKED
        )
        assert found[str(folder), "accuracy"] == (right / 5, 5)
        # Of the four photos that can be read, the three others make a sentence's prior.
        hits = 0
        for name, yes, no in ASKED:
            priors = [
                sum(by_hand(folder, other, text, data) for other in COLOURS if other != name) / 3
                for text in (yes, no)
            ]
            hits += by_hand(folder, name, yes, data) - priors[0] > by_hand(folder, name, no, data) - priors[1]
        assert found[str(folder), "prior-corrected accuracy"] == (hits / 5, 5)
    results = read_results(tmp_path / "out" / "results.json")
    # A model that does not look needs no photo that can be read, but one that is there.
    assert [(run.model, run.asked, run.left_out) for run in results.runs] == [
        (str(clip), 5, ALL),
        (str(siglip), 5, ALL),
        ("blind:longer", 6, {"photo is missing": 1}),
    ]
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].split() == ["benchmark", "metric", "n", "chance", "clip", "siglip", "blind:longer"]
    assert lines[1].split()[:7] == [
        "sugarcrepe/swap_obj",
        "accuracy",
        "5",
        "to",
        "6",
        "50.0",
        f"{100 * found[str(clip), 'accuracy'][0]:.1f}",
    ]
    assert "sugarcrepe/swap_obj: 1 left out: photo is missing" in lines
    assert any("images.cocodataset.org" in line for line in lines)
    assert lines[-1] == f"results: {tmp_path / 'out'}"
    assert "sugarcrepe/swap_obj: pictures: 5/5 pictures" in printed.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.json", "results.md", "measures.csv", "plots",
    }  # fmt: skip


def test_a_second_run_embeds_nothing(
    data: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(data, tmp_path / "one", model=[str(clip)])
    calls: list[int] = []
    whole = TorchEncoder._encode

    def counted(self: TorchEncoder, entries: Any, *rest: Any) -> Any:
        calls.append(len(entries))
        return whole(self, entries, *rest)

    monkeypatch.setattr(TorchEncoder, "_encode", counted)
    assert run(data, tmp_path / "two", model=[str(clip)]) == first
    assert calls == []
    assert run(data, tmp_path / "three", model=[str(clip)], no_cache=True) == first
    assert calls == [4, 12]
    other = save_clip(tmp_path / "other", seed=9)  # other weights
    run(data, tmp_path / "four", model=[str(other)])
    assert calls == [4, 12, 4, 12]
    assert len(list((tmp_path / "cache" / "embeddings").glob("*.sqlite"))) == 2


def test_a_file_of_scores_gives_the_figures_of_the_model(
    data: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "requests.parquet"
    evaluate_command(benchmark=["sugarcrepe/swap_obj"], data=[str(data)], requests=file)
    assert capsys.readouterr().out == f"12 pairs of a picture and a sentence: {file}\n"
    table = pq.read_table(file)
    scores = [
        by_hand(clip, row["picture"], row["caption"], data) if row["picture"] in COLOURS else None
        for row in table.to_pylist()
    ]
    pq.write_table(table.append_column("score", pa.array(scores, pa.float64())), tmp_path / "mine.parquet")
    found = run(data, tmp_path / "out", model=[str(clip)], scores=[tmp_path / "mine.parquet"])
    assert found["mine", "accuracy"] == found[str(clip), "accuracy"]
    runs = {run.model: run for run in read_results(tmp_path / "out" / "results.json").runs}
    assert runs["mine"].left_out == {"photo is missing": 1, "a score is missing in the score file": 1}


def test_earlier_results_stand_beside_new_ones(data: Path, clip: Path, siglip: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path / "one", model=[str(clip)])
    both = run(data, tmp_path / "two", model=[str(siglip)], compare=[tmp_path / "one" / "results.json"])
    assert {key: both[key] for key in first} == first
    assert (str(siglip), "accuracy") in both


def test_from_python(data: Path, clip: Path) -> None:
    questions = open_benchmarks(["sugarcrepe/swap_obj"], data)
    results = evaluate([open_model(str(clip), cached=False)], questions, resamples=20)
    expected = sum(by_hand(clip, name, yes, data) > by_hand(clip, name, no, data) for name, yes, no in ASKED)
    found = results.of(str(clip), "sugarcrepe/swap_obj", "accuracy")
    assert (found.value, found.count) == (expected / 5, 5)
    assert list(results.models) == [str(clip)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": ["blind:longer"]}, "Give a benchmark with --benchmark"),
        ({"benchmark": ["sugarcrepe"]}, "Give a model with --model"),
        ({"benchmark": ["sugarcrepe"], "model": ["blind:deaf"]}, "no such blind model"),
        ({"benchmark": ["sugarcrepe"], "model": ["blind:longer"], "dtype": "int4"}, "--dtype int4"),
        ({"benchmark": ["hearsay"], "model": ["blind:longer"]}, "there is no benchmark hearsay"),
        ({"benchmark": ["sugarcrepe"], "model": ["blind:longer"], "data": ["hearsay=x"]}, "--data hearsay=x"),
        ({"benchmark": ["sugarcrepe"], "model": ["blind:longer"], "data": ["a", "b"]}, "given twice"),
        (
            {"benchmark": ["sugarcrepe"], "model": ["blind:longer"], "scores": [Path("s.txt")]},
            "neither Parquet",
        ),
    ],
)
def test_slips_are_one_paragraph_and_exit_code_2(
    options: dict[str, Any], told: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        evaluate_command(**{"data": [str(data)], **options})
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert told in error


def test_where_no_photo_is_there_it_says_where_they_are_published(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for photo in (data / "coco" / "val2017").iterdir():
        photo.unlink()
    with pytest.raises(SystemExit) as stopped:
        evaluate_command(benchmark=["sugarcrepe"], data=[str(data)], model=["blind:longer"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "no question can be asked. sugarcrepe/swap_obj: 7 left out: photo is missing." in error
    assert "images.cocodataset.org" in error


def test_two_models_of_one_name_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table({"id": ["a"], "score": [1.0]}), tmp_path / "s.parquet")
    with pytest.raises(SystemExit):
        run(data, tmp_path / "out", scores=[tmp_path / "s.parquet"] * 2)
    assert "two models are called s" in capsys.readouterr().err


def test_the_list_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    evaluate_command(list_them=True)
    printed = capsys.readouterr().out
    for name in (
        "naturel",
        "aro",
        "whatsup/b",
        "sugarcrepe/swap_att",
        "winoground",
        "vsr/zeroshot",
        "https://github.com/RAIVNLab/sugar-crepe",
    ):
        assert name in printed


def test_sugarcrepe_with_real_photos(clip: Path, tmp_path: Path) -> None:
    if not (REAL / "benchmarks" / "sugarcrepe").is_dir():
        pytest.skip("SugarCrepe's files and COCO's photos are not part of this repository")
    places = [f"sugarcrepe={REAL / 'benchmarks' / 'sugarcrepe'}", f"coco={REAL / 'coco'}"]
    out = tmp_path / "out"
    evaluate_command(benchmark=["sugarcrepe"], data=places, model=[str(clip)], out=out, resamples=20)
    photos = {path.name for path in (REAL / "coco" / "images").iterdir()}
    runs = {run.benchmark: run for run in read_results(out / "results.json").runs}
    assert len(runs) == 7
    for benchmark, found in runs.items():
        rows = json.loads((REAL / "benchmarks" / f"{benchmark}.json").read_text()).values()
        there = sum(row["filename"] in photos for row in rows)
        assert (found.asked, sum(found.left_out.values())) == (there, len(rows) - there), benchmark
