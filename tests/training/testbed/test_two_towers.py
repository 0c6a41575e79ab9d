"""The two towers: attention as a sum of parts, the causal mask, training, and what is measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as f

from naturel.builders.sources.testbed.scenes import Scenes, make_scenes
from naturel.builders.sources.testbed.tokens import VOCABULARY
from naturel.training.testbed.measure import ABLATIONS, measure, right_choice, right_order
from naturel.training.testbed.model import CLASS_TOKEN, Attention, Encoder, ModelSettings, Part, TwoTowers
from naturel.training.testbed.names import (
    ASKED_ONE,
    CHOICE,
    NOTHING,
    ORDER,
    SEEN,
    UNSEEN,
    UNSEEN_ELSEWHERE,
    UNSEEN_LABELS,
    UNSEEN_THERE,
)
from naturel.training.testbed.train import TrainingSettings, captions_of, cells_of, train

SMALL = ModelSettings(width=16, heads=2)
CELLS = torch.tensor([[0, 3, 0, 0, 0, 7, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0, 0, 0, 0, 0]])
CAPTION = "cat is on the left of dog [end]"
END = 7


def tokens(caption: str) -> torch.Tensor:
    words = [VOCABULARY.index(word) for word in caption.split()]
    return torch.tensor([words + [0] * (8 - len(words))])


def towers(settings: ModelSettings = SMALL, seed: int = 0) -> TwoTowers:
    torch.manual_seed(seed)
    return TwoTowers(settings).double()


def first_layer(model: TwoTowers) -> Attention:
    layer = model.vision.layers[0]
    assert isinstance(layer, Attention)
    return layer


def test_both_towers_give_vectors_of_length_one() -> None:
    model = towers()
    for embedded, count in ((model.scenes(CELLS), 2), (model.captions(tokens(CAPTION)), 1)):
        assert embedded.shape == (count, 16)
        assert embedded.norm(dim=1).tolist() == pytest.approx([1] * count)


def test_attention_is_that_of_torch() -> None:
    model = towers()
    layer = first_layer(model)
    rows = f.pad(CELLS, (1, 0), value=CLASS_TOKEN)
    x = model.vision.tokens[rows] + model.vision.positions
    weights = torch.cat([layer.query.weight, layer.key.weight, layer.value.weight])
    biases = torch.cat([layer.query.bias, torch.zeros(16, dtype=torch.float64), layer.value.bias])
    torchs = torch.nn.MultiheadAttention(16, 2, batch_first=True, dtype=torch.float64)
    torchs.load_state_dict(
        {
            "in_proj_weight": weights,
            "in_proj_bias": biases,
            "out_proj.weight": layer.out.weight,
            "out_proj.bias": layer.out.bias,
        }
    )
    said, _ = torchs(x, x, x)
    expected = f.normalize(model.vision.projection(said[:, 0] + x[:, 0]), dim=-1)
    assert torch.allclose(model.scenes(CELLS), expected)


def test_logits_are_the_sum_of_their_six_parts() -> None:
    layer = first_layer(towers())
    asked = {name: torch.randn(3, 2, 16, dtype=torch.float64) for name in ("token", "position", "bias")}
    keys = {name: torch.randn(3, 5, 16, dtype=torch.float64) for name in ("token", "position")}
    parts = [part for part in Part if part is not Part.VALUE_POSITION]
    alone = [layer._logits(asked, keys, [part for part in parts if part is not kept]) for kept in parts]
    assert torch.allclose(layer._logits(asked, keys, ()), torch.stack(alone).sum(dim=0))
    # One by hand: the queries of tokens with the keys of places, in the first of two heads.
    by_hand = asked["token"][0, 1, :8] @ keys["position"][0, 4, :8]
    assert alone[parts.index(Part.TOKEN_POSITION)][0, 0, 1, 4].item() == pytest.approx(by_hand.item())


@pytest.mark.parametrize("part", Part)
def test_every_part_says_something(part: Part) -> None:
    model = towers()
    assert not torch.allclose(model.scenes(CELLS), model.scenes(CELLS, [part]))


def test_without_positions_the_order_of_cells_is_lost() -> None:
    model = towers()
    mirrored = CELLS.flip(1)
    removed = ABLATIONS["all positions"]
    assert torch.allclose(model.scenes(CELLS, removed), model.scenes(mirrored, removed))
    assert not torch.allclose(model.scenes(CELLS), model.scenes(mirrored))


@pytest.mark.parametrize("layers", [1, 2])
def test_words_see_no_later_words(layers: int) -> None:
    torch.manual_seed(0)
    text = Encoder(len(VOCABULARY), 8, layers, causal=True, settings=SMALL).double()
    one, other = tokens(CAPTION), tokens("cat is on the left of horse [end]")
    changed = 6
    for place in range(8):
        read = torch.tensor([place])
        same = torch.equal(text(one, read), text(other, read))
        assert same == (place < changed)


def test_captions_are_read_at_their_end() -> None:
    model = towers(ModelSettings(width=16, heads=2, text_layers=2))
    short = tokens("cat is in the image [end]")
    padded = short.clone()
    padded[0, 6:] = 0
    assert torch.equal(model.captions(short), model.captions(padded))
    assert torch.allclose(model.captions(short), model.text(short, torch.tensor([5])))


def test_the_loss_is_clips() -> None:
    model = towers()
    captions = torch.cat([tokens(CAPTION), tokens("bird is in the image [end]")])
    scores = (model.scenes(CELLS) @ model.captions(captions).T / 0.07).tolist()
    (a, b), (c, d) = [[math.exp(score) for score in row] for row in scores]
    expected = -(
        math.log(a / (a + b)) + math.log(d / (c + d)) + math.log(a / (a + c)) + math.log(d / (b + d))
    )
    assert model.loss(CELLS, captions).item() == pytest.approx(expected / 4)


def test_right_order_by_hand() -> None:
    true, exchanged = torch.tensor([0.9, 0.1, 0.5]), torch.tensor([0.2, 0.4, 0.5])
    assert right_order(true, exchanged).tolist() == [1, 0, 0.5]


def test_right_choice_by_hand() -> None:
    scores = torch.tensor([[0.1, 0.9, 0.3], [0.1, 0.9, 0.3], [0.7, 0.7, 0.1], [0.5, 0.5, 0.5]])
    true = torch.tensor([[1, 1], [0, 2], [0, 0], [0, 2]])
    assert right_choice(scores, true).tolist() == pytest.approx([1, 0, 0.5, 2 / 3])


def test_chance_on_random_scores() -> None:
    chance = torch.Generator().manual_seed(0)
    scores = torch.rand(20_000, 40, generator=chance)
    true = torch.arange(20_000)[:, None] % 40
    # Within four standard errors: sqrt(.5 * .5 / 20000) and sqrt(.025 * .975 / 20000).
    assert float(right_choice(scores, true).mean()) == pytest.approx(0.025, abs=0.0045)
    assert float(right_order(scores[:, 0], scores[:, 1]).mean()) == pytest.approx(0.5, abs=0.0142)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return make_scenes(seed=0, pairs=45, layouts=5)


def test_scenes_of_one_thing_have_their_caption_twice(scenes: Scenes) -> None:
    captions = captions_of(scenes, both_sides=True)
    assert captions.shape == (17_300, 2, 8)
    assert torch.equal(captions[-1, 0], captions[-1, 1])
    assert not torch.equal(captions[0, 0], captions[0, 1])
    assert captions_of(scenes, both_sides=False).shape == (17_300, 1, 8)


def test_what_is_asked_and_how_many(scenes: Scenes) -> None:
    found = measure(towers().float(), scenes, both_sides=False, ablations={NOTHING: ()})
    # 45 pairs with 45 layouts in two orders: 45 x 41 not trained with theirs (4 of 5 are); 60 pairs are unseen, in
    # 5 layouts that are trained and 40 that are not; 10 pairs of the five held-out labels; 20 labels in two cells.
    counts = {(accuracy.asked, accuracy.measure): accuracy.count for accuracy in found}
    assert counts == {
        (ASKED_ONE, CHOICE): 40,
        **{(SEEN, how): 45 * 41 * 2 for how in (ORDER, CHOICE)},
        **{(UNSEEN, how): 60 * 45 * 2 for how in (ORDER, CHOICE)},
        **{(UNSEEN_THERE, how): 60 * 5 * 2 for how in (ORDER, CHOICE)},
        **{(UNSEEN_ELSEWHERE, how): 60 * 40 * 2 for how in (ORDER, CHOICE)},
        **{(UNSEEN_LABELS, how): 10 * 45 * 2 for how in (ORDER, CHOICE)},
    }
    # 20 captions of one thing; 20 x 19 of two.
    chances = {(accuracy.asked == ASKED_ONE, accuracy.measure): accuracy.chance for accuracy in found}
    assert chances == {(True, CHOICE): 1 / 20, (False, ORDER): 0.5, (False, CHOICE): 1 / 400}


class Oracle(TwoTowers):
    """Knows left and right: a scene and its captions are coded by their labels in order."""

    def __init__(self, weight_of_order: float) -> None:
        super().__init__(SMALL)
        self.weight = weight_of_order

    def scenes(self, cells: torch.Tensor, removed: object = ()) -> torch.Tensor:
        things = [[int(label) for label in row if label] for row in cells]
        return torch.stack([self.code(thing[0], thing[-1] if len(thing) > 1 else 0) for thing in things])

    def captions(self, tokens: torch.Tensor) -> torch.Tensor:
        codes = []
        for row in tokens.tolist():
            words = [VOCABULARY[token] for token in row]
            if "image" in words:
                codes.append(self.code(row[0], 0))
            elif "left" in words:
                codes.append(self.code(row[0], row[6]))
            else:
                codes.append(self.code(row[6], row[0]))
        return torch.stack(codes)

    def code(self, left: int, right: int) -> torch.Tensor:
        code = torch.zeros(42)
        code[left] += 1
        code[right] += 1
        code[21 + left] += self.weight
        code[21 + right] -= self.weight
        return f.normalize(code, dim=0)


@pytest.mark.parametrize("both_sides", [False, True])
def test_a_model_that_knows_all_is_right_and_one_that_knows_no_order_guesses(
    scenes: Scenes, both_sides: bool
) -> None:
    few = scenes.take(np.r_[0:1000, 8000:9000, 16_000:17_300])
    for accuracy in measure(Oracle(1), few, both_sides, {NOTHING: ()}):
        assert accuracy.value == 1, accuracy
    for accuracy in measure(Oracle(0), few, both_sides, {NOTHING: ()}):
        assert accuracy.value == (1 if accuracy.asked == ASKED_ONE else 0.5), accuracy
    for accuracy in measure(Oracle(-1), few, both_sides, {NOTHING: ()}):
        assert accuracy.value == 1, accuracy


def test_training_is_the_same_twice_and_depends_on_the_seed(scenes: Scenes) -> None:
    settings = TrainingSettings(steps=3, batch=16, both_sides=True)
    weights = [
        torch.cat([weight.flatten() for weight in train(scenes, SMALL, settings, seed).model.parameters()])
        for seed in (0, 0, 1)
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_training_leaves_the_random_numbers_of_others_alone(scenes: Scenes) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(scenes, SMALL, TrainingSettings(steps=1, batch=8), seed=0)
    assert torch.equal(torch.rand(1), expected)


def test_a_few_scenes_are_learnt() -> None:
    few = make_scenes(seed=0, pairs=3, layouts=1)
    before, after = (
        train(few, SMALL, TrainingSettings(steps=steps, batch=64, learning_rate=5e-3, warm_up=5), 0)
        for steps in (1, 80)
    )
    assert after.loss < before.loss - 0.5
    assert cells_of(few).shape == (17_300, 10)
