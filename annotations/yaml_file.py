"""YAML as people write word lists: "on" and "no" are words, every key is text, and a key given twice is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    _BaseLoader = yaml.SafeLoader
else:
    _BaseLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BOOLEAN = "tag:yaml.org,2002:bool"


class _Loader(_BaseLoader):
    """The safe loader, in which only true and false are booleans (YAML 1.2, https://yaml.org/spec/1.2.2/)."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (yaml's own attribute)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN or first in "tTfF"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Construct a mapping whose keys are text."""
        keys = Counter(str(key.value) for key, _ in node.value)
        self.repeated = [*getattr(self, "repeated", ()), *(key for key, times in keys.items() if times > 1)]
        for key, _ in node.value:
            key.tag = "tag:yaml.org,2002:str"
        return dict(super().construct_mapping(node, deep=deep))


def read_yaml(text: str | bytes) -> tuple[Any, list[str]]:
    """Read one YAML document.

    Args:
        text: The document, UTF-8 where it is bytes.

    Returns:
        The document, and the keys that some mapping has twice.

    Raises:
        yaml.YAMLError: It is not YAML, or uses a tag beyond the safe ones.
    """
    loader = _Loader(text)
    try:
        document = loader.get_single_data()
        return document, list(getattr(loader, "repeated", ()))
    finally:
        loader.dispose()
