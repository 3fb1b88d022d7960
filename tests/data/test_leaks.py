"""Nothing after a cut, or after an origin, reaches what must not know of it."""

import json

import numpy as np
import pandas as pd
import pytest

from lstmcast.auditing.checks import compare
from lstmcast.auditing.views import fitted_windows
from lstmcast.config.loading import config_from_mapping
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.windows import gather_inputs

N_ROWS = 500
SERIES = ("a", "b")


def panel_frame(*, seed=0):
    """Two hourly series with every kind of column, holes in the numbers, and outliers."""
    rng = np.random.default_rng(seed)
    pieces = []
    for name in SERIES:
        n = N_ROWS + (20 if name == "b" else 0)
        frame = pd.DataFrame(
            {
                "time": pd.date_range("2024-01-01", periods=n, freq="h"),
                "site": name,
                "y": 50 + 10 * np.sin(np.arange(n) / 4) + rng.normal(size=n),
                "late": rng.normal(size=n),
                "known": rng.normal(size=n),
                "flag": (rng.random(n) < 0.1).astype(float),
                "weather": rng.choice(["dry", "wet"], size=n),
                "size": 1.0 if name == "a" else 2.0,
            }
        )
        frame.loc[rng.choice(np.arange(5, n - 5), 12, replace=False), "late"] = np.nan
        frame.loc[rng.choice(np.arange(5, n - 5), 6, replace=False), "y"] = np.nan
        frame.loc[rng.choice(np.arange(5, n - 5), 3, replace=False), "late"] = 40.0
        pieces.append(frame)
    return pd.concat(pieces, ignore_index=True)


def full_config(**changes):
    """Every stage that fits or looks back, switched on."""
    values = {
        "data": {
            "time": "time",
            "series": "site",
            "target": "y",
            "past_covariates": [{"column": "late", "available_after": "3h"}, "weather"],
            "future_covariates": ["known", "flag"],
            "static_covariates": ["size"],
            "missing": {"strategy": "seasonal", "indicator": True},
            "outliers": {"method": "iqr", "action": "mask"},
        },
        "features": {
            "calendar": ["hour", "dayofweek"],
            "lags": {"y": [1, 24]},
            "rolling": {"late": {"window": 6, "statistics": ["mean", "std"]}},
            "differences": {"y": [1]},
            "interactions": [["known", "late"]],
            "polynomials": {"known": 2},
            "time_since": ["flag"],
        },
        "window": {"lookback": 12, "horizon": 4, "lead": 1},
        "scaling": {"features": "robust", "target": "minmax", "target_transform": "box_cox"},
    }
    strategy = changes.get("data__missing", {}).get("strategy")
    if strategy in ("zero", "drop"):  # zeros have no Box-Cox; what drop masks spreads over lags
        changes = {"scaling__target_transform": "none", "data__outliers": {}, **changes}
    for path, value in changes.items():
        section, field = path.split("__")
        values[section] = {**values[section], field: value}
    return config_from_mapping({**values, "data": {"path": None, **values["data"]}}).config


def perturbed(frame, after, *, columns, seed=1):
    """Other values, other holes and other categories in the rows after a time."""
    rng = np.random.default_rng(seed)
    changed, late = frame.copy(), (frame["time"] > after).to_numpy()
    for column in columns:
        if column == "weather":
            changed.loc[late, column] = rng.choice(["dry", "storm"], size=late.sum())
            continue
        known = frame[column].dropna().to_numpy()
        values = rng.choice(known, size=late.sum()) + 0.1 * rng.random(late.sum())
        values[::7] *= 30  # outliers too
        # Holes, but not in the last rows, which reading would trim.
        values[: late.sum() // 3][rng.random(late.sum() // 3) < 0.1] = np.nan
        changed.loc[late, column] = values
    return changed


ALL = ("y", "late", "known", "flag", "weather")
STRATEGIES = ("seasonal", "ffill", "interpolate", "mean", "zero", "drop", "mask")


def cut_time(dataset, split):
    """Last time of a split; the cuts are the same for all series."""
    column = ("train", "validation", "test").index(split)
    return pd.Timestamp(dataset.splits.cuts[0, column]) - pd.Timedelta(1, "us")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("per", ["panel", "series"])
def test_values_after_the_training_cut_change_nothing_that_is_fitted_and_no_training_window(
    strategy, per
):
    missing = {"strategy": strategy, "indicator": True}
    config, frame = full_config(data__missing=missing, scaling__per=per), panel_frame()
    first = build_dataset(config, load_panel(config, frame=frame))
    changed = perturbed(frame, cut_time(first, "train"), columns=ALL)
    second = build_dataset(config, load_panel(config, frame=changed))
    assert json.dumps(first.preparation.to_json()) == json.dumps(second.preparation.to_json())
    read = fitted_windows(first, validated=False)
    assert len(read["starts"]) > 20
    assert {"starts", "past", "future", "static", "targets"} <= set(read)
    assert compare(read, fitted_windows(second, validated=False)).names == ()
    if strategy == "mask":
        assert not read["observed"].all()


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s != "interpolate"])
def test_values_after_an_origin_change_none_of_its_inputs_but_the_declared_future_covariates(
    strategy,
):
    missing = {"strategy": strategy, "indicator": True}
    config, frame = full_config(data__missing=missing), panel_frame()
    first = build_dataset(config, load_panel(config, frame=frame))
    panel = first.panel
    for start in first.starts["test"][::41]:
        origin = start + config.window.lookback - 1
        changed = perturbed(frame, pd.Timestamp(panel.times[origin]), columns=ALL)
        second = build_dataset(config, load_panel(config, frame=changed))
        inputs, others = (
            gather_inputs(d.prepared.arrays, np.array([start]), config.window)
            for d in (first, second)
        )
        for name in set(inputs) - {"future"}:
            assert np.array_equal(inputs[name], others[name]), (name, start)
        changed = perturbed(
            frame, pd.Timestamp(panel.times[origin]), columns=("y", "late", "weather")
        )
        third = build_dataset(config, load_panel(config, frame=changed))
        others = gather_inputs(third.prepared.arrays, np.array([start]), config.window)
        assert np.array_equal(inputs["future"], others["future"])


def test_a_late_column_is_not_read_inside_its_delay():
    config, frame = full_config(), panel_frame()
    first = build_dataset(config, load_panel(config, frame=frame))
    start = int(first.starts["test"][5])
    origin = start + config.window.lookback - 1
    before = pd.Timestamp(first.panel.times[origin - 3])
    second = build_dataset(
        config, load_panel(config, frame=perturbed(frame, before, columns=("late",)))
    )
    inputs, others = (
        gather_inputs(d.prepared.arrays, np.array([start]), config.window) for d in (first, second)
    )
    assert np.array_equal(inputs["past"], others["past"])


def test_the_canary_sees_a_change_before_the_cut():
    config, frame = full_config(), panel_frame()
    first = build_dataset(config, load_panel(config, frame=frame))
    early = cut_time(first, "train") - pd.Timedelta(hours=2)
    second = build_dataset(config, load_panel(config, frame=perturbed(frame, early, columns=ALL)))
    assert first.preparation.to_json() != second.preparation.to_json()
