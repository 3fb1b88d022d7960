"""Everything that is fitted on training rows, in one frozen value, kept as `preparation.json`.

`data.fitting` makes it from training rows; `data.preparing` applies it to any panel, in training,
evaluation and prediction alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.class_checks import direction_classes
from lstmcast.config.schema import ClassesOutput, Config
from lstmcast.data.features import Feature, warm_up
from lstmcast.data.grouping import Grouping
from lstmcast.data.holidays import HolidayDates
from lstmcast.data.panel import FloatArray, Schema
from lstmcast.data.preparation_form import check_values
from lstmcast.data.scaling import inverse_transform, transform_target


@dataclass(frozen=True)
class Cuts:
    """The times that `missing.strategy: interpolate` must not bridge.

    Attributes:
        series: Ids of the series, in the order of `times`.
        times: datetime64[us], `(n_series, 3)`.
    """

    series: tuple[str, ...]
    times: NDArray[np.datetime64]


@dataclass(frozen=True)
class Scaler:
    """An affine scaling of some columns, for each group: `(value - centre) / scale`.

    Attributes:
        centre: float64, `(n_groups, n_columns)`.
        scale: float64, `(n_groups, n_columns)`, never 0.
    """

    centre: FloatArray
    scale: FloatArray

    def apply(self, values: FloatArray, groups: NDArray[np.int64], column: int) -> FloatArray:
        """Scale one column, float64 `(n_rows,)`, each row by its group's numbers."""
        centre, scale = self.centre[groups, column], self.scale[groups, column]
        return np.asarray((values - centre) / scale, dtype=np.float64)


@dataclass(frozen=True)
class Preparation:
    """What was fitted on training rows, and the config and schema that it was fitted for.

    `G` is the number of groups of statistics: one, or one for each series and one for the panel.

    Attributes:
        config: The experiment; kept beside, not inside, `preparation.json`.
        schema: Columns and frequency of the training data.
        grouping: Which series have statistics of their own.
        cuts: What `interpolate` must not bridge.
        bounds: float64, `(G, 2, n_numbers)`, beyond which a value is an outlier.
        means: float64, `(G, n_numbers)`, for `missing.strategy: mean`.
        indicators: Number columns that had gaps in training rows and get a missing-indicator.
        vocabularies: Levels of each category column that occurred in training rows.
        exponents: Of the power transform of each target; None for other transforms.
        target_scaler: Of the (transformed) targets.
        features: The input columns after the targets, in order.
        feature_scaler: Of `features`; 0 and 1 for those that are not scaled.
        static_scaler: Of the static numbers, one group.
        trained: Ids of the series that have training windows; with `model.scope: each` those with a
            network, in the order of the networks.
        holidays: Those of `features.holidays`, looked up in training; None without them.
    """

    config: Config
    schema: Schema
    grouping: Grouping
    cuts: Cuts
    bounds: FloatArray
    means: FloatArray
    indicators: tuple[str, ...]
    vocabularies: dict[str, tuple[str, ...]]
    exponents: tuple[float | None, ...]
    target_scaler: Scaler
    features: tuple[Feature, ...]
    feature_scaler: Scaler
    static_scaler: Scaler
    trained: tuple[str, ...]
    holidays: HolidayDates | None = None

    @property
    def history(self) -> int:
        """Rows of a series that one forecast needs: lookback, late columns, warm-up of features."""
        lookback = self.config.window.lookback
        delay = max((column.delay for column in self.schema.columns), default=0)
        return lookback + delay + warm_up(self.config.features, reach=lookback)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that are learned, in the order of the network's outputs; none of numbers."""
        output = self.config.output
        if not isinstance(output, ClassesOutput):
            return ()
        return direction_classes(output) or self.vocabularies[self.schema.targets[0]]

    @property
    def n_networks(self) -> int:
        """How many networks, or ensembles, there are: one, or one for each series."""
        return len(self.trained) if self.config.model.scope == "each" else 1

    def network_of(self, series: Sequence[str]) -> NDArray[np.int64]:
        """The number of the network that serves each series, int64 `(n_series,)`.

        0 where one serves all; -1 for a series without a network where each has its own.
        """
        if self.config.model.scope == "panel":
            return np.zeros(len(series), dtype=np.int64)
        number = {name: i for i, name in enumerate(self.trained)}
        return np.array([number.get(name, -1) for name in series], dtype=np.int64)

    def to_units(self, outputs: NDArray[np.floating], groups: NDArray[np.int64]) -> FloatArray:
        """Network outputs in the user's units.

        Args:
            outputs: `(n_windows, horizon, n_targets, …)`.
            groups: int64, `(n_windows,)`, the group of each window's series.

        Returns:
            float64, of the same shape.
        """
        values = np.asarray(outputs, dtype=np.float64)
        shape = (len(values), 1, values.shape[2]) + (1,) * (values.ndim - 3)
        scale = self.target_scaler.scale[groups].reshape(shape)
        units = values * scale + self.target_scaler.centre[groups].reshape(shape)
        transform = self.config.scaling.target_transform
        for i, exponent in enumerate(self.exponents):
            units[:, :, i] = inverse_transform(units[:, :, i], transform, exponent)
        return units

    def to_network(self, targets: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
        """Targets in network units, the inverse of `to_units`.

        Args:
            targets: `(n_windows, horizon, n_targets)`, in the user's units and the domain of the
                transform.
            groups: int64, `(n_windows,)`, the group of each window's series.

        Returns:
            float64, of the same shape.
        """
        transform = self.config.scaling.target_transform
        bent = [
            transform_target(targets[:, :, i], transform, exponent)
            for i, exponent in enumerate(self.exponents)
        ]
        scaler = self.target_scaler
        return np.asarray(
            (np.stack(bent, axis=-1) - scaler.centre[groups][:, None])
            / scaler.scale[groups][:, None]
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; a number that is not finite is null."""
        return {
            "schema": self.schema.to_json(),
            "series": list(self.grouping.series),
            "cuts": {
                "series": list(self.cuts.series),
                "times": np.datetime_as_string(self.cuts.times).tolist(),
            },
            "bounds": finite_or_null(self.bounds),
            "means": finite_or_null(self.means),
            "indicators": list(self.indicators),
            "vocabularies": {name: list(levels) for name, levels in self.vocabularies.items()},
            "exponents": list(self.exponents),
            "target_scaler": _scaler_to_json(self.target_scaler),
            "features": [
                {"name": f.name, "ahead": f.ahead, "scaled": f.scaled} for f in self.features
            ],
            "feature_scaler": _scaler_to_json(self.feature_scaler),
            "static_scaler": _scaler_to_json(self.static_scaler),
            "trained": list(self.trained),
            "holidays": self.holidays and self.holidays.to_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], config: Config) -> Preparation:
        """The inverse of `to_json`.

        Raises:
            ValueError: If the values are not what `to_json` writes.
        """
        check_values(values)
        n_groups = len(values["series"]) + 1
        holidays = values.get("holidays")
        bounds = np.array(values["bounds"], dtype=np.float64).reshape(n_groups, 2, -1)
        for side, limit in ((0, -np.inf), (1, np.inf)):
            bounds[:, side][np.isnan(bounds[:, side])] = limit
        return cls(
            config=config,
            schema=Schema.from_json(values["schema"]),
            grouping=Grouping(tuple(values["series"])),
            cuts=Cuts(
                series=tuple(values["cuts"]["series"]),
                times=np.array(values["cuts"]["times"], dtype="datetime64[us]").reshape(-1, 3),
            ),
            bounds=bounds,
            means=np.array(values["means"], dtype=np.float64).reshape(n_groups, -1),
            indicators=tuple(values["indicators"]),
            vocabularies={k: tuple(levels) for k, levels in values["vocabularies"].items()},
            exponents=tuple(values["exponents"]),
            target_scaler=_scaler_from_json(values["target_scaler"], n_groups),
            features=tuple(Feature(**feature) for feature in values["features"]),
            feature_scaler=_scaler_from_json(values["feature_scaler"], n_groups),
            static_scaler=_scaler_from_json(values["static_scaler"], 1),
            # Runs of earlier versions do not say.
            trained=tuple(values.get("trained", values["cuts"]["series"])),
            holidays=None if holidays is None else HolidayDates.from_json(holidays),
        )


def finite_or_null(values: FloatArray) -> Any:
    """Nested lists for JSON, None where a number is not finite."""
    numbers = values.astype(object)
    numbers[~np.isfinite(values)] = None
    return numbers.tolist()


def _scaler_to_json(scaler: Scaler) -> dict[str, Any]:
    return {"centre": scaler.centre.tolist(), "scale": scaler.scale.tolist()}


def _scaler_from_json(values: dict[str, Any], n_groups: int) -> Scaler:
    centre, scale = (
        np.array(values[key], dtype=np.float64).reshape(n_groups, -1) for key in ("centre", "scale")
    )
    return Scaler(centre=centre, scale=scale)
