import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Missing, Outliers
from lstmcast.data.cleaning import (
    Rows,
    check_complete,
    fill_missing,
    filled_from,
    outlier_bounds,
    shift_rows,
    treat_outliers,
)
from lstmcast.data.dataset import load_panel
from lstmcast.errors import DataError
from tests.builders import panel_frame

NAN = np.nan
CAUSAL = ("ffill", "seasonal", "mean", "zero", "drop")


def rows_of(*lengths, season_length=3, sides=None):
    first = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    side = np.zeros(sum(lengths), dtype=np.int64) if sides is None else np.array(sides)
    return Rows(first=first, side=side, season_length=season_length)


def filled(values, strategy, rows=None, *, limit=None, mean=0.0):
    column = np.array(values, dtype=np.float64)[:, None]
    rows = rows or rows_of(len(column))
    means = np.array([[mean]])
    return fill_missing(column, rows, Missing(strategy=strategy, limit=limit), means=means)[:, 0]


def same(found, expected):
    return np.array_equal(found, np.array(expected, dtype=np.float64), equal_nan=True)


def test_ffill_takes_the_last_value_and_leaves_the_start_missing():
    assert same(filled([NAN, 1, NAN, NAN, 4], "ffill"), [NAN, 1, 1, 1, 4])


def test_seasonal_takes_whole_seasons_back_and_else_the_last_value():
    values = [1, 2, 3, NAN, NAN, 6, NAN, NAN, NAN, NAN]
    assert same(filled(values, "seasonal"), [1, 2, 3, 1, 2, 6, 1, 2, 6, 1])
    assert same(filled([1, NAN, 3], "seasonal"), [1, 1, 3])


def test_a_season_is_counted_in_each_series():
    rows = rows_of(4, 4)
    values = [1, 2, 3, NAN, NAN, 5, 6, NAN]
    assert same(filled(values, "seasonal", rows), [1, 2, 3, 1, NAN, 5, 6, 6])


def test_interpolate_draws_a_line_between_neighbours_and_ffills_an_open_end():
    assert same(filled([NAN, 1, NAN, NAN, 4, NAN], "interpolate"), [NAN, 1, 2, 3, 4, 4])


def test_interpolate_does_not_bridge_a_cut():
    rows = rows_of(5, sides=[0, 0, 0, 1, 1])
    assert same(filled([1, NAN, NAN, NAN, 5], "interpolate", rows), [1, 1, 1, 1, 5])
    rows = rows_of(5, sides=[0, 1, 1, 1, 1])
    assert same(filled([1, 2, NAN, NAN, 5], "interpolate", rows), [1, 2, 3, 4, 5])


def test_interpolate_does_not_bridge_series():
    assert same(filled([1, NAN, NAN, 4], "interpolate", rows_of(2, 2)), [1, 1, NAN, 4])


@pytest.mark.parametrize(("strategy", "value"), [("mean", 7.0), ("zero", 0.0)])
def test_constants_fill_everything(strategy, value):
    assert same(filled([NAN, 1, NAN], strategy, mean=7.0), [value, 1, value])


@pytest.mark.parametrize("strategy", ["error", "drop"])
def test_strategies_that_fill_nothing_leave_the_values(strategy):
    assert same(filled([NAN, 1, NAN], strategy), [NAN, 1, NAN])


@pytest.mark.parametrize("strategy", ["ffill", "interpolate", "mean", "zero"])
def test_no_more_than_the_limit_is_filled(strategy):
    found = filled([NAN, NAN, 3, NAN, NAN, NAN, 3], strategy, limit=2, mean=3)
    assert np.isnan(found).tolist()[2:] == [False, False, False, True, False]
    assert np.isnan(found).tolist()[:2] == [strategy in ("ffill", "interpolate")] * 2


def test_a_limit_counts_in_each_series():
    found = filled([1, NAN, NAN, NAN, 2], "zero", rows_of(2, 3), limit=1)
    assert same(found, [1, 0, 0, NAN, 2])


@st.composite
def holes(draw):
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    number = st.one_of(st.just(NAN), st.integers(-5, 5).map(float))
    values = draw(st.lists(number, min_size=sum(lengths), max_size=sum(lengths)))
    others = draw(st.lists(number, min_size=sum(lengths), max_size=sum(lengths)))
    return (
        rows_of(*lengths, season_length=draw(st.integers(1, 5))),
        np.array(values)[:, None],
        np.array(others)[:, None],
        Missing(
            strategy=draw(st.sampled_from(CAUSAL)),
            limit=draw(st.one_of(st.none(), st.integers(1, 3))),
        ),
        draw(st.integers(0, sum(lengths) - 1)),
    )


@settings(max_examples=60, deadline=None)
@given(holes())
def test_every_strategy_but_interpolate_is_causal_and_stays_inside_its_series(drawn):
    rows, values, others, missing, origin = drawn
    means = np.array([[0.5]])
    # Everything after the origin, and all other series, hold other values.
    mine = rows.first == rows.first[origin]
    mine &= np.arange(len(values)) <= origin
    changed = np.where(mine[:, None], values, others)
    before = fill_missing(values, rows, missing, means=means)[mine]
    after = fill_missing(changed, rows, missing, means=means)[mine]
    assert np.array_equal(before, after, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(holes())
def test_a_row_is_filled_alike_from_what_filled_from_says_is_read(drawn):
    rows, values, _, missing, origin = drawn
    means = np.array([[0.5]])
    begin = filled_from(values, rows, missing)[origin]
    assert rows.first[origin] <= begin <= origin
    # The season is counted from a row that is any number of rows before: only distances matter.
    part = Rows(np.zeros(origin + 1 - begin, dtype=np.int64), rows.side[begin : origin + 1], 0)
    part = Rows(part.first, part.side, rows.season_length)
    whole = fill_missing(values, rows, missing, means=means)[origin]
    short = fill_missing(values[begin : origin + 1], part, missing, means=means)[-1]
    assert np.array_equal(whole, short, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(holes())
def test_filling_equals_a_naive_loop(drawn):
    rows, values, _, missing, _ = drawn
    means = np.array([[0.5]])
    found = fill_missing(values, rows, missing, means=means)[:, 0]
    expected = [naive_fill(values[:, 0], rows, missing, row) for row in range(len(values))]
    assert same(found, expected)


def naive_fill(values, rows, missing, row):
    if not np.isnan(values[row]):
        return values[row]
    past = range(row - 1, rows.first[row] - 1, -1)
    known = [i for i in past if not np.isnan(values[i])]
    run = row - (known[0] if known else rows.first[row] - 1)
    if missing.strategy == "drop" or (missing.limit is not None and run > missing.limit):
        return NAN
    if missing.strategy in ("mean", "zero"):
        return 0.5 if missing.strategy == "mean" else 0.0
    seasons = [i for i in known if (row - i) % rows.season_length == 0]
    if missing.strategy == "seasonal" and seasons:
        return values[seasons[0]]
    return values[known[0]] if known else NAN


@settings(max_examples=60, deadline=None)
@given(holes(), st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_interpolate_reads_nothing_beyond_the_next_cut(drawn, steps):
    rows, values, others, _, origin = drawn
    side = np.minimum.reduce([np.cumsum(steps)[: len(values)] // 4, np.full(len(values), 3)])
    rows = Rows(rows.first, side, rows.season_length)
    missing = Missing(strategy="interpolate")
    later = (side > side[origin]) | (rows.first != rows.first[origin])
    changed = np.where(later[:, None], others, values)
    before = fill_missing(values, rows, missing, means=np.zeros((1, 1)))[~later]
    after = fill_missing(changed, rows, missing, means=np.zeros((1, 1)))[~later]
    assert np.array_equal(before, after, equal_nan=True)


def test_rows_are_shifted_inside_their_series():
    rows = rows_of(3, 2)
    assert same(shift_rows(np.arange(5.0), rows, 1), [NAN, 0, 1, NAN, 3])
    codes = shift_rows(np.arange(5, dtype=np.int32), rows, 2)
    assert codes.tolist() == [-1, -1, 0, -1, -1]
    assert codes.dtype == np.int32
    assert same(shift_rows(np.arange(5.0), rows, 9), [NAN] * 5)


def test_quartile_bounds_are_those_of_tukey():
    values = np.array([[1.0], [2.0], [3.0], [4.0], [NAN]])
    low, high = outlier_bounds(values, Outliers(method="iqr"))
    quartiles = pd.Series(values[:, 0]).quantile([0.25, 0.75]).to_numpy()
    spread = quartiles[1] - quartiles[0]
    assert low[0] == pytest.approx(quartiles[0] - 1.5 * spread)
    assert high[0] == pytest.approx(quartiles[1] + 1.5 * spread)


def test_hampel_bounds_are_three_scaled_deviations_from_the_median():
    low, high = outlier_bounds(
        np.array([[0.0], [1.0], [2.0], [3.0], [100.0]]), Outliers(method="hampel")
    )
    # Median 2, absolute deviations 2 1 0 1 98, their median 1.
    assert (low[0], high[0]) == (pytest.approx(2 - 3 * 1.4826), pytest.approx(2 + 3 * 1.4826))


@pytest.mark.parametrize("method", ["iqr", "hampel"])
def test_columns_without_spread_or_values_have_no_outlier(method):
    values = np.array([[0.0, NAN], [0.0, NAN], [0.0, NAN], [0.0, NAN], [1.0, NAN]])
    bounds = outlier_bounds(values, Outliers(method=method))
    assert np.isneginf(bounds[0]).all()
    assert np.isposinf(bounds[1]).all()
    assert np.isinf(outlier_bounds(values[:0], Outliers(method=method))).all()


def test_outliers_are_clipped_or_masked():
    values = np.array([[-9.0], [0.5], [9.0], [NAN]])
    bounds = np.array([[[0.0], [1.0]]])
    clipped = treat_outliers(values, bounds, Outliers(method="iqr"))
    assert same(clipped[:, 0], [0, 0.5, 1, NAN])
    masked = treat_outliers(values, bounds, Outliers(method="iqr", action="mask"))
    assert same(masked[:, 0], [NAN, 0.5, NAN, NAN])
    assert treat_outliers(values, bounds, Outliers()) is values


def panel_with_holes(holes, **data):
    frame = panel_frame({"a": 4, "b": 4})
    for row, column in holes:
        frame.loc[row, column] = NAN
    values = {"path": None, "time": "time", "series": "id", "target": "y"}
    config = config_from_mapping({"data": {**values, "past_covariates": ["x"], **data}}).config
    return load_panel(config, frame=frame)


def test_the_first_missing_value_is_named_with_the_number_in_each_column():
    panel = panel_with_holes([(5, "x"), (6, "x"), (6, "y")])
    message = r"column 'x': missing value at 2024-01-02 of series 'b' \(missing in all: y 1, x 2"
    with pytest.raises(DataError, match=message):
        check_complete(panel)


def test_a_complete_panel_passes():
    panel = panel_with_holes([])
    assert not np.isnan(panel.values).any()
    check_complete(panel)


def test_a_late_column_may_lack_the_values_that_are_still_to_come():
    late = [{"column": "x", "available_after": "2d"}]
    check_complete(panel_with_holes([(2, "x"), (3, "x"), (6, "x"), (7, "x")], past_covariates=late))
    with pytest.raises(DataError, match="2024-01-02 of series 'a'"):
        check_complete(panel_with_holes([(1, "x"), (3, "x")], past_covariates=late))
