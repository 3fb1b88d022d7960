"""Classes ahead of the data, from fake networks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstmcast.errors import ConfigError
from lstmcast.runtime.classifying import (
    Priors,
    classify_windows,
    probabilities_of,
    training_priors,
)
from lstmcast.runtime.generating import Draw, classify_ahead
from lstmcast.runtime.tables import class_forecasts_frame, class_frame
from tests.builders import panel_frame, symbols
from tests.runtime.fakes import dataset_of

SYMBOLS = {"task": "classification", "data": {"target": "symbol"}}
# What follows each symbol in "abcabc…".
AFTER = np.log(np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]))


class Follows:
    """Says of each step what follows the last symbol that it reads."""

    def __init__(self, horizon: int = 1) -> None:
        self.horizon = horizon

    def __call__(self, inputs):
        now = inputs["past"][:, -1, 1:].argmax(axis=1)
        steps = []
        for _ in range(self.horizon):
            steps.append(AFTER[now])
            now = AFTER[now].argmax(axis=1)
        return np.stack(steps, axis=1)[:, :, None, :]


@pytest.fixture(scope="module")
def dataset():
    window = {"lookback": 4, "horizon": 1}
    return dataset_of(symbols(60, pattern="abc"), **SYMBOLS, window=window)


def test_a_sequence_goes_on_from_itself_and_keeps_its_period(dataset):
    found = classify_ahead(dataset.panel, dataset.preparation, Follows(), steps=50)
    frame = class_frame(found)
    assert list(frame) == ["time", "step", "prediction", "p_a", "p_b", "p_c"]
    assert "".join(frame["prediction"]) == ("abc" * 17)[:50]
    assert frame["time"].iloc[0] == pd.Timestamp("2024-01-03 12:00")
    assert np.allclose(frame[["p_a", "p_b", "p_c"]].sum(axis=1), 1)


def test_blocks_of_a_longer_horizon_are_cut_to_the_steps_asked_for():
    longer = dataset_of(symbols(60, pattern="abc"), **SYMBOLS)
    found = classify_ahead(longer.panel, longer.preparation, Follows(3), steps=7)
    assert [found.classes[i] for i in found.prediction[0]] == list("abcabca")


def test_history_without_every_class_is_read_by_name(dataset):
    window = {"lookback": 4, "horizon": 1}
    other = dataset_of(symbols(60, pattern="bc"), **SYMBOLS, window=window).panel
    found = classify_ahead(other, dataset.preparation, Follows(), steps=4)
    assert [found.classes[i] for i in found.prediction[0]] == list("abca")


def test_draws_follow_from_the_seed_and_the_temperature(dataset):
    def drawn(**draw):
        how = Draw(**draw)
        found = classify_ahead(dataset.panel, dataset.preparation, Follows(), steps=60, draw=how)
        return found.prediction[0].tolist()

    greedy = classify_ahead(dataset.panel, dataset.preparation, Follows(), steps=60)
    assert drawn() == drawn() == drawn(seed=dataset.preparation.config.seed)
    assert drawn() != drawn(seed=1)
    assert drawn() != greedy.prediction[0].tolist()
    assert drawn(temperature=0.05) == greedy.prediction[0].tolist()
    with pytest.raises(ConfigError, match="--temperature must be above 0"):
        drawn(temperature=0.0)


def test_drawn_classes_come_as_often_as_their_probability(dataset):
    found = classify_ahead(
        dataset.panel, dataset.preparation, Follows(), steps=600, draw=Draw(temperature=1)
    )
    as_expected = np.mean(found.probabilities[0].argmax(axis=-1) == found.prediction[0])
    assert as_expected == pytest.approx(0.8, abs=0.05)


def test_what_a_series_draws_does_not_depend_on_the_others():
    frame = panel_frame({"p": 40, "q": 40}).drop(columns=["y", "x"])
    frame["symbol"] = ["abc"[i % 3] for i in range(80)]
    data = {"target": "symbol", "series": "id"}
    window = {"lookback": 4, "horizon": 1}
    both = dataset_of(frame, task="classification", data=data, window=window)
    alone = dataset_of(frame[frame.id == "q"], task="classification", data=data, window=window)
    draws = [
        classify_ahead(each.panel, both.preparation, Follows(), steps=20, draw=Draw())
        for each in (both, alone)
    ]
    assert draws[0].prediction[1].tolist() == draws[1].prediction[0].tolist()


def test_a_direction_is_not_forecast_beyond_the_horizon():
    times = pd.date_range("2024-01-01", periods=60, freq="h")
    frame = pd.DataFrame({"time": times, "y": np.sin(np.arange(60.0))})
    directed = dataset_of(frame, task="classification", output={"direction": {}})
    with pytest.raises(ConfigError, match="only their direction is forecast"):
        classify_ahead(directed.panel, directed.preparation, Follows(3), steps=4)


def test_windows_are_classified_beside_the_baselines(dataset):
    prepared, preparation, starts = dataset.prepared, dataset.preparation, dataset.starts["test"]
    priors = training_priors(prepared, preparation, dataset.starts["train"])
    assert Priors.from_json(priors.to_json()).shares.tolist() == priors.shares.tolist()
    found = classify_windows(
        prepared, preparation, Follows(), split="test", starts=starts, priors=priors
    )
    assert (found.y_pred == found.y_true).all()
    # The last class is never the next one here, and no class is more common by much.
    assert (found.baselines["last"].classes != found.y_true).all()
    assert found.baselines["majority"].classes.tolist() == [[priors.shares.argmax()]] * len(starts)
    frame = class_forecasts_frame(found, dataset.panel.schema)
    assert list(frame)[:5] == ["origin", "time", "step", "prediction", "actual"]
    assert (frame["prediction"] == frame["actual"]).all()


def test_the_last_direction_is_that_over_as_many_steps():
    times = pd.date_range("2024-01-01", periods=40, freq="h")
    values = np.tile([0.0, 1.0, 2.0, 1.0], 10)
    window = {"lookback": 4, "horizon": 2}
    output = {"direction": {"threshold": 0.5}}
    made = dataset_of(
        pd.DataFrame({"time": times, "y": values}),
        task="classification",
        output=output,
        window=window,
    )
    starts = np.array([0])
    found = classify_windows(
        made.prepared,
        made.preparation,
        lambda inputs: np.zeros((1, 2, 1, 3)),
        split="test",
        starts=starts,
        priors=Priors(np.full((2, 3), 1 / 3)),
    )
    # At the origin it fell by 1 from the step before (2 to 1), and over two steps it is level.
    assert found.baselines["last"].classes.tolist() == [[0, 1]]
    assert found.y_true.tolist() == [[0, 1]]


def test_probabilities_add_up_and_sharpen_with_a_low_temperature():
    logarithms = np.log([[0.5, 0.3, 0.1]])
    plain = probabilities_of(logarithms)
    assert plain == pytest.approx(np.array([[5, 3, 1]]) / 9)
    cold = probabilities_of(logarithms, temperature=0.5)
    assert cold == pytest.approx(np.array([[25, 9, 1]]) / 35)
