from dataclasses import replace

import numpy as np
import pytest

from lstmcast.evaluation.adaptive import Rule, Stream, begin, follow, moves_of

LEVELS = (0.1, 0.9)
DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
START = np.datetime64("2024-01-01", "us")


def stream_of(values, *, horizon=3, lead=0, after=0, until=None):
    """Windows on one series from which nothing but the values is forecast: the base is 0."""
    until = len(values) if until is None else until
    origins = np.arange(len(values))
    targets = origins[:, None] + lead + 1 + np.arange(horizon)
    known = (targets < until) & (origins[:, None] < until)
    actual = np.where(known, values[np.minimum(targets, len(values) - 1)], np.nan)[..., None]
    read = origins < until
    return Stream(
        clock=START + DAY * np.arange(after, until),
        origins=START + DAY * origins[read],
        targets=START + DAY * targets[read],
        base=np.zeros((read.sum(), horizon, 1, len(LEVELS))),
        actual=actual[read],
    )


def rule_of(*, horizon=3, lead=0, rate=0.4):
    size = np.ones((horizon, 1))
    return Rule(LEVELS, False, moves_of(rate, size, lead=lead), reach=lead + horizon)


def first(horizon=3):
    return begin(START - DAY, np.broadcast_to([-1.0, 1.0], (horizon, 1, 2)).copy())


def plain(values, *, horizon, lead, rate):
    """What every origin is given, by a loop over times and steps."""
    n = len(values)
    shifts = np.broadcast_to([-1.0, 1.0], (horizon, 2)).copy()
    issued = np.empty((n, horizon, 2))
    for now in range(n):
        for step in range(horizon):
            origin = now - lead - 1 - step
            if origin >= 0:
                move = min(rate, 1 / (lead + 1 + step))
                below = values[now] <= issued[origin, step]
                shifts[step] += move * (np.array(LEVELS) - below)
        issued[now] = np.sort(shifts, axis=-1)
    return issued


@pytest.mark.parametrize("lead", [0, 2])
def test_each_step_learns_what_was_given_out_when_its_actual_value_is_known(lead):
    values = np.random.default_rng(0).normal(size=80) * 2
    _, issued = follow(first(), stream_of(values, lead=lead), rule_of(lead=lead))
    expected = plain(values, horizon=3, lead=lead, rate=0.4)
    assert issued[:, :, 0] == pytest.approx(expected)


def test_nothing_that_is_given_out_knows_a_later_value():
    values = np.random.default_rng(1).normal(size=60)
    _, issued = follow(first(), stream_of(values), rule_of())
    changed = np.where(np.arange(60) > 30, 100.0, values)
    _, again = follow(first(), stream_of(changed), rule_of())
    assert np.array_equal(issued[:31], again[:31])
    assert not np.array_equal(issued[31:], again[31:])


@pytest.mark.parametrize("cut", [1, 2, 25, 59])
def test_learning_in_two_portions_is_learning_at_once(cut):
    values = np.random.default_rng(2).normal(size=60)
    at_once, _ = follow(first(), stream_of(values, lead=1), rule_of(lead=1))
    half, _ = follow(first(), stream_of(values, lead=1, until=cut), rule_of(lead=1))
    whole, _ = follow(half, stream_of(values, lead=1, after=cut), rule_of(lead=1))
    assert np.array_equal(whole.shifts, at_once.shifts)
    assert np.array_equal(whole.times, at_once.times)
    assert np.array_equal(whole.past, at_once.past)
    assert whole.time == at_once.time


def test_the_same_values_again_teach_nothing():
    values = np.random.default_rng(3).normal(size=40)
    once, _ = follow(first(), stream_of(values), rule_of())
    again, _ = follow(once, stream_of(values, after=40), rule_of())
    assert np.array_equal(once.shifts, again.shifts)
    assert once.time == again.time


def test_origins_of_which_nothing_is_remembered_teach_nothing():
    values = np.random.default_rng(4).normal(size=40)
    once, _ = follow(first(), stream_of(values, until=30), rule_of())
    _, issued = follow(once, stream_of(values, after=30), rule_of())
    assert np.isnan(issued[:27]).all()
    assert not np.isnan(issued[27:]).any()


def test_the_long_run_coverage_holds_where_the_errors_grow():
    rng = np.random.default_rng(5)
    values = rng.normal(size=6000) * np.linspace(0.5, 4, 6000)
    stream = stream_of(values)
    _, issued = follow(first(), stream, rule_of(rate=0.05))
    covered = (issued[..., 0] <= stream.actual) & (stream.actual <= issued[..., 1])
    by_step = covered[:-3].mean(axis=(0, 2))
    # Off by what both ends had to move in all, 2 · 4.5, of the rate times the number of values.
    assert by_step == pytest.approx(0.8, abs=2 * 4.5 / (0.05 * 6000))


def test_series_that_share_a_quantile_move_it_by_their_mean():
    values = np.array([0.0, 5.0])
    one = stream_of(values, horizon=1)
    other = stream_of(-values, horizon=1)
    both = Stream(
        one.clock,
        *(
            np.concatenate([getattr(one, name), getattr(other, name)])
            for name in ("origins", "targets", "base", "actual")
        ),
    )
    track, _ = follow(first(1), both, rule_of(horizon=1))
    # Above both ends by one series, below both by the other: the mean of their moves.
    assert track.shifts[0, 0] == pytest.approx([-1 + 0.4 * (0.1 - 0.5), 1 + 0.4 * (0.9 - 0.5)])


def test_a_median_that_is_kept_learns_nothing():
    values = np.full(30, 4.0)
    plain = stream_of(values)
    stream = replace(plain, base=np.zeros((*plain.base.shape[:-1], 3)))
    begun = begin(START - DAY, np.broadcast_to([-1.0, 0.0, 1.0], (3, 1, 3)).copy())
    rule = Rule((0.1, 0.5, 0.9), True, moves_of(0.4, np.ones((3, 1)), lead=0), reach=3)
    track, issued = follow(begun, stream, rule)
    assert (issued[..., 1] == 0).all()
    assert (track.shifts[..., 1] == 0).all()
    assert (track.shifts[..., 2] > 1).all()
    moved, _ = follow(begun, stream, replace(rule, keep_median=False))
    assert (moved.shifts[..., 1] > 0).all()


def test_steps_that_hear_late_move_little():
    moves = moves_of(0.1, np.full((20, 1), 2.0), lead=0)
    assert moves[0] == pytest.approx(0.2)
    assert moves[19] == pytest.approx(2 / 20)
