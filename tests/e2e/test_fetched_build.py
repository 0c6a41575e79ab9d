"""A build whose pictures come from a server that misbehaves, and one on a Ray cluster."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.builds import must_build, release_files, run_build
from helpers.picture_server import Answer, PictureServer

from naturel.annotations.errors import UserError
from naturel.builders.engine import EXTRAS, require_extra

OPTIONS = ("--max-images", "24")


@pytest.fixture
def rows_only(sample: Path, tmp_path: Path) -> Path:
    """The sample's files without its pictures."""
    folder = tmp_path / "rows"
    shutil.copytree(sample, folder, ignore=shutil.ignore_patterns("images"))
    return folder


def test_bad_pictures_are_counted_by_reason_and_only_they_are_tried_again(
    sample: Path, rows_only: Path, tmp_path: Path
) -> None:
    must_build("--data", rows_only, *OPTIONS, "--images", "link", "--out", tmp_path / "ids")
    ids = pq.read_table(tmp_path / "ids" / "work" / "source" / "images.parquet")["image_id"].to_pylist()
    bodies = {name: (sample / "images" / f"{name}.jpg").read_bytes() for name in ids}
    good = {name: Answer(body=body) for name, body in bodies.items()}
    script: dict[str, Answer | list[Answer]] = {f"/train/{name}.jpg": answer for name, answer in good.items()}
    paths = list(script)
    script[paths[0]] = Answer(404)
    script[paths[1]] = [Answer(429, headers={"Retry-After": "0"}), good[ids[1]]]
    script[paths[2]] = Answer(500)
    script[paths[3]] = [Answer(503), good[ids[3]]]
    script[paths[4]] = Answer(body=bodies[ids[4]][:-50], missing=50)
    script[paths[5]] = Answer(body=b"<html>sorry</html>", headers={"Content-Type": "text/html"})
    script[paths[6]] = Answer(body=bodies[ids[6]], headers={"X-Robots-Tag": "noai"})
    script[paths[7]] = Answer(body=bodies[ids[7]], pause=0.5)
    out = tmp_path / "out"
    with PictureServer(script) as server:
        environment = {"NATUREL_OPENIMAGES_PICTURES_URL": server.url("").rstrip("/")}
        must_build("--data", rows_only, *OPTIONS, "--out", out, **environment)
        dropped = json.loads((out / "work" / "pictures" / "manifest.json").read_text())["dropped"]
        assert dropped == {
            "picture: not_found": 1,
            "picture: server_error": 1,
            "picture: truncated": 1,
            "picture: not_a_picture": 1,
            "picture: opted_out": 1,
        }
        records = pq.read_table(out / "work" / "records" / "records.parquet")
        failed = {ids[number] for number in (0, 2, 4, 5, 6)}
        assert not failed & set(records["image_id"].to_pylist())
        asked = dict(server.requests)
        for number in (0, 2, 4, 5, 6):
            server.script[paths[number]] = [good[ids[number]]]
        stdout = must_build("--data", rows_only, *OPTIONS, "--out", out, **environment)
        assert "(pictures, claims, captions, records, release)" in stdout
        again = {path for path in paths if server.requests[path] > asked[path]}
        assert again == {paths[number] for number in (0, 2, 4, 5, 6)}
    must_build("--data", sample, *OPTIONS, "--out", tmp_path / "local")
    healed, local = release_files(out, "1.1.0"), release_files(tmp_path / "local")
    columns = ["id", "image", "complex_positives", "complex_negatives"]
    tables = []
    for name, files in (("healed", healed), ("local", local)):
        (tmp_path / f"{name}.parquet").write_bytes(files["data/openimages/train-00000-of-00001.parquet"])
        tables.append(pq.read_table(tmp_path / f"{name}.parquet", columns=columns))
    assert tables[0].equals(tables[1])


def test_offline_fetches_nothing(rows_only: Path, tmp_path: Path) -> None:
    with PictureServer({}) as server:
        environment = {"NATUREL_OPENIMAGES_PICTURES_URL": server.url("").rstrip("/")}
        done = run_build("--data", rows_only, *OPTIONS, "--offline", "--out", tmp_path / "out", **environment)
        assert not server.requests
    assert done.returncode == 2
    assert "no record could be made" in done.stderr
    assert "picture: offline: 24" in done.stderr


@pytest.mark.parametrize(("package", "extra"), EXTRAS.items())
def test_a_missing_extra_is_named(package: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(UserError, match=rf"pip install 'naturel\[{extra}\]'"):
        require_extra(package, "this")


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_ray_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    must_build("--data", sample, *OPTIONS, "--out", tmp_path / "native")
    home = tmp_path / "home"  # Ray writes a token there
    home.mkdir()
    must_build("--data", sample, *OPTIONS, "--runner", "ray", "--out", tmp_path / "ray", HOME=str(home))
    assert release_files(tmp_path / "ray") == release_files(tmp_path / "native")
