"""Training, from the gradient of one batch to the command: a tiny CLIP and SigLIP on coloured squares."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from helpers.first_batch import first_batch, gradients
from helpers.square_release import FORMS, picture, records, sentences, write_squares
from helpers.tiny_clip import save_clip
from safetensors.torch import load_file
from typer.testing import CliRunner

from naturel.annotations.errors import UserError
from naturel.evaluation import evaluate, open_benchmarks, open_model
from naturel.evaluation.models.two_tower import open_two_tower
from naturel.training import Trained, TrainSettings, load_train_settings, train
from naturel.training.batches import BLANK, Batch, Steps
from naturel.training.cli import train_command
from naturel.training.preparing import prepare
from naturel.training.run import Row, RunFolder
from naturel.training.schedule import make_optimizer

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 records, each against its counterpart, and 12 of validation."""
    return write_squares(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip") / "model")


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("siglip") / "model", sigmoid=True)


Asking = Callable[..., TrainSettings]


@pytest.fixture
def asking(squares: Path, clip: Path, tmp_path: Path) -> Asking:
    """Settings of a short run."""

    def ask(**options: Any) -> TrainSettings:
        given: dict[str, Any] = {"data": str(squares), "model": str(clip), "out": tmp_path / "run"}
        given |= {"batch_size": 6, "epochs": 2, "lr": 1e-3, "warmup": 2, "log_every": 1, "device": "cpu"}
        return TrainSettings(**(given | options))

    return ask


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
        asking(out=tmp_path / "both-0", hard_positive_weight=0.5),
        asking(out=tmp_path / "both-1", scheme="two", model=str(siglip)),
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


def test_it_learns_and_says_so(asking: Asking, squares: Path) -> None:
    """A few sentences and pictures are learnt by heart."""
    settings = asking(scheme="groups", batch_size=12, epochs=12, warmup=5, lr=3e-3, validation_split="train")
    trained = train(settings.model_copy(update={"validate_every": 100}))
    curve = RunFolder(settings).curve()
    assert [row.step for row in curve] == list(range(1, 37))
    assert curve[-1].loss < 0.5 * curve[0].loss
    before = {(one.benchmark, one.metric): one for one in trained.before}
    assert before["naturel/complex:train", "accuracy"].value == 0.5  # the same sentences on both sides
    assert before["naturel/complex:train", "accuracy"].count == 36
    assert before["naturel/groups:train", "group"].count == 18
    told = json.loads((settings.out / "results.json").read_text())
    (asked,) = open_benchmarks(["naturel/complex"], squares, split=["train"])
    evaluated = evaluate([open_model(str(trained.model), device="cpu", cached=False)], [asked])
    whole = [one for one in evaluated.measures if not one.facet and "prior" not in one.metric]
    assert [replace(one, model="") for one in whole] == [
        one for one in trained.after if "complex" in one.benchmark
    ]
    assert told["validation"]["after"] == [asdict(one) for one in trained.after]
    assert (settings.out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (
        "| naturel/complex:train | accuracy | 36 | 0.500 | 0.500 ["
        in (settings.out / "results.md").read_text()
    )
    open_two_tower(str(trained.model))
    again = train(settings.model_copy(update={"validate_every": 100}))
    assert again == replace(trained, existed=True, seconds=again.seconds)


def test_a_killed_run_goes_on_to_the_same_weights(asking: Asking, tmp_path: Path) -> None:
    undisturbed = asking(epochs=10, checkpoint_every=1, out=tmp_path / "undisturbed", validation=())
    expected = train(undisturbed)
    killed = undisturbed.model_copy(update={"out": tmp_path / "killed"})
    code = (
        "import sys, torch, naturel.training.loop as loop; torch.set_num_threads(1);"
        "step = loop._Run._step\n"
        "def slow(self, batch, lr):\n"
        "    import time; time.sleep(0.15 if self.state.step > 4 else 0); return step(self, batch, lr)\n"
        "loop._Run._step = slow\n"
        "loop.train(loop.TrainSettings.model_validate_json(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, killed.model_dump_json()])
    latest = tmp_path / "killed" / "checkpoints" / "step-00000006"
    for _ in range(2400):
        if latest.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed.out / "results.json").exists()
    with (killed.out / "curve.csv").open("a") as file:
        file.write("99,0.")  # as a kill may leave it
    found = train(killed)
    assert found.steps == expected.steps == 20
    weights = [load_file(run.model / "model.safetensors") for run in (expected, found)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    curves = [
        [replace(row, items_per_second=0) for row in RunFolder(run).curve()] for run in (undisturbed, killed)
    ]
    assert curves[0] == curves[1]
    assert len(curves[0]) == 20


def test_a_run_that_gets_no_better_ends_with_its_best_weights(asking: Asking) -> None:
    """A learning rate that moves nothing: the first figure stays the best."""
    settings = asking(lr=1e-12, epochs=9, patience=2, keep=1, batch_size=12)
    trained = train(settings)
    assert (trained.steps, trained.stopped, trained.step) == (2, "patience", 0)
    assert trained.before == trained.after
    kept = sorted(path.name for path in (settings.out / "checkpoints").iterdir())
    assert kept == ["best-00000000", "step-00000002"]


def test_other_settings_in_the_same_folder_are_named(asking: Asking) -> None:
    train(asking(max_steps=1))
    with pytest.raises(UserError, match=r"lr was 0.001 and is 0.5; seed was 0 and is 3"):
        train(asking(max_steps=1, lr=0.5, seed=3))
    assert train(asking(max_steps=1, workers=1)).existed
    again = load_train_settings(asking().out / "settings.yaml", {})
    assert again == asking(max_steps=1)


def test_a_folder_of_something_else_is_left_alone(asking: Asking, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="something else"):
        train(asking())


def test_two_runs_do_not_share_a_folder(asking: Asking) -> None:
    with RunFolder(asking()).locked(), pytest.raises(UserError, match="another run is at work"):
        train(asking())


def test_a_run_that_was_killed_at_once_begins_again(asking: Asking) -> None:
    """Only the first file of its folder is there."""
    settings = asking(max_steps=1)
    settings.out.mkdir()
    (settings.out / "run.json").write_text("{}")
    assert train(settings).steps == 1


def test_a_changed_release_is_noticed(asking: Asking, clip: Path, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "own")
    train(asking(data=str(data), max_steps=1))
    (data / "release" / "1.0.0" / "manifest.json").write_text(
        json.dumps({"version": "1.0.0", "content": "other"})
    )
    with pytest.raises(UserError, match="release has changed"):
        train(asking(data=str(data), max_steps=1))


def test_mixed_captions_are_pairs_of_their_own(asking: Asking, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        (photos / f"{number}.png").write_bytes(picture("black", "grey", number) if number else b"broken")
    lines = [json.dumps({"image": f"{number}.png", "caption": f"photo {number % 2}"}) for number in range(4)]
    (photos / "set.jsonl").write_text("\n".join(lines))
    settings = asking(
        scheme="groups", batch_size=8, mix=photos, mix_share=0.5, negative_images="off", epochs=1
    )
    batch, stepper, _ = first_batch(settings)
    mixed = batch.pairs[batch.pairs[:, 0] < BLANK]
    assert len(mixed) == 3
    assert batch.items == 7
    assert batch.left_out == 1
    assert {-2 - image for image, _ in mixed.tolist()} == {1, 2, 3}
    by_picture = {-2 - image: -1 - text for image, text in mixed.tolist()}
    assert by_picture[1] == by_picture[3] != by_picture[2]
    trained = train(settings)
    assert trained.left_out == trained.steps
    assert np.isfinite(stepper.backward(batch)[0].item())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loss": "sigmoid"}, "needs a model whose logits have a bias"),
        ({"precision": "fp16"}, "fp16 needs a GPU"),
        ({"split": "nothing"}, "no split nothing: give one of train, validation"),
        ({"validation_split": "nothing"}, "no split nothing to validate on"),
        ({"patience": 1, "monitor": "winoground"}, "there is none of this name"),
        ({"patience": 1, "validation_split": "none"}, "there is none of this name. Give one of --validation"),
        ({"validation": "aro", "validation_split": "none"}, "aro"),
        ({"model": "/nowhere/at/all"}, "cannot be opened"),
        ({"lr": 1e30, "schedule": "constant", "clip_norm": None}, "training has broken down"),
    ],
)
def test_what_does_not_serve_is_named(options: dict[str, Any], said: str, asking: Asking) -> None:
    with pytest.raises(UserError, match=said):
        train(asking(epochs=5, **options))
    if "lr" not in options:  # a fault that is found before the first step leaves the folder free
        assert not (asking().out / "settings.yaml").exists()


def test_half_precision_and_workers(asking: Asking) -> None:
    one = train(asking(precision="bf16", workers=1, max_steps=2))
    assert one.steps == 2


def test_a_release_without_validation_trains_without(asking: Asking, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "own", train=records())
    trained = train(asking(data=str(data), max_steps=1))
    assert (trained.before, trained.after) == ((), ())


application = typer.Typer()
application.command()(train_command)


def command(*arguments: str | Path) -> str:
    done = CliRunner().invoke(application, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command(squares: Path, siglip: Path, tmp_path: Path) -> None:
    options = ("--data", squares, "--model", siglip, "--config", "tp", "--batch-size", "6", "--epochs", "1")
    more = ("--out", tmp_path / "run", "--precision", "float32", "--device", "cpu")
    planned = command(*options, *more, "--dry-run")
    assert not (tmp_path / "run").exists()
    assert "12  scheme two" in planned
    assert "2  2 in the first epoch" in planned
    said = command(*options, *more)
    assert re.search(r"naturel/complex:validation +accuracy +36 +0\.500 +\d", said)
    assert "36  questions of naturel/complex:validation" in planned
    assert "2 steps; 12 items" in said
    assert "has ended already" in command(*options, *more)


def test_the_command_lists_recipes() -> None:
    assert "NegCLIP all pairs (NatuRel poster)" in command("--list")


def test_the_command_names_faults(tmp_path: Path) -> None:
    done = CliRunner().invoke(application, ["--out", str(tmp_path), "--epochs", "0"])
    assert done.exit_code == 2


def test_the_squares_say_what_their_helper_says() -> None:
    """The tests above lean on it: every sentence is a positive as often as a negative."""
    rows = records()
    assert len(rows) == 12
    assert {len(row["complex_positives"]) for row in rows} == {len(FORMS) - 1}
    sides = [
        sorted(text for row in rows for text in row[f"complex_{side}s"]) for side in ("positive", "negative")
    ]
    assert sides[0] == sides[1]


def test_rows_of_the_curve_come_back_as_they_were(asking: Asking) -> None:
    folder = RunFolder(asking())
    folder.path.mkdir()
    rows = [Row(step, step / 3, 1 / 3, 0.1, 1e-7, 14.2, 0.5, 100.0) for step in (1, 2, 3)]
    folder.cut_curve(0)
    for row in rows:
        folder.add(row)
    assert folder.curve() == rows
    folder.cut_curve(2)
    assert folder.curve() == rows[:2]


def test_a_run_that_never_ended_is_a_run(asking: Asking) -> None:
    found: Trained = train(asking(max_steps=2, checkpoint_every=1))
    (found.out / "results.json").unlink()
    again = train(asking(max_steps=2, checkpoint_every=1))
    assert (again.steps, again.after, again.existed) == (2, found.after, False)
