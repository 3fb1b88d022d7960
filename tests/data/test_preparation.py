import json

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from lstmcast.config.loading import config_from_mapping
from lstmcast.data.cleaned import targets_to_score, unfilled
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import prepare
from lstmcast.errors import ConfigError, DataError
from lstmcast.experiment import shapes_of
from tests.builders import hourly_frame, panel_frame

TRANSFORMS = ("none", "log", "log1p", "box_cox", "yeo_johnson")


def config_of(*, data=None, **sections):
    values = {"path": None, "time": "time", "target": "y", **(data or {})}
    small = {"window": {"lookback": 3, "horizon": 2}}
    return config_from_mapping({"data": values, **small, **sections}).config


def dataset_of(frame, **settings):
    config = config_of(**settings)
    return build_dataset(config, load_panel(config, frame=frame))


def panel_settings(**data):
    return {"series": "id", "past_covariates": ["x"], **data}


def two_sizes():
    """Two series whose levels differ a hundredfold."""
    frame = panel_frame({"a": 40, "b": 60})
    frame["y"] = (frame["y"] + 10) * np.where(frame["id"] == "b", 100, 1)
    return frame


def test_scalers_are_those_of_scikit_learn_on_the_training_rows():
    frame = hourly_frame(100)
    data = dataset_of(
        frame, data={"past_covariates": ["x"]}, scaling={"features": "minmax", "target": "standard"}
    )
    target = StandardScaler().fit(frame[["y"]].to_numpy()[:70])
    feature = MinMaxScaler().fit(frame[["x"]].to_numpy()[:70])
    expected = np.concatenate(
        [target.transform(frame[["y"]].to_numpy()), feature.transform(frame[["x"]].to_numpy())], 1
    )
    np.testing.assert_allclose(data.prepared.arrays.past, expected, rtol=1e-5, atol=1e-6)


def test_each_series_is_scaled_by_its_own_training_rows():
    frame = two_sizes()
    data = dataset_of(
        frame,
        data=panel_settings(),
        scaling={"per": "series"},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    expected = [
        StandardScaler().fit(values[: len(values) // 2]).transform(values)
        for values in (part[["y"]].to_numpy() for _, part in frame.groupby("id"))
    ]
    np.testing.assert_allclose(
        data.prepared.arrays.targets, np.concatenate(expected), rtol=1e-5, atol=1e-5
    )


def test_a_series_never_seen_is_scaled_by_the_whole_panel():
    data = dataset_of(two_sizes(), data=panel_settings(), scaling={"per": "series"})
    preparation = data.preparation
    new = panel_frame({"c": 10})
    panel = load_panel(preparation.config, frame=new)
    train = data.splits.rows("train", data.panel.n_rows)
    scaler = StandardScaler().fit(data.panel.targets[train])
    found = prepare(panel, preparation).arrays.targets
    np.testing.assert_allclose(found, scaler.transform(new[["y"]].to_numpy()), rtol=1e-5)


def test_a_column_that_one_series_lacks_is_scaled_by_the_whole_panel():
    frame = panel_frame({"a": 60, "b": 60})
    frame.loc[frame["id"] == "b", "x"] = np.nan
    found = {
        strategy: dataset_of(
            frame, data=panel_settings(missing={"strategy": strategy}), scaling={"per": "series"}
        )
        for strategy in ("mean", "ffill")
    }
    cut = pd.Timestamp(found["mean"].splits.cuts[0, 0])
    training = frame["x"][frame["time"] < cut].dropna()
    assert found["mean"].preparation.means[:, 1] == pytest.approx(training.mean())
    assert found["mean"].prepared.observed.inputs.all()
    scale = found["ffill"].preparation.feature_scaler.scale[:, 0]
    assert scale == pytest.approx(training.std(ddof=0))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust", "none"])
def test_units_are_given_back_in_float64(transform, scaler):
    frame = two_sizes()
    frame["z"] = frame["y"] + 3
    data = dataset_of(
        frame,
        data=panel_settings(target=["y", "z"]),
        scaling={"target": scaler, "target_transform": transform, "per": "series"},
    )
    preparation, groups = data.preparation, data.prepared.groups
    # What prepare does, in float64: the network's own copy is float32.
    from lstmcast.data.scaling import transform_target

    rows = groups[data.panel.series_of_row]
    scaled = np.stack(
        [
            preparation.target_scaler.apply(
                transform_target(data.panel.targets[:, i], transform, exponent), rows, i
            )
            for i, exponent in enumerate(preparation.exponents)
        ],
        axis=1,
    )
    units = preparation.to_units(scaled[:, None], rows)
    assert units.dtype == np.float64
    np.testing.assert_allclose(units[:, 0], data.panel.targets, rtol=1e-9)
    levels = preparation.to_units(np.stack([scaled, scaled], axis=-1)[:, None], rows)
    np.testing.assert_allclose(levels[:, 0, :, 1], data.panel.targets, rtol=1e-9)
    np.testing.assert_allclose(data.prepared.arrays.targets, scaled, rtol=1e-5, atol=1e-6)


def everything(frame):
    """A dataset with every fitted part."""
    return dataset_of(
        frame,
        data={
            "series": "id",
            "past_covariates": [{"column": "x", "available_after": "2d"}, "word"],
            "future_covariates": ["known", "kind"],
            "static_covariates": ["size", "town"],
            "missing": {"strategy": "interpolate", "indicator": True},
            "outliers": {"method": "iqr", "action": "mask"},
        },
        features={"calendar": ["dayofweek"], "lags": {"y": [1]}, "interactions": [["x", "y"]]},
        scaling={"per": "series", "target_transform": "yeo_johnson"},
    )


@pytest.fixture
def rich_frame():
    rng = np.random.default_rng(3)
    frame = panel_frame({"a": 60, "b": 80})
    frame.loc[[7, 8, 70, 71, 72], "x"] = np.nan
    frame["known"] = rng.normal(size=len(frame))
    frame["word"] = rng.choice(["p", "q"], size=len(frame))
    frame["kind"] = rng.choice(["r", "s"], size=len(frame))
    frame["size"] = np.where(frame["id"] == "a", 1.5, 7.0)
    frame["town"] = np.where(frame["id"] == "a", "Oslo", "Rome")
    return frame


def test_a_preparation_that_was_kept_as_json_prepares_the_same(rich_frame):
    data = everything(rich_frame)
    text = json.dumps(data.preparation.to_json(), allow_nan=False)
    again = Preparation.from_json(json.loads(text), data.preparation.config)
    first, second = prepare(data.panel, data.preparation), prepare(data.panel, again)
    for name, array in vars(first.arrays).items():
        assert np.array_equal(array, getattr(second.arrays, name)), name
    assert np.array_equal(first.actual, second.actual, equal_nan=True)
    assert np.array_equal(first.groups, second.groups)
    for name in ("inputs", "ahead", "targets"):
        assert np.array_equal(getattr(first.observed, name), getattr(second.observed, name))
        assert np.array_equal(getattr(first.trainable, name), getattr(second.trainable, name))
    assert again.to_json() == data.preparation.to_json()


def test_inputs_come_in_their_fixed_order(rich_frame):
    names = [feature.name for feature in everything(rich_frame).preparation.features]
    # Masked outliers are gaps too.
    assert [name for name in names if name.endswith(".missing")][-2:] == [
        "x.missing",
        "known.missing",
    ]
    assert [name for name in names if not name.endswith(".missing")] == [
        "x",
        "known",
        "y.lag1",
        "x*y",
        "dayofweek.sin",
        "dayofweek.cos",
        "word=p",
        "word=q",
        "kind=r",
        "kind=s",
    ]


def test_history_counts_lookback_delay_and_warm_up(rich_frame):
    assert everything(rich_frame).preparation.history == 3 + 2 + 1


def test_a_category_never_seen_in_training_is_unknown(rich_frame):
    rich_frame.loc[rich_frame["id"] == "b", "town"] = "Rome"
    data = everything(rich_frame)
    new = rich_frame.assign(kind="never", town="Paris")
    panel = load_panel(data.preparation.config, frame=new)
    prepared = prepare(panel, data.preparation)
    names = [feature.name for feature in data.preparation.features]
    kinds = [1 + names.index("kind=r"), 1 + names.index("kind=s")]
    assert not prepared.arrays.past[:, kinds].any()
    assert not prepared.arrays.static[:, 1:].any()
    # Known columns are as they were.
    word = 1 + names.index("word=p")
    assert np.array_equal(prepared.arrays.past[:, word], data.prepared.arrays.past[:, word])


def test_embedded_categories_have_id_zero_where_they_are_unknown():
    frame = panel_frame({"a": 40})
    frame["kind"] = np.where(frame.index < 38, np.array(["r", "s"])[frame.index % 2], "never")
    data = dataset_of(
        frame,
        data={"future_covariates": ["kind"]},
        features={"categories": {"encoding": "embedding"}},
    )
    codes = data.prepared.arrays.future_codes[:, 0]
    assert codes[:4].tolist() == [1, 2, 1, 2]
    assert codes[38:].tolist() == [0, 0]
    assert np.array_equal(data.prepared.arrays.past_codes[:, 0], codes)
    assert data.prepared.arrays.past.shape[1] == 1


def test_late_columns_are_shifted_with_their_indicator(rich_frame):
    data = everything(rich_frame)
    names = [feature.name for feature in data.preparation.features]
    flag = data.prepared.arrays.past[:, 1 + names.index("x.missing")]
    assert np.flatnonzero(flag).tolist()[:2] == [9, 10]
    assert set(np.flatnonzero(flag)) >= {9, 10, 72, 73, 74}


def test_a_filled_target_is_an_input_but_never_a_target():
    frame = hourly_frame(60)
    frame.loc[20, "y"] = np.nan
    data = dataset_of(frame, data={"missing": {"strategy": "ffill"}})
    assert data.prepared.observed.inputs[20]
    assert not data.prepared.observed.targets[20]
    assert np.isnan(data.prepared.actual[20, 0])


def test_a_target_filled_with_zero_counts_as_observed():
    frame = hourly_frame(60)
    frame.loc[20, "y"] = np.nan
    data = dataset_of(frame, data={"missing": {"strategy": "zero"}})
    assert data.prepared.observed.targets[20]
    assert data.prepared.actual[20, 0] == 0


def test_a_masked_outlier_is_scored_but_not_trained_on():
    frame = hourly_frame(60)
    frame.loc[20, "y"] = 1000.0
    data = dataset_of(
        frame,
        data={
            "missing": {"strategy": "ffill"},
            "outliers": {"method": "iqr", "action": "mask"},
        },
    )
    assert data.prepared.observed.targets[20]
    assert data.prepared.actual[20, 0] == 1000
    assert not data.prepared.trainable.targets[20]
    assert data.prepared.arrays.past[20, 0] == data.prepared.arrays.past[19, 0]


def test_series_have_an_id_of_their_own_and_new_ones_that_of_unknown():
    frame = panel_frame({"a": 40, "b": 40, "late": 9})
    frame.loc[frame["id"] == "late", "time"] += pd.Timedelta(days=31)  # after the training rows
    data = dataset_of(
        frame.assign(town="Rome"),
        data={"series": "id", "static_covariates": ["town"]},
        features={"series_embedding": True},
    )
    assert data.preparation.vocabularies["id"] == ("a", "b")
    assert data.prepared.arrays.static_codes.tolist() == [[1], [2], [0]]
    assert data.prepared.arrays.static.tolist() == [[1], [1], [1]]  # the town, in one-hot form
    assert shapes_of(data.preparation).static_levels == (3,)
    alone = load_panel(data.preparation.config, frame=frame[frame["id"] == "b"].assign(town="Oslo"))
    assert prepare(alone, data.preparation).arrays.static_codes.tolist() == [[2]]


def test_embedding_series_needs_a_column_of_them():
    with pytest.raises(ConfigError, match=r"features\.series_embedding: .* without data\.series"):
        config_of(features={"series_embedding": True})


def test_the_calendar_as_categories_is_embedded_over_the_horizon_too():
    frame = pd.DataFrame(
        {"time": pd.date_range("2024-01-01", periods=40, freq="D"), "y": np.arange(40.0)}
    )
    dataset = dataset_of(
        frame,
        features={
            "calendar": ["dayofweek", "month"],
            "calendar_encoding": "category",
            "categories": {"encoding": "embedding"},
        },
    )
    arrays = dataset.prepared.arrays
    # 28 training rows: January alone; February is unknown. 1 January 2024 was a Monday.
    assert dataset.preparation.vocabularies["calendar.month"] == ("1",)
    assert arrays.past_codes[[0, 6, 7, 31]].tolist() == [[1, 1], [7, 1], [1, 1], [4, 0]]
    np.testing.assert_array_equal(arrays.past_codes, arrays.future_codes)
    assert shapes_of(dataset.preparation).future_levels == (8, 2)
    assert arrays.future.shape[1] == 0


@pytest.mark.parametrize("role", ["past_covariates", "future_covariates"])
def test_drop_leaves_out_windows_over_a_missing_category(role):
    frame = hourly_frame(60).assign(word="p")
    frame.loc[20, "word"] = None
    data = dataset_of(frame, data={role: ["word"], "missing": {"strategy": "drop"}})
    assert np.flatnonzero(~data.prepared.observed.inputs).tolist() == [20]
    ahead = [20] if role == "future_covariates" else []
    assert np.flatnonzero(~data.prepared.observed.ahead).tolist() == ahead


def test_what_the_strategy_does_not_fill_is_told():
    frame = hourly_frame(60)
    frame.loc[[0, 30, 31], "x"] = np.nan
    data = dataset_of(
        frame, data={"past_covariates": ["x"], "missing": {"strategy": "ffill", "limit": 1}}
    )
    assert np.argwhere(unfilled(data.panel, data.preparation)).tolist() == [[0, 1], [31, 1]]


def test_a_target_outside_the_domain_of_its_transform_is_named():
    frame = hourly_frame(60)
    frame["y"] = np.abs(frame["y"]) + 1
    frame.loc[45, "y"] = 0.0
    message = r"column 'y', value 0.0: at 2024-01-02 21:00: .* above 0. Set it to yeo_johnson"
    with pytest.raises(DataError, match=message):
        dataset_of(frame, scaling={"target_transform": "log"})


@pytest.mark.parametrize("value", [-1.0, 2.5])
def test_a_target_that_is_no_count_is_named(value):
    frame = hourly_frame(60)
    frame["y"] = np.arange(60) % 5
    settings = {"output": {"type": "negative_binomial"}, "scaling": {"target": "none"}}
    assert dataset_of(frame, **settings).panel.n_rows == 60
    frame["y"] = frame["y"].astype(float)
    frame.loc[45, "y"] = value
    message = rf"column 'y', value {value}: at 2024-01-02 21:00: .* only whole numbers from 0 on"
    with pytest.raises(DataError, match=message):
        dataset_of(frame, **settings)


def test_a_feature_beyond_the_range_of_numbers_is_named():
    frame = hourly_frame(60)
    frame.loc[7, "x"] = 1e30
    settings = {"past_covariates": ["x"]}
    with pytest.raises(DataError, match=r"column 'x\^2': the value at 2024-01-01 07:00 is too"):
        dataset_of(frame, data=settings, features={"polynomials": {"x": 2}})
    frame.loc[7, "y"] = 1e200
    with pytest.raises(DataError, match=r"column 'y', value 1e\+200: the value at 2024-01-01 07"):
        dataset_of(frame)
    frame.loc[7, ["y", "x"]] = 1.0, 1e39
    with pytest.raises(DataError, match=r"column 'x', value 1e\+39: the value at 2024-01-01 07"):
        dataset_of(frame, data=settings, scaling={"features": "none"})


@pytest.mark.parametrize("outliers", [{}, {"method": "iqr"}, {"method": "hampel"}])
def test_a_target_too_large_to_be_measured_is_named_whatever_becomes_of_outliers(
    outliers, recwarn: pytest.WarningsRecorder
):
    frame = hourly_frame(60)
    frame.loc[[6, 7], "y"] = 1e308
    message = r"column 'y', value 1e\+308: the value at 2024-01-01 06:00 is too large"
    with pytest.raises(DataError, match=message):
        dataset_of(frame, data={"outliers": outliers})
    assert not recwarn.list


def test_missing_values_are_refused_where_no_strategy_is_named():
    frame = hourly_frame(60)
    frame.loc[7, "y"] = np.nan
    with pytest.raises(DataError, match="missing value at 2024-01-01 07:00"):
        dataset_of(frame)


@pytest.mark.parametrize("missing", [{"strategy": "zero", "limit": 1}, {"strategy": "ffill"}])
def test_what_is_scored_depends_on_nothing_that_is_fitted(missing):
    frame = hourly_frame(60)
    frame.loc[[5, 20, 21, 22, 36], "y"] = np.nan
    dataset = dataset_of(frame, data={"missing": missing})
    config = dataset.preparation.config
    found = targets_to_score(dataset.panel, dataset.preparation.cuts, config)
    np.testing.assert_array_equal(found, dataset.prepared.actual)
