from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.data.windows import Starts, WindowArrays
from lstmcast.errors import DivergedError
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.training.fitting import Fitter, fit_members, fit_network
from lstmcast.training.history import History
from lstmcast.training.progress import EpochRow, Plan, SilentProgress
from lstmcast.training.weights import set_state, state_of
from tests.networks import BACKEND, FULL, PLAIN, make_arrays, make_config, make_network

STARTS = Starts(train=np.arange(12), validation=np.arange(12, 18))
NO_VALIDATION = Starts(train=np.arange(12), validation=np.arange(0))


class ListProgress:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def fit_begins(self, plan: Plan) -> None:
        self.events.append(("begins", plan.epochs, plan.batches))

    def batches_done(self, batches: int) -> None:
        self.events.append(("batches", batches))

    def epoch_done(self, row: EpochRow) -> None:
        self.events.append(("epoch", row.epoch))

    def fit_ends(self) -> None:
        self.events.append(("ends",))


def fit(
    network: Any, *, starts: Starts = STARTS, arrays: WindowArrays | None = None, **training: Any
) -> History:
    return fit_network(
        network,
        arrays or make_arrays(PLAIN),
        starts=starts,
        config=make_config(**{"batch_size": 4, "epochs": 3, **training}),
        progress=SilentProgress(),
    )


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_architecture_trains(name: str) -> None:
    network = make_network(name, FULL)
    before = network.get_weights()
    config = make_config(epochs=1, batch_size=4, loss="quantile", levels=[0.1, 0.5, 0.9])
    history = fit_network(
        network,
        make_arrays(FULL),
        starts=NO_VALIDATION,
        config=config,
        progress=SilentProgress(),
    )
    assert np.isfinite(history.rows[0].loss)
    changed = [(a != b).any() for a, b in zip(before, network.get_weights(), strict=True)]
    assert all(changed)


def test_the_history_has_a_row_for_each_epoch() -> None:
    history = fit(make_network("lstm", PLAIN), learning_rate=0.001)
    assert [row.epoch for row in history.rows] == [1, 2, 3]
    assert history.stopped == "epochs"
    assert history.plan.batches == 3
    assert history.rows[0].learning_rate == 0.001
    assert all(row.val_loss is not None and row.seconds > 0 for row in history.rows)
    assert history.seconds >= sum(row.seconds for row in history.rows)


def test_training_lowers_the_loss_of_what_can_be_learnt() -> None:
    arrays = make_arrays(PLAIN, (60,))
    arrays.past[:, 0] = np.sin(np.arange(60) / 3)
    starts = Starts(train=np.arange(40), validation=np.arange(40, 50))
    network = make_network("lstm", PLAIN, dropout=0.0)
    # Few enough steps that XLA does not compile them, which would take longer.
    history = fit(
        network, starts=starts, arrays=arrays, epochs=30, batch_size=5, learning_rate=0.02
    )
    assert history.rows[-1].loss < 0.2 * history.rows[0].loss


def test_early_stopping_restores_the_weights_of_the_best_epoch() -> None:
    # Without shared signal and at a high rate the validation loss soon rises.
    options = {"learning_rate": 0.1, "reduce_lr": None}
    network = make_network("lstm", PLAIN, dropout=0.0)
    history = fit(network, epochs=50, early_stopping={"patience": 2}, **options)
    losses = [row.val_loss for row in history.rows]
    assert history.stopped == "early"
    assert history.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) == history.best_epoch + 2
    stopped_there = make_network("lstm", PLAIN, dropout=0.0)
    fit(stopped_there, epochs=history.best_epoch, early_stopping=None, **options)
    for found, expected in zip(network.get_weights(), stopped_there.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_the_best_weights_are_restored_where_the_epochs_run_out_too() -> None:
    network = make_network("lstm", PLAIN, dropout=0.0)
    history = fit(network, epochs=12, learning_rate=0.3, early_stopping={"patience": 50})
    losses = [row.val_loss for row in history.rows]
    assert history.stopped == "epochs"
    assert history.best_epoch == int(np.argmin(losses)) + 1 < 12


def test_without_validation_the_last_weights_stay() -> None:
    history = fit(make_network("lstm", PLAIN), starts=NO_VALIDATION)
    assert (history.best_epoch, history.stopped) == (3, "epochs")
    assert [row.val_loss for row in history.rows] == [None, None, None]


def test_validation_does_not_touch_the_weights_where_nothing_reads_it() -> None:
    options: dict[str, Any] = {"early_stopping": None, "reduce_lr": None}
    networks = [make_network("lstm", PLAIN) for _ in range(2)]
    for network, starts in zip(networks, (STARTS, NO_VALIDATION), strict=True):
        fit(network, starts=starts, **options)
    for a, b in zip(networks[0].get_weights(), networks[1].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_plateau_lowers_the_learning_rate() -> None:
    reduce_lr = {"factor": 0.1, "patience": 1, "min_lr": 0.002}
    history = fit(
        make_network("lstm", PLAIN, dropout=0.0),
        epochs=12,
        learning_rate=0.1,
        early_stopping=None,
        reduce_lr=reduce_lr,
    )
    rates = [row.learning_rate for row in history.rows]
    assert rates[0] == 0.1
    assert rates[-1] == 0.002


def test_what_stays_is_the_moving_average_of_the_weights_where_one_is_asked_for() -> None:
    def trained(epochs: int, **options: Any) -> list[np.ndarray]:
        network = make_network("lstm", PLAIN, dropout=0.0)
        options |= {"epochs": epochs, "batch_size": 12, "reduce_lr": None}
        fit(network, starts=NO_VALIDATION, learning_rate=0.1, **options)
        return network.get_weights()

    after = [trained(epochs) for epochs in (1, 2, 3)]
    average = after[0]
    for weights in after[1:]:
        average = [0.75 * a + 0.25 * w for a, w in zip(average, weights, strict=True)]
    for ours, theirs in zip(trained(3, weight_average=0.75), average, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_best_weights_are_averages_where_one_is_asked_for() -> None:
    network = make_network("lstm", PLAIN, dropout=0.0)
    history = fit(network, weight_average=0.9, learning_rate=0.1, epochs=4)
    model = fit(network, epochs=1, learning_rate=1e-12)
    best = history.rows[history.best_epoch - 1].val_loss
    assert model.rows[0].val_loss == pytest.approx(best, rel=1e-4)


def test_a_schedule_takes_the_place_of_reduce_lr() -> None:
    history = fit(make_network("lstm", PLAIN), epochs=4, schedule="cosine", learning_rate=0.4)
    rates = [row.learning_rate for row in history.rows]
    assert rates == pytest.approx([0.4, 0.341421, 0.2, 0.058579], rel=1e-5)


@pytest.mark.parametrize(("starts", "which"), [(STARTS, "training"), (NO_VALIDATION, "training")])
def test_a_loss_that_is_no_number_ends_the_fit(starts: Starts, which: str) -> None:
    arrays = make_arrays(PLAIN)
    arrays.past[8] = np.nan
    with pytest.raises(DivergedError, match=rf"the {which} loss became nan in epoch 1.*0\.001"):
        fit(make_network("lstm", PLAIN), starts=starts, arrays=arrays)


def test_the_member_that_diverges_is_named() -> None:
    members = [make_network("lstm", PLAIN, seed=seed) for seed in range(2)]
    members[1].set_weights([weight * np.nan for weight in members[1].get_weights()])
    config = make_config(epochs=1, batch_size=4)
    with pytest.raises(DivergedError, match="loss of the network of seed 8 became nan in epoch 1"):
        fit_members(
            members,
            make_arrays(PLAIN),
            starts=STARTS,
            config=config,
            progress=SilentProgress(),
        )


# Each step makes the weights of the head larger, until float32 has no room for the loss.
DIVERGING: dict[str, Any] = {
    "loss": "mse",
    "optimizer": "sgd",
    "learning_rate": 100.0,
    "clipnorm": None,
    "reduce_lr": None,
    "epochs": 9,
}


@pytest.mark.parametrize("starts", [STARTS, NO_VALIDATION], ids=["validated", "not validated"])
@pytest.mark.parametrize("early_stopping", [{"patience": 5}, None], ids=["stopping", "no stopping"])
def test_a_fit_that_diverges_keeps_its_best_weights(
    starts: Starts, early_stopping: dict[str, int] | None
) -> None:
    network, same = (make_network("lstm", PLAIN, dropout=0.0) for _ in range(2))
    options = {**DIVERGING, "early_stopping": early_stopping}
    history = fit(network, starts=starts, **options)
    assert history.stopped == "diverged"
    assert 1 < len(history.rows) < 9
    assert f"in epoch {len(history.rows) + 1}, at a learning rate of 100." in history.diverged
    fit(same, starts=starts, **{**options, "epochs": history.best_epoch})
    for found, expected in zip(network.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("steps", [2, 16])
def test_progress_is_told_of_executions_and_epochs(steps: int) -> None:
    progress = ListProgress()
    fit_network(
        make_network("lstm", PLAIN),
        make_arrays(PLAIN),
        starts=NO_VALIDATION,
        config=make_config(batch_size=4, epochs=2, steps_per_execution=steps),
        progress=progress,
    )
    batches = [("batches", 2), ("batches", 3)] if steps == 2 else [("batches", 3)]
    expected = [("begins", 2, 3), *batches, ("epoch", 1), *batches, ("epoch", 2), ("ends",)]
    assert progress.events == expected


def test_progress_ends_where_the_fit_fails() -> None:
    progress = ListProgress()
    arrays = make_arrays(PLAIN)
    arrays.past[:] = np.nan
    with pytest.raises(DivergedError):
        fit_network(
            make_network("lstm", PLAIN),
            arrays,
            starts=STARTS,
            config=make_config(epochs=2),
            progress=progress,
        )
    assert progress.events[-1] == ("ends",)


MEMBERS: list[Any] = [
    # Early stopping ends the members at different epochs, each at a learning rate of its own.
    pytest.param({"learning_rate": 0.1, "early_stopping": {"patience": 2}}, {}, id="adam"),
    pytest.param({"optimizer": "adamw", "weight_average": 0.9}, {}, id="average"),
    pytest.param({"optimizer": "rmsprop", "schedule": "cosine"}, {}, id="schedule"),
    pytest.param({"optimizer": "sgd"}, {"recurrent_dropout": 0.2}, id="recurrent dropout"),
    pytest.param({"jit": True, "augmentation": {"jitter": 0.3}}, {}, id="compiled"),
]


@pytest.mark.parametrize(("training", "parameters"), MEMBERS)
def test_a_member_is_trained_as_it_would_be_alone_from_its_seed(
    training: dict[str, Any], parameters: dict[str, Any]
) -> None:
    config = make_config(**{"batch_size": 4, "epochs": 8, "reduce_lr": {"patience": 1}, **training})

    def initialised(seed: int) -> Any:
        return make_network("lstm", PLAIN, seed=seed, dropout=0.3, **parameters)

    seeds = [config.seed, config.seed + 1]
    members = [initialised(seed) for seed in seeds]
    progress, arrays = ListProgress(), make_arrays(PLAIN)
    options: dict[str, Any] = {"starts": STARTS, "progress": progress}
    histories = fit_members(members, arrays, config=config, **options)
    assert progress.events.count(("ends",)) == 2
    assert [(h.plan.seed, h.plan.member, h.plan.members) for h in histories] == [
        (seed, index, 2) for index, seed in enumerate(seeds)
    ]
    alone = initialised(seeds[-1])
    own = config.model_copy(update={"seed": seeds[-1]})
    expected = fit_network(alone, arrays, config=own, **options)
    assert histories[-1].best_epoch == expected.best_epoch
    for found, row in zip(histories[-1].rows, expected.rows, strict=True):
        assert (found.loss, found.val_loss) == pytest.approx((row.loss, row.val_loss), rel=1e-6)
        assert found.learning_rate == row.learning_rate
    for a, b in zip(members[-1].get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
    # The test sees what it looks for.
    assert any(
        np.abs(a - b).max() > 1e-2
        for a, b in zip(*(member.get_weights() for member in members), strict=True)
    )


@pytest.mark.skipif(BACKEND != "tensorflow", reason="one backend is enough: Keras writes the logs")
def test_each_member_has_tensorboard_logs_of_its_own(tmp_path: Path) -> None:
    fit_members(
        [make_network("lstm", PLAIN) for _ in range(2)],
        make_arrays(PLAIN),
        starts=STARTS,
        config=make_config(epochs=1, tensorboard=True),
        progress=SilentProgress(),
        tensorboard=tmp_path,
    )
    for member in ("member_0", "member_1"):
        assert list((tmp_path / member).rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains_float32_weights(precision: str) -> None:
    import keras

    keras.config.set_dtype_policy(precision)
    try:
        network = make_network("lstm", PLAIN)
        history = fit(network, epochs=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history.rows[-1].loss)
    assert {weight.dtype for weight in network.get_weights()} == {np.dtype("float32")}


@pytest.mark.skipif(BACKEND == "jax", reason="JAX uncompiled takes a second a step")
def test_compiled_and_uncompiled_steps_train_the_same() -> None:
    networks = [make_network("lstm", PLAIN, dropout=0.0) for _ in range(2)]
    losses = [
        fit(network, jit=jit).rows[-1].loss
        for network, jit in zip(networks, (True, False), strict=True)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="one backend is enough: Keras writes the logs")
def test_tensorboard_logs_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    for name, asked in (("on", True), ("off", False)):
        fit_network(
            make_network("lstm", PLAIN),
            make_arrays(PLAIN),
            starts=STARTS,
            config=make_config(epochs=1, tensorboard=asked),
            progress=SilentProgress(),
            tensorboard=tmp_path / name,
        )
    assert list((tmp_path / "on").rglob("events.out.tfevents.*"))
    assert not (tmp_path / "off").exists()


def test_windows_of_the_same_batches_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstmcast.training.gathering import GatheringModel

    compiled = []
    compile_ = GatheringModel.compile
    monkeypatch.setattr(
        GatheringModel,
        "compile",
        lambda self, **options: (compiled.append(1), compile_(self, **options))[1],
    )
    config, arrays = make_config(batch_size=4, epochs=1), make_arrays(PLAIN)
    others = [replace(STARTS, train=STARTS.train[n:]) for n in (0, 1, 2)]
    network = make_network("lstm", PLAIN)
    room = len(STARTS.train) + len(STARTS.validation)
    fitter, fresh = Fitter([network], arrays, config, room=room), state_of(network)
    found = []
    for starts in others:
        set_state(network, fresh)
        (history,) = fitter.fit(starts, SilentProgress())
        found.append(history.rows[-1].loss)
    assert len(compiled) == 1
    set_state(network, fresh)
    alone = fit_network(
        network, arrays, starts=others[-1], config=config, progress=SilentProgress()
    )
    assert found[-1] == pytest.approx(alone.rows[-1].loss, rel=1e-6)
