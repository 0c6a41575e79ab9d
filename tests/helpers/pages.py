"""Read the report's page as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr", "line", "rect"}


class Page(HTMLParser):
    """A page's tags, text, tables by caption, tiles and sections; unbalanced tags fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.tiles: dict[str, str] = {}
        self.text = ""
        self.open: list[str] = []
        self._parts: dict[str, str] = {}
        self._rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open
        self.ids = {attributes["id"] for _, attributes in self.tags if "id" in attributes}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        self._parts[tag] = ""
        if tag == "table":
            self._rows = []
        if tag == "tr":
            self._rows.append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())
        text = " ".join(self._parts.get(tag, "").split())
        if tag in ("td", "th"):
            self._rows[-1].append(text)
        if tag == "table":
            self.tables[" ".join(self._parts["caption"].split())] = self._rows
        if tag == "dd":
            self.tiles.setdefault(" ".join(self._parts["dt"].split()), text)

    def handle_data(self, data: str) -> None:
        self.text += data
        for tag in set(self.open):
            self._parts[tag] = self._parts.get(tag, "") + data

    def column(self, caption: str, *columns: int) -> dict[str, tuple[str, ...]]:
        """Rows of a table's body by their first cell."""
        rows = self.tables[caption]
        return {row[0]: tuple(row[number] for number in columns) for row in rows}


def assert_loads_nothing(text: str) -> None:
    """Nothing on the page is fetched or run."""
    page = Page(text)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "embed", "base")]
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster", "action"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/jpeg;base64,"))
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
