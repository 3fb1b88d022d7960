from __future__ import annotations

import numpy as np
import pytest

from lstmcast.errors import DataError
from lstmcast.runtime.kept_forecasts import read_kept
from lstmcast.runtime.shared_windows import by_origin, share
from tests.runtime.kept import DAY, START, write_kept


@pytest.fixture
def kept(tmp_path):
    def read(**settings):
        run_id = f"run-{len(list(tmp_path.iterdir()))}"
        return read_kept(write_kept(tmp_path, run_id, **settings))

    return read


def test_only_windows_that_all_have_are_shared(kept):
    first, second = kept(origins=range(20, 60)), kept(origins=range(50, 80), error=2.0)
    shared = share([first, second])
    assert shared.origin_times.tolist() == (START + np.arange(50, 60) * DAY).tolist()
    assert [places.tolist() for places in shared.places] == [
        list(range(30, 40)),
        list(range(10)),
    ]
    assert np.allclose(shared.losses(0, "y_pred", "absolute"), 1)
    assert np.allclose(shared.losses(1, "y_pred", "squared"), 4)
    assert not shared.scaled


def test_different_horizons_share_their_first_steps(kept):
    shared = share([kept(horizon=5), kept(horizon=3)])
    assert shared.steps == (1, 2, 3)
    assert shared.losses(0, "y_pred", "absolute").shape == (60, 3)


def test_a_lead_shifts_the_steps_to_the_same_times(kept):
    # Steps 1 to 3 after a lead of 2 fall on days 3 to 5 after the origin.
    shared = share([kept(horizon=5, error=np.arange(5.0)[:, None]), kept(lead=2)])
    assert shared.ahead.tolist() == [3, 4, 5]
    assert shared.steps == (3, 4, 5)
    assert shared.losses(0, "y_pred", "absolute")[0].tolist() == pytest.approx([2, 3, 4])


def test_windows_are_matched_by_the_name_of_their_series(kept):
    first = kept(series=("a", "b"), origins=range(20, 22))
    reverse = {name: first.array(name)[::-1] for name in ("y_true", "y_pred")}
    second = kept(
        series=("b", "a"),
        origins=range(20, 22),
        arrays={
            **reverse,
            "origin_times": first.origin_times[::-1],
            "starts": first.starts[::-1],
        },
    )
    shared = share([first, second])
    assert shared.series.tolist() == ["a", "b", "a", "b"]
    assert [places.tolist() for places in shared.places] == [[0, 2, 1, 3], [3, 1, 2, 0]]


def test_several_series_are_scaled_as_mase_scales_them(kept):
    scales = {"series": ["b", "a"], "mase": [[4.0], [None]]}
    one = kept(series=("a", "b"), metrics={"scales": scales})
    shared = share([one])
    assert shared.scaled
    # That of `a` is not known: the mean of the others stands in.
    assert np.allclose(shared.unit, 4)
    assert np.allclose(shared.losses(0, "y_pred", "absolute"), 0.25)
    assert np.allclose(shared.losses(0, "y_pred", "squared"), 0.0625)


def test_only_targets_that_all_have_count(kept):
    first, second = kept(targets=("x", "y")), kept(targets=("y",))
    assert share([first, second]).targets == ("y",)
    with pytest.raises(DataError, match="different targets"):
        share([second, kept(targets=("z",))])


def test_other_actual_values_are_an_error_that_shows_one(kept):
    first = kept()
    changed = first.array("y_true").copy()
    changed[7, 1, 0] *= 1000
    with pytest.raises(DataError, match=r"1 of 180 actual values differ.*'y' 2 steps after"):
        share([first, kept(arrays={"y_true": changed})])


def test_nothing_shared_is_an_error_that_names_the_periods(kept):
    with pytest.raises(DataError, match=r"no window is shared.*2024-01-21.*2024-02-20"):
        share([kept(origins=range(20, 30)), kept(origins=range(50, 60))])
    with pytest.raises(DataError, match="share no step"):
        share([kept(), kept(lead=3)])


def test_a_window_that_is_there_twice_is_left_out(kept):
    one = kept()
    twice = np.r_[0, np.arange(59)]
    names = ("y_true", "y_pred")
    arrays = {name: one.array(name)[twice] for name in names}
    other = kept(arrays={**arrays, "origin_times": one.origin_times[twice]})
    shared = share([one, other])
    assert shared.places[0].tolist() == list(range(1, 59))
    assert shared.repeated == 2


def test_pinball_losses_are_the_mean_over_the_levels(kept):
    one = kept()
    quantiles = one.array("y_true")[..., None] + np.array([-1.0, 2.0])
    shared = share([kept(arrays={"quantiles": quantiles, "levels": np.array([0.1, 0.9])})])
    # 0.1 · 1 below the actual value, (1 - 0.9) · 2 above it.
    assert np.allclose(shared.losses(0, "y_pred", "pinball"), (0.1 + 0.2) / 2)


def test_the_series_at_one_time_are_one_observation():
    times = (START + np.array([0, 0, 1, 2, 2, 2]) * DAY).astype("datetime64[us]")
    losses = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0], [1, 1], [2, 2], [6, 6]])
    assert by_origin(losses, times).tolist() == [[2, 20], [5, 50], [3, 3]]
