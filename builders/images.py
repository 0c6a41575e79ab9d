"""Gather pictures: find or fetch them, verify, decode, turn upright, make smaller, digest and store."""

from __future__ import annotations

import asyncio
import hashlib
import io
import math
import os
import struct
import warnings
import zlib
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image, ImageCms, UnidentifiedImageError

from naturel.annotations import geometry
from naturel.annotations.errors import UserError
from naturel.builders.engine import conform
from naturel.builders.fetch import Fetcher, index_folders, read_file
from naturel.builders.picture_store import (
    Picture,
    PictureError,
    PictureRow,
    PictureSettings,
    PictureStore,
    PictureWriter,
    open_store,
)
from naturel.builders.progress import Progress, Task

__all__ = [
    "Picture",
    "PictureError",
    "PictureSettings",
    "PictureStore",
    "count_reasons",
    "decode_picture",
    "gather_pictures",
    "open_store",
    "transform_boxes",
]

WANTED_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("url", pa.string()),
        ("rotation", pa.float64()),
        ("file_name", pa.string()),
        ("crop", pa.list_(pa.float64())),
        ("mirrored", pa.bool_()),
    ]
)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_ORIENTATION = 0x0112
# EXIF orientation -> (counterclockwise quarter turns, mirrored); the mirror comes first.
_UPRIGHT = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (1, True),
    6: (3, False),
    7: (3, True),
    8: (1, False),
}
_TURN = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
# What Pillow's readers raise for damaged files.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, LookupError, TypeError, EOFError, ArithmeticError, AttributeError),
    *(struct.error, zlib.error),
)


def transform_boxes(
    boxes: npt.ArrayLike, turns: npt.ArrayLike, mirrored: npt.ArrayLike
) -> npt.NDArray[np.floating]:
    """Move boxes with the pixels of a picture that was mirrored and turned.

    A picture is first mirrored left to right where `mirrored`, then turned `turns` quarters counterclockwise,
    as seen by a viewer.

    Args:
        boxes: (n, 4) boxes `[x_min, y_min, x_max, y_max]` in the picture as it was, fractions of its sides.
        turns: Quarter turns, one number or n.
        mirrored: Whether mirrored, one value or n.

    Returns:
        (n, 4) boxes in the picture as it is now, of the same float type.
    """
    before = np.asarray(boxes)
    if not np.issubdtype(before.dtype, np.floating):
        before = before.astype(np.float64)
    moved = geometry.as_boxes(before.reshape(-1, 4))
    flip = np.broadcast_to(np.asarray(mirrored, dtype=bool), len(moved))
    moved = np.where(flip[:, None], geometry.mirror(moved), moved)
    turned = np.stack([geometry.rotate(moved, quarter) for quarter in range(4)])
    quarter = np.broadcast_to(np.asarray(turns, dtype=np.int64) % 4, len(moved))
    after: npt.NDArray[np.floating] = turned[quarter, np.arange(len(moved))].astype(before.dtype)
    return after


def decode_picture(
    data: bytes,
    settings: PictureSettings,
    rotation: float | None = None,
    crop: Sequence[float] | None = None,
    *,
    mirror: bool = False,
) -> Picture:
    """Verify a picture and bring it into the form that is stored: upright RGB of a bounded size.

    Original JPEG bytes stay, without their metadata, where nothing has to change. With `image_size` 0 all
    bytes stay as they are, metadata too, except where the picture has to be turned.

    Args:
        data: The encoded picture, as found.
        settings: The size, the quality and the limits.
        rotation: Degrees counterclockwise that turn the picture upright, a multiple of 90. It counts only
            where EXIF gives no orientation other than 1, as both state the same fact.
        crop: The box that is the picture, in fractions of the encoded one; it is cut out before anything is turned.
        mirror: Whether the upright picture is mirrored left to right.

    Returns:
        The picture; `turns` and `mirrored` tell all that was done to it. The same input gives the same bytes.

    Raises:
        PictureError: `not_a_picture`, `truncated`, `corrupt`, `bomb` or `bad_rotation`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _finish(data, image, settings, rotation, crop, mirror=mirror)
    except UnidentifiedImageError as error:
        raise PictureError("corrupt" if data.startswith(_MAGIC) else "not_a_picture") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureError("bomb") from error
    except _DAMAGE as error:
        raise PictureError("truncated" if "truncated" in str(error).lower() else "corrupt") from error


def _finish(
    data: bytes,
    image: Image.Image,
    settings: PictureSettings,
    rotation: float | None,
    crop: Sequence[float] | None,
    *,
    mirror: bool,
) -> Picture:
    size, mode, kind = image.size, image.mode, image.format
    if size[0] * size[1] > settings.max_pixels:
        raise PictureError("bomb")
    turns, mirrored = _orientation(image, rotation)
    if mirror:  # mirroring what was turned is turning the other way what was mirrored
        turns, mirrored = -turns % 4, not mirrored
    if crop is None:
        target = _fit(size, settings.image_size)
        if target != size:
            image.draft(None, target)  # JPEG: decode at 1/2, 1/4 or 1/8, never below the target
    image.load()
    if crop is not None:
        image = _cut(image, crop)
        target = _fit(image.size, settings.image_size)
    profile = _foreign_profile(image)
    rgb = _to_srgb(image, target, profile)
    if mirrored:
        rgb = rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if (turn := _TURN[turns]) is not None:
        rgb = rgb.transpose(turn)
    kept: bytes | None = None
    if not turns and not mirrored and crop is None and target == size:
        if not settings.image_size:
            kept = data
        elif kind == "JPEG" and mode == "RGB" and profile is None:
            kept = _without_metadata(data)
    stored = kept if kept is not None else _encode(rgb, settings.quality)
    digest = hashlib.sha256(stored).hexdigest()
    return Picture(stored, *rgb.size, digest, str(imagehash.phash(rgb)), turns, mirrored)


def _cut(image: Image.Image, crop: Sequence[float]) -> Image.Image:
    """A part of a picture, at least a pixel wide and high."""
    left, top = (min(int(crop[axis] * image.size[axis]), image.size[axis] - 1) for axis in (0, 1))
    right, bottom = (math.ceil(crop[axis + 2] * image.size[axis]) for axis in (0, 1))
    return image.crop(
        (left, top, min(max(right, left + 1), image.width), min(max(bottom, top + 1), image.height))
    )


def _fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """`size` with its longer side at most `longest` pixels (0: any)."""
    if not longest or max(size) <= longest:
        return size
    scale = longest / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(image: Image.Image, rotation: float | None) -> tuple[int, bool]:
    try:
        exif = image.getexif().get(_ORIENTATION)
    except _DAMAGE:  # damaged EXIF does not make the pixels worse
        exif = None
    if isinstance(exif, int) and exif in _UPRIGHT:
        return _UPRIGHT[exif]
    if rotation is None or math.isnan(rotation):
        return 0, False
    quarters = rotation / 90
    if not quarters.is_integer():
        raise PictureError("bad_rotation")
    return int(quarters) % 4, False


def _foreign_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The picture's colour profile where it is usable and not sRGB itself."""
    icc = image.info.get("icc_profile")
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return None if "srgb" in ImageCms.getProfileDescription(profile).lower() else profile
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _to_srgb(
    image: Image.Image, size: tuple[int, int], profile: ImageCms.ImageCmsProfile | None
) -> Image.Image:
    """A loaded picture as sRGB pixels of `size`, transparent parts on white."""
    flat = _flatten(image)
    if flat.size != size:
        flat = flat.resize(size, Image.Resampling.LANCZOS)
    if profile is not None:
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(profile.profile.xcolor_space.strip())
        if mode == flat.mode:
            try:
                srgb = ImageCms.createProfile("sRGB")
                flat = ImageCms.profileToProfile(flat, profile, srgb, outputMode="RGB") or flat
            except ImageCms.PyCMSError:  # a profile that cannot be applied is left out
                pass
    return flat if flat.mode == "RGB" else flat.convert("RGB")


def _flatten(image: Image.Image) -> Image.Image:
    """The first frame as RGB, L or CMYK."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return Image.fromarray((np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8))
    if image.mode == "F":
        return image.convert("L")
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _encode(rgb: Image.Image, quality: int) -> bytes:
    rgb.info = {}  # Pillow would write the old comment
    buffer = io.BytesIO()
    rgb.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _without_metadata(data: bytes) -> bytes | None:
    """A JPEG without EXIF, XMP, IPTC, profile and comment segments; None where it is laid out oddly."""
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:  # the scan: pixels from here on
            return b"".join([*kept, data[at:]])
        if not 0xC0 <= marker <= 0xFE or 0xD0 <= marker <= 0xD9:
            return None
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (
            0xE1 <= marker <= 0xED or marker in (0xEF, 0xFE)
        ):  # APP0 and APP14 tell how to read the colours
            kept.append(data[at:end])
        at = end
    return None


def gather_pictures(
    wanted: pa.Table,
    folders: Iterable[Path],
    store: PictureStore,
    settings: PictureSettings,
    progress: Progress,
) -> pa.Table:
    """Bring every wanted picture into the store, or the reason why it cannot be had.

    Pictures already in the store are left alone; those that failed before are tried again. A local file comes
    before the URL, and the URL is tried where the local file is unusable.

    Args:
        wanted: `image_id`, `url` (nullable) and `rotation` (nullable, degrees counterclockwise), and, where they
            are there, `file_name`, `crop` and `mirrored` as in `schema.IMAGES`; other columns are ignored. Of rows
            with the same id the first counts. A file that several rows are made of is fetched once.
        folders: Where to look before fetching, see `index_folders`.
        store: The store of these settings, from `open_store`.
        settings: How to fetch, check and make smaller.
        progress: Where to show how far it is.

    Returns:
        The store's index of the wanted pictures, sorted by `image_id`.

    Raises:
        UserError: A folder is missing, the disk is full, or another process writes to the store.
    """
    if store.folder.name != settings.digest:
        raise ValueError(f"{store.folder} holds pictures of other settings; use open_store(root, settings)")
    wanted = conform(wanted, WANTED_SCHEMA)
    if wanted["image_id"].null_count:
        raise UserError("Some wanted pictures have no image_id. Give each picture an id.")
    with store.writer() as writer:
        index = store.index()
        held = index.filter(pc.equal(index["status"], "ok"))["image_id"]
        todo = wanted.filter(pc.invert(pc.is_in(wanted["image_id"], held.combine_chunks())))
        gathering = _Gathering(writer, settings, list(folders), todo)
        with warnings.catch_warnings(), progress.task("pictures", gathering.total, "pictures") as task:
            warnings.filterwarnings("ignore", module=r"PIL\.")  # faults are counted by name
            _run(gathering.run(task))
    index = store.index()
    return index.filter(pc.is_in(index["image_id"], wanted["image_id"].combine_chunks()))


def count_reasons(index: pa.Table) -> dict[str, int]:
    """How many pictures of an index came from where (`local`, `fetched`), or failed for which reason."""
    ok = pc.equal(index["status"], "ok")
    counts = pc.value_counts(pc.if_else(ok, index["origin"], index["status_reason"])).to_pylist()
    return dict(sorted((str(count["values"]), int(count["counts"])) for count in counts))


def _run(work: Coroutine[None, None, None]) -> None:
    """Run `work` to its end, also inside a notebook, where a loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, work).result()


@dataclass(frozen=True, slots=True)
class _Wanted:
    image_id: str
    url: str | None
    rotation: float | None
    file_name: str | None
    crop: list[float] | None
    mirrored: bool | None

    @property
    def file(self) -> str:
        """The name by which its file is looked for."""
        return self.file_name or self.image_id


class _Gathering:
    """One run over the pictures that the store lacks, file by file."""

    def __init__(
        self, writer: PictureWriter, settings: PictureSettings, folders: list[Path], todo: pa.Table
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._reason_without_url = "missing_file" if folders else "no_url"
        wanted = _first_rows(todo)
        self.total = len(wanted)
        self._jobs: dict[tuple[str, str | None], list[_Wanted]] = {}
        for image_id in sorted(wanted):
            row = wanted[image_id]
            self._jobs.setdefault((row.file, row.url), []).append(row)
        self._files = index_folders(folders, {file for file, _ in self._jobs})

    async def run(self, task: Task) -> None:
        """Work on `concurrency` files at once; fewer decode, as many as there are processors."""
        self._task = task
        self._order = asyncio.Lock()
        jobs = iter(self._jobs.items())
        async with AsyncExitStack() as stack:
            self._fetcher = await stack.enter_async_context(Fetcher(self._settings))
            self._pool = stack.enter_context(ThreadPoolExecutor(_processors(), "decode"))
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(self._settings.concurrency, len(self._jobs))):
                        group.create_task(self._work(jobs))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def _work(self, jobs: Iterator[tuple[tuple[str, str | None], list[_Wanted]]]) -> None:
        for (file, url), wanted in jobs:
            rows = await self._gather(self._files.get(file), url, wanted)
            async with self._order:
                if self._writer.failed:  # another task met the full disk and ends the run
                    return
                for row in rows:
                    self._writer.add(row)
                if self._writer.full:
                    await asyncio.to_thread(self._writer.flush)
            self._task.advance(len(rows))

    async def _gather(self, path: Path | None, url: str | None, wanted: list[_Wanted]) -> list[PictureRow]:
        """The pictures of one file: the local one, else what the URL gives, else the reason."""
        rows = [PictureRow(one.image_id, None, 0, reason=self._reason_without_url) for one in wanted]
        if path:
            rows = [await self._in_pool(one, path, "local", 0) for one in wanted]
        missing = [number for number, row in enumerate(rows) if not row.picture]
        if not missing or not url:
            return rows
        if self._settings.offline:
            return [
                row if row.origin else PictureRow(row.image_id, None, 0, reason="offline") for row in rows
            ]
        fetched = await self._fetcher.fetch(url)
        for number in missing:
            one = wanted[number]
            if fetched.data is None:
                rows[number] = PictureRow(one.image_id, "fetched", fetched.attempts, reason=fetched.reason)
            else:
                rows[number] = await self._in_pool(one, fetched.data, "fetched", fetched.attempts)
        return rows

    async def _in_pool(self, wanted: _Wanted, data: bytes | Path, origin: str, attempts: int) -> PictureRow:
        """Read and decode in a thread; Pillow releases the interpreter, so downloads go on."""
        loop = asyncio.get_running_loop()
        try:
            picture = await loop.run_in_executor(self._pool, self._decode, data, wanted)
        except PictureError as fault:
            return PictureRow(wanted.image_id, origin, attempts, reason=fault.reason)
        return PictureRow(wanted.image_id, origin, attempts, picture)

    def _decode(self, data: bytes | Path, wanted: _Wanted) -> Picture:
        encoded = read_file(data, self._settings.max_bytes) if isinstance(data, Path) else data
        mirror = bool(wanted.mirrored)
        return decode_picture(encoded, self._settings, wanted.rotation, wanted.crop, mirror=mirror)


def _first_rows(table: pa.Table) -> dict[str, _Wanted]:
    rows: dict[str, _Wanted] = {}
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            rows.setdefault(row["image_id"], _Wanted(**row))
    return rows


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
