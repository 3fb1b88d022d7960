import numpy as np
import pytest

from lstmcast.evaluation.conformal import ascending, base_of, conformal_shift, windows_needed


@pytest.mark.parametrize(
    ("level", "given", "expected"),
    [
        (0.1, (0.1, 0.5, 0.9), 0),
        (0.025, (0.1, 0.5, 0.9), 0),
        (0.4, (0.1, 0.5, 0.9), 1),
        (0.6, (0.1, 0.5, 0.9), 1),
        (0.975, (0.1, 0.5, 0.9), 2),
        (0.5, (0.1, 0.5, 0.9), 1),
        (0.9, (0.1, 0.2), None),
        (0.9, (), None),
    ],
)
def test_a_level_starts_from_the_nearest_one_on_its_side_of_the_median(level, given, expected):
    assert base_of(level, given) == expected


def test_a_shift_is_the_conformal_rank_of_the_residuals():
    ordered = np.arange(1.0, 20)  # 19 of them, so the rank is 20 times the level
    assert conformal_shift(ordered, 0.9) == 18
    assert conformal_shift(ordered, 0.1) == 2
    assert conformal_shift(ordered, 0.95) == 19
    assert conformal_shift(ordered, 0.91) == 19
    assert conformal_shift(ordered, 0.5) == 10
    assert conformal_shift(ordered[:18], 0.5) == 9.5


def test_the_outermost_residual_stands_in_where_there_are_too_few():
    assert conformal_shift(np.array([-3.0, 0.0, 4.0]), 0.975) == 4
    assert conformal_shift(np.array([-3.0, 0.0, 4.0]), 0.025) == -3


@pytest.mark.parametrize(("level", "needed"), [(0.9, 9), (0.1, 9), (0.975, 39), (0.95, 19)])
def test_the_fewest_windows_are_those_that_a_rank_lies_among(level, needed):
    assert windows_needed(level) == needed
    # The smallest n with a conformal rank of at most n.
    outer = max(level, 1 - level)
    ranks = {n: int(np.ceil(round((n + 1) * outer, 9))) for n in (needed - 1, needed)}
    assert ranks[needed] <= needed and ranks[needed - 1] > needed - 1


def test_quantiles_are_put_in_order_around_a_median_that_stays():
    levels = (0.1, 0.4, 0.5, 0.9)
    crossed = np.array([[3.0, 1.0, 2.0, 0.0]])
    assert ascending(crossed, levels, keep_median=True).tolist() == [[1, 2, 2, 2]]
    assert ascending(crossed, levels, keep_median=False).tolist() == [[0, 1, 2, 3]]


def test_exchangeable_residuals_are_covered_within_a_point():
    rng = np.random.default_rng(0)
    residuals = rng.standard_t(3, size=(4000, 50)) + 0.3
    calibration, fresh = np.sort(residuals[:2000], axis=0), residuals[2000:]
    for share in (0.8, 0.95):
        lower, upper = (conformal_shift(calibration, (1 + s * share) / 2) for s in (-1, 1))
        covered = ((lower <= fresh) & (fresh <= upper)).mean()
        assert covered == pytest.approx(share, abs=0.01)
