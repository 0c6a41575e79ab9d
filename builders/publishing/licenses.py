"""Which licences of pictures let anybody pass the pictures on."""

from __future__ import annotations

import re

_FREE = (
    # Creative Commons, by address or by name, in any version and country. Not ND: pictures in a release are turned
    # and made smaller. NC is fine: a dataset is given, not sold, and names the licence of every picture.
    r"(?:https?://(?:www\.)?creativecommons\.org/licenses/|cc[ -])by(?:-nc)?(?:-sa)?(?:[/ -]\d.*|/)?",
    r"https?://(?:www\.)?creativecommons\.org/(?:publicdomain|licenses/publicdomain)\b.*",
    r"cc0(?:[ -].*)?",
    r"public domain",
    # As Flickr names them: "No known copyright restrictions" and "United States Government Work".
    r"https?://(?:www\.)?flickr\.com/commons/usage/?",
    r"https?://(?:www\.)?usa\.gov/copyright\.shtml",
)
_FREE_PATTERN = re.compile("|".join(_FREE), re.IGNORECASE)

UNKNOWN = "unknown"
"""How a picture without a licence is told of."""


def may_be_passed_on(license_name: str | None) -> bool:
    """Whether a licence, by its address or name, lets anybody pass a picture on in another size."""
    return license_name is not None and bool(_FREE_PATTERN.fullmatch(license_name.strip()))
