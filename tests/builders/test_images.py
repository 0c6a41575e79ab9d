from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.picture_server import Answer, PictureServer, Script, jpeg
from PIL import Image, ImageCms, ImageDraw, ImageOps

from naturel.annotations.errors import UserError
from naturel.builders import picture_store
from naturel.builders.decoding import decode_picture, transform_boxes
from naturel.builders.images import count_reasons, gather_pictures
from naturel.builders.picture_store import Picture, PictureError, PictureSettings, PictureStore, open_store
from naturel.builders.progress import SilentProgress

FAST = PictureSettings(read_timeout=0.3, total_timeout=1, attempts=2, backoff=0.01, longest_wait=0.1)
RED = (220, 30, 30)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def with_orientation(image: Image.Image, orientation: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    return encode(image, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))


def wanted(*rows: tuple[str, str | None]) -> pa.Table:
    ids, urls = [row[0] for row in rows], [row[1] for row in rows]
    return pa.table({"image_id": ids, "url": pa.array(urls, pa.string()), "rotation": pa.nulls(len(rows))})


def gather(
    rows: pa.Table, root: Path, *folders: Path, settings: PictureSettings = FAST
) -> dict[str, dict[str, object]]:
    index = gather_pictures(rows, folders, open_store(root, settings), settings, SilentProgress())
    assert index["image_id"].to_pylist() == sorted(set(rows["image_id"].to_pylist()))
    return {row.pop("image_id"): row for row in index.to_pylist()}


def reason(data: bytes, settings: PictureSettings = FAST, rotation: float | None = None) -> str:
    with pytest.raises(PictureError) as caught:
        decode_picture(data, settings, rotation)
    return caught.value.reason


# Decoding


def test_small_upright_jpegs_keep_their_bytes() -> None:
    data = jpeg(300, 200)
    picture = decode_picture(data, FAST)
    assert picture.data == data
    assert (picture.width, picture.height, picture.turns, picture.mirrored) == (300, 200, 0, False)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert len(picture.phash) == 16
    assert int(picture.phash, 16)


def test_metadata_is_cut_from_kept_jpegs_without_touching_pixels() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    data = encode(
        opened(jpeg(200, 100)), "JPEG", exif=exif, comment=b"private", xmp=b"<x>private</x>", progressive=True
    )
    kept = decode_picture(data, FAST)
    assert b"Exif" not in kept.data
    assert b"private" not in kept.data
    assert len(kept.data) < len(data)
    assert np.array_equal(np.asarray(opened(kept.data)), np.asarray(opened(data)))


def test_metadata_is_absent_from_encoded_pictures() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    data = encode(opened(jpeg(900, 700)), "JPEG", exif=exif, comment=b"private", dpi=(300, 300))
    image = opened(decode_picture(data, FAST).data)
    assert not image.getexif()
    assert not {"comment", "exif", "icc_profile", "xmp"} & set(image.info)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1600, 1200), (512, 384)), ((513, 100), (512, 100)), ((300, 2000), (77, 512)), ((5000, 2), (512, 1))],
)
def test_the_longer_side_is_bounded(size: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = decode_picture(jpeg(*size), FAST)
    assert (picture.width, picture.height) == expected == opened(picture.data).size


def test_drafting_is_as_good_as_a_full_decode() -> None:
    data = jpeg(2200, 1500, quality=95)
    full = np.asarray(opened(data).resize((512, 349), Image.Resampling.LANCZOS), dtype=float)
    fast = np.asarray(opened(decode_picture(data, FAST).data), dtype=float)
    assert np.sqrt(np.mean((full - fast) ** 2)) < 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_same_bytes_give_the_same_picture(kind: str) -> None:
    data = encode(opened(jpeg(900, 600)), kind)
    assert decode_picture(data, FAST) == decode_picture(data, FAST)


def gray(level: int) -> Image.Image:
    return Image.new("L", (40, 30), level)


def palette() -> Image.Image:
    image = Image.new("P", (40, 30), 1)
    image.putpalette([0, 0, 0, *RED])
    return image


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        pytest.param(encode(Image.new("RGB", (40, 30), RED)), RED, id="rgb"),
        pytest.param(encode(Image.new("RGBA", (40, 30), (*RED, 0))), (255, 255, 255), id="transparent"),
        pytest.param(encode(Image.new("RGBA", (40, 30), (0, 0, 0, 128))), (127, 127, 127), id="half"),
        pytest.param(encode(Image.new("LA", (40, 30), (0, 0))), (255, 255, 255), id="la"),
        pytest.param(encode(palette()), RED, id="palette"),
        pytest.param(encode(palette(), transparency=1), (255, 255, 255), id="transparent palette"),
        pytest.param(encode(gray(0), transparency=0), (255, 255, 255), id="transparent gray"),
        pytest.param(encode(gray(90)), (90, 90, 90), id="gray"),
        pytest.param(encode(gray(90), "JPEG"), (90, 90, 90), id="gray jpeg"),
        pytest.param(encode(Image.new("1", (40, 30), 1)), (255, 255, 255), id="bilevel"),
        pytest.param(encode(Image.new("CMYK", (40, 30), (0, 255, 255, 0)), "JPEG"), (255, 0, 0), id="cmyk"),
        pytest.param(
            encode(Image.fromarray(np.full((30, 40), 90 * 257, np.uint16))), (90, 90, 90), id="16 bits"
        ),
        pytest.param(
            encode(Image.fromarray(np.full((30, 40), 90 * 257, np.int32)), "TIFF"), (90, 90, 90), id="32 bits"
        ),
        pytest.param(
            encode(
                gray(9).convert("RGB"), "GIF", save_all=True, append_images=[Image.new("RGB", (40, 30), RED)]
            ),
            (9, 9, 9),
            id="animated gif",
        ),
        pytest.param(
            encode(
                Image.new("RGB", (40, 30), RED), "WEBP", save_all=True, append_images=[gray(0).convert("RGB")]
            ),
            RED,
            id="animated webp",
        ),
        pytest.param(
            encode(
                Image.new("RGB", (40, 30), RED), "PNG", save_all=True, append_images=[gray(0).convert("RGB")]
            ),
            RED,
            id="animated png",
        ),
    ],
)
def test_every_mode_becomes_rgb(data: bytes, colour: tuple[int, int, int]) -> None:
    image = opened(decode_picture(data, FAST).data)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (40, 30))
    assert np.abs(np.asarray(image).astype(int) - colour).max() <= 6


def test_colour_profiles_become_srgb() -> None:
    # No wide-gamut profile comes with Pillow: swapping the red and the green of sRGB's matrix makes one.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    image = Image.new("RGB", (40, 30), (250, 10, 10))
    turned = decode_picture(encode(image, "JPEG", icc_profile=swapped, quality=95), FAST)
    assert opened(turned.data).getpixel((5, 5))[1] > 200  # type: ignore[index]
    plain = encode(image, "JPEG", icc_profile=srgb, quality=95)
    kept = decode_picture(plain, FAST)
    assert len(kept.data) < len(plain)
    assert np.array_equal(np.asarray(opened(kept.data)), np.asarray(opened(plain)))
    damaged = decode_picture(encode(image, "JPEG", icc_profile=b"nonsense"), FAST)
    assert "icc_profile" not in opened(damaged.data).info


BOX = (0.1, 0.25, 0.4, 0.5)


def photo_with_box(size: tuple[int, int] = (400, 240)) -> Image.Image:
    image = Image.new("RGB", size, (20, 60, 200))
    width, height = size
    corners = (BOX[0] * width, BOX[1] * height, BOX[2] * width - 1, BOX[3] * height - 1)
    ImageDraw.Draw(image).rectangle(corners, fill=RED)
    return image


def found_box(data: bytes) -> tuple[float, ...]:
    pixels = np.asarray(opened(data)).astype(int)
    rows, columns = np.nonzero(pixels[..., 0] > pixels[..., 2])
    height, width = pixels.shape[:2]
    return columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_follow_every_exif_orientation(orientation: int, kind: str) -> None:
    picture = decode_picture(with_orientation(photo_with_box(), orientation, kind), FAST)
    box = transform_boxes([BOX], picture.turns, picture.mirrored)[0]
    assert np.allclose(box, found_box(picture.data), atol=0.01)
    assert (picture.width, picture.height) == ((400, 240) if orientation < 5 else (240, 400))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_look_as_in_a_viewer(orientation: int) -> None:
    data = with_orientation(photo_with_box(), orientation)
    picture = decode_picture(data, FAST)
    shown = np.asarray(ImageOps.exif_transpose(opened(data)), dtype=float)
    assert np.sqrt(np.mean((np.asarray(opened(picture.data), dtype=float) - shown) ** 2)) < 4
    assert picture.mirrored == (orientation in (2, 4, 5, 7))


@pytest.mark.parametrize("rotation", [0.0, 90.0, 180.0, 270.0, -90.0, 450.0, None, float("nan")])
def test_boxes_follow_the_stated_rotation(rotation: float | None) -> None:
    picture = decode_picture(encode(photo_with_box((900, 700)), "JPEG"), FAST, rotation)
    expected = 0 if rotation is None or rotation != rotation else int(rotation // 90) % 4
    assert (picture.turns, picture.mirrored) == (expected, False)
    assert np.allclose(transform_boxes([BOX], picture.turns, False)[0], found_box(picture.data), atol=0.01)


def test_exif_and_stated_rotation_are_one_fact() -> None:
    assert decode_picture(with_orientation(photo_with_box(), 8), FAST, 90.0).turns == 1
    assert decode_picture(with_orientation(photo_with_box(), 1), FAST, 90.0).turns == 1
    assert reason(jpeg(), rotation=45.0) == "bad_rotation"


def test_transforms_are_vectorised_and_keep_the_type() -> None:
    boxes = np.tile(np.array(BOX, np.float32), (8, 1))
    turns, mirrored = np.arange(8) % 4, np.arange(8) >= 4
    together = transform_boxes(boxes, turns, mirrored)
    assert together.dtype == np.float32
    for i in range(8):
        assert np.array_equal(together[i], transform_boxes(boxes[:1], turns[i], mirrored[i])[0])
    assert len({tuple(box) for box in together.tolist()}) == 8
    assert transform_boxes(np.zeros((0, 4)), 1, True).shape == (0, 4)
    assert transform_boxes([[0, 0, 1, 1]], 3, True).tolist() == [[0, 0, 1, 1]]


def test_size_zero_keeps_all_bytes_except_where_turned() -> None:
    original = FAST.model_copy(update={"image_size": 0})
    for data in (
        with_orientation(opened(jpeg(900, 700)), 1),
        encode(opened(jpeg(900, 700)), "PNG"),
        encode(opened(jpeg(900, 700)), "WEBP"),
        encode(gray(9), "JPEG"),
    ):
        assert decode_picture(data, original).data == data
    turned = decode_picture(with_orientation(opened(jpeg(900, 700)), 6), original)
    assert opened(turned.data).size == (700, 900) == (turned.width, turned.height)
    assert not opened(turned.data).getexif()
    assert opened(decode_picture(encode(opened(jpeg(900, 700))), original, 90.0).data).format == "JPEG"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_truncated_pictures_are_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), kind)
    assert reason(data[: int(len(data) * share)]) in ("truncated", "corrupt")


def test_what_is_no_picture_is_named() -> None:
    assert reason(b"<html><body>Gone</body></html>") == "not_a_picture"
    assert reason(b"") == "not_a_picture"
    assert reason(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == "not_a_picture"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damage_anywhere_is_an_ordinary_failure() -> None:
    rng = np.random.default_rng(7)
    source = opened(jpeg(60, 40))
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        data = (
            with_orientation(source, 6, kind)
            if kind in ("JPEG", "PNG", "WEBP", "TIFF")
            else encode(source, kind)
        )
        for _ in range(100):
            damaged = bytearray(data)
            for place in rng.integers(0, len(data), 4):
                damaged[place] = rng.integers(0, 256)
            try:
                decode_picture(bytes(damaged), FAST)
            except PictureError as error:
                assert error.reason in ("truncated", "corrupt", "bomb", "not_a_picture")  # noqa: PT017


def test_bombs_are_refused_before_they_are_decoded() -> None:
    small = FAST.model_copy(update={"max_pixels": 10_000})
    assert reason(encode(Image.new("1", (101, 100))), small) == "bomb"
    assert decode_picture(encode(Image.new("1", (100, 100))), small).width == 100
    assert reason(encode(Image.new("1", (14_000, 14_000)))) == "bomb"


# Gathering


def test_every_wanted_picture_has_an_outcome(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "local.JPG").write_bytes(jpeg(seed=1))
    (folder / "flat.png").write_bytes(encode(opened(jpeg(seed=2))))
    (folder / "broken.jpg").write_bytes(jpeg()[:200])
    (folder / "mended.jpg").write_bytes(jpeg()[:200])
    (tmp_path / "outside.jpg").write_bytes(jpeg())
    script: Script = {
        "/good": Answer(body=jpeg(seed=3)),
        "/html": Answer(body=b"<html>Sorry</html>", headers={"Content-Type": "image/jpeg"}),
        "/out": Answer(body=jpeg(), headers={"X-Robots-Tag": "noai"}),
        "/flaky": [Answer(500), Answer(body=jpeg(seed=4))],
        "/cut": Answer(body=jpeg(900, 900)[:2000]),
        "/never": Answer(body=jpeg()),
    }
    with PictureServer(script) as server:
        rows = wanted(
            ("local", server.url("/never")),
            ("flat", None),
            ("broken", None),
            ("mended", server.url("/good")),
            ("../outside", None),
            *((name, server.url(f"/{name}")) for name in ("good", "html", "out", "flaky", "cut", "missing")),
            ("good", server.url("/never")),
        )
        found = gather(rows, tmp_path / "store", folder)
        assert server.requests == {"/good": 2, "/html": 1, "/out": 1, "/flaky": 2, "/cut": 1, "/missing": 1}
    assert {name: (row["origin"], row["status_reason"], row["attempts"]) for name, row in found.items()} == {
        "local": ("local", None, 0),
        "flat": ("local", None, 0),
        "broken": ("local", "truncated", 0),
        "mended": ("fetched", None, 1),
        "../outside": (None, "missing_file", 0),
        "good": ("fetched", None, 1),
        "html": ("fetched", "not_a_picture", 1),
        "out": ("fetched", "opted_out", 1),
        "flaky": ("fetched", None, 2),
        "cut": ("fetched", "truncated", 1),
        "missing": ("fetched", "not_found", 1),
    }
    for row in found.values():
        assert row["status"] == ("failed" if row["status_reason"] else "ok")
        assert (row["sha256"] is None) == (row["width"] is None) == (row["status"] == "failed")
    index = open_store(tmp_path / "store", FAST).index()
    assert count_reasons(index) == {
        **{"fetched": 3, "local": 2, "missing_file": 1, "not_a_picture": 1, "not_found": 1},
        **{"opted_out": 1, "truncated": 2},
    }


def test_without_folders_or_network_the_reason_says_so(tmp_path: Path) -> None:
    offline = FAST.model_copy(update={"offline": True})
    with PictureServer({"/a": Answer(body=jpeg())}) as server:
        found = gather(wanted(("a", server.url("/a")), ("b", None)), tmp_path, settings=offline)
        assert not server.requests
    assert {name: row["status_reason"] for name, row in found.items()} == {"a": "offline", "b": "no_url"}


def test_a_second_run_tries_only_failures(tmp_path: Path) -> None:
    script: Script = {
        "/a": Answer(body=jpeg(seed=1)),
        "/b": [Answer(404), Answer(body=jpeg(seed=2))],
        "/c": [Answer(404), Answer(403)],
    }
    with PictureServer(script) as server:
        rows = wanted(*((name, server.url(f"/{name}")) for name in "abc"))
        first = gather(rows, tmp_path)
        second = gather(rows, tmp_path)
        assert server.requests == {"/a": 1, "/b": 2, "/c": 2}
        shards = sorted(path.name for path in (tmp_path / FAST.digest).glob("*.parquet"))
        rows = wanted(("a", server.url("/a")))
        third = gather(rows, tmp_path)
    assert shards == ["pictures-000000.parquet", "pictures-000001.parquet"]
    assert [first[name]["status"] for name in "abc"] == ["ok", "failed", "failed"]
    assert [second[name]["status"] for name in "abc"] == ["ok", "ok", "failed"]
    assert (first["c"]["status_reason"], second["c"]["status_reason"]) == ("not_found", "http_403")
    assert third == {"a": first["a"]}


def test_concurrency_is_bounded_and_does_not_shape_the_result(tmp_path: Path) -> None:
    script = {f"/{i}": Answer(body=jpeg(seed=i), pause=0.01) for i in range(60)}
    with PictureServer(script) as server:
        rows = wanted(*((f"{i:02d}", server.url(f"/{i}")) for i in range(60)))
        one = gather(rows, tmp_path / "a", settings=FAST.model_copy(update={"concurrency": 3}))
        assert 1 < server.most_at_once <= 3
        many = gather(rows, tmp_path / "b", settings=FAST.model_copy(update={"concurrency": 64}))
        assert server.most_at_once > 3
    assert one == many


def test_it_runs_inside_a_running_loop(tmp_path: Path) -> None:
    async def notebook() -> dict[str, dict[str, object]]:
        return gather(wanted(("a", None)), tmp_path)

    assert asyncio.run(notebook())["a"]["status_reason"] == "no_url"


def test_nothing_wanted_gives_an_empty_index(tmp_path: Path) -> None:
    assert gather(wanted(), tmp_path) == {}


def test_settings_and_store_belong_together(tmp_path: Path) -> None:
    small = FAST.model_copy(update={"image_size": 64})
    assert len({s.digest for s in (FAST, small, FAST.model_copy(update={"quality": 80}))}) == 3
    assert FAST.digest == PictureSettings().digest  # time-outs do not shape pictures
    with pytest.raises(ValueError, match="other settings"):
        gather_pictures(wanted(("a", None)), [], open_store(tmp_path, FAST), small, SilentProgress())


def test_a_missing_picture_folder_stops_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        gather(wanted(("a", None)), tmp_path / "store", tmp_path / "nowhere")


# The store


def filled_store(root: Path, count: int, monkeypatch: pytest.MonkeyPatch, rows_a_shard: int) -> PictureStore:
    monkeypatch.setattr(picture_store, "SHARD_ROWS", rows_a_shard)
    monkeypatch.setattr(picture_store, "ROW_GROUP_ROWS", 3)
    folder = root / "photos"
    folder.mkdir(exist_ok=True)
    for i in range(count):
        (folder / f"{i:03d}.jpg").write_bytes(jpeg(seed=i))
    rows = wanted(*((f"{i:03d}", None) for i in range(count)), ("none", None))
    gather(rows, root / "store", folder)
    return open_store(root / "store", FAST)


def test_bytes_are_read_back_by_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled_store(tmp_path, 25, monkeypatch, 10)
    digests = {row["image_id"]: row["sha256"] for row in store.index().to_pylist()}
    pairs = list(store.read_bytes(["003", "024", "011", "none", "unknown"]))
    assert {image_id for image_id, _ in pairs} == {"003", "011", "024"}
    everything = dict(store.read_bytes(digests))
    assert len(everything) == 25
    assert all(hashlib.sha256(data).hexdigest() == digests[image_id] for image_id, data in everything.items())


def test_a_damaged_shard_is_ignored_and_its_pictures_gathered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled_store(tmp_path, 25, monkeypatch, 10)
    before = store.index()
    shard = store.folder / "pictures-000001.parquet"
    os.truncate(shard, shard.stat().st_size // 2)
    with pytest.warns(UserWarning, match="pictures-000001"):
        assert store.index().num_rows == 16
    with pytest.warns(UserWarning, match="pictures-000001"):
        again = filled_store(tmp_path, 25, monkeypatch, 10)
    assert again.index().equals(before)
    assert len(dict(again.read_bytes(before["image_id"].to_pylist()))) == 25


def test_damage_inside_a_shard_is_noticed_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled_store(tmp_path, 3, monkeypatch, 10)
    shard = store.folder / "pictures-000000.parquet"
    data = bytearray(shard.read_bytes())
    data[data.index(jpeg(seed=1)) + 300] ^= 0xFF
    shard.write_bytes(data)
    with pytest.raises(UserError, match="pictures-000000"):
        dict(store.read_bytes(["000", "001", "002"]))


def test_pictures_are_stored_plain_for_cheap_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled_store(tmp_path, 7, monkeypatch, 10)
    metadata = pq.read_metadata(store.folder / "pictures-000000.parquet")
    assert metadata.num_row_groups == 3
    column = metadata.row_group(0).column(metadata.schema.names.index("bytes"))
    assert (column.compression, column.has_dictionary_page, column.is_stats_set) == (
        "UNCOMPRESSED",
        False,
        False,
    )


def test_a_full_disk_names_the_folder_and_keeps_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, []

    def full_on_the_third(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 3:  # a shard and its folder went well
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_on_the_third)
        with pytest.raises(UserError, match=f"{FAST.digest} is full"):
            filled_store(tmp_path, 25, monkeypatch, 10)
    store = open_store(tmp_path / "store", FAST)
    assert store.index().num_rows == 10
    assert not list(store.folder.glob(".*.tmp"))
    assert filled_store(tmp_path, 25, monkeypatch, 10).index().num_rows == 26


def test_leftover_files_go_and_a_second_writer_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path, FAST)
    store.folder.mkdir()
    leftover = store.folder / ".pictures-000003.parquet.tmp"
    leftover.write_bytes(b"half")
    assert store.index().num_rows == 0
    with store.writer():
        assert not leftover.exists()
        with pytest.raises(UserError, match="Another process"):
            gather(wanted(("a", None)), tmp_path)
    assert gather(wanted(("a", None)), tmp_path)["a"]["status_reason"] == "no_url"


def test_rows_survive_an_interruption(tmp_path: Path) -> None:
    store = open_store(tmp_path, FAST)
    picture = Picture(b"x", 1, 1, "s", "p", 0, False)

    def interrupted() -> None:
        with store.writer() as writer:
            writer.add(picture_store.PictureRow("a", "local", 0, picture))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.index()["image_id"].to_pylist() == ["a"]


GATHER = """
import resource, sys
from pathlib import Path
import pyarrow.parquet as pq
from naturel.builders import picture_store
from naturel.builders.images import gather_pictures
from naturel.builders.picture_store import PictureSettings, open_store
from naturel.builders.progress import SilentProgress
picture_store.SHARD_ROWS = int(sys.argv[3])
settings = PictureSettings(concurrency=4)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = pq.read_table(sys.argv[1])
gather_pictures(table, [], open_store(Path(sys.argv[2]), settings), settings, SilentProgress())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[[pa.Table, Path, int], list[str]]:
    def make(rows: pa.Table, root: Path, rows_a_shard: int) -> list[str]:
        pq.write_table(rows, tmp_path / "wanted.parquet")
        script = textwrap.dedent(GATHER)
        return [sys.executable, "-c", script, str(tmp_path / "wanted.parquet"), str(root), str(rows_a_shard)]

    return make


def test_a_kill_loses_at_most_the_shard_in_work(
    tmp_path: Path, command: Callable[[pa.Table, Path, int], list[str]]
) -> None:
    script = {f"/{i}": Answer(body=jpeg(seed=i), pause=0.02) for i in range(120)}
    settings = PictureSettings(concurrency=4)
    with PictureServer(script) as server:
        rows = wanted(*((f"{i:03d}", server.url(f"/{i}")) for i in range(120)))
        process = subprocess.Popen(command(rows, tmp_path / "killed", 10))
        while server.requests.total() < 57:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.1)
        asked = server.requests.total()
        kept = open_store(tmp_path / "killed", settings).index().num_rows
        assert (
            asked - kept <= 10 + 4 + 10
        )  # the shard in work, the downloads in flight, a shard being written
        subprocess.run(command(rows, tmp_path / "killed", 10), check=True, capture_output=True)
        assert server.requests.total() == 120 + asked - kept
        subprocess.run(command(rows, tmp_path / "calm", 10), check=True, capture_output=True)
    killed, calm = open_store(tmp_path / "killed", settings), open_store(tmp_path / "calm", settings)
    assert killed.index().equals(calm.index())
    ids = calm.index()["image_id"].to_pylist()
    assert dict(killed.read_bytes(ids)) == dict(calm.read_bytes(ids))


def test_memory_does_not_grow_with_the_number_of_pictures(
    tmp_path: Path, command: Callable[[pa.Table, Path, int], list[str]]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    body = encode(Image.fromarray(noise), "BMP")  # 1.5 MB a download
    with PictureServer({"/a": Answer(body=body)}) as server:
        grown = []
        for count in (40, 140):
            rows = wanted(*((f"{i:03d}", server.url("/a")) for i in range(count)))
            done = subprocess.run(
                command(rows, tmp_path / str(count), 20), check=True, capture_output=True, text=True
            )
            grown.append(int(done.stdout))
    assert grown[1] - grown[0] < 25_000  # kB; 100 more downloads are 147 MB, their pictures 30 MB


# Parts and mirror images ------------------------------------------------------------------------------------


def quarters() -> Image.Image:
    """Red, green / blue, white: 40 x 20 pixels."""
    image = Image.new("RGB", (40, 20), "white")
    for colour, place in (("red", (0, 0)), ("lime", (20, 0)), ("blue", (0, 10))):
        image.paste(Image.new("RGB", (20, 10), colour), place)
    return image


def corner_colours(image: Image.Image) -> list[str]:
    """The colour near each corner, row by row."""
    names = {(255, 0, 0): "red", (0, 255, 0): "lime", (0, 0, 255): "blue", (255, 255, 255): "white"}
    points = [(x, y) for y in (2, image.height - 3) for x in (2, image.width - 3)]
    found = []
    for point in points:
        pixel = image.getpixel(point)
        assert isinstance(pixel, tuple)
        found.append(
            names[min(names, key=lambda name: sum(abs(a - b) for a, b in zip(name, pixel, strict=True)))]
        )
    return found


def test_a_part_is_cut_out_before_it_is_made_smaller() -> None:
    picture = decode_picture(encode(quarters()), PictureSettings(image_size=10), crop=[0.5, 0, 1, 1])
    assert (picture.width, picture.height) == (10, 10)
    assert corner_colours(opened(picture.data)) == ["lime", "lime", "white", "white"]
    tiny = decode_picture(encode(quarters()), PictureSettings(), crop=[0.99, 0.99, 0.99, 0.99])
    assert (tiny.width, tiny.height) == (1, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mirror_image_is_that_of_the_upright_picture(orientation: int) -> None:
    data = with_orientation(quarters(), orientation, "PNG")
    plain, mirror = (decode_picture(data, PictureSettings(), mirror=flag) for flag in (False, True))
    top_left, top_right, low_left, low_right = corner_colours(opened(plain.data))
    assert corner_colours(opened(mirror.data)) == [top_right, top_left, low_right, low_left]
    # Boxes follow: that of the red quarter of the file is where the red is.
    for picture in (plain, mirror):
        (box,) = transform_boxes([[0.0, 0.0, 0.5, 0.5]], picture.turns, picture.mirrored)
        corner = 2 * int(box[1] > 0.4) + int(box[0] > 0.4)
        assert corner_colours(opened(picture.data))[corner] == "red"


def test_one_file_serves_several_pictures(tmp_path: Path) -> None:
    with PictureServer({"/a": Answer(body=encode(quarters()))}) as server:
        url = server.url("/a")
        wanted = pa.table(
            {
                "image_id": ["a", "a-mirrored", "a-part"],
                "url": [url] * 3,
                "rotation": pa.nulls(3, pa.float64()),
                "file_name": ["a", "a", "a"],
                "crop": pa.array([None, None, [0, 0, 0.5, 0.5]], pa.list_(pa.float64())),
                "mirrored": [False, True, None],
            }
        )
        store = open_store(tmp_path, FAST)
        index = gather_pictures(wanted, [], store, FAST, SilentProgress())
        assert len(server.headers) == 1
    rows = {row["image_id"]: row for row in index.to_pylist()}
    assert rows["a-mirrored"]["mirrored"]
    assert (rows["a-part"]["width"], rows["a-part"]["height"]) == (20, 10)
    colours = {name: corner_colours(opened(data)) for name, data in store.read_bytes(rows)}
    assert colours == {
        "a": ["red", "lime", "blue", "white"],
        "a-mirrored": ["lime", "red", "white", "blue"],
        "a-part": ["red"] * 4,
    }
