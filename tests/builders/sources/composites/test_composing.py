"""The two pictures of a group, pixel by pixel."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from naturel.annotations import geometry
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.composite_settings import Arrangement
from naturel.builders.settings import Split
from naturel.builders.sources.composites.backgrounds import draw_background
from naturel.builders.sources.composites.composing import Composed, Composite, compose
from naturel.builders.sources.composites.cutouts import Scene
from naturel.builders.sources.composites.layouts import layout_of
from naturel.builders.sources.composites.pictogram_bank import PictogramBank
from naturel.builders.sources.composites.plan import CLAIMS, Group, Limits, plan_groups

BANK = PictogramBank(0)
COUNT = 12
"""Groups of each arrangement."""
APART = (Scene.BESIDE, Scene.ABOVE)
scenes = pytest.mark.parametrize("scene", list(Scene))


@cache
def groups_of(scene: Scene) -> list[tuple[Group, Composed]]:
    limits = Limits(0, Split.TRAIN, tuple(Arrangement), (), 16, None, None, None, 1600)
    planned = plan_groups(BANK, "pictograms", limits, load_nouns()).groups
    chosen = [group for group in planned if group.scene is scene][:COUNT]
    assert len(chosen) == COUNT
    return [(group, compose(group, BANK, 0)) for group in chosen]


def pixels_of(picture: Composite, number: int) -> tuple[int, int, int, int]:
    width, height = picture.image.size
    left, top, right, bottom = picture.boxes[number]
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def changed(group: Group, picture: Composite) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which pixels are not the background's."""
    layout = layout_of(0, group.scene, group.layout)
    ground = draw_background(layout.width, layout.height, group.scene, layout.background)
    differs: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
        np.asarray(picture.image) != np.asarray(ground)
    ).any(axis=2)
    return differs


@scenes
def test_whatever_is_not_background_lies_in_a_box(scene: Scene) -> None:
    for group, composed in groups_of(scene):
        for picture in composed.pictures:
            outside = changed(group, picture).copy()
            for number in (0, 1):
                left, top, right, bottom = pixels_of(picture, number)
                outside[top:bottom, left:right] = False
            assert not outside.any()


@pytest.mark.parametrize("scene", APART)
def test_boxes_are_tight(scene: Scene) -> None:
    for group, composed in groups_of(scene):
        for picture in composed.pictures:
            differs = changed(group, picture)
            for number in (0, 1):
                left, top, right, bottom = pixels_of(picture, number)
                inside = differs[top:bottom, left:right]
                sides = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
                assert all(side.any() for side in sides)


@pytest.mark.parametrize("scene", APART)
def test_the_same_two_things_have_changed_places(scene: Scene) -> None:
    for _, composed in groups_of(scene):
        first, second = composed.pictures
        assert first.image.size == second.image.size
        for number, cut_out in enumerate(composed.cut_outs):
            sizes = []
            for picture in (first, second):
                left, top, right, bottom = pixels_of(picture, number)
                sizes.append((right - left, bottom - top))
            assert sizes == [cut_out.image.size] * 2
        # Opaque pixels are the same in both pictures, wherever they are.
        for number, cut_out in enumerate(composed.cut_outs):
            solid = np.asarray(cut_out.image.getchannel("A")) == 255
            shown = []
            for picture in (first, second):
                left, top, right, bottom = pixels_of(picture, number)
                shown.append(np.asarray(picture.image)[top:bottom, left:right][solid])
            assert (shown[0] == shown[1]).all()


@pytest.mark.parametrize("scene", APART)
def test_their_feet_have_changed_places(scene: Scene) -> None:
    for group, composed in groups_of(scene):
        feet = []
        for picture in composed.pictures:
            width, height = picture.image.size
            feet.append([((box[0] + box[2]) / 2 * width, box[3] * height) for box in picture.boxes])
        assert np.allclose(feet[0], feet[1][::-1], atol=1.01), group


@pytest.mark.parametrize("scene", [Scene.STANDING, Scene.INSIDE])
def test_a_table_or_a_container_stays_where_it_is(scene: Scene) -> None:
    for _, composed in groups_of(scene):
        first, second = composed.pictures
        assert np.allclose(first.boxes[1], second.boxes[1], atol=0.06)  # a thing can hide its rim


def test_what_covers_what() -> None:
    for _, composed in groups_of(Scene.INSIDE):
        inside, beside = composed.pictures
        assert inside.hidden[0]
        assert beside.hidden == (False, False)


@scenes
def test_nothing_is_cut_off(scene: Scene) -> None:
    for _, composed in groups_of(scene):
        for picture in composed.pictures:
            boxes = np.array(picture.boxes)
            assert boxes.min() > 0
            assert boxes.max() < 1


@scenes
def test_things_can_be_told_when_the_picture_is_64_pixels_wide(scene: Scene) -> None:
    for group, composed in groups_of(scene):
        for picture in composed.pictures:
            for left, top, right, bottom in picture.boxes:
                assert max(right - left, bottom - top) * 64 >= 6.5, group


@scenes
def test_the_boxes_prove_what_is_said_and_never_disprove_it(scene: Scene) -> None:
    vocabulary = load_vocabulary()
    for group, composed in groups_of(scene):
        for side, picture in enumerate(composed.pictures):
            for subject, relation, thing in CLAIMS[scene][side]:
                one, other = [picture.boxes[subject]], [picture.boxes[thing]]
                rules = vocabulary[relation].geometry
                assert not geometry.holds(rules.false, one, other).any(), (group, relation)
                if scene in APART:
                    assert geometry.holds(rules.true, one, other).all(), (group, relation)
            for subject, relation, thing in CLAIMS[scene][1 - side]:
                if scene in APART:
                    one, other = [picture.boxes[subject]], [picture.boxes[thing]]
                    assert geometry.holds(vocabulary[relation].geometry.false, one, other).all()


@pytest.mark.parametrize(
    ("scene", "relation"), [(Scene.STANDING, "on"), (Scene.STACKED, "on"), (Scene.INSIDE, "next_to")]
)
def test_boxes_lie_as_they_do_in_photos_that_people_annotated(scene: Scene, relation: str) -> None:
    rules = load_vocabulary()[relation].geometry
    for group, composed in groups_of(scene):
        for side, picture in enumerate(composed.pictures):
            for subject, name, thing in CLAIMS[scene][side]:
                if name == relation:
                    one, other = [picture.boxes[subject]], [picture.boxes[thing]]
                    assert geometry.holds(rules.expected, one, other, margin=-0.03).all(), group


def test_a_group_is_composed_alike_every_time() -> None:
    group, before = groups_of(Scene.BESIDE)[0]
    again = compose(group, PictogramBank(0), 0)
    for one, other in zip(before.pictures, again.pictures, strict=True):
        assert one.image.tobytes() == other.image.tobytes()
        assert one.boxes == other.boxes


def test_another_layout_shows_the_things_elsewhere() -> None:
    layouts = {layout_of(0, Scene.BESIDE, number) for number in range(16)}
    assert len(layouts) == 16
    assert len({layout.background for layout in layouts}) == 16
    assert layout_of(0, Scene.BESIDE, 3) == layout_of(0, Scene.BESIDE, 3)
    assert layout_of(1, Scene.BESIDE, 3) != layout_of(0, Scene.BESIDE, 3)
