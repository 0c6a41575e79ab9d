"""Which licences let anybody pass a picture on."""

from __future__ import annotations

import pytest

from naturel.builders.publishing.licenses import may_be_passed_on


@pytest.mark.parametrize(
    "name",
    [
        "https://creativecommons.org/licenses/by/2.0/",
        "http://creativecommons.org/licenses/by-nc-sa/2.0/",
        "https://creativecommons.org/licenses/by-sa/4.0",
        "https://creativecommons.org/licenses/by/3.0/de/deed.en",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "https://creativecommons.org/publicdomain/mark/1.0/",
        "http://flickr.com/commons/usage/",
        "http://www.usa.gov/copyright.shtml",
        "cc-by-4.0",
        "CC BY-SA 4.0",
        "cc-by-nc-4.0",
        "CC0-1.0",
        "cc0",
    ],
)
def test_free(name: str) -> None:
    assert may_be_passed_on(name)


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "unknown",
        "All rights reserved",
        "https://creativecommons.org/licenses/by-nd/2.0/",
        "http://creativecommons.org/licenses/by-nc-nd/2.0/",
        "cc-by-nc-nd-4.0",
        "cc-by-nd-4.0",
        "https://example.org/?creativecommons.org/licenses/by/2.0/",
        "https://creativecommons.org.example.org/licenses/by/2.0/",
        "not public domain",
    ],
)
def test_not_free(name: str | None) -> None:
    assert not may_be_passed_on(name)
