"""The two small transformers, with the attention of the first layer as a sum whose parts can be removed.

As in Yamamoto, Noguchi and Tanizawa (arXiv 2601.12809), layers are attention alone, without LayerNorm and MLP: what a
row's end sees is then a sum of terms that can be told apart. A token enters as its embedding plus that of its place,
x = e + p, so the logits of the first layer are

    (q(e) + q(p) + b) . (k(e') + k(p'))

and each of the six products is a `Part`. Keys have no bias: it would add the same to all logits of a row, and softmax
does not see that.

The vision encoder is read at a class token, which is the same in all scenes: how its query is shared out between its
embedding, its place and the bias is up to the weights at the start. Its embedding starts widest, so that it carries
the query, as in the paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.nn import functional as f

from naturel.builders.sources.testbed.scenes import CELLS, LABELS
from naturel.builders.sources.testbed.tokens import LENGTH, VOCABULARY

CLASS_TOKEN = len(LABELS) + 1
"""The token before the cells, where the vision encoder is read."""


class Part(StrEnum):
    """A part of the first layer: what asks and what is asked, in the logits, or the places in the values."""

    TOKEN_TOKEN = "token x token"  # noqa: S105
    TOKEN_POSITION = "token x position"  # noqa: S105
    POSITION_TOKEN = "position x token"  # noqa: S105
    POSITION_POSITION = "position x position"
    BIAS_TOKEN = "bias x token"  # noqa: S105
    BIAS_POSITION = "bias x position"
    VALUE_POSITION = "positions in values"


QUERIES = {
    "token": {"token": Part.TOKEN_TOKEN, "position": Part.TOKEN_POSITION},
    "position": {"token": Part.POSITION_TOKEN, "position": Part.POSITION_POSITION},
    "bias": {"token": Part.BIAS_TOKEN, "position": Part.BIAS_POSITION},
}
"""The part of each query and key."""


@dataclass(frozen=True)
class ModelSettings:
    """The size of the model; defaults are the paper's, but for the spreads, which are ours."""

    width: int = 128
    heads: int = 4
    text_layers: int = 1
    """One is enough for captions that say "left"; two where "right" occurs as well."""
    token_spread: float = 0.3
    """Standard deviation of token embeddings at the start."""
    position_spread: float = 0.1
    """That of the embeddings of places."""
    class_spread: float = 1.0
    """That of the embedding of `CLASS_TOKEN`. The narrower it is, the more of its query its place carries: with 0.3
    the order of unseen pairs was .82 without `Part.TOKEN_POSITION` and .51 without all parts that ask positions
    (one seed, 90 pairs in 15 layouts)."""
    temperature: float = 0.07
    """At the start; it is learnt."""


class Attention(nn.Module):
    """Multi-head attention with its residual connection: one layer."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.heads, self.causal = heads, causal

    def forward(
        self,
        token: Tensor,
        position: Tensor,
        look_up: Callable[[Tensor], Tensor],
        read: Tensor,
        removed: Collection[Part] = (),
    ) -> Tensor:
        """What the layer says at some places of each row.

        Args:
            token: What is at the places, shape (..., width): a table of embeddings, or shape (n, length, width).
            position: Embeddings of the places, shape (length, width).
            look_up: From shape (..., width) to shape (n, length, width). Tables are multiplied by weights before they
                are looked up, which is the same and much less work.
            read: The places that are asked for, shape (n, r).
            removed: Parts that are left out.

        Returns:
            Shape (n, r, width).
        """
        rows = torch.arange(len(read))[:, None]
        asked = {
            "token": look_up(f.linear(token, self.query.weight))[rows, read],
            "position": f.linear(position, self.query.weight)[read],
            "bias": self.query.bias.expand(*read.shape, -1),
        }
        keys = {
            "token": look_up(self.key(token)),
            "position": self.key(position).expand(len(read), -1, -1),
        }
        logits = self._logits(asked, keys, removed) / math.sqrt(token.shape[-1] / self.heads)
        if self.causal:
            later = torch.arange(len(position)) > read[..., None]
            logits = logits.masked_fill(later[:, None], -math.inf)

        values = look_up(self.value(token))
        if Part.VALUE_POSITION not in removed:
            values = values + f.linear(position, self.value.weight)
        mixed = (logits.softmax(-1) @ self._split(values)).transpose(1, 2).flatten(2)
        said: Tensor = look_up(token)[rows, read] + position[read] + self.out(mixed)
        return said

    def _logits(self, asked: dict[str, Tensor], keys: dict[str, Tensor], removed: Collection[Part]) -> Tensor:
        """The sum of the parts that are left, shape (n, heads, r, length); one product for all that share keys."""
        groups: dict[tuple[str, ...], list[Tensor]] = {}
        for name, query in asked.items():
            left = tuple(key for key, part in QUERIES[name].items() if part not in removed)
            groups.setdefault(left, []).append(query)
        n, r, _ = asked["token"].shape
        logits = torch.zeros(n, self.heads, r, keys["token"].shape[1])
        for left, queries in groups.items():
            if left:
                key = sum((keys[name] for name in left[1:]), keys[left[0]])
                logits = logits + self._split(sum(queries[1:], queries[0])) @ self._split(key).transpose(
                    -1, -2
                )
        return logits

    def _split(self, rows: Tensor) -> Tensor:
        """From shape (n, length, width) to (n, heads, length, width / heads)."""
        n, length, width = rows.shape
        return rows.view(n, length, self.heads, width // self.heads).transpose(1, 2)


class Encoder(nn.Module):
    """A transformer of attention alone, read at one place of each row."""

    def __init__(self, words: int, places: int, layers: int, causal: bool, settings: ModelSettings) -> None:
        super().__init__()
        width = settings.width
        self.tokens = nn.Parameter(torch.randn(words, width) * settings.token_spread)
        self.positions = nn.Parameter(torch.randn(places, width) * settings.position_spread)
        self.layers = nn.ModuleList(Attention(width, settings.heads, causal) for _ in range(layers))
        self.projection = nn.Linear(width, width, bias=False)

    def forward(self, rows: Tensor, read: Tensor, removed: Collection[Part] = ()) -> Tensor:
        """Embed rows.

        Args:
            rows: Tokens, shape (n, places).
            read: Where each row is read, shape (n,).
            removed: Parts of the first layer that are left out.

        Returns:
            Of length 1, shape (n, width).
        """
        token: Tensor = self.tokens
        position: Tensor = self.positions
        everywhere = torch.arange(rows.shape[1]).expand(len(rows), -1)

        def embed(table: Tensor) -> Tensor:
            return f.embedding(rows, table)

        look_up: Callable[[Tensor], Tensor] = embed
        for number, layer in enumerate(self.layers):
            last = number == len(self.layers) - 1
            token = layer(token, position, look_up, read[:, None] if last else everywhere, removed)
            # From here on tokens and places are mixed.
            position, look_up, removed = torch.zeros_like(position), _as_it_is, ()
        return f.normalize(self.projection(token[:, 0]), dim=-1)


def _as_it_is(rows: Tensor) -> Tensor:
    return rows


class TwoTowers(nn.Module):
    """Scenes and captions in one space."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        self.vision = Encoder(len(LABELS) + 2, CELLS + 1, 1, causal=False, settings=settings)
        self.text = Encoder(len(VOCABULARY), LENGTH, settings.text_layers, causal=True, settings=settings)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature)))
        with torch.no_grad():
            self.vision.tokens[CLASS_TOKEN].mul_(settings.class_spread / settings.token_spread)

    def scenes(self, cells: Tensor, removed: Collection[Part] = ()) -> Tensor:
        """Embed scenes, shape (n, `CELLS`), read at a class token that sees all cells; shape (n, width)."""
        rows = f.pad(cells, (1, 0), value=CLASS_TOKEN)
        embedded: Tensor = self.vision(rows, torch.zeros(len(rows), dtype=torch.int64), removed)
        return embedded

    def captions(self, tokens: Tensor) -> Tensor:
        """Embed captions, shape (n, `LENGTH`), read at their end, which sees all words; shape (n, width)."""
        embedded: Tensor = self.text(tokens, (tokens > 0).sum(dim=1) - 1)
        return embedded

    def loss(self, cells: Tensor, tokens: Tensor) -> Tensor:
        """The loss of CLIP (Radford et al. 2021): scene i belongs to caption i, among all of the batch."""
        scale = self.log_scale.exp().clamp(max=100)
        logits = scale * self.scenes(cells) @ self.captions(tokens).T
        right = torch.arange(len(logits))
        return (f.cross_entropy(logits, right) + f.cross_entropy(logits.T, right)) / 2
