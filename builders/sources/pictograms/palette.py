"""Soft colours, and the choice of them for each kind of thing."""

from __future__ import annotations

from random import Random

from naturel.builders.sources.pictograms.pen import Color, Style

CLOTH: tuple[Color, ...] = (
    (200, 84, 80), (78, 122, 168), (96, 150, 110), (226, 170, 84), (140, 104, 160), (72, 150, 156), (214, 124, 140),
    (232, 142, 92), (108, 120, 190),
)  # fmt: skip
TROUSERS: tuple[Color, ...] = ((72, 84, 116), (92, 84, 80), (110, 120, 92), (62, 66, 78), (150, 128, 100))
SKIN: tuple[Color, ...] = ((246, 206, 174), (232, 184, 146), (204, 150, 110), (160, 108, 76), (120, 80, 60))
HAIR: tuple[Color, ...] = (
    (56, 42, 38),
    (98, 64, 42),
    (150, 98, 56),
    (206, 160, 92),
    (40, 40, 46),
    (176, 92, 56),
)
WOODS: tuple[Color, ...] = ((190, 134, 82), (168, 112, 68), (206, 154, 98), (146, 98, 64))
PAINTED: tuple[Color, ...] = (
    (236, 232, 222),
    (120, 156, 168),
    (166, 176, 140),
    (112, 116, 128),
    (206, 190, 160),
)
BRIGHT: tuple[Color, ...] = ((222, 92, 84), (72, 140, 196), (96, 172, 110), (240, 188, 72), (236, 236, 240))
LEATHER: tuple[Color, ...] = ((142, 88, 54), (112, 66, 44), (166, 108, 64))
CARD: tuple[Color, ...] = ((206, 166, 116), (194, 150, 100), (214, 178, 132))
CATS: tuple[Color, ...] = ((232, 158, 84), (150, 150, 158), (84, 80, 88), (222, 196, 160), (176, 132, 96))
DOGS: tuple[tuple[Color, Color], ...] = (
    ((206, 156, 100), (140, 92, 56)), ((240, 234, 224), (120, 84, 62)), ((150, 104, 72), (96, 64, 46)),
    ((226, 190, 130), (176, 124, 74)), ((112, 108, 116), (70, 68, 78)),
)  # fmt: skip
HORSES: tuple[tuple[Color, Color], ...] = (
    ((160, 98, 62), (72, 48, 38)), ((214, 208, 200), (150, 146, 146)), ((112, 80, 62), (48, 40, 40)),
    ((208, 164, 106), (240, 228, 200)),
)  # fmt: skip
BIRDS: tuple[Color, ...] = ((86, 142, 196), (214, 98, 84), (236, 190, 84), (120, 164, 110))
LEAVES: tuple[Color, ...] = ((110, 164, 98), (92, 150, 104), (136, 174, 92))
APPLES: tuple[Color, ...] = ((212, 70, 66), (196, 58, 62), (150, 186, 84))
GLASS: tuple[Color, ...] = ((70, 128, 92), (128, 84, 52), (64, 104, 150))
DARK: tuple[Color, ...] = ((46, 46, 54), (120, 60, 52), (60, 72, 100))


def random_style(label: str, rng: Random, material: str = "", variant: str = "", flip: bool = False) -> Style:
    """Choose the colours of a thing; the same state of `rng` gives the same colours."""
    main, second = rng.sample(CLOTH, 2)
    skin, hair = rng.choice(SKIN), rng.choice(HAIR)
    if label in ("Man", "Woman", "Boy"):
        second = rng.choice(TROUSERS)
        if label == "Man" and not variant:
            variant = rng.choice(("", "", "shaven"))
    elif label in ("Table", "Chair", "Bench"):
        main = rng.choice(WOODS if material == "wooden" else BRIGHT if material == "plastic" else PAINTED)
    elif label == "Guitar":
        main = rng.choice(((206, 142, 78), (188, 112, 62), (220, 170, 104)))
    elif label == "Box":
        main = rng.choice(CARD)
    elif label == "Suitcase":
        main = rng.choice(LEATHER if material == "leather" else CLOTH)
    elif label == "Cat":
        main = rng.choice(CATS)
    elif label == "Dog":
        main, second = rng.choice(DOGS)
        variant = variant or rng.choice(("", "spots"))
    elif label == "Horse":
        main, second = rng.choice(HORSES)
    elif label == "Bird":
        main = rng.choice(BIRDS)
    elif label == "Tree":
        main = rng.choice(LEAVES)
    elif label == "Apple":
        main = rng.choice(APPLES)
    elif label == "Bottle":
        main, second = rng.choice(GLASS), rng.choice(CLOTH)
        if material == "transparent":
            main = (140, 190, 205)
    elif label == "Hat":
        main, second = rng.choice((*WOODS, *LEATHER, (84, 88, 104), (226, 206, 160))), rng.choice(CLOTH)
    elif label == "Sunglasses":
        main = rng.choice(DARK)
    elif label == "Laptop":
        main = rng.choice(((78, 122, 168), (96, 110, 150), (72, 150, 156)))
    return Style(main, second, skin, hair, material, variant, flip)
