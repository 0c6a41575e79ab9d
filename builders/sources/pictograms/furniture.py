"""Furniture and containers: table, chair, bench, box, bowl, suitcase.

Containers draw their inner side behind and their outer side in front, so that a content lies between.
"""

from __future__ import annotations

from naturel.builders.sources.pictograms.pen import Pen, Style, shade


def table(pen: Pen, style: Style) -> None:
    """Draw a table seen from slightly above (120 x 66)."""
    top, leg = style.main, shade(style.main, 0.82)
    for x in (20, 94):
        pen.rect(x, 16, x + 6, 59, shade(leg, 0.8))
    for x in (4, 109):
        pen.rect(x, 18, x + 7, 66, leg)
        if style.material == "wooden":
            pen.grain(x, 20, x + 7, 65, leg, 1)
    pen.poly([(16, 1), (104, 1), (119, 13), (1, 13)], top)
    pen.rect(1, 13, 119, 20, leg)
    if style.material == "wooden":
        for y in (4.0, 7.0, 10.0):
            pen.stroke(
                [(14 - y, y), (40, y - 0.7), (70, y + 0.7), (106 + y, y)], 0.5, shade(top, 0.8), smooth=True
            )
        pen.ellipse(78, 5.5, 4, 1, shade(top, 0.8), contour=False)
        pen.grain(2, 13, 118, 20, leg, 2)
    elif style.material == "plastic":
        pen.poly([(22, 3), (52, 3), (46, 9), (14, 9)], shade(top, 1.7), contour=False)
        pen.stroke([(60, 5), (80, 5)], 1.6, shade(top, 1.7))
        pen.stroke([(6, 15.5), (70, 15.5)], 1.2, shade(top, 1.5))
    pen.anchor("left", 16, 8)
    pen.anchor("right", 104, 8)
    pen.anchor("top", 60, 8)
    pen.anchor("edge", 60, 1)
    pen.anchor("under", 60, 63)


def chair(pen: Pen, style: Style) -> None:
    """Draw a chair from the side, its back to the left (68 x 98)."""
    wood, dark = style.main, shade(style.main, 0.8)
    plastic = style.material == "plastic"
    leg = 5.5
    pen.stroke([(24, 50), (24, 88)], leg, shade(dark, 0.85), edge=True)
    pen.stroke([(62, 48), (62, 88)], leg, shade(dark, 0.85), edge=True)
    if plastic:
        pen.poly([(8, 56), (5, 10), (9, 5), (18, 1), (21, 4), (24, 46)], wood)
        for x in (11, 16):
            pen.stroke([(x, 14 - x * 0.3), (x + 1.6, 44 - x * 0.3)], 1.8, dark)
        pen.stroke([(8, 15), (9, 44)], 1.2, shade(wood, 1.7))
    else:
        pen.stroke([(8, 56), (4, 8)], 5, wood, edge=True)
        pen.stroke([(24, 46), (20, 3)], 5, wood, edge=True)
        for y in (8.0, 20.0, 32.0):
            pen.poly([(5.5, y + 1), (20, y - 6), (21, y + 1), (6, y + 8)], wood)
            if style.material == "wooden":
                pen.stroke([(7, y + 5), (13, y + 1), (20, y - 2)], 0.5, dark, smooth=True)
    pen.poly([(6, 56), (54, 56), (66, 46), (22, 46)], wood)
    pen.poly([(6, 56), (54, 56), (66, 46), (66, 50), (54, 61), (6, 61)], dark)
    if style.material == "wooden":
        for y in (48.5, 51.0, 53.5):
            pen.stroke([(22 - (y - 46) * 1.5, y), (40, y - 0.6), (62 - (y - 46), y)], 0.5, dark, smooth=True)
        pen.stroke([(8, 58.5), (30, 58), (53, 58.7)], 0.5, shade(dark, 0.8), smooth=True)
    elif plastic:
        pen.poly([(24, 48), (42, 48), (38, 52), (19, 52)], shade(wood, 1.7), contour=False)
        pen.stroke([(10, 58), (36, 58)], 1.2, shade(wood, 1.5))
    pen.stroke([(10, 60), (9, 95)], leg, dark, edge=True)
    pen.stroke([(51, 60), (52, 95)], leg, dark, edge=True)
    if style.material == "wooden":
        pen.stroke([(9.5, 64), (9.2, 92)], 0.5, shade(dark, 0.75))
        pen.stroke([(51.5, 64), (52, 92)], 0.5, shade(dark, 0.75))
    pen.anchor("seat", 39, 52)
    pen.anchor("sit", 28, 47)
    pen.anchor("under", 36, 94)


def bench(pen: Pen, style: Style) -> None:
    """Draw a park bench from the front (130 x 64)."""
    wood, iron = style.main, (74, 78, 86)
    for x in (14, 112):
        pen.stroke([(x, 60), (x, 4)], 4, iron, edge=True)
    for y in (2, 13):
        pen.rect(4, y, 126, y + 8, wood, radius=2)
        if style.material == "wooden":
            pen.grain(5, y, 125, y + 8, wood, 2)
    pen.poly([(8, 29), (122, 29), (129, 38), (1, 38)], wood)
    pen.rect(1, 38, 129, 42, shade(wood, 0.8))
    if style.material == "wooden":
        pen.stroke([(5, 33.5), (60, 33), (125, 33.5)], 0.8, shade(wood, 0.65))
        pen.grain(8, 29, 122, 38, wood, 3)
    for x in (8, 118):
        pen.stroke([(x, 43), (x, 62)], 5, iron, edge=True)
    pen.anchor("left", 18, 35)
    pen.anchor("right", 112, 35)
    pen.anchor("top", 65, 35)
    pen.anchor("sit", 65, 33)
    pen.anchor("under", 65, 61)


def box(pen: Pen, style: Style) -> None:
    """Draw a cardboard box, open or (variant "closed") taped shut (100 x 72)."""
    card, dark = style.main, shade(style.main, 0.84)
    tape = shade(style.main, 1.45)
    if style.variant == "closed":
        pen.poly([(14, 2), (86, 2), (97, 16), (3, 16)], shade(card, 1.25))
        pen.rect(3, 16, 97, 71, card)
        pen.poly([(45, 2), (55, 2), (57, 16), (43, 16)], tape, contour=False)
        pen.rect(43, 16, 57, 30, tape, contour=False)
        pen.stroke([(3, 16), (97, 16)], 0.9, shade(card, 0.66))
        _arrows(pen, dark)
        pen.anchor("top", 50, 10)
        pen.anchor("left", 12, 10)
        pen.anchor("right", 88, 10)
    else:
        pen.poly([(20, 14), (80, 14), (86, 2), (14, 2)], shade(card, 1.2))
        pen.poly([(20, 14), (80, 14), (92, 27), (8, 27)], shade(card, 0.55))
        pen.in_front = True
        pen.poly([(20, 14), (8, 27), (0, 20), (11, 7)], shade(card, 1.1))
        pen.poly([(80, 14), (92, 27), (100, 20), (89, 7)], shade(card, 1.1))
        pen.rect(8, 27, 92, 71, card)
        pen.poly([(8, 27), (92, 27), (95, 39), (5, 39)], shade(card, 1.2))
        _arrows(pen, dark)
        pen.in_front = False
        pen.anchor("inside", 50, 44)
        pen.anchor("left", 24, 44)
        pen.anchor("right", 76, 44)


def _arrows(pen: Pen, ink: tuple[int, int, int]) -> None:
    for x in (73, 83):
        pen.poly(
            [(x, 48), (x + 4, 54), (x + 1.3, 54), (x + 1.3, 62), (x - 1.3, 62), (x - 1.3, 54), (x - 4, 54)],
            ink,
            contour=False,
        )
    pen.stroke([(68, 65), (88, 65)], 1.4, ink)


def bowl(pen: Pen, style: Style) -> None:
    """Draw a bowl (90 x 44)."""
    glaze = style.main
    pen.ellipse(45, 10, 44, 8.5, shade(glaze, 0.6))
    pen.in_front = True
    pen.rect(28, 37, 62, 43, shade(glaze, 0.8), radius=1.5)
    pen.poly([(1, 10), (4, 20), (14, 33), (30, 40), (60, 40), (76, 33), (86, 20), (89, 10),
              (80, 14.5), (62, 17.5), (45, 18.5), (28, 17.5), (10, 14.5)], glaze)  # fmt: skip
    pen.stroke([(5, 20), (20, 25), (45, 27), (70, 25), (85, 20)], 2, shade(glaze, 1.6), smooth=True)
    pen.in_front = False
    pen.anchor("inside", 45, 22)
    pen.anchor("left", 26, 20)
    pen.anchor("right", 64, 20)


def suitcase(pen: Pen, style: Style) -> None:
    """Draw a suitcase that stands or, the same from here, lies on its long side (96 x 66)."""
    hide, dark = style.main, shade(style.main, 0.68)
    pen.poly(
        [(37, 12), (38, 3), (41, 1), (55, 1), (58, 3), (59, 12), (54, 12), (54, 5), (42, 5), (42, 12)], dark
    )
    pen.rect(1, 10, 95, 65, hide, radius=6)
    if style.material == "leather":
        pen.rect(4, 13, 92, 62, shade(hide, 1.12), radius=5, contour=False)
        for i in range(15):
            pen.stroke([(7 + i * 6, 15), (10 + i * 6, 15)], 0.7, shade(hide, 1.7))
            pen.stroke([(7 + i * 6, 60), (10 + i * 6, 60)], 0.7, shade(hide, 1.7))
        for x in (2, 80):
            for y in (11, 50):
                pen.rect(x, y, x + 14, y + 14, dark, radius=5)
    for x in (22, 66):
        pen.rect(x, 10, x + 8, 65, dark)
        pen.rect(x - 1, 28, x + 9, 37, (220, 184, 92), radius=1)
        pen.rect(x + 2, 30.5, x + 6, 34.5, dark, contour=False)
    pen.rect(43, 14, 53, 20, (220, 184, 92), radius=1)
    pen.anchor("top", 50, 11)
    pen.anchor("left", 10, 11)
    pen.anchor("right", 88, 11)
    pen.anchor("grip", 48, 3)
