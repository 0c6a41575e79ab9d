"""The sample's arrangements: each a kind of scene, in opposite pairs of about equal number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from naturel.builders.sources import acting
from naturel.builders.sources.pictograms import PICTOGRAMS, Pose
from naturel.builders.sources.scenes import Item, Scene

LOOSE = ("Ball", "Drum", "Backpack", "Suitcase", "Bottle", "Laptop", "Cat", "Dog", "Box")
"""What may stand about without a part in any relation, inside."""
OUTSIDE = ("Tree", "Tree", "Ball", "Bird", "Dog", "Backpack", "Football")
SMALL = ("Apple", "Orange", "Bottle", "Mug", "Tennis ball", "Ball")


@dataclass(frozen=True)
class Arrangement:
    """A kind of scene."""

    key: str
    build: Callable[[Scene], None]
    count: int = 4
    outdoors: bool = False
    closeness: float = 0.74
    """The height of a man as a share of the picture's: larger is nearer."""
    others: tuple[str, ...] = LOOSE
    """What may be added where there is room."""


def _x(scene: Scene, low: float, high: float) -> float:
    return scene.width * scene.rng.uniform(low, high)


def _side(scene: Scene) -> int:
    return scene.rng.choice((-1, 1))


def _along(scene: Scene, base: Item, width: float) -> float:
    left, right = sorted((base["left"][0], base["right"][0]))
    half = width * 0.42
    if right - left <= 2 * half:
        return (left + right) / 2
    return scene.rng.uniform(left + half, right - half)


def put_on(
    scene: Scene, base: Item, label: str, scale: float = 1.0, x: float | None = None, variant: str = ""
) -> Item:
    """Put a thing on another."""
    if "top" in base.drawing.anchors and "left" in base.drawing.anchors:
        x = _along(scene, base, scene.size(label, scale, variant)[0]) if x is None else x
        y = base["top"][1]
    else:
        point = base["seat" if "seat" in base.drawing.anchors else "roof"]
        x, y = point[0], point[1]
    item = scene.stand(label, x, y, z=base.z_front + 0.2, scale=scale, variant=variant)
    scene.relate(item, "on", base)
    return item


def put_under(
    scene: Scene, base: Item, label: str, scale: float, x: float | None = None, variant: str = ""
) -> Item:
    """Put a thing under another, between its legs."""
    if x is None:
        x = base["under"][0]
        if "left" in base.drawing.anchors:
            x0, _, x1, _ = base.bounds
            room = max((x1 - x0) * 0.36 - scene.size(label, scale)[0] / 2, 0)
            x += scene.rng.uniform(-room, room)
    item = scene.stand(label, x, base["under"][1], z=base.z + 0.2, scale=scale, variant=variant)
    scene.relate(item, "under", base)
    return item


SCALES_ON = {"Chair": {"Cat": 0.9, "Dog": 0.8, "Guitar": 0.7}, "Car": {"Dog": 0.8, "Cat": 0.9}}
SCALES_UNDER = {
    "Table": {"Cat": 0.82, "Dog": 0.62, "Box": 0.72},
    "Chair": {"Cat": 0.62, "Ball": 0.95},
    "Bench": {"Ball": 0.9, "Bird": 1.0, "Cat": 0.6},
}


def on(label: str, base: str, scene: Scene) -> None:
    """One or two of a thing on a base, sometimes another of its class away from it."""
    thing = scene.stand(base, _x(scene, 0.36, 0.64), z=1)
    scale = SCALES_ON.get(base, {}).get(label, 1.0)
    variant = "closed" if label == "Box" else ""
    put_on(scene, thing, label, scale, variant=variant)
    _again(scene, label, scale)


def under(label: str, base: str, scene: Scene) -> None:
    """A thing under a base, sometimes another of its class away from it."""
    thing = scene.stand(base, _x(scene, 0.36, 0.64), z=1)
    scale = SCALES_UNDER[base].get(label, 1.0)
    put_under(scene, thing, label, scale, variant="closed" if label == "Box" else "")
    _again(scene, label, scale)


def _again(scene: Scene, label: str, scale: float) -> None:
    if scene.rng.random() < 0.25:
        scene.distract((label,), scale)


def on_and_under(above: str, below: str, base: str, scene: Scene) -> None:
    """One thing on a base and another under it."""
    thing = scene.stand(base, _x(scene, 0.38, 0.62), z=1)
    put_on(scene, thing, above, SCALES_ON.get(base, {}).get(above, 1.0))
    put_under(scene, thing, below, SCALES_UNDER[base].get(below, 1.0))


def inside_box(label: str, scene: Scene) -> None:
    """A thing inside an open box."""
    box = scene.stand("Box", _x(scene, 0.35, 0.65), z=1)
    spot = box["inside"]
    item = scene.stand(label, spot[0] + scene.rng.uniform(-4, 4), spot[1] + (3 if label == "Cat" else 0), z=1.25,
                       scale=0.82 if label == "Cat" else 1.15)  # fmt: skip
    item.shadow = False
    scene.relate(item, "inside_of", box)
    _again(scene, label, 1.0)


def on_box(label: str, scene: Scene) -> None:
    """A thing on a closed box."""
    box = scene.stand("Box", _x(scene, 0.35, 0.65), z=1, variant="closed")
    put_on(scene, box, label, 0.95 if label == "Cat" else 1.15)
    _again(scene, label, 1.0)


def inside_bowl(label: str, other: str, scene: Scene) -> None:
    """Fruit inside a bowl, other fruit beside it."""
    bowl = scene.stand("Bowl", _x(scene, 0.4, 0.6), z=1, scale=1.1)
    spots = ("left", "right") if scene.rng.random() < 0.6 else ("inside",)
    for spot in spots:
        x, y = bowl[spot]
        fruit = scene.stand(label, x, y + 2, z=1.25)
        fruit.shadow = False
        scene.relate(fruit, "inside_of", bowl)
    scene.distract((other,))


def stack(above: str, below: str, scene: Scene) -> None:
    """One thing on another, both small."""
    variant = {"Box": "closed"}
    scale = {("Box", "Suitcase"): (0.72, 1.0), ("Suitcase", "Box"): (0.82, 1.0)}.get(
        (above, below), (1.0, 1.0)
    )
    base = scene.stand(below, _x(scene, 0.38, 0.62), z=1, scale=scale[1], variant=variant.get(below, ""))
    x = base["top"][0]
    if below == "Book":
        x += scene.rng.uniform(-0.12, 0.12) * (base.bounds[2] - base.bounds[0])
    item = scene.stand(above, x, base["top"][1], z=2, scale=scale[0], variant=variant.get(above, ""))
    scene.relate(item, "on", base)


def on_car(label: str, scene: Scene) -> None:
    """An animal on the roof of a car."""
    car = scene.stand("Car", _x(scene, 0.46, 0.54), z=1)
    put_on(scene, car, label, SCALES_ON["Car"][label])


def inside_car(label: str, scene: Scene) -> None:
    """Somebody inside a car, seen through its window."""
    car = scene.stand("Car", _x(scene, 0.46, 0.54), z=1)
    u = scene.unit
    if label in ("Man", "Woman"):
        x0, y0, x1, _ = car.bounds
        flip = car["inside"][0] < (x0 + x1) / 2
        seat = (car["inside"][0], y0 + 58 * u)
        item = scene.person(label, seat, Pose("bust", look=0.7), z=1.2, z_front=1.2, scale=0.85, flip=flip)
        item.shadow = False
    else:
        spot = car["middle" if label == "Dog" else "inside"]
        item = scene.stand(
            label,
            spot[0],
            spot[1] + (8 if label == "Cat" else 9) * u,
            z=1.2,
            scale=1.0 if label == "Cat" else 0.88,
            flip=car["inside"][0] < car["middle"][0],
        )
        item.shadow = False
    scene.relate(item, "inside_of", car)


def holder(label: str, thing: str, scene: Scene) -> None:
    """A person holds a thing."""
    acting.holds(scene, label, _x(scene, 0.35, 0.65), thing, _side(scene))


def holders(first: tuple[str, str], second: tuple[str, str], scene: Scene) -> None:
    """Two people hold a thing each."""
    pair = [first, second]
    scene.rng.shuffle(pair)
    acting.holds(scene, pair[0][0], _x(scene, 0.22, 0.28), pair[0][1], _side(scene))
    acting.holds(scene, pair[1][0], _x(scene, 0.72, 0.78), pair[1][1], _side(scene))


def wearer(label: str, thing: str, scene: Scene) -> None:
    """A person wears a thing; sometimes another stands by without."""
    if thing == "Sunglasses":
        scene.ground = (0.14 + 0.01 * scene.unit) * scene.height + 100 * scene.unit
    person = acting.stands(scene, label, _x(scene, 0.35, 0.65))
    acting.wears(scene, person, thing)
    if scene.rng.random() < 0.35:
        scene.distract([p for p in ("Man", "Woman", "Boy", "Girl") if p != label])


def wears_holds(wearer_label: str, holder_label: str, scene: Scene) -> None:
    """One person wears a hat, another holds one out to the other side."""
    side = _side(scene)
    holder_x, wearer_x = _x(scene, 0.35, 0.38), _x(scene, 0.76, 0.8)
    if side > 0:
        holder_x, wearer_x = scene.width - holder_x, scene.width - wearer_x
    acting.wears(scene, acting.stands(scene, wearer_label, wearer_x), "Hat")
    acting.holds(scene, holder_label, holder_x, "Hat", side)


def player(label: str, thing: str, scene: Scene) -> None:
    """A person plays an instrument."""
    acting.plays(scene, label, _x(scene, 0.38, 0.6), thing)


def player_and_holder(first: str, instrument: str, second: str, held: str, scene: Scene) -> None:
    """One person plays, another holds something."""
    places = [_x(scene, 0.22, 0.27), _x(scene, 0.72, 0.78)]
    scene.rng.shuffle(places)
    acting.plays(scene, first, places[0], instrument)
    acting.holds(scene, second, places[1], held, _side(scene))


def at_table(label: str, scene: Scene) -> None:
    """A person sits on a chair at a table, or stands behind it."""
    u = scene.unit
    if scene.rng.random() < 0.6:
        flip = scene.rng.random() < 0.5
        side = -1 if flip else 1
        middle = scene.width * (0.5 - side * 0.22) + scene.rng.uniform(-8, 8)
        chair = scene.stand("Chair", middle, z=0, flip=flip)
        width = scene.size("Table", 0.95)[0]
        edge = chair["sit"][0] + side * 15 * u
        table = scene.stand("Table", edge + side * width / 2, z=2, scale=0.95, flip=False)
        hand = (edge + side * 7 * u, table["top"][1] - u)
        person = acting.sits_on(scene, label, chair, hand, flip)
        scene.relate(chair, "at", table)
    else:
        x = _x(scene, 0.38, 0.62)
        table = scene.stand("Table", x, z=2)
        y = table["top"][1] - u
        pose = Pose(left_hand=(x - 13 * u, y), right_hand=(x + 13 * u, y))
        person = scene.person(label, (x, scene.ground - 2 * u), pose, z=1, z_front=3)
    scene.relate(person, "at", table)
    if scene.rng.random() < 0.5:
        free_side = table["right"][0] if person["head"][0] < table["top"][0] + 5 else table["left"][0]
        inward = 10 * u if free_side < table["top"][0] else -10 * u
        put_on(scene, table, scene.rng.choice(("Mug", "Bottle", "Laptop", "Apple")), x=free_side + inward)


def chair_at_table(scene: Scene) -> None:
    """A chair drawn up to a table, sometimes two."""
    x, u = _x(scene, 0.44, 0.56), scene.unit
    table = scene.stand("Table", x, z=2)
    x0, _, x1, _ = table.bounds
    sides = (-1, 1) if scene.rng.random() < 0.4 else (_side(scene),)
    for side in sides:
        edge = x0 - 6 * u if side < 0 else x1 + 6 * u
        chair = scene.stand("Chair", edge, z=0, flip=side > 0)
        scene.relate(chair, "at", table)


def sitter(label: str, base: str, scene: Scene) -> None:
    """A person sits on a chair."""
    flip = scene.rng.random() < 0.5
    chair = scene.stand(base, _x(scene, 0.35, 0.65), z=0, flip=flip)
    acting.sits_on(scene, label, chair, flip=flip)


def rider(label: str, thing: str, scene: Scene) -> None:
    """A person rides."""
    acting.rides(scene, label, _x(scene, 0.4, 0.6), thing)


def rider_and_holder(first: str, second: str, scene: Scene) -> None:
    """One child rides a bicycle, another holds a balloon."""
    places = [_x(scene, 0.3, 0.34), _x(scene, 0.78, 0.82)]
    if scene.rng.random() < 0.5:
        places = [scene.width - p for p in places]
    acting.rides(scene, first, places[0], "Bicycle")
    acting.holds(scene, second, places[1], "Balloon", _side(scene))


def stroker(label: str, animal: str, scene: Scene) -> None:
    """A person strokes an animal."""
    side = _side(scene)
    start = 0.32 if animal == "Dog" else 0.2
    x = scene.width * (0.5 - side * (0.5 - start))
    acting.strokes(scene, label, x, animal, side)


def reader(label: str, scene: Scene) -> None:
    """A person reads."""
    acting.reads(scene, label, _x(scene, 0.35, 0.65))


def kicker(label: str, scene: Scene) -> None:
    """A person kicks a football."""
    acting.kicks(scene, label, _x(scene, 0.4, 0.6), _side(scene))


def hitter(label: str, scene: Scene) -> None:
    """A person hits a tennis ball."""
    acting.hits(scene, label, _x(scene, 0.4, 0.6), _side(scene))


def _all() -> Sequence[Arrangement]:
    room, near, close = 0.92, 1.6, 2.4
    out: list[Arrangement] = []

    def add(key: str, build: Callable[[Scene], None], count: int, closeness: float, outdoors: bool = False,
            others: tuple[str, ...] | None = None) -> None:  # fmt: skip
        rest = others if others is not None else OUTSIDE if outdoors else LOOSE
        out.append(Arrangement(key, build, count, outdoors, closeness, rest))

    for label, base in (("Cat", "Table"), ("Box", "Table"), ("Cat", "Chair"), ("Ball", "Chair")):
        nearness = room if base == "Table" else 1.25
        add(f"{label} on {base}", partial(on, label, base), 5, nearness)
        add(f"{label} under {base}", partial(under, label, base), 5, nearness)
    for label in ("Ball", "Bird"):
        add(f"{label} on Bench", partial(on, label, "Bench"), 4, room, True)
        add(f"{label} under Bench", partial(under, label, "Bench"), 4, room, True)
    for above, below in (("Cat", "Dog"), ("Dog", "Cat"), ("Apple", "Ball"), ("Ball", "Apple")):
        add(f"{above} over {below}", partial(on_and_under, above, below, "Table"), 5, room)
    for label in ("Ball", "Cat"):
        add(f"{label} inside Box", partial(inside_box, label), 5, near)
        add(f"{label} on Box", partial(on_box, label), 5, near)
    add("Apple inside Bowl", partial(inside_bowl, "Apple", "Orange"), 4, close, others=())
    add("Orange inside Bowl", partial(inside_bowl, "Orange", "Apple"), 4, close, others=())
    for one, two in (("Mug", "Book"), ("Box", "Suitcase")):
        nearness = 2.6 if one == "Mug" else 1.15
        others = SMALL if one == "Mug" else LOOSE
        add(f"{one} on {two}", partial(stack, one, two), 5, nearness, others=others)
        add(f"{two} on {one}", partial(stack, two, one), 5, nearness, others=others)
    for label in ("Dog", "Cat"):
        add(f"{label} on Car", partial(on_car, label), 4, 0.71, True)
        add(f"{label} inside Car", partial(inside_car, label), 4, 0.71, True)
    for label in ("Man", "Woman"):
        add(f"{label} inside Car", partial(inside_car, label), 4, 0.71, True)
    add("holders", partial(holders, ("Man", "Mug"), ("Woman", "Book")), 5, 0.78, others=())
    add("holders swapped", partial(holders, ("Man", "Book"), ("Woman", "Mug")), 5, 0.78, others=())
    for first, second in (("Boy", "Girl"), ("Girl", "Boy")):
        add(f"{first} plays Drum, {second} holds Ball",
            partial(player_and_holder, first, "Drum", second, "Ball"), 5, 0.98, others=())  # fmt: skip
        add(f"{first} rides, {second} holds", partial(rider_and_holder, first, second), 5, 0.86, True, ())
    for label, thing in (("Woman", "Umbrella"), ("Man", "Umbrella")):
        add(f"{label} holds {thing}", partial(holder, label, thing), 4, 0.68, True)
    for label, thing in (
        ("Woman", "Cat"),
        ("Man", "Bottle"),
        ("Woman", "Guitar"),
        ("Man", "Guitar"),
        ("Girl", "Apple"),
    ):
        add(f"{label} holds {thing}", partial(holder, label, thing), 4, 0.78 if label != "Girl" else 0.95)
    add("Man wears, Woman holds Hat", partial(wears_holds, "Man", "Woman"), 5, 0.76, others=())
    add("Woman wears, Man holds Hat", partial(wears_holds, "Woman", "Man"), 5, 0.76, others=())
    add("Hat on Chair", partial(on, "Hat", "Chair"), 4, 1.25)
    for label in ("Boy", "Girl"):
        add(f"{label} wears Backpack", partial(wearer, label, "Backpack"), 4, 0.98)
    add("Backpack on Chair", partial(on, "Backpack", "Chair"), 4, 1.2)
    for label in ("Man", "Woman"):
        add(f"{label} wears Sunglasses", partial(wearer, label, "Sunglasses"), 4, 1.7, True, ())
        add(f"{label} plays Guitar", partial(player, label, "Guitar"), 4, 0.8)
        add(f"{label} at Table", partial(at_table, label), 6, 0.76)
        add(f"{label} rides Horse", partial(rider, label, "Horse"), 4, 0.62, True)
        add(f"{label} hits Tennis ball", partial(hitter, label), 4, 0.72, True)
        add(f"{label} strokes Horse", partial(stroker, label, "Horse"), 4, 0.74, True)
    add("Chair at Table", chair_at_table, 4, 0.9)
    for label in ("Boy", "Girl"):
        add(f"{label} on Chair", partial(sitter, label, "Chair"), 4, 0.96)
        add(f"{label} strokes Dog", partial(stroker, label, "Dog"), 4, 0.94, True)
        add(f"{label} kicks Football", partial(kicker, label), 4, 0.94, True)
    add("Woman reads", partial(reader, "Woman"), 4, 0.8)
    add("Boy reads", partial(reader, "Boy"), 4, 0.98)
    return tuple(out)


ARRANGEMENTS: Sequence[Arrangement] = _all()
LABELS: frozenset[str] = frozenset(PICTOGRAMS)
