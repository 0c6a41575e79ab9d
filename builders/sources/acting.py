"""What people of a scene do: hold, wear, play, ride, sit, read, kick, hit, stroke."""

from __future__ import annotations

from naturel.builders.sources.pictograms import Point, Pose, draw
from naturel.builders.sources.pictograms.pen import Drawing, Pen, shade
from naturel.builders.sources.scenes import HEIGHTS, Item, Scene

CHILDREN = ("Boy", "Girl")


def person_unit(scene: Scene, label: str) -> float:
    """Return the pixels to a hundredth of this person."""
    return HEIGHTS[label] * scene.unit / 100


def body_point(
    scene: Scene, label: str, x: float, dx: float, dy: float, ground: float | None = None
) -> Point:
    """Return a place beside a standing person, in the person's units from the middle and from the top."""
    u = person_unit(scene, label)
    return (x + dx * u, (scene.ground if ground is None else ground) - (100 - dy) * u)


def stands(scene: Scene, label: str, x: float) -> Item:
    """Let a person stand idle."""
    return scene.person(label, (x, scene.ground), Pose(), flip=scene.rng.random() < 0.5)


def holds(scene: Scene, label: str, x: float, thing: str, side: int = 1) -> tuple[Item, Item]:
    """Let a person hold a thing on one side (1 right, -1 left), or with both hands before the chest."""
    child = label in CHILDREN
    u = person_unit(scene, label)
    if thing in ("Cat", "Ball", "Drum", "Box"):
        return _holds_before(scene, label, x, thing)
    dx, dy = {
        "Mug": (22, 40), "Book": (20, 41), "Bottle": (22, 40), "Apple": (22, 40), "Balloon": (21, 33),
        "Umbrella": (20, 36), "Hat": (22, 42), "Guitar": (22, 42),
    }[thing]  # fmt: skip
    if child:
        dx, dy = dx - 2, dy + 5
    hand = body_point(scene, label, x, dx * side, dy)
    pose = Pose(right_hand=hand) if side > 0 else Pose(left_hand=hand)
    person = scene.person(label, (x, scene.ground), pose)
    palm = person["right_hand" if side > 0 else "left_hand"]
    z = person.z - 0.1 if thing == "Umbrella" else person.z + 0.25
    if thing == "Book":
        item = scene.hang("Book", "middle", (palm[0] + side * 5 * u, palm[1] - 3 * u), z=z, variant="upright")
    elif thing == "Mug":
        item = scene.hang("Mug", "grip", palm, z=z, flip=side > 0)
    elif thing == "Apple":
        item = scene.stand(thing, palm[0] + side * u, palm[1] + u, z=person.z + 0.7)
        item.shadow = False
    else:
        item = scene.hang(thing, "grip", palm, z=z, flip=(side > 0) == (thing == "Hat"))
    scene.relate(person, "holds", item)
    return person, item


def _holds_before(scene: Scene, label: str, x: float, thing: str) -> tuple[Item, Item]:
    child = label in CHILDREN
    scale = {"Cat": 0.95, "Ball": 1.25}.get(thing, 0.85)
    width, height = scene.size(thing, scale)
    u = person_unit(scene, label)
    middle = body_point(scene, label, x, 0, 54 if child else 44)
    spread = width * (0.44 if thing == "Ball" else 0.34)
    left = (middle[0] - spread, middle[1] + height * 0.3)
    right = (middle[0] + spread, middle[1] + height * 0.3)
    person = scene.person(label, (x, scene.ground), Pose(left_hand=left, right_hand=right))
    variant = "closed" if thing == "Box" else ""
    item = scene.stand(thing, x, middle[1] + height / 2 + u, z=person.z + 0.25, scale=scale, variant=variant)
    item.shadow = False
    scene.relate(person, "holds", item)
    return person, item


def wears(scene: Scene, person: Item, thing: str) -> Item:
    """Put a hat, sunglasses or a backpack on a person."""
    half = abs(person["head_side"][0] - person["head"][0])
    if thing == "Hat":
        width = half * 3.9
        style = scene.style("Hat")
        brow = person["brow"]
        box = (brow[0] - width / 2, brow[1] - width * 0.4, brow[0] + width / 2, brow[1] + width * 0.09)
        item = Item("Hat", draw("Hat", box, style), person.z + 0.1, person.z + 0.1, shadow=False)
        person.counts.append(item)
    elif thing == "Sunglasses":
        eyes = person["eyes"]
        width = half * 2.1
        box = (eyes[0] - width / 2, eyes[1] - width * 0.12, eyes[0] + width / 2, eyes[1] + width * 0.25)
        item = Item("Sunglasses", draw("Sunglasses", box, scene.style("Sunglasses", flip=False)), person.z + 0.1,
                    person.z + 0.1, shadow=False)  # fmt: skip
    else:
        item = _backpack(scene, person)
    scene.add(item)
    scene.relate(person, "wears", item)
    return item


def _backpack(scene: Scene, person: Item) -> Item:
    left, right = person["left_shoulder"], person["right_shoulder"]
    if left[0] > right[0]:
        left, right = right, left
    span = right[0] - left[0]
    top, hip = left[1], person["hip"][1]
    height = (hip - top) * 1.16
    width = height * 0.84
    side = scene.rng.choice((-1, 1))
    middle = (left[0] + right[0]) / 2 + side * span * 0.62
    style = scene.style("Backpack", flip=False)
    bag = draw(
        "Backpack", (middle - width / 2, top - height * 0.1, middle + width / 2, top + height * 0.9), style
    )
    pen = Pen((0, 0, 1, 1), (1, 1))
    for x, inward in ((left[0], 1), (right[0], -1)):
        x += inward * span * 0.16
        strap = [
            (x, top - span * 0.16),
            (x + inward * span * 0.06, top + height * 0.25),
            (x - inward * span * 0.1, top + height * 0.56),
        ]
        pen.stroke(strap, span * 0.15, shade(style.main, 0.75), smooth=True, edge=True)
    drawing = Drawing(bag.back, pen.done().back, bag.anchors)
    return Item("Backpack", drawing, person.z - 0.1, person.z + 0.05, style.material, shadow=False)


def plays(scene: Scene, label: str, x: float, thing: str) -> tuple[Item, Item]:
    """Let a person play the guitar or the drum."""
    child = label in CHILDREN
    u = person_unit(scene, label)
    if thing == "Guitar":
        scale = 0.78 if child else 1.0
        belly = body_point(scene, label, x, -5, 58 if child else 50)
        length = scene.size("Guitar", scale)[1]
        neck = (belly[0] + length * 0.4, belly[1] - length * 0.2)
        strum = (belly[0] + 2 * u, belly[1])
        person = scene.person(label, (x, scene.ground), Pose(left_hand=strum, right_hand=neck, look=0.6))
        guitar = scene.hang("Guitar", "sound", belly, z=person.z + 0.25, scale=scale, turn=63)
        scene.relate(person, "holds", guitar)
        scene.relate(person, "plays", guitar)
        return person, guitar
    scale = 1.05 if child else 1.3
    height = scene.size("Drum", scale)[1]
    head = scene.ground + 3 - height * 0.82
    reach = 9 * u
    hands = [(x + side * 15 * u, head - reach) for side in (-1, 1)]
    person = scene.person(
        label, (x, scene.ground), Pose(left_hand=hands[0], right_hand=hands[1], nod=1), z_front=1.8
    )
    drum = scene.stand("Drum", x, scene.ground + 5, z=1.2, scale=scale)
    for name, side, lift in (("left_hand", -1, 0.0), ("right_hand", 1, 0.6)):
        palm = person[name]
        tip = (x + side * 4 * u, head - lift * 7 * u)
        scene.stroke([(palm[0] + side * 1.5 * u, palm[1] - u), tip], 1.6 * u, (196, 150, 98), 1.75)
    scene.relate(person, "plays", drum)
    return person, drum


def sits_on(scene: Scene, label: str, chair: Item, hand: Point | None = None, flip: bool = False) -> Item:
    """Let a person sit on a chair or bench, from the side."""
    seat = chair["sit"]
    u = person_unit(scene, label)
    hand = hand or (seat[0] + (-11 if flip else 11) * u, seat[1] - 7 * u)
    person = scene.person(
        label, seat, Pose("sit", right_hand=hand, look=0.7), z=chair.z + 0.6, z_front=3.5, flip=flip
    )
    scene.relate(person, "on", chair)
    return person


def rides(scene: Scene, label: str, x: float, thing: str) -> tuple[Item, Item]:
    """Let a person ride a horse or a bicycle."""
    child = label in CHILDREN
    flip = scene.rng.random() < 0.5
    side = -1 if flip else 1
    u = person_unit(scene, label)
    scale = (0.76 if thing == "Bicycle" else 0.86) if child else 1.0
    mount = scene.stand(thing, x, scale=scale, flip=flip)
    if thing == "Horse":
        seat = (mount["saddle"][0], mount["saddle"][1] + u)
        foot = (seat[0] + side * 7 * u, seat[1] + (30 if not child else 27) * u)
        pose = Pose("ride", left_hand=mount["rein"], right_hand=mount["rein"], right_foot=foot, look=0.7)
    else:
        seat = (mount["saddle"][0] + side * 4 * u, mount["saddle"][1] - u)
        pose = Pose("ride", left_hand=mount["bar"], right_hand=mount["bar"], left_foot=mount["pedal_far"],
                    right_foot=mount["pedal"], look=0.7)  # fmt: skip
    person = scene.person(label, seat, pose, z=1.6, flip=flip)
    scene.relate(person, "ride", mount)
    scene.relate(person, "on", mount)
    return person, mount


def strokes(scene: Scene, label: str, x: float, animal: str, side: int) -> tuple[Item, Item]:
    """Let a person lay a hand on a dog's head or a horse's nose."""
    width, _ = scene.size(animal)
    u = person_unit(scene, label)
    ahead = x + side * 19 * u
    share = 78 / 110 if animal == "Dog" else 126 / 140
    beast = scene.stand(animal, ahead + side * width * (share - 0.5), z=0.8, flip=side > 0)
    hand = beast["head" if animal == "Dog" else "nose"]
    pose = Pose(right_hand=hand, look=0.7) if side > 0 else Pose(left_hand=hand, look=-0.7)
    person = scene.person(label, (x, scene.ground), pose)
    scene.relate(person, "interacts_with", beast)
    return person, beast


def reads(scene: Scene, label: str, x: float) -> tuple[Item, Item]:
    """Let a standing person read an open book."""
    child = label in CHILDREN
    middle = body_point(scene, label, x, 0, 52 if child else 43)
    width, height = scene.size("Book", 0.8, "open")
    hands = [(middle[0] + s * width * 0.46, middle[1] + height * 0.25) for s in (-1, 1)]
    person = scene.person(label, (x, scene.ground), Pose(left_hand=hands[0], right_hand=hands[1], nod=2.4))
    book = scene.stand("Book", x, middle[1] + height / 2, z=person.z + 0.25, scale=0.8, variant="open")
    book.shadow = False
    scene.relate(person, "holds", book)
    scene.relate(person, "read", book)
    return person, book


def kicks(scene: Scene, label: str, x: float, side: int) -> tuple[Item, Item]:
    """Let a person kick a football."""
    u = person_unit(scene, label)
    foot = (x + side * 19 * u, scene.ground - 9 * u)
    pose = Pose(right_foot=foot, look=0.7) if side > 0 else Pose(left_foot=foot, look=-0.7)
    person = scene.person(label, (x, scene.ground), pose)
    radius = scene.size("Football")[0] / 2
    ball = scene.stand("Football", foot[0] + side * (radius + 5 * u), foot[1] + radius + 1 * u, z=0.9)
    scene.relate(person, "kick", ball)
    return person, ball


def hits(scene: Scene, label: str, x: float, side: int) -> tuple[Item, Item, Item]:
    """Let a person hit a tennis ball with a racket."""
    u = person_unit(scene, label)
    hand = body_point(scene, label, x, side * 22, 38)
    pose = Pose(right_hand=hand, look=0.7) if side > 0 else Pose(left_hand=hand, look=-0.7)
    person = scene.person(label, (x, scene.ground), pose)
    palm = person["right_hand" if side > 0 else "left_hand"]
    racket = scene.hang("Tennis racket", "grip", palm, z=person.z + 0.2, turn=side * 38)
    face = racket["face"]
    ball = scene.stand("Tennis ball", face[0] + side * 8 * u, face[1] + 1 * u, z=person.z + 0.3, scale=1.1)
    ball.shadow = False
    scene.relate(person, "holds", racket)
    scene.relate(person, "hits", ball)
    return person, racket, ball
