"""A column with `available_after` is not read inside its delay, wherever a forecast is made."""

import numpy as np
import pandas as pd
import pytest

from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.folds import fold_data, make_folds
from lstmcast.data.windows import origins
from lstmcast.runtime.evaluating import evaluate_panel, forecast_windows
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.inputs import future_panel, history_panel
from tests.data.test_leaks import full_config, panel_frame, perturbed
from tests.runtime.fakes import bundle_of, network_of

DELAY = pd.Timedelta(hours=3)


@pytest.fixture(scope="module")
def frame():
    return panel_frame()


@pytest.fixture(scope="module")
def dataset(frame):
    config = full_config()
    return build_dataset(config, load_panel(config, frame=frame))


def points(dataset, preparation, network, starts):
    said = forecast_windows(dataset.prepared, preparation, network, split="test", starts=starts)
    return said.y_pred


def split_at(dataset, starts, origin):
    """Windows whose origin is at most a time, and those of the next hour."""
    times = dataset.panel.times[origins(starts, dataset.preparation.config.window)]
    return starts[times <= origin], starts[times == origin + np.timedelta64(1, "h")]


@pytest.mark.parametrize("number", [None, 1, 3], ids=["evaluate", "fold 1", "fold 3"])
def test_late_values_change_no_forecast_from_origins_up_to_their_delay(dataset, frame, number):
    config, network = dataset.preparation.config, network_of(dataset)
    splits = None
    first = dataset
    if number is not None:
        whole = load_panel(config, frame=frame)
        fold = fold_data(whole, make_folds(whole, config)[number - 1])
        splits = fold.splits
        first = build_dataset(config, fold.panel, splits=splits)
    starts = first.starts["test"]
    times = first.panel.times[origins(starts, config.window)]
    origin = np.sort(times)[len(times) // 2]
    late = pd.Timestamp(origin) - DELAY
    # Not the last rows: what reading trims depends on the targets alone, but a fold is cut there.
    changed = load_panel(config, frame=perturbed(frame, late, columns=("late",)))
    if number is not None:
        changed = fold_data(changed, make_folds(changed, config)[number - 1]).panel
    second = build_dataset(config, changed, splits=splits)
    before, after = split_at(first, starts, origin)
    assert len(before) and len(after)
    own = points(first, first.preparation, network, before)
    assert np.array_equal(own, points(second, second.preparation, network, before))
    # What was fitted is the same, so that the next hour differs by what it reads alone.
    assert not np.array_equal(
        points(first, first.preparation, network, after),
        points(second, second.preparation, network, after),
    )


def test_late_values_inside_their_delay_change_no_prediction(dataset, frame, tmp_path):
    bundle, network = bundle_of(dataset, tmp_path), network_of(dataset)
    last = frame["time"].max()
    ahead = pd.DataFrame(
        {
            "time": pd.date_range(frame["time"].min(), last + pd.Timedelta(hours=9), freq="h"),
            "known": 0.5,
            "flag": 0.0,
        }
    )
    ahead = pd.concat([ahead.assign(site=name) for name in ("a", "b")])

    def predicted(frame):
        future = future_panel(bundle, ahead)
        panel = history_panel(bundle, frame)
        return forecast(panel, bundle.preparation, network, future=future).prediction

    def changed(hours):
        ends = frame.groupby("site")["time"].transform("max")
        inside = frame["time"] > ends - pd.Timedelta(hours=hours)
        return frame.assign(late=frame["late"].mask(inside, 7.0))

    own = predicted(frame)
    assert np.array_equal(own, predicted(changed(3)))
    assert not np.array_equal(own, predicted(changed(4)))
    missing = frame.assign(late=frame["late"].mask(changed(3)["late"] == 7.0))
    assert np.array_equal(own, predicted(missing))


def test_late_values_inside_the_delay_of_the_last_origin_change_no_score(dataset, frame, tmp_path):
    bundle, network = bundle_of(dataset, tmp_path), network_of(dataset)
    window = dataset.preparation.config.window
    ends = frame.groupby("site")["time"].transform("max")
    steps = window.lead + window.horizon
    after = frame["time"] > ends - pd.Timedelta(hours=steps) - DELAY
    changed = frame.assign(late=frame["late"].mask(after, 7.0))
    own, other = (
        evaluate_panel(bundle, history_panel(bundle, each), network) for each in (frame, changed)
    )
    assert own == other
    earlier = frame.assign(late=frame["late"].mask(frame["time"] > ends - DELAY * 4, 7.0))
    assert own != evaluate_panel(bundle, history_panel(bundle, earlier), network)
