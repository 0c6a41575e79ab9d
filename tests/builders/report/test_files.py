"""The report of odd and damaged releases, its command, and its parts: duplicates, pictures, charts."""

from __future__ import annotations

import io
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from helpers.builds import must_build
from helpers.pages import Page, assert_loads_nothing
from PIL import Image
from typer.testing import CliRunner

from naturel.annotations.errors import UserError
from naturel.builders.report import charts
from naturel.builders.report.command import report_command
from naturel.builders.report.page import write_report
from naturel.builders.report.pictures import Duplicates, exact_duplicates, near_duplicates, shrink
from naturel.builders.report.tables import find_release


def test_captions_cannot_inject_markup(altered: Callable[..., Path], tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)> {{ 7 * 7 }}'

    def spoil(table: pa.Table) -> pa.Table:
        for name in ("simple_positive", "relation", "author", "license", "id"):
            values = pa.array(
                [f"{evil} {value}" if name == "id" else evil for value in table[name].to_pylist()]
            )
            table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
        for name in ("subject", "object"):
            nouns = [row | {"noun": evil} for row in table[name].to_pylist()]
            field = table.schema.field(name)
            table = table.set_column(table.schema.get_field_index(name), field, pa.array(nouns, field.type))
        return table

    text = write_report(altered(spoil), tmp_path / "evil.html").read_text()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert_loads_nothing(text)


def test_a_release_of_links_shows_no_pictures(sample: Path, tmp_path: Path) -> None:
    must_build("--data", sample, "--max-images", "60", "--images", "link", "--out", tmp_path / "out")
    page = Page(write_report(find_release(tmp_path / "out")).read_text())
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert "none is shown" in page.text
    assert "Duplicates" not in page.tables
    assert len([name for name in page.tables if name.startswith("Captions of")]) == 12
    assert (tmp_path / "out" / "release" / "report-1.0.0.html").is_file()


def test_one_record_is_enough(altered: Callable[..., Path], tmp_path: Path) -> None:
    page = Page(write_report(altered(lambda table: table.slice(3, 1)), tmp_path / "tiny.html").read_text())
    assert page.tiles["records"] == "1"
    assert page.tables["Skew of triplets"][1][1] == "0.00"
    assert page.tables["Skew of triplets"][2][1] == "1.0"


def test_records_over_several_shards(release: Path, altered: Callable[..., Path], tmp_path: Path) -> None:
    copy = altered(lambda table: table)
    [path] = (copy / "data").rglob("*.parquet")
    table = pq.read_table(path)
    path.unlink()
    for number, start in enumerate(range(0, table.num_rows, 40)):
        part = table.slice(start, 40)
        pq.write_table(part, path.parent / f"train-{number:05d}-of-x.parquet", row_group_size=7)
    page = write_report(copy, tmp_path / "shards.html").read_bytes()
    assert page == write_report(release, tmp_path / "whole.html").read_bytes()


def test_a_picture_that_cannot_be_read_is_said(altered: Callable[..., Path], tmp_path: Path) -> None:
    def spoil(table: pa.Table) -> pa.Table:
        field = table.schema.field("image")
        broken = pa.array([{"bytes": b"no picture", "path": "x.jpg"}] * table.num_rows, field.type)
        return table.set_column(1, field, broken)

    page = Page(write_report(altered(spoil), tmp_path / "broken.html").read_text())
    assert page.text.count("The picture could not be read.") == 14


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("manifest.json", "manifest.json is missing"),
        ("attribution.csv", "attribution.csv is missing"),
        ("data", "data holds no Parquet file"),
        ("captions", "captions holds no Parquet file"),
        ("claims", "claims holds no Parquet file"),
    ],
)
def test_a_missing_file_is_named(release: Path, tmp_path: Path, missing: str, message: str) -> None:
    copy = shutil.copytree(release, tmp_path / "1.0.0")
    path = copy / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=message):
        write_report(copy, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def damage_manifest(copy: Path) -> None:
    (copy / "manifest.json").write_text("{")


def damage_data(copy: Path) -> None:
    [path] = (copy / "data").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-100])


def damage_captions(copy: Path) -> None:
    [path] = (copy / "captions").glob("*.parquet")
    pq.write_table(pq.read_table(path).slice(0, 5), path)


def lose_rows(copy: Path) -> None:
    [path] = (copy / "data").rglob("*.parquet")
    pq.write_table(pq.read_table(path).slice(1), path)


def lose_a_column(copy: Path) -> None:
    [path] = (copy / "data").rglob("*.parquet")
    pq.write_table(pq.read_table(path).drop_columns(["phash"]), path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_manifest, "manifest.json cannot be read"),
        (damage_data, "data.*cannot be read"),
        (damage_captions, "captions of records are not in"),
        (lose_rows, "its manifest says"),
        (lose_a_column, "has no column phash"),
    ],
)
def test_damage_is_named(release: Path, tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    copy = shutil.copytree(release, tmp_path / "1.0.0")
    damage(copy)
    with pytest.raises(UserError, match=message):
        write_report(copy, tmp_path / "page.html")


def test_no_record_is_said(altered: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no record"):
        write_report(altered(lambda table: table.slice(0, 0)), tmp_path / "page.html")


def test_bad_places_are_named(release: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a folder"):
        write_report(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is a folder"):
        write_report(release, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_report(release, tmp_path / "file" / "report.html")


def test_the_newest_release_of_a_build_is_found(tmp_path: Path) -> None:
    for version in ("1.9.0", "1.10.0", "0.1.0", "draft", "2.0.0.partial"):
        folder = tmp_path / "out" / "release" / version
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    root = tmp_path / "out" / "release"
    assert find_release(tmp_path / "out") == root / "1.10.0"
    assert find_release(root) == root / "1.10.0"
    assert find_release(root / "0.1.0") == root / "0.1.0"
    for bad in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match=str(bad)):
            find_release(bad)


def test_the_command(release: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(report_command)
    pages = {}
    for option in ("--blind", "--no-blind"):
        page = tmp_path / f"page{option}.html"
        done = CliRunner().invoke(app, [str(release.parents[1]), option, "--out", str(page)])
        assert done.exit_code == 0, done.output
        assert done.stdout.strip() == str(page)
        pages[option] = Page(page.read_text())
    assert "By attacker" in pages["--blind"].tables
    assert "The best attacker by proof" in pages["--blind"].tables
    assert "By attacker" not in pages["--no-blind"].tables


def near_by_pairs(values: list[int], near: int) -> Duplicates:
    """The slow way: every pair."""
    group = list(range(len(values)))
    for one in range(len(values)):
        for other in range(one):
            if (values[one] ^ values[other]).bit_count() <= near:
                joined, gone = group[other], group[one]
                group = [joined if number == gone else number for number in group]
    sizes = [size for size in Counter(group).values() if size > 1]
    return Duplicates(sum(sizes), len(sizes), len(values))


def flips(rng: np.random.Generator) -> Iterator[int]:
    """Hashes at distances 0 to 8 of a few, the bits anywhere."""
    for base in rng.integers(0, 2**63, 12):
        for count in rng.integers(0, 9, 12):
            bits = rng.choice(64, size=count, replace=False)
            yield int(base) ^ sum(1 << int(bit) for bit in bits)


@pytest.mark.parametrize("seed", range(5))
def test_near_duplicates_are_those_of_all_pairs(seed: int) -> None:
    values = list(flips(np.random.default_rng(seed)))
    hashes = pa.array([f"{value:016x}" for value in values])
    assert near_duplicates(hashes) == near_by_pairs(values, 4)


def test_bits_spread_over_the_bands_are_found() -> None:
    spread = sum(1 << bit for bit in (3, 20, 35, 50))
    assert near_duplicates(pa.array([f"{0:016x}", f"{spread:016x}"])).pictures == 2
    assert near_duplicates(pa.array([f"{0:016x}", f"{spread | 1 << 63:016x}"])).pictures == 0


def test_pictures_without_digests() -> None:
    nothing = pa.array([None, None, "short"], pa.string())
    assert near_duplicates(nothing) == Duplicates(0, 0, 0)
    assert exact_duplicates(pa.array(["a", None, "b", "a", "a"])) == Duplicates(3, 1, 4)


def test_small_pictures_are_upright() -> None:
    buffer = io.BytesIO()
    picture = Image.new("RGB", (800, 400), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    picture.save(buffer, "JPEG", exif=exif)
    small = shrink(buffer.getvalue())
    assert small is not None
    assert (small.width, small.height) == (160, 320)
    assert shrink(None) is None


@pytest.mark.parametrize("box", [[0, 0, 1, 1], [0.9, 0.9, 1, 1], [0, 0, 0.1, 0.1], [0.4, 0.5, 0.6, 0.55]])
def test_labels_stay_inside_and_apart(box: list[float]) -> None:
    drawn = charts.overlay(
        320,
        200,
        charts.LabelledBox("a very long noun phrase indeed, too long", box, "subject"),
        charts.LabelledBox("<b>", box, "object"),
    )
    assert "&lt;b&gt;" in drawn
    labels = re.findall(
        r'<rect class="label \w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', drawn
    )
    assert len(labels) == 2
    first, second = ([float(side) for side in label] for label in labels)
    for x, y, wide, high in (first, second):
        assert 0 <= x <= x + wide <= 320.05
        assert 0 <= y <= y + high <= 200.05
    beside = first[0] + first[2] <= second[0] or second[0] + second[2] <= first[0]
    assert beside or abs(first[1] - second[1]) >= first[3]


def test_charts_draw_nothing_where_there_is_nothing() -> None:
    assert "0.00%" in charts.bar(0)
    assert "100.00%" in charts.bar(7)
    assert charts.columns("t", [], [], []).startswith("<svg")
    assert charts.columns("<t>", ["1"], [0.0], [0.0]).count("&lt;t&gt;") == 1
    assert "whisker" not in charts.gauge("t", 0.5, 0.5, 0.5)
    assert "limit" in charts.gauge("t", 0.5, 0.4, 0.6, 0.55)
    assert charts.shade(0, 0) == charts.shade(0, 9) == "heat-0"
    assert (charts.shade(1, 1), charts.shade(1, 10**6), charts.shade(9, 9)) == ("heat-5", "heat-1", "heat-5")
