"""Animals: cat, dog, bird and horse, all looking to the right."""

from __future__ import annotations

from naturel.builders.sources.pictograms.pen import INK, Pen, Style, shade

WHITE = (250, 248, 244)
PINK = (236, 152, 156)


def cat(pen: Pen, style: Style) -> None:
    """Draw a sitting cat, seen from the front (74 x 92)."""
    fur, dark, belly = style.main, shade(style.main, 0.7), shade(style.main, 1.55)
    pen.stroke([(52, 85), (66, 84), (70, 70), (64, 58), (69, 49)], 7, fur, smooth=True, edge=True)
    pen.poly(
        [(36, 38), (50, 48), (58, 66), (60, 82), (54, 90), (36, 91), (18, 90), (12, 82), (14, 66), (22, 48)],
        fur,
        smooth=True,
    )
    pen.poly([(36, 47), (43, 56), (41, 72), (36, 76), (31, 72), (29, 56)], belly, smooth=True, contour=False)
    for x in (30, 42):
        pen.stroke([(x, 66), (x, 86)], 0.8, dark)
        pen.ellipse(x + (-3 if x < 36 else 3), 88, 7, 4, belly)
    for x, inner in ((17, 30), (55, 42)):
        tip = 15 if x < 36 else 57
        pen.poly([(x - 1 if x < 36 else x + 1, 24), (tip, 1), (inner, 13)], fur)
        pen.poly(
            [(x + (1 if x < 36 else -1), 17), (tip + (2 if x < 36 else -2), 6), (inner, 14)],
            PINK,
            contour=False,
        )
    pen.ellipse(36, 28, 22, 18, fur)
    pen.ellipse(36, 36, 10, 7, belly, contour=False)
    for x in (30, 36, 42):
        pen.stroke([(x, 12 if x == 36 else 13.5), (36 + (x - 36) * 0.75, 18)], 1.8, dark)
    for x in (27, 45):
        pen.ellipse(x, 27, 4.6, 5, (190, 214, 110))
        pen.ellipse(x, 27, 1.6, 4.2, INK, contour=False)
    pen.poly([(33, 32.5), (39, 32.5), (36, 36)], PINK, contour=False)
    pen.arc(33, 36.5, 3, 3, 0, 150, 0.9, INK)
    pen.arc(39, 36.5, 3, 3, 30, 180, 0.9, INK)
    for dy in (-2, 1.5, 5):
        pen.stroke([(24, 34 + dy * 0.4), (7, 33 + dy)], 0.5, dark)
        pen.stroke([(48, 34 + dy * 0.4), (65, 33 + dy)], 0.5, dark)
    pen.anchor("head", 36, 28)
    pen.anchor("middle", 36, 66)


def dog(pen: Pen, style: Style) -> None:
    """Draw a standing dog, seen from the side (110 x 84)."""
    fur, ear, far = style.main, style.second, shade(style.main, 0.8)
    pen.stroke([(16, 40), (7, 31), (5, 16)], 6.5, fur, smooth=True, edge=True)
    for x in (29, 73):
        pen.stroke([(x, 54), (x, 78)], 9, far, edge=True)
    for x, y in ((19, 52), (63, 54)):
        pen.stroke([(x, y), (x - 1, 78)], 10, fur, edge=True)
        pen.ellipse(x + 2, 80, 7.5, 4, fur)
    pen.poly(
        [
            (12, 44),
            (20, 34),
            (44, 36),
            (62, 33),
            (68, 22),
            (82, 26),
            (84, 42),
            (77, 58),
            (62, 61),
            (40, 57),
            (19, 60),
        ],
        fur,
        smooth=True,
    )
    if style.variant == "spots":
        pen.ellipse(32, 45, 9, 7, ear, contour=False)
        pen.ellipse(53, 49, 5, 4, ear, contour=False)
    pen.stroke([(68, 38), (83, 43)], 4.5, (196, 62, 62))
    pen.ellipse(76, 47, 2.6, 2.6, (232, 190, 80))
    pen.poly([(96, 35), (103, 34), (102, 45), (97, 45)], PINK, smooth=True)
    pen.ellipse(80, 22, 17, 16, fur)
    pen.poly([(84, 20), (97, 20), (107, 24), (107, 33), (97, 37), (84, 37)], fur, smooth=True)
    pen.poly([(86, 22), (97, 21.5), (104, 26), (96, 34), (86, 34)], fur, smooth=True, contour=False)
    pen.ellipse(105, 25, 4.6, 3.8, INK, contour=False)
    pen.arc(98, 29, 7, 5, 30, 140, 1, INK)
    pen.ellipse(88, 17, 2.6, 3, INK, contour=False)
    pen.ellipse(88.8, 16, 0.9, 0.9, WHITE, contour=False)
    pen.poly([(72, 9), (79, 12), (78, 26), (72, 40), (63, 37), (63, 22)], ear, smooth=True)
    pen.anchor("head", 78, 8)
    pen.anchor("middle", 44, 45)


def bird(pen: Pen, style: Style) -> None:
    """Draw a small bird on its feet (64 x 52)."""
    body, wing = style.main, shade(style.main, 0.72)
    for x in (32, 38):
        pen.stroke([(x, 38), (x, 50), (x + 4, 50)], 1.6, (206, 128, 50))
        pen.stroke([(x, 50), (x - 3, 50)], 1.6, (206, 128, 50))
    pen.poly([(20, 28), (2, 30), (1, 37), (10, 38), (24, 36)], wing)
    pen.poly([(16, 30), (30, 16), (46, 14), (52, 26), (46, 37), (34, 42), (22, 39)], body, smooth=True)
    pen.poly([(50, 28), (46, 37), (36, 41), (32, 36), (42, 30)], shade(body, 1.7), smooth=True, contour=False)
    pen.poly([(54, 10), (63, 14), (54, 18)], (236, 160, 60))
    pen.ellipse(47, 13, 10.5, 10.5, body)
    pen.ellipse(50, 11, 2.3, 2.5, INK, contour=False)
    pen.ellipse(50.6, 10.2, 0.8, 0.8, WHITE, contour=False)
    pen.poly([(38, 22), (36, 32), (24, 36), (10, 33), (22, 23)], wing, smooth=True)
    pen.anchor("middle", 34, 30)


def horse(pen: Pen, style: Style) -> None:
    """Draw a standing horse, seen from the side (140 x 124)."""
    coat, mane, far = style.main, style.second, shade(style.main, 0.78)
    hoof = (70, 60, 58)
    pen.poly([(16, 46), (6, 56), (3, 82), (9, 98), (14, 80), (20, 62), (25, 52)], mane, smooth=True)
    for x, knee in ((34, 31), (88, 90)):
        pen.stroke([(x, 68), (knee, 92), (x, 116)], 9, far, smooth=True, edge=True)
        pen.rect(x - 5, 115, x + 6, 123, hoof, radius=1.5)
    for x, knee in ((22, 19), (78, 80)):
        pen.stroke([(x + 2, 66), (knee, 92), (x, 116)], 10.5, coat, smooth=True, edge=True)
        pen.rect(x - 5.5, 115, x + 6.5, 123.5, hoof, radius=1.5)
    pen.poly(
        [
            (14, 52),
            (22, 42),
            (44, 45),
            (64, 44),
            (80, 38),
            (92, 22),
            (102, 10),
            (112, 12),
            (122, 24),
            (132, 35),
            (129, 43),
            (121, 44),
            (110, 36),
            (104, 46),
            (97, 66),
            (84, 77),
            (56, 77),
            (30, 78),
            (16, 68),
        ],
        coat,
        smooth=True,
    )
    pen.poly([(101, 11), (101, 0), (109, 10)], coat)
    pen.poly(
        [(103, 6), (94, 12), (84, 28), (76, 42), (86, 43), (94, 30), (101, 18), (109, 16), (110, 9)],
        mane,
        smooth=True,
    )
    pen.ellipse(112, 20, 2.4, 2.8, INK, contour=False)
    pen.ellipse(112.8, 19, 0.8, 0.8, WHITE, contour=False)
    pen.ellipse(127, 37, 1.5, 1.7, INK, contour=False)
    pen.stroke([(122, 43), (127, 42)], 1, INK)
    pen.anchor("saddle", 55, 42)
    pen.anchor("neck", 98, 36)
    pen.anchor("nose", 129, 36)
    pen.anchor("rein", 86, 42)
    pen.anchor("middle", 58, 60)
