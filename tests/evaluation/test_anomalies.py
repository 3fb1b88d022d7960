import numpy as np
import pytest
from scipy import stats

from lstmcast.evaluation.anomalies import (
    Judged,
    anomaly_verdict,
    conformity,
    expected_alarms,
    largest_rank,
    ranks,
    sparing,
    surplus_p_value,
    threshold,
)


def test_conformity_is_the_distance_outside_and_negative_inside():
    found = conformity(np.array([0.0, 3.0, 6.5]), np.array([1.0, 1.0, 1.0]), np.full(3, 5.0))
    assert found.tolist() == [1.0, -2.0, 1.5]
    point = np.array([2.0])
    assert conformity(np.array([5.0]), point, point).tolist() == [3.0]


def test_a_rank_counts_the_validation_scores_that_are_as_large():
    ordered = np.array([1.0, 2.0, 2.0, 4.0])
    found = ranks(np.array([5.0, 4.0, 2.0, 1.5, 0.0, np.nan]), ordered)
    assert found.tolist() == [1, 2, 4, 4, 5, 5]


@pytest.mark.parametrize(("n", "rate", "rank"), [(99, 0.01, 1), (98, 0.01, 0), (9, 0.3, 3)])
def test_the_largest_rank_of_an_anomaly_is_a_share_of_one_more_than_the_scores(n, rate, rank):
    assert largest_rank(n, rate) == rank


def test_a_score_is_an_anomaly_above_the_threshold_and_only_there():
    ordered = np.sort(np.random.default_rng(0).normal(size=49))
    for rate in (0.02, 0.1, 0.5):
        limit = threshold(ordered, rate)
        scores = np.concatenate([ordered, ordered + 1e-9])
        flagged = ranks(scores, ordered) <= largest_rank(49, rate)
        assert np.array_equal(flagged, scores > limit)


def test_no_more_flags_are_kept_than_so_many_among_so_many_rows():
    rows = np.array([0, 1, 2, 3, 6, 7, 8, 20])
    flags = np.array([True, True, True, False, True, True, True, True])
    kept = sparing(flags, rows, most=2, among=6)
    # 2 comes too soon after 0 and 1; from 6 on 0 is no longer among the last six rows.
    assert rows[kept].tolist() == [0, 1, 6, 7, 20]


@pytest.mark.parametrize("n_alarms", [0, 1, 7, 40])
def test_the_count_is_beta_binomial_where_all_share_their_scores(n_alarms):
    judged = [Judged(n_points=300, n_scores=149, rate=0.02)]
    expected = stats.betabinom.sf(n_alarms - 1, 300, 3, 147)
    assert surplus_p_value(n_alarms, judged) == pytest.approx(expected, rel=1e-9)
    assert expected_alarms(judged) == pytest.approx(6)


def test_the_count_is_binomial_where_validation_has_no_end():
    judged = [Judged(n_points=1000, n_scores=10**12 - 1, rate=0.01)]
    expected = stats.binom.sf(19, 1000, 0.01)
    assert surplus_p_value(20, judged) == pytest.approx(expected, rel=1e-4)


def test_the_count_over_groups_has_the_spread_of_their_sum():
    judged = [Judged(200, 99, 0.05), Judged(100, 49, 0.05)]
    rng = np.random.default_rng(0)
    shares = [rng.beta(k, n + 1 - k, 200_000) for k, n in ((5, 99), (2, 49))]
    counts = rng.binomial(200, shares[0]) + rng.binomial(100, shares[1])
    for n_alarms in (10, 20, 30):
        found = surplus_p_value(n_alarms, judged)
        assert found == pytest.approx((counts >= n_alarms).mean(), abs=0.005)


def test_one_point_alone_is_an_alarm_with_the_rate():
    assert surplus_p_value(1, [Judged(1, 99, 0.05)]) == pytest.approx(0.05)


def test_the_verdict_tells_what_was_found_and_what_was_to_be_expected():
    judged = [Judged(3200, 399, 0.01)]
    text = anomaly_verdict(12, judged, rate=0.01)
    assert text.startswith(
        "12 of 3,200 points lie outside their intervals (0.38 %); 32 were to be expected at a "
        "rate of 1 %."
    )
    assert "no more than chance brings" in text
    assert "more than chance brings" in anomaly_verdict(400, judged, rate=0.01)
    few = anomaly_verdict(1, [Judged(100, 149, 0.01)], rate=0.01)
    assert "1 of 100 points lies outside its interval (1 %); 0.7 were" in few
    assert "0.67 %, the nearest below 1 % that the validation windows give" in few
