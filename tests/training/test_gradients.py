"""One batch: what is in it, and the gradient of its loss, in one piece, in parts and over two processes."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.first_batch import Asking, first_batch, gradients
from helpers.square_release import records, sentences, write_squares
from safetensors.torch import load_file

from naturel.evaluation.models.two_tower import open_two_tower
from naturel.training import TrainSettings, train
from naturel.training.batches import BLANK, Batch, Steps
from naturel.training.preparing import prepare
from naturel.training.schedule import make_optimizer

torch.set_num_threads(1)


def said_of(batch: Batch, settings: TrainSettings) -> dict[str, set[str]]:
    """Picture -> the sentences that are paired with it."""
    known = prepare(settings).known
    found: dict[str, set[str]] = {}
    for image, text in batch.pairs.tolist():
        found.setdefault(known.image_ids[image], set()).add(known.texts[text])
    return found


def colours(name: str) -> list[str]:
    """What the picture `red-green-0` says in its four sentences."""
    return sentences(*name.split("-")[:2])


def test_a_batch_has_each_picture_and_each_sentence_once(asking: Asking) -> None:
    settings = asking(scheme="all", batch_size=24)
    batch, _, _ = first_batch(settings)
    for numbers, inputs in ((batch.images, "pixel_values"), (batch.texts, "input_ids")):
        assert len(set(numbers.tolist())) == len(numbers)
        values = (batch.picture_inputs | batch.text_inputs)[inputs]
        assert len(values) == len(numbers)
    assert batch.items == 24
    for name, said in said_of(batch, settings).items():
        assert said <= set(colours(name))


def test_negative_images_are_pictures_with_their_own_sentence(asking: Asking) -> None:
    """Half of a group is in the batch: its counterpart comes as the negative image."""
    settings = asking(batch_size=2)
    batch, _, _ = first_batch(settings)
    said = said_of(batch, settings)
    assert len(said) >= 3
    for name in said:
        other = "-".join([*name.split("-")[1::-1], "0"])
        assert other in said
    without, _, _ = first_batch(asking(batch_size=2, negative_images="off"))
    assert len(without.images) == 2


def test_the_blank_picture_has_no_sentence(asking: Asking) -> None:
    batch, _, _ = first_batch(asking(negative_images="blank"))
    assert batch.images.tolist().count(BLANK) == 1
    assert BLANK not in batch.pairs[:, 0]


@pytest.mark.parametrize(("scheme", "second"), [("single", 0.5), ("two", None), ("all", 2.0)])
def test_hard_positives_are_second_pairs(scheme: Any, second: float | None, asking: Asking) -> None:
    settings = asking(scheme=scheme, hard_positive_weight=second, negative_images="off")
    batch, _, _ = first_batch(settings)
    said = said_of(batch, settings)
    assert all(said[name] <= set(colours(name)) for name in said)
    assert set(batch.weights.tolist()) == {1.0, second or 1.0}
    if scheme != "all":  # whose items may be of one record
        assert {len(texts) for texts in said.values()} == {2}


def test_hard_negatives_can_be_left_out(asking: Asking) -> None:
    plain, _, _ = first_batch(asking(hard_negative_weight=0, negative_images="off"))
    assert set(plain.texts.tolist()) == set(plain.pairs[:, 1].tolist())


def test_the_loss_of_a_whole_group_is_that_of_two_by_two(asking: Asking) -> None:
    """Scores of a group's two pictures and sentences, and CLIP's loss of them."""
    settings = asking(scheme="groups", batch_size=2)
    batch, stepper, model = first_batch(settings)
    loss, _ = stepper.backward(batch)
    with torch.no_grad():
        scores = model(**batch.picture_inputs, **batch.text_inputs).logits_per_image
    place = {number: row for row, number in enumerate(batch.texts.tolist())}
    rows = {number: row for row, number in enumerate(batch.images.tolist())}
    order = torch.empty(2, dtype=torch.long)
    for image, text in batch.pairs.tolist():
        order[rows[image]] = place[text]
    matrix = scores[:, order]
    target = torch.arange(2)
    expected = (
        torch.nn.functional.cross_entropy(matrix, target)
        + torch.nn.functional.cross_entropy(matrix.T, target)
    ) / 2
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_sentences_that_are_true_of_the_other_picture_too_are_no_negatives(
    asking: Asking, tmp_path: Path
) -> None:
    """Two pictures of the same claim: each sentence has to be told from what both deny, and from nothing else."""
    data = write_squares(tmp_path / "own", train=records(("red", "green"), shifts=(0, 1))[:2])
    settings = asking(data=str(data), batch_size=2, negative_images="off", seed=1)
    batch, stepper, model = first_batch(settings)
    loss, _ = stepper.backward(batch)
    known = prepare(settings).known
    false = sentences("green", "red")
    denied = [place for place, text in enumerate(batch.texts.tolist()) if known.texts[text] in false]
    with torch.no_grad():
        scores = model(**batch.picture_inputs, **batch.text_inputs).logits_per_image
    losses = []
    for image, text in batch.pairs.tolist():
        row = scores[batch.images.tolist().index(image)]
        own = row[batch.texts.tolist().index(text)]
        rivals = torch.cat([own[None], row[denied]])
        losses.append((rivals.logsumexp(0) - own) / 2)  # and nothing from sentence to picture
    assert loss.item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_workers_of_any_kind_get_the_same_batches(asking: Asking) -> None:
    """Where processes are not forked, what they work with is pickled."""
    settings = asking(scheme="all")
    data, tower = prepare(settings), open_two_tower(settings.model)
    steps = Steps(settings, data.plan, data.pairs, data.known, tower)
    other = pickle.loads(pickle.dumps(steps))  # noqa: S301 (our own)
    assert [batch.pairs.tolist() for batch in (steps[3], other[3])] == [steps[3].pairs.tolist()] * 2


@pytest.mark.parametrize(("scheme", "sigmoid"), [("single", False), ("two", True)])
def test_parts_make_the_gradient_of_the_whole(
    scheme: Any, sigmoid: bool, asking: Asking, siglip: Path
) -> None:
    model = {"model": str(siglip)} if sigmoid else {}
    whole, *others = [
        gradients(asking(scheme=scheme, accumulation=parts, batch_size=12, **model)) for parts in (1, 3, 50)
    ]
    for other in others:
        for name, gradient in whole.items():
            assert torch.allclose(gradient, other[name], atol=1e-5, rtol=1e-4), name


def test_two_processes_do_what_one_does(asking: Asking, siglip: Path, tmp_path: Path) -> None:
    """Gradients of one batch, and weights after a run: of CLIP with hard positives, of SigLIP with two pairs."""
    runs = [
        asking(out=tmp_path / "both-0", hard_positive_weight=0.5, validation=()),
        asking(out=tmp_path / "both-1", scheme="two", model=str(siglip), validation=()),
    ]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    shared["PYTHONPATH"] = os.pathsep.join(sys.path)
    told = json.dumps([settings.model_dump(mode="json") for settings in runs])
    command = [sys.executable, "-m", "helpers.first_batch", told, str(tmp_path)]
    both = [
        subprocess.Popen(command, env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank})
        for rank in "01"
    ]
    assert [process.wait(300) for process in both] == [0, 0]
    for number, settings in enumerate(runs):
        expected = gradients(settings)
        for rank in "01":
            found = load_file(tmp_path / f"{number}-{rank}.safetensors")
            for name, tensor in expected.items():
                assert torch.allclose(tensor, found[name], atol=1e-5, rtol=1e-4), name
        alone = train(settings.model_copy(update={"out": tmp_path / f"alone-{number}"}))
        weights = [load_file(out / "model.safetensors") for out in (alone.model, settings.out / "model")]
        for name, tensor in weights[0].items():
            assert torch.allclose(tensor, weights[1][name], atol=1e-4), name


def test_biases_norms_and_the_scale_do_not_decay(asking: Asking) -> None:
    model = open_two_tower(asking().model).model
    decaying, still = make_optimizer(model, asking(weight_decay=0.3)).param_groups
    assert (decaying["weight_decay"], still["weight_decay"]) == (0.3, 0.0)
    names = {id(weight): name for name, weight in model.named_parameters()}
    assert all(names[id(weight)].endswith("weight") for weight in decaying["params"])
    kept = {names[id(weight)] for weight in still["params"]}
    assert "logit_scale" in kept
    assert any("layer_norm1.weight" in name for name in kept)
    assert len(decaying["params"]) + len(kept) == len(names)


def test_the_scale_is_kept_in_bounds(asking: Asking) -> None:
    _, stepper, model = first_batch(asking())
    model.logit_scale.data.fill_(9.0)
    stepper.clamp()
    assert stepper.scale == pytest.approx(100)
