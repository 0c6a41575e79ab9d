"""Larger things outside: bicycle, car and tree."""

from __future__ import annotations

import math

from naturel.builders.sources.pictograms.pen import INK, Pen, Style, shade

TYRE = (62, 62, 68)
GLASS = (214, 232, 242)


def bicycle(pen: Pen, style: Style) -> None:
    """Draw a bicycle that goes to the right (140 x 92)."""
    frame = style.main
    for cx in (30, 110):
        for i in range(6):
            a = math.radians(15 + 30 * i)
            dx, dy = 24 * math.cos(a), 24 * math.sin(a)
            pen.stroke([(cx - dx, 64 - dy), (cx + dx, 64 + dy)], 0.5, (150, 152, 158))
        pen.arc(cx, 64, 25.5, 25.5, 0, 360, 4, TYRE)
        pen.ellipse(cx, 64, 3.2, 3.2, (170, 174, 180))
    pen.stroke([(30, 64), (66, 66)], 3, frame)
    pen.stroke([(30, 64), (54, 30)], 3, frame)
    pen.stroke([(66, 66), (51, 20)], 3.8, frame)
    pen.stroke([(66, 66), (97, 28)], 3.8, frame)
    pen.stroke([(54, 29), (97, 28)], 3.8, frame)
    pen.stroke([(110, 64), (94, 14)], 3.8, frame)
    pen.stroke([(94, 14), (89, 7), (99, 5), (106, 9)], 3.2, INK, smooth=True)
    pen.poly([(38, 17), (60, 16), (63, 20), (50, 22), (40, 22)], INK, smooth=True)
    pen.ellipse(66, 66, 7, 7, (150, 152, 158))
    pen.stroke([(66, 66), (72, 80)], 2.6, INK)
    pen.stroke([(67, 81), (78, 81)], 3, INK)
    pen.anchor("saddle", 51, 17)
    pen.anchor("bar", 104, 9)
    pen.anchor("pedal", 73, 79)
    pen.anchor("pedal_far", 60, 52)


def car(pen: Pen, style: Style) -> None:
    """Draw a car that goes to the right; who is inside is seen through its windows (190 x 86)."""
    paint, dark = style.main, shade(style.main, 0.75)
    pen.poly([(50, 38), (64, 9), (74, 4), (122, 4), (132, 9), (154, 38)], (178, 188, 198))
    pen.in_front = True
    cabin = [(40, 42), (60, 7), (72, 1), (124, 1), (136, 7), (162, 42)]
    window = [(56, 37), (69, 10), (128, 10), (149, 37)]
    pen.poly([*cabin[:4], *cabin[4:], (156, 42), window[3], window[2], window[1], window[0], (46, 42)], paint)
    pen.poly(window, GLASS, alpha=36, outline=dark)
    pen.poly([(97, 9), (103, 9), (103, 38), (97, 38)], paint)
    pen.poly(
        [(3, 70), (2, 50), (8, 42), (46, 37), (156, 37), (178, 43), (187, 52), (188, 70), (182, 74), (8, 74)],
        paint,
    )
    pen.stroke([(100, 40), (100, 70)], 0.9, dark)
    pen.stroke([(56, 40), (56, 58)], 0.9, dark)
    pen.stroke([(6, 60), (184, 60)], 1.2, dark)
    pen.rect(84, 47, 94, 50, dark, radius=1)
    pen.ellipse(183, 52, 5, 5, (252, 234, 160))
    pen.rect(1, 48, 7, 57, (206, 66, 60), radius=1)
    for cx in (42, 146):
        pen.ellipse(cx, 69, 16.5, 16.5, TYRE)
        pen.ellipse(cx, 69, 8.5, 8.5, (198, 202, 208))
        pen.ellipse(cx, 69, 2.5, 2.5, (120, 122, 130), contour=False)
    pen.in_front = False
    pen.anchor("roof", 98, 2)
    pen.anchor("inside", 117, 42)
    pen.anchor("middle", 102, 42)


def tree(pen: Pen, style: Style) -> None:
    """Draw a leafy tree (100 x 150)."""
    leaf, bark = style.main, (128, 92, 66)
    pen.poly([(43, 148), (46, 90), (55, 90), (58, 148)], bark)
    pen.stroke([(50, 110), (34, 86)], 4, bark)
    pen.stroke([(51, 104), (66, 84)], 4, bark)
    pen.poly(
        [(50, 2), (72, 8), (82, 26), (97, 44), (94, 70), (80, 90), (58, 94), (36, 95), (14, 86), (3, 64), (8, 42),
         (20, 26), (30, 8)],
        leaf, smooth=True)  # fmt: skip
    for x, y, r in ((36, 32, 15), (66, 46, 13), (34, 66, 13)):
        pen.arc(x, y, r, r * 0.8, 190, 320, 2.2, shade(leaf, 0.8))
    for x, y, r in ((28, 24, 5), (60, 24, 6), (78, 62, 5), (22, 54, 4)):
        pen.ellipse(x, y, r * 1.5, r, shade(leaf, 1.25), contour=False)
