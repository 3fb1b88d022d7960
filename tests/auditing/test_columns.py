"""Columns that hold the target's future are told from those that go with it honestly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.auditing.columns import Finding, find_leaking_columns
from lstmcast.config.loading import config_from_mapping
from lstmcast.data.dataset import load_panel
from lstmcast.data.splitting import split_panel

N = 400


def series(seed: int = 0, *, persistence: float = 0.8) -> np.ndarray:
    """An autoregression around a daily cycle."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=N)
    for i in range(1, N):
        noise[i] += persistence * noise[i - 1]
    return 50 + 5 * np.sin(np.arange(N) * 2 * np.pi / 24) + noise


def findings(
    columns: dict[str, Any], *, role: str = "past", known: tuple[str, ...] = (), **covariate: Any
) -> dict[str, Finding]:
    """What is found of some columns beside `y`, with lookback 12 and horizon 4."""
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=N, freq="h"), **columns})
    config = config_from_mapping(
        {
            "data": {
                "path": None,
                "time": "time",
                "target": "y",
                f"{role}_covariates": [
                    {"column": name, **covariate} for name in columns if name != "y"
                ],
                "missing": {"strategy": "ffill"},
            },
            "window": {"lookback": 12, "horizon": 4},
        }
    ).config
    panel = load_panel(config, frame=frame)
    splits = split_panel(panel, config.split)
    found = find_leaking_columns(panel, splits, config.window, known=known)
    return {each.column: each for each in found}


def ahead(values: np.ndarray, steps: int) -> np.ndarray:
    return pd.Series(values).shift(-steps).to_numpy()


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_a_target_shifted_from_the_future_is_a_leak(steps: int) -> None:
    y = series()
    found = findings({"y": y, "x": 3 - 2 * ahead(y, steps)})["x"]
    assert (found.state, found.steps_ahead, found.exact) == ("leak", steps, True)
    assert found.correlation == pytest.approx(-1)
    assert "--known x" in found.text


def test_noise_on_top_does_not_hide_it() -> None:
    y = series()
    rng = np.random.default_rng(1)
    noisy = ahead(y, 2)
    found = findings(
        {
            "y": y,
            "little": noisy + rng.normal(scale=0.05, size=N),
            "some": noisy + rng.normal(scale=0.5, size=N),
            "much": noisy + rng.normal(scale=5, size=N),
        }
    )
    assert [found[name].state for name in ("little", "some", "much")] == ["leak", "suspicion", "ok"]
    assert not found["little"].exact
    assert found["little"].steps_ahead == 2


def test_what_the_past_of_the_target_says_is_none() -> None:
    y = series()
    found = findings(
        {
            "y": y,
            "before": pd.Series(y).shift(1).to_numpy(),
            "change": np.diff(y, prepend=y[0]),
            "mean": pd.Series(y).rolling(6, min_periods=1).mean().to_numpy(),
            "walk": np.random.default_rng(5).normal(size=N).cumsum(),
            "constant": np.ones(N),
        }
    )
    assert {each.state for each in found.values()} == {"ok"}


def test_a_smooth_target_is_no_reason_to_suspect_its_own_changes() -> None:
    y = np.sin(np.arange(N) / 30) + np.random.default_rng(2).normal(scale=1e-4, size=N)
    assert findings({"y": y, "change": np.diff(y, prepend=y[0])})["change"].state == "ok"


def test_a_copy_of_the_same_time_is_a_suspicion_in_the_past_and_a_leak_over_the_horizon() -> None:
    y = series()
    past = findings({"y": y, "x": 2 * y + 1})["x"]
    assert (past.state, past.exact, past.correlation) == ("suspicion", True, None)
    future = findings({"y": y, "x": 2 * y + 1}, role="future")["x"]
    assert (future.state, future.exact, future.steps_ahead) == ("leak", True, 0)


@pytest.mark.parametrize(("steps", "state"), [(1, "leak"), (3, "leak"), (4, "ok"), (24, "ok")])
def test_a_future_column_may_hold_the_target_of_a_horizon_ago(steps: int, state: str) -> None:
    y = series()
    found = findings({"y": y, "x": pd.Series(y).shift(steps).to_numpy()}, role="future")["x"]
    assert found.state == state


def test_a_late_column_may_hold_what_is_past_when_it_comes_in() -> None:
    y = series()
    columns = {"y": y, "x": ahead(y, 2)}
    assert findings(columns, available_after="1h")["x"].state == "leak"
    assert findings(columns, available_after="2h")["x"].state != "leak"


def test_a_column_that_is_said_to_be_known_is_left_out() -> None:
    y = series()
    assert findings({"y": y, "x": ahead(y, 1)}, known=("x",)) == {}


def test_gaps_in_the_target_hide_nothing() -> None:
    y = series()
    x = ahead(y, 1)
    y[np.random.default_rng(3).choice(np.arange(5, N - 5), 120, replace=False)] = np.nan
    found = findings({"y": y, "x": x})["x"]
    assert found.state == "leak"


def test_too_few_rows_say_nothing() -> None:
    rng = np.random.default_rng(4)
    y = series()
    x = np.where(rng.random(N) < 0.05, ahead(y, 1), np.nan)
    assert findings({"y": y, "x": x})["x"].correlation is None
