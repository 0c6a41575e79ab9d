"""The plan of the composites: which nouns, which pairs of them, which scenes and layouts.

The plan is a pure function of the settings, the seed and what the bank has; nothing is drawn yet. Every pair of nouns
belongs to one split for ever, whatever the seed, so that no pair crosses splits.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.builders.choice import hash_text
from naturel.builders.composite_settings import Arrangement
from naturel.builders.settings import Split
from naturel.builders.sources.composites.cutouts import Bank, Role, Scene, Wanted

SCENES: Mapping[Arrangement, tuple[Scene, ...]] = {
    Arrangement.LEFT_RIGHT: (Scene.BESIDE,),
    Arrangement.ABOVE_BELOW: (Scene.ABOVE,),
    Arrangement.ON_UNDER: (Scene.STANDING, Scene.STACKED),
    Arrangement.INSIDE: (Scene.INSIDE,),
}
"""How each arrangement can be shown."""

SPLITS: tuple[Split, ...] = (*(Split.TRAIN,) * 8, Split.VALIDATION, Split.TEST)
"""The split of each tenth of the pairs."""

ATTEMPTS = 16
"""How many bases are tried for one that may be put on a picture with the thing."""

DISAGREE = "group: the licences of its two things do not go together"

Claim = tuple[int, str, int]
"""Subject, relation, object; 0 is the thing of a group and 1 its base."""

CLAIMS: Mapping[Scene, tuple[tuple[Claim, ...], tuple[Claim, ...]]] = {
    Scene.BESIDE: (((0, "left_of", 1), (1, "right_of", 0)), ((1, "left_of", 0), (0, "right_of", 1))),
    Scene.ABOVE: (((0, "above", 1), (1, "below", 0)), ((1, "above", 0), (0, "below", 1))),
    Scene.STANDING: (((0, "on", 1), (1, "under", 0)), ((0, "under", 1), (1, "over", 0))),
    Scene.STACKED: (((0, "on", 1), (1, "under", 0)), ((1, "on", 0), (0, "under", 1))),
    Scene.INSIDE: (((0, "inside_of", 1),), ((0, "next_to", 1),)),
}
"""What is true in the first and in the second picture of a group, and false in the other one.

Each picture says it in both words where there are two. So over the two pictures every claim is true once and proved
false once, each word stands on either side equally often, and the negatives of a record are of two kinds: the same
word with the two exchanged, and the other word of the same two.
"""


@dataclass(frozen=True)
class Group:
    """Two pictures that differ in nothing but the arrangement."""

    thing: str
    base: str
    scene: Scene
    layout: int
    instances: tuple[int, int]
    """Which thing and which base; see `cutouts.Wanted`."""
    key: str
    """Names it, for hashes."""

    @property
    def labels(self) -> tuple[str, str]:
        """The thing and the base."""
        return self.thing, self.base

    @property
    def wanted(self) -> tuple[Wanted, Wanted]:
        """What is asked of the bank."""
        thing, base = (
            Wanted(label, instance, self.scene, role)
            for label, instance, role in zip(self.labels, self.instances, Role, strict=True)
        )
        return thing, base

    @property
    def image_ids(self) -> tuple[str, str]:
        """Of its two pictures."""
        first, second = (hashlib.sha256(f"{self.key}/{side}".encode()).hexdigest()[:16] for side in (0, 1))
        return f"composite-{first}", f"composite-{second}"


@dataclass(frozen=True)
class Limits:
    """How much of everything."""

    seed: int
    split: Split
    arrangements: tuple[Arrangement, ...]
    relations: tuple[str, ...]
    """Those that records are wanted of; empty: all."""
    layouts: int
    per_triplet: int | None
    nouns: int | None
    pairs: int | None
    images: int

    def wants(self, relation: str) -> bool:
        """Whether records of a relation are wanted."""
        return not self.relations or relation in self.relations

    @property
    def scenes(self) -> dict[Arrangement, tuple[Scene, ...]]:
        """The scenes in which something wanted is true, by arrangement."""
        return {
            arrangement: tuple(
                scene
                for scene in SCENES[arrangement]
                if any(self.wants(relation) for side in CLAIMS[scene] for _, relation, _ in side)
            )
            for arrangement in self.arrangements
        }

    @property
    def said(self) -> str:
        """What is taken of all that could be made, in words for the card."""
        parts = [f"at most {self.images:,} pictures", f"arrangements {', '.join(self.arrangements)}"]
        parts += [f"{self.layouts:,} layouts" if self.layouts > 1 else "1 layout"]
        parts += [f"{self.nouns:,} nouns"] if self.nouns else []
        parts += [f"{self.pairs:,} pairs of nouns"] if self.pairs else []
        parts += [f"at most {self.per_triplet:,} pictures a triplet"] if self.per_triplet else []
        parts += [f"only the relations {', '.join(self.relations)}"] if self.relations else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Plan:
    """The groups to be drawn."""

    groups: tuple[Group, ...]
    dropped: Counter[str]
    """Reason -> groups left out."""


def plan_groups(bank: Bank, name: str, limits: Limits, table: NounTable) -> Plan:
    """Plan the pictures.

    Args:
        bank: Where the cut-outs are to come from.
        name: The bank's name; other banks give other pictures.
        limits: How much of everything.
        table: Says which labels can name the same thing: these are never a pair.

    Returns:
        At most `limits.images / 2` groups. They are spread evenly over the arrangements; of each arrangement, every
        pair of nouns comes in one layout before any comes in a second one.

    Raises:
        UserError: Nothing can be made within the limits.
    """
    labels = _first(bank.labels, limits.nouns, f"{limits.seed}/noun/")
    scenes = {
        pair: found for pair in _pairs(labels, table, limits.split) if (found := _scenes(pair, bank, limits))
    }
    pairs = _first(scenes, limits.pairs, f"{limits.seed}/pair/")
    queues = []
    for arrangement in limits.arrangements:
        entries = [entry for pair in pairs for entry in scenes[pair] if entry[0] in SCENES[arrangement]]
        queues.append(_in_order(entries, limits))
    groups: list[Group] = []
    dropped: Counter[str] = Counter()
    while queues and len(groups) < limits.images // 2:
        for queue in tuple(queues):
            if (entry := next(queue, None)) is None:
                queues.remove(queue)
            elif len(groups) < limits.images // 2:
                if group := _group(name, bank, limits.seed, *entry):
                    groups.append(group)
                else:
                    dropped[DISAGREE] += 1
    if not groups:
        raise UserError(
            f"--source composites: {len(labels)} nouns give nothing for the split {limits.split} and the "
            f"arrangements {', '.join(limits.arrangements)}. Allow more --nouns, more --arrangements or other "
            "--relations, and at least 2 --max-images."
        )
    return Plan(tuple(groups), dropped)


def split_of(first: str, second: str) -> Split:
    """The split that a pair of nouns belongs to, in either order."""
    return SPLITS[hash_text("composites\t" + "\t".join(sorted((first, second)))) % len(SPLITS)]


_Entry = tuple[Scene, str, str]
_Item = TypeVar("_Item", str, tuple[str, str])


def _first(items: Iterable[_Item], count: int | None, salt: str) -> list[_Item]:
    """So many of them, chosen by hash, in their own order."""
    return sorted(sorted(items, key=lambda item: hash_text(f"{salt}{item}"))[:count])


def _pairs(labels: Sequence[str], table: NounTable, split: Split) -> Iterator[tuple[str, str]]:
    for first in labels:
        same = table.same_thing(first)
        for second in labels:
            if first < second and second not in same and split_of(first, second) is split:
                yield first, second


def _scenes(pair: tuple[str, str], bank: Bank, limits: Limits) -> list[_Entry]:
    """The scenes that can be shown with a pair, as (scene, thing, base)."""
    found = []
    for scene in (scene for scenes in limits.scenes.values() for scene in scenes):
        ways = (pair, pair[::-1]) if scene in (Scene.STANDING, Scene.INSIDE) else (pair,)
        found += [(scene, *way) for way in ways if bank.fits(scene, *way)]
    return found


def _in_order(entries: Sequence[_Entry], limits: Limits) -> Iterator[tuple[_Entry, int]]:
    """Each entry with its layouts: first all with one layout each, in the order of their hashes, and so on."""
    names = {entry: f"{limits.seed}/" + "\t".join(entry) for entry in entries}
    for turn in range(min(limits.layouts, limits.per_triplet or limits.layouts)):
        for entry in sorted(entries, key=lambda entry: hash_text(f"{names[entry]}/{turn}")):
            yield entry, (hash_text(f"{names[entry]}/layout") + turn) % limits.layouts


def _group(name: str, bank: Bank, seed: int, entry: _Entry, layout: int) -> Group | None:
    """A group of two things that may meet; None where none of so many attempts finds two."""
    scene, thing, base = entry
    key = f"{name}/{seed}/{scene}/{thing}/{base}/{layout}"
    first = hash_text(f"{key}/0")
    for attempt in range(1, ATTEMPTS + 1):
        group = Group(thing, base, scene, layout, (first, hash_text(f"{key}/{attempt}")), key)
        if bank.may_meet(*group.wanted):
            return group
    return None
