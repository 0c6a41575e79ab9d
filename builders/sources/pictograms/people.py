"""People: man, woman, boy and girl, whose arms and legs reach for points."""

from __future__ import annotations

import math
from dataclasses import dataclass

from naturel.builders.sources.pictograms.pen import INK, Drawing, Pen, Point, Style, shade

PEOPLE = ("Man", "Woman", "Boy", "Girl")
SIZE = (60.0, 100.0)
LIPS = (204, 92, 92)


@dataclass(frozen=True)
class Pose:
    """What the limbs do; points are places in the picture.

    `left` and `right` are sides of the drawing as it is before `Style.flip`; a person who sits or rides
    looks to the right. `None` lets the limb hang or stand.
    """

    kind: str = "stand"
    """"stand", "sit" (knees bent) or "ride" (legs only where a foot has its point) or "bust" (no legs)."""
    left_hand: Point | None = None
    right_hand: Point | None = None
    left_foot: Point | None = None
    right_foot: Point | None = None
    look: float = 0.0
    """How far the face is turned: -1 left, 0 to the viewer, 1 right."""
    nod: float = 0.0
    """How far the face looks down, in units."""


@dataclass(frozen=True)
class _Build:
    head: tuple[float, float, float]
    """Height of the head's middle, half width, half height."""
    shoulder: tuple[float, float]
    hip: float
    arm: tuple[float, float]
    leg: tuple[float, float]
    limb: float


_ADULT = _Build((11.5, 8.6, 10.2), (28, 9.4), 56, (14.5, 14.5), (20, 20), 5.6)
_WOMAN = _Build((11.5, 8.4, 10.0), (28, 7.6), 56, (14.5, 14.5), (20, 20), 4.8)
_CHILD = _Build((15, 12, 13.2), (34.5, 8.2), 62, (12.5, 12.5), (17, 17), 5.8)
_BUILDS = {"Man": _ADULT, "Woman": _WOMAN, "Boy": _CHILD, "Girl": _CHILD}


def hip_height(label: str) -> float:
    """Return where the hip is, in units from the top."""
    return _BUILDS[label].hip


def reach(label: str) -> float:
    """Return the length of an arm, in units."""
    return sum(_BUILDS[label].arm)


def person(pen: Pen, label: str, style: Style, pose: Pose) -> None:
    """Draw a person; a reaching arm is drawn in front, so that a held thing lies behind it."""
    build = _BUILDS[label]
    figure = _Figure(pen, label, style, pose, build)
    figure.hair_behind()
    if pose.kind == "stand":
        figure.legs()
        figure.torso()
    else:
        figure.torso()
        if pose.kind != "bust":
            figure.legs()
    figure.head()
    figure.arms()
    figure.anchors()


class _Figure:
    def __init__(self, pen: Pen, label: str, style: Style, pose: Pose, build: _Build) -> None:
        self.pen, self.label, self.style, self.pose, self.build = pen, label, style, pose, build
        self.female = label in ("Woman", "Girl")
        self.face_x = 30 + pose.look * 2.4
        self.shoe = shade(style.second, 0.55)

    def legs(self) -> None:
        """Draw both legs with their shoes."""
        pen, build, pose = self.pen, self.build, self.pose
        thigh, shin = build.leg
        spread = 4.2
        sides = ((-1, pose.left_foot), (1, pose.right_foot))
        for side, target in sides:
            hip = (30 + side * spread, build.hip - 1)
            if pose.kind == "sit":
                hip = (30 - side * 1.2, build.hip - 2 + side * 0.8)
                knee = (hip[0] + thigh - 1, hip[1] + 1)
                foot = (knee[0] + 0.5, knee[1] + shin + 1)
                self._leg(hip, knee, foot, seated=True)
            elif target is not None:
                foot = pen.local(target)
                knee, foot = _bend(hip, foot, thigh, shin, 1)
                self._leg(hip, knee, foot, seated=pose.kind == "ride")
            elif pose.kind == "stand":
                self._leg(hip, (30 + side * 4.6, build.hip + 19), (30 + side * 4.9, 95.5), seated=False)

    def _leg(self, hip: Point, knee: Point, foot: Point, seated: bool) -> None:
        pen, style, width = self.pen, self.style, self.build.limb + 1.9
        bare = style.skin
        dressed = style.main if self.female else style.second
        upper = dressed if (seated or not self.female) else bare
        lower = style.second if self.label == "Man" else bare
        if self.label == "Woman" and self.pose.kind == "ride":
            upper = lower = style.second
        pen.stroke([knee, foot], width - 1, lower, edge=True)
        pen.stroke([hip, knee], width, upper, edge=True)
        if upper == lower:
            pen.stroke([hip, knee, foot], width - 1.6, lower)
        front = 1.6 if self.pose.kind != "stand" else (1.2 if foot[0] >= 30 else -1.2)
        pen.ellipse(foot[0] + front, foot[1] + 2, 5, 2.6, self.shoe)

    def torso(self) -> None:
        """Draw neck, trunk and skirt."""
        pen, style, build = self.pen, self.style, self.build
        y, half = build.shoulder
        hip = build.hip
        pen.rect(27, build.head[0] + build.head[2] - 3, 33, y, shade(style.skin, 0.9))
        top = y - 3.6
        if not self.female:
            pen.poly([(26, top - 0.6), (34, top - 0.6), (30 + half + 2, top + 3), (30 + half, hip - 12),
                      (30 + half - 1, hip + 2), (30 - half + 1, hip + 2), (30 - half, hip - 12),
                      (30 - half - 2, top + 3)], style.main)  # fmt: skip
            if self.label == "Man":
                pen.poly([(26.5, top - 0.6), (33.5, top - 0.6), (30, top + 4)], style.skin)
                pen.stroke([(30, top + 4), (30, hip + 1)], 0.7, shade(style.main, 0.75))
            else:
                pen.rect(
                    30 - half + 0.6, y + 7, 30 + half - 0.6, y + 13, shade(style.main, 1.6), contour=False
                )
            return
        waist = hip - 10
        pen.poly([(26, top), (34, top), (30 + half + 1.4, top + 3), (30 + half - 2.2, waist),
                  (30 + half - 0.4, hip), (30 - half + 0.4, hip), (30 - half + 2.2, waist),
                  (30 - half - 1.4, top + 3)], style.main)  # fmt: skip
        pen.poly([(26.8, top), (33.2, top), (30, top + 3.4)], style.skin, contour=False)
        if self.pose.kind == "stand":
            drop = 17 if self.label == "Woman" else 13
            wide = 15 if self.label == "Woman" else 14
            pen.poly([(30 - half + 2.2, waist), (30 + half - 2.2, waist), (30 + wide, hip + drop),
                      (30, hip + drop + 1.6), (30 - wide, hip + drop)], style.main)  # fmt: skip
        pen.stroke([(30 - half + 2.4, waist), (30 + half - 2.4, waist)], 2, shade(style.main, 0.7))

    def hair_behind(self) -> None:
        """Draw long hair or bunches, behind everything."""
        pen, hair = self.pen, self.style.hair
        y, rx, ry = self.build.head
        if self.label == "Woman":
            pen.poly([(30, y - ry - 2.5), (30 + rx + 2.6, y - 3), (30 + rx + 3.8, y + 12), (30 + rx + 1.5, y + 21),
                      (30, y + 19), (30 - rx - 1.5, y + 21), (30 - rx - 3.8, y + 12), (30 - rx - 2.6, y - 3)],
                     hair, smooth=True)  # fmt: skip
        elif self.label == "Girl":
            for side in (-1, 1):
                x = 30 + side * (rx + 3)
                pen.poly([(x - side * 3, y - 4), (x + side * 4, y - 3), (x + side * 6.5, y + 7),
                          (x + side * 3.5, y + 16), (x, y + 8)], hair, smooth=True)  # fmt: skip

    def head(self) -> None:
        """Draw head, face and hair."""
        pen, style = self.pen, self.style
        y, rx, ry = self.build.head
        fx, fy = self.face_x, y + self.pose.nod
        for side in (-1, 1):
            pen.ellipse(30 + side * (rx - 0.2), y + 1.5, 1.9, 2.4, style.skin)
        pen.ellipse(30, y, rx, ry, style.skin)
        if self.label == "Man" and style.variant != "shaven":
            pen.poly(
                [
                    (30 - rx + 0.6, y + 1),
                    (fx - 4, y + 4.6),
                    (fx, y + 3.9),
                    (fx + 4, y + 4.6),
                    (30 + rx - 0.6, y + 1),
                    (30 + rx - 1.8, y + 6.6),
                    (30, y + ry + 0.6),
                    (30 - rx + 1.8, y + 6.6),
                ],
                style.hair,
            )
        for side in (-1, 1):
            pen.ellipse(fx + side * rx * 0.38, fy - 0.4, rx * 0.12, rx * 0.15, INK, contour=False)
            pen.stroke([(fx + side * rx * 0.2, fy - rx * 0.38), (fx + side * rx * 0.55, fy - rx * 0.4)], 0.8,
                       shade(style.hair, 0.8))  # fmt: skip
            if self.label != "Man":
                pen.ellipse(fx + side * rx * 0.6, fy + ry * 0.32, rx * 0.17, ry * 0.1, (238, 150, 140), alpha=130,
                            contour=False)  # fmt: skip
        pen.stroke([(fx, fy + 0.8), (fx + 0.7, fy + 2.6), (fx - 0.4, fy + 2.8)], 0.6, shade(style.skin, 0.7))
        mouth = LIPS if self.female else (150, 76, 70)
        if self.label == "Man" and style.variant != "shaven":
            pen.ellipse(fx, fy + 5.6, 2.6, 1.0, (196, 110, 100), contour=False)
        else:
            pen.arc(fx, fy + ry * 0.4, rx * 0.33, ry * 0.2, 20, 160, 1.3 if self.female else 0.9, mouth)
        self._hair(y, rx, ry)

    def _hair(self, y: float, rx: float, ry: float) -> None:
        pen, hair = self.pen, self.style.hair
        if self.label == "Man":
            pen.poly([(30 - rx - 0.6, y), (30 - rx - 0.4, y - 6), (30 - 4.5, y - ry - 1.6), (30 + 4.5, y - ry - 1.6),
                      (30 + rx + 0.4, y - 6), (30 + rx + 0.6, y), (30 + rx - 1.4, y - 4.6), (30 + 3, y - 6.4),
                      (30 - 4, y - 5.6), (30 - rx + 1.4, y - 4)], hair)  # fmt: skip
        elif self.label == "Boy":
            pen.poly([(30 - rx - 0.4, y - 1), (30 - rx, y - 8), (30 - 6, y - ry - 1), (30 - 1, y - ry - 2.6),
                      (30 + 5, y - ry - 1.4), (30 + rx, y - 7), (30 + rx + 0.4, y - 1), (30 + rx - 2, y - 5.4),
                      (30 + 6.6, y - 6), (30 + 3.6, y - 8.6), (30 - 0.4, y - 5.6), (30 - 4, y - 8.4),
                      (30 - 7, y - 5.4), (30 - rx + 1.6, y - 5)], hair)  # fmt: skip
        else:
            pen.poly([(30 - rx - 0.8, y + 1.5), (30 - rx - 0.6, y - 5), (30 - 5, y - ry - 2), (30 + 5, y - ry - 2),
                      (30 + rx + 0.6, y - 5), (30 + rx + 0.8, y + 1.5), (30 + rx - 1.6, y - 3.2), (30 + 2, y - 7.2),
                      (30 - 2.4, y - 4.6), (30 - rx + 1.6, y - 2)], hair)  # fmt: skip
            if self.label == "Girl":
                for side in (-1, 1):
                    pen.ellipse(30 + side * (rx + 1.4), y - 3.4, 2.6, 2.6, self.style.main)

    def arms(self) -> None:
        """Draw both arms; those that reach go in front."""
        pen, build, style = self.pen, self.build, self.style
        upper, fore = build.arm
        for side, target, name in ((-1, self.pose.left_hand, "left"), (1, self.pose.right_hand, "right")):
            half = build.shoulder[1] * (0.5 if self.pose.kind == "ride" else 1) - 0.4
            shoulder = (30 + side * half, build.shoulder[0] + 0.6)
            if self.pose.kind == "bust":
                elbow = (shoulder[0] + side * 2, shoulder[1] + 7)
                hand = elbow
            elif target is None:
                elbow = (shoulder[0] + side * 4.4, shoulder[1] + upper - 1)
                hand = (shoulder[0] + side * 4.6, shoulder[1] + upper + fore - 2)
            else:
                reaches = [_bend(shoulder, pen.local(target), upper, fore, turn) for turn in (-1, 1)]
                elbow, hand = max(reaches, key=lambda found: found[0][1] * 1.2 + side * found[0][0])
            pen.in_front = target is not None
            width = build.limb
            long_sleeve = self.label == "Man"
            pen.stroke([elbow, hand], width - 0.6, style.main if long_sleeve else style.skin, edge=True)
            pen.stroke([shoulder, elbow], width, style.main if long_sleeve else style.skin, edge=True)
            pen.stroke([shoulder, elbow, hand], width - 2, style.main if long_sleeve else style.skin)
            if not long_sleeve:
                cuff = (
                    shoulder[0] + (elbow[0] - shoulder[0]) * 0.5,
                    shoulder[1] + (elbow[1] - shoulder[1]) * 0.5,
                )
                pen.stroke([shoulder, cuff], width + 0.8, style.main, edge=True)
            pen.ellipse(hand[0], hand[1], 3.1, 3.1, style.skin)
            pen.in_front = False
            pen.anchor(f"{name}_hand", *hand)

    def anchors(self) -> None:
        """Name the places where things are worn and held."""
        pen, build = self.pen, self.build
        y, rx, ry = build.head
        pen.anchor("head", 30, y)
        pen.anchor("head_side", 30 + rx, y)
        pen.anchor("brow", 30, y - ry * 0.5)
        pen.anchor("eyes", self.face_x, y - 0.4 + self.pose.nod)
        pen.anchor("chest", 30, build.shoulder[0] + 9)
        pen.anchor("hip", 30, build.hip)
        pen.anchor("left_shoulder", 30 - build.shoulder[1], build.shoulder[0])
        pen.anchor("right_shoulder", 30 + build.shoulder[1], build.shoulder[0])


def _bend(start: Point, target: Point, first: float, second: float, side: int) -> tuple[Point, Point]:
    """Return joint and end of a two-bone limb that reaches for a target; `side` turns the joint."""
    dx, dy = target[0] - start[0], target[1] - start[1]
    far = math.hypot(dx, dy) or 1e-6
    length = min(max(far, abs(first - second) + 0.5), first + second - 0.01)
    ux, uy = dx / far, dy / far
    along = (first**2 - second**2 + length**2) / (2 * length)
    off = math.sqrt(max(first**2 - along**2, 0.0)) * side
    joint = (start[0] + ux * along + uy * off, start[1] + uy * along - ux * off)
    return joint, (start[0] + ux * length, start[1] + uy * length)


def posed(label: str, place: Point, height: float, style: Style, pose: Pose) -> Drawing:
    """Draw a person of a height in pixels.

    Args:
        label: one of `PEOPLE`.
        place: the ground between the feet of one who stands, the seat under the hip of one who sits or rides.
        height: what the person would measure standing.
        style: colours; `flip` mirrors the person.
        pose: what the limbs do.
    """
    unit = height / SIZE[1]
    anchor_y = SIZE[1] if pose.kind == "stand" else hip_height(label) + 2.5
    left, top = place[0] - 30 * unit, place[1] - anchor_y * unit
    pen = Pen((left, top, left + SIZE[0] * unit, top + height), SIZE, style.flip)
    person(pen, label, style, pose)
    return pen.done()
