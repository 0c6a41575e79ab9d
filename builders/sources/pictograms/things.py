"""Small things: balls, fruit, crockery, books, instruments, clothes and bags."""

from __future__ import annotations

import math

from naturel.builders.sources.pictograms.pen import INK, Pen, Point, Style, arc_points, shade

WHITE = (250, 248, 244)
WOOD = (190, 128, 70)
SILVER = (196, 202, 210)


def ball(pen: Pen, style: Style) -> None:
    """Draw a beach ball (40 x 40)."""
    pen.ellipse(20, 20, 19.3, 19.3, WHITE, outline=shade(style.main, 0.6))
    for i, color in enumerate((style.main, style.second, style.main)):
        start = i * 120 - 70
        rim = arc_points(20, 20, 19, 19, start, start + 60, 8)
        pen.poly([(23, 15), *rim], color, contour=False)
    pen.ellipse(23, 15, 4, 4, WHITE)
    pen.arc(20, 20, 19.3, 19.3, 0, 360, 0.9, shade(style.main, 0.6))


def football(pen: Pen, style: Style) -> None:
    """Draw a football of white and black patches (40 x 40)."""
    pen.ellipse(20, 20, 19.3, 19.3, WHITE, outline=INK)
    middle = _ngon(20, 20, 6.6, -90)
    pen.poly(middle, INK, contour=False)
    for i, corner in enumerate(middle):
        angle = -90 + 72 * i
        far = (20 + 13 * math.cos(math.radians(angle)), 20 + 13 * math.sin(math.radians(angle)))
        pen.stroke([corner, far], 1.1, INK)
        rim = arc_points(20, 20, 18.9, 18.9, angle - 19, angle + 19, 5)
        pen.poly([far, *rim], INK, contour=False)


def _ngon(cx: float, cy: float, radius: float, start: float, n: int = 5) -> list[Point]:
    return arc_points(cx, cy, radius, radius, start, start + 360, n)[:-1]


def tennis_ball(pen: Pen, style: Style) -> None:
    """Draw a tennis ball (40 x 40)."""
    pen.ellipse(20, 20, 19, 19, (206, 226, 62))
    pen.arc(-2, 20, 17, 17, -48, 48, 2.6, WHITE)
    pen.arc(42, 20, 17, 17, 132, 228, 2.6, WHITE)


def racket(pen: Pen, style: Style) -> None:
    """Draw a tennis racket, its grip below (44 x 110)."""
    for i in range(1, 7):
        pen.stroke([(4 + i * 5.2, 6), (4 + i * 5.2, 54)], 0.5, (150, 150, 150))
    for i in range(1, 9):
        pen.stroke([(5, 4 + i * 6), (39, 4 + i * 6)], 0.5, (150, 150, 150))
    pen.arc(22, 30, 19.5, 27.5, 0, 360, 4, style.main)
    pen.stroke([(12, 53), (22, 72), (32, 53)], 3.2, style.main)
    pen.stroke([(22, 72), (22, 107)], 5.5, (60, 60, 66), edge=True)
    pen.anchor("grip", 22, 96)
    pen.anchor("face", 22, 30)


def apple(pen: Pen, style: Style) -> None:
    """Draw an apple (40 x 44)."""
    pen.poly([(20, 12), (30, 9), (38, 18), (37, 30), (29, 42), (20, 40.5), (11, 42), (3, 30), (2, 18), (10, 9)],
             style.main, smooth=True)  # fmt: skip
    pen.stroke([(20, 13), (21, 6), (24, 1.5)], 2, (104, 72, 48), smooth=True)
    pen.poly([(22, 8), (29, 2), (37, 4), (31, 9)], (104, 164, 84), smooth=True)
    pen.ellipse(11, 20, 3.2, 5, shade(style.main, 1.5), contour=False)
    pen.anchor("grip", 20, 36)


def orange(pen: Pen, style: Style) -> None:
    """Draw an orange (40 x 42)."""
    pen.ellipse(20, 22, 19, 19, (240, 150, 48))
    for x, y in ((12, 24), (18, 31), (26, 28), (29, 19), (21, 20), (13, 33), (25, 36), (32, 29), (9, 17)):
        pen.ellipse(x, y, 0.7, 0.7, (212, 120, 30), contour=False)
    pen.ellipse(12, 14, 4, 3, (250, 194, 116), contour=False)
    pen.poly([(20, 5), (27, 1), (35, 4), (28, 8)], (92, 150, 76), smooth=True)
    pen.ellipse(20, 5.5, 1.8, 1.4, (94, 112, 60), contour=False)


def mug(pen: Pen, style: Style) -> None:
    """Draw a mug with its handle to the right (52 x 46)."""
    clay = style.main
    pen.arc(39, 24, 10.5, 11, -95, 95, 4.6, shade(clay, 0.72))
    pen.arc(39, 24, 10.5, 11, -95, 95, 2.8, clay)
    pen.poly([(2, 6), (40, 6), (39, 38), (35, 44), (28, 45), (14, 45), (7, 44), (3, 38)], clay)
    pen.rect(2.6, 19, 39.5, 28, shade(clay, 1.65), contour=False)
    pen.ellipse(21, 6, 19, 4.6, shade(clay, 1.3))
    pen.ellipse(21, 6.6, 16, 3.2, (98, 64, 46), contour=False)
    pen.anchor("top", 21, 5)
    pen.anchor("grip", 46, 25)
    pen.anchor("middle", 21, 25)


def book(pen: Pen, style: Style) -> None:
    """Draw a book that lies (100 x 30), stands closed ("upright", 56 x 70) or is read ("open", 90 x 52)."""
    cover, page = style.main, (250, 244, 226)
    if style.variant == "upright":
        pen.rect(2, 1, 55, 69, page)
        pen.rect(1, 1, 51, 69, cover, radius=2)
        pen.rect(1, 1, 8, 69, shade(cover, 0.75))
        pen.rect(16, 12, 44, 26, shade(cover, 1.7), radius=1)
        pen.stroke([(20, 17), (40, 17)], 1.6, INK)
        pen.stroke([(24, 22), (36, 22)], 1.6, INK)
        pen.ellipse(30, 46, 8, 8, shade(cover, 1.5))
    elif style.variant == "open":
        for side in (-1, 1):
            pen.poly([(45, 9), (45 + side * 41, 2), (45 + side * 41, 8), (45, 14)], page)
            pen.poly([(45, 12), (45 + side * 44, 5), (45 + side * 44, 45), (45, 51)], cover)
            pen.poly([(45 + side * 12, 20), (45 + side * 34, 16.5), (45 + side * 34, 24), (45 + side * 12, 28)],
                     shade(cover, 1.6), contour=False)  # fmt: skip
        pen.stroke([(45, 12), (45, 51)], 2.4, shade(cover, 0.66))
        pen.anchor("left", 4, 36)
        pen.anchor("right", 86, 36)
    else:
        pen.poly([(14, 1), (99, 1), (88, 12), (1, 12)], cover)
        pen.poly([(88, 12), (99, 1), (99, 19), (88, 29)], page)
        for y in (15.0, 19.0, 23.0):
            pen.stroke([(88.5, y), (98.5, y - 10.5)], 0.5, (190, 180, 160))
        pen.rect(4, 14, 88, 27, page)
        for y in (17.0, 20.5, 24.0):
            pen.stroke([(8, y), (87, y)], 0.5, (190, 180, 160))
        pen.poly([(1, 12), (88, 12), (88, 14.5), (6, 14.5), (6, 26.5), (88, 26.5), (88, 29), (1, 29)], cover)
        pen.poly([(30, 4), (74, 4), (69, 9), (25, 9)], shade(cover, 1.6), contour=False)
        pen.anchor("top", 50, 7)
    pen.anchor("middle", 28, 44)


def bottle(pen: Pen, style: Style) -> None:
    """Draw a bottle; "transparent" glass shows what is behind (30 x 96)."""
    glass = style.main
    clear = style.material == "transparent"
    body: list[Point] = [(11, 10), (19, 10), (19.5, 28), (23, 36), (28, 42), (28.5, 90), (25, 95), (5, 95),
                         (1.5, 90), (2, 42), (7, 36), (10.5, 28)]  # fmt: skip
    pen.poly(body, glass, alpha=70 if clear else 255, outline=shade(glass, 0.6))
    if clear:
        pen.poly(
            [(3, 52), (27, 52), (27.3, 89), (24, 93), (6, 93), (2.7, 89)],
            (150, 200, 232),
            alpha=120,
            contour=False,
        )
        pen.ellipse(15, 52, 12, 1.8, (206, 232, 246), alpha=190, contour=False)
        pen.stroke([(7, 44), (6, 84)], 1.6, WHITE)
        pen.stroke([(13, 16), (12.6, 30)], 1.2, WHITE)
    else:
        pen.rect(2, 52, 28.2, 76, (246, 236, 208))
        pen.ellipse(15, 64, 6, 7, shade(glass, 1.1), contour=False)
        pen.stroke([(5, 42), (5, 48)], 1.6, shade(glass, 1.6))
        pen.stroke([(13, 16), (12.6, 30)], 1.2, shade(glass, 1.6))
    pen.rect(9.5, 1, 20.5, 11, style.second, radius=1.5)
    pen.anchor("grip", 15, 60)


def guitar(pen: Pen, style: Style) -> None:
    """Draw an acoustic guitar that stands, its neck up (64 x 170)."""
    wood = style.main
    pen.poly(
        [
            (32, 82),
            (45, 84),
            (52, 94),
            (50, 108),
            (52, 118),
            (61, 132),
            (61, 150),
            (50, 165),
            (32, 168),
            (14, 165),
            (3, 150),
            (3, 132),
            (12, 118),
            (14, 108),
            (12, 94),
            (19, 84),
        ],
        wood,
        smooth=True,
    )
    for x in (-18.0, -12.0, 12.0, 18.0):
        pen.stroke([(32 + x, 132 - abs(x) * 0.5), (32 + x * 1.05, 156)], 0.5, shade(wood, 0.84))
    pen.ellipse(32, 116, 10.5, 10.5, shade(wood, 0.7))
    pen.ellipse(32, 116, 8.4, 8.4, (56, 40, 34), contour=False)
    pen.rect(28, 24, 36, 110, (88, 58, 44))
    for fret in range(34, 104, 9):
        pen.stroke([(28, fret), (36, fret)], 0.8, (206, 196, 170))
    pen.poly([(25, 2), (39, 2), (37.5, 25), (26.5, 25)], (104, 68, 48))
    for y in (7.0, 13.0, 19.0):
        pen.ellipse(23.5, y, 2, 1.8, SILVER)
        pen.ellipse(40.5, y, 2, 1.8, SILVER)
    pen.anchor("grip", 32, 50)
    pen.rect(22, 141, 42, 146, (74, 50, 40), radius=1)
    for x in (29.6, 32.0, 34.4):
        pen.stroke([(x, 24), (x, 143)], 0.4, (232, 226, 212))
    pen.anchor("sound", 32, 124)
    pen.anchor("neck", 32, 46)
    pen.anchor("middle", 32, 118)


def drum(pen: Pen, style: Style) -> None:
    """Draw a drum with cords (84 x 62)."""
    shell, rim = style.main, (226, 196, 112)
    pen.poly(
        [(2, 12), (82, 12), (82, 52), (74, 57), (58, 60.5), (42, 61.5), (26, 60.5), (10, 57), (2, 52)], shell
    )
    zigzag = [(2.0 + i * 10, (47 if i % 2 else 19) + 4.5 * math.sin(i * math.pi / 8)) for i in range(9)]
    pen.stroke(zigzag, 1.6, WHITE)
    bottom = arc_points(42, 51, 40, 8, 180, 0, 20)
    pen.stroke(bottom, 4, rim, edge=True)
    pen.ellipse(42, 12, 41, 10.5, rim)
    pen.ellipse(42, 11, 36, 8, (248, 240, 224))
    pen.anchor("left", 28, 11)
    pen.anchor("right", 56, 11)
    pen.anchor("top", 42, 11)


def hat(pen: Pen, style: Style) -> None:
    """Draw a hat with a brim and a band (74 x 36)."""
    felt = style.main
    pen.ellipse(37, 28, 36, 7, shade(felt, 0.86))
    pen.poly([(16, 27), (18, 9), (24, 2.5), (32, 4), (37, 5.5), (42, 4), (50, 2.5), (56, 9), (58, 27), (48, 30),
              (37, 31), (26, 30)], felt)  # fmt: skip
    pen.poly([(16.6, 20), (57.4, 20), (58, 27), (48, 30), (37, 31), (26, 30), (16, 27)], style.second)
    pen.anchor("grip", 66, 29)
    pen.anchor("crown", 37, 26)


def sunglasses(pen: Pen, style: Style) -> None:
    """Draw sunglasses from the front (60 x 22)."""
    frame = style.main
    pen.stroke([(1.5, 5), (58.5, 5)], 2.8, frame)
    pen.stroke([(26, 8), (34, 8)], 3, frame)
    for x in (4, 33):
        pen.poly([(x, 4), (x + 23, 4), (x + 22, 14), (x + 17, 20), (x + 7, 20), (x + 1, 14)], (46, 48, 58),
                 outline=frame)  # fmt: skip
        pen.stroke([(x + 6, 8), (x + 11, 8)], 1.6, (150, 160, 176))


def backpack(pen: Pen, style: Style) -> None:
    """Draw a backpack from the front (66 x 84); its straps, drawn in front, show when it is worn."""
    cloth, dark = style.main, shade(style.main, 0.75)
    pen.arc(33, 10, 9, 8, 180, 360, 4, dark)
    for side in (-1, 1):
        pen.stroke([(33 + side * 26, 22), (33 + side * 31, 40), (33 + side * 28, 66)], 4, dark, smooth=True)
    pen.poly(
        [(7, 80), (6, 34), (12, 16), (24, 9), (42, 9), (54, 16), (60, 34), (59, 80), (52, 83), (14, 83)],
        cloth,
    )
    if style.material == "textile":
        for i in range(1, 7):
            pen.stroke([(7 + i * 7.6, 16 if i in (1, 6) else 11), (7 + i * 7.6, 82)], 0.9, shade(cloth, 1.4))
        for i in range(1, 9):
            pen.stroke([(8, 14 + i * 7.6), (58, 14 + i * 7.6)], 0.9, dark)
    pen.stroke([(9, 34), (20, 30), (46, 30), (57, 34)], 1.8, dark, smooth=True)
    pen.rect(29, 30, 37, 37, (226, 196, 112), radius=1)
    pen.rect(15, 47, 51, 76, shade(cloth, 1.22), radius=5)
    pen.stroke([(18, 54), (48, 54)], 1.6, dark)
    pen.rect(44, 54, 47, 60, (226, 196, 112))
    pen.anchor("grip", 33, 3)


def umbrella(pen: Pen, style: Style) -> None:
    """Draw an open umbrella with a crooked handle (120 x 130)."""
    pen.stroke(
        [(60, 8), (60, 118), (64, 126), (71, 126), (74, 119)], 3.4, (110, 78, 56), smooth=False, edge=True
    )
    rim: list[Point] = []
    for i in range(4):
        rim += arc_points(15.5 + i * 29.6, 56, 14.8, 8, 180, 360, 8)
    dome = arc_points(60, 56, 59, 50, 180, 360, 30)
    pen.poly([*dome, *reversed(rim)], style.main)
    panel = [*arc_points(60, 56, 29.6, 50, 180, 360, 20), *reversed(rim[9:27])]
    pen.poly(panel, style.second)
    pen.stroke([(60, 6), (60, 48)], 1, shade(style.second, 0.7))
    pen.stroke([(60, 6), (60, 1)], 3, (110, 78, 56))
    pen.anchor("grip", 60, 106)


def balloon(pen: Pen, style: Style) -> None:
    """Draw a balloon on a string (42 x 110)."""
    pen.stroke([(21, 54), (24, 70), (18, 90), (21, 109)], 1, (120, 112, 112), smooth=True)
    pen.poly([(21, 50), (26, 56), (16, 56)], shade(style.main, 0.85))
    pen.poly(
        [(21, 1), (34, 6), (41, 20), (36, 38), (21, 51), (6, 38), (1, 20), (8, 6)], style.main, smooth=True
    )
    pen.ellipse(13, 16, 3.4, 6, shade(style.main, 1.6), contour=False)
    pen.anchor("grip", 21, 104)


def laptop(pen: Pen, style: Style) -> None:
    """Draw an open laptop (90 x 62)."""
    case = (176, 182, 192)
    pen.rect(12, 1, 78, 46, case, radius=3)
    pen.rect(16, 5, 74, 42, style.main)
    pen.rect(20, 9, 44, 14, shade(style.main, 1.6), contour=False)
    for y in (19, 24, 29, 34):
        pen.stroke([(21, y), (62 if y != 29 else 50, y)], 1.2, shade(style.main, 1.45))
    pen.poly([(12, 46), (78, 46), (89, 58), (1, 58)], case)
    pen.poly([(16, 48), (74, 48), (80, 53.5), (10, 53.5)], (92, 98, 110), contour=False)
    pen.rect(1, 58, 89, 61.5, shade(case, 0.85), radius=1)
