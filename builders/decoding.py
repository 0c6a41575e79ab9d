"""Verify and decode pictures: cut out, turned upright, mirrored, made smaller, with their digests; boxes follow."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import zlib
from collections.abc import Sequence

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from naturel.annotations import geometry
from naturel.builders.picture_store import Picture, PictureError, PictureSettings

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
