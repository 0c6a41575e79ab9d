"""Runs: what they leave, how they go on, and the command; a tiny CLIP and SigLIP on coloured squares."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from helpers.first_batch import Asking, first_batch
from helpers.square_release import FORMS, picture, records, write_squares
from safetensors.torch import load_file
from typer.testing import CliRunner

from naturel.annotations.errors import UserError
from naturel.evaluation import evaluate, open_benchmarks, open_model
from naturel.evaluation.models.two_tower import open_two_tower
from naturel.training import Trained, load_train_settings, train
from naturel.training.batches import BLANK
from naturel.training.checkpoints import Checkpoints, State
from naturel.training.cli import train_command
from naturel.training.run import Row, RunFolder

torch.set_num_threads(1)


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
        "| naturel/complex:train | accuracy | 36 | 50.0 | 50.0 ±" in (settings.out / "results.md").read_text()
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
    assert re.search(r"naturel/complex:validation +accuracy +36 +50\.0 +\d", said)
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


def test_the_best_weights_that_a_checkpoint_knows_of_stay(tmp_path: Path) -> None:
    """A run that is killed after better weights, and before its next checkpoint, goes back to those before."""
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    checkpoints = Checkpoints(tmp_path, keep=1)

    def there() -> list[str]:
        return sorted(path.name for path in tmp_path.iterdir())

    for step in (2, 4):
        checkpoints.save_best(step, model)
        if step == 2:
            checkpoints.save(State(step=3, best_step=2, best=0.5), model, optimizer)
    assert there() == ["best-00000002", "best-00000004", "step-00000003"]
    latest = checkpoints.latest()
    assert latest is not None
    assert checkpoints.load(latest, model, optimizer) == State(step=3, best_step=2, best=0.5)
    checkpoints.save(State(step=6, best_step=4, best=0.6), model, optimizer)
    assert there() == ["best-00000004", "step-00000006"]


def test_a_damaged_checkpoint_is_named(asking: Asking) -> None:
    train(asking(max_steps=1))
    (asking().out / "results.json").unlink()
    (asking().out / "checkpoints" / "step-00000001" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(UserError, match=r"step-00000001 cannot be read.*Remove it"):
        train(asking(max_steps=1))
