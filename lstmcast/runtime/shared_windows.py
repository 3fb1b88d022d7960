"""The windows that several kept forecasts have in common, and their losses on them.

A window is the same where its series, its origin and the distance of a step from the origin are:
so runs of different horizons share their first steps, and runs of different `lead` those that fall
on the same times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.errors import BundleError, DataError
from lstmcast.runtime.bundle import METRICS
from lstmcast.runtime.kept_forecasts import QUANTILES, KeptForecasts

Loss = Literal["absolute", "squared", "pinball"]
# Actual values may have been written and read by different versions of a parser.
_SAME = 1e-6


@dataclass(frozen=True)
class SharedWindows:
    """Windows that all of several kept forecasts have.

    `W` windows, `H` steps, `T` targets: those that are shared.

    Attributes:
        kept: The forecasts, in the order in which they were given.
        places: For each of them, the places of the shared windows among its own, int64 `(W,)`.
        targets: Names of the targets.
        ahead: int64 `(H,)`, distance of each step from the origin.
        series: `(W,)`, the id of each window's series.
        origin_times: datetime64[us] `(W,)`, ascending.
        y_true: float64 `(W, H, T)`.
        unit: float64 `(W, T)`, what errors are divided by.
        scaled: Whether that is anything but 1: with one series and target errors are left in the
            user's units.
        repeated: Windows that were left out because one of the forecasts has them more than once.
    """

    kept: tuple[KeptForecasts, ...]
    places: tuple[IntArray, ...]
    targets: tuple[str, ...]
    ahead: IntArray
    series: NDArray[np.str_]
    origin_times: NDArray[np.datetime64]
    y_true: FloatArray
    unit: FloatArray
    scaled: bool
    repeated: int

    @property
    def steps(self) -> tuple[int, ...]:
        """The shared steps as the first of the kept forecasts numbers them, from 1."""
        return tuple(int(each) for each in self.ahead - self.kept[0].config.window.lead)

    def values(self, which: int, name: str) -> FloatArray:
        """An array of one of the kept forecasts at the shared windows, `(W, H, T, …)`."""
        kept = self.kept[which]
        return _taken(kept, kept.array(name)[self.places[which]], self.ahead, self.targets)

    def losses(self, which: int, name: str, loss: Loss) -> FloatArray:
        """Loss of a forecast at each shared window and step, `(W, H)`, the mean over the targets.

        Args:
            which: Index of the kept forecasts.
            name: `y_pred`, or a baseline's array.
            loss: Pinball losses are those of the quantiles, whatever the name.
        """
        if loss == "pinball":
            excess = self.y_true[..., None] - self.values(which, QUANTILES)
            levels = np.array(self.kept[which].levels)
            errors = np.maximum(levels * excess, (levels - 1) * excess).mean(axis=-1)
            return np.asarray((errors / self.unit[:, None]).mean(axis=-1))
        errors = np.abs(self.values(which, name) - self.y_true) / self.unit[:, None]
        return np.asarray((errors if loss == "absolute" else errors**2).mean(axis=-1))


def by_origin(losses: FloatArray, origin_times: NDArray[np.datetime64]) -> FloatArray:
    """Losses of windows as one value for each origin time, `(n_origins, H)`.

    The series of a panel meet the same weather at the same time: their mean is one observation.

    Args:
        losses: float64 `(W, H)`.
        origin_times: `(W,)`, ascending.
    """
    first = np.flatnonzero(np.r_[True, origin_times[1:] != origin_times[:-1]])
    counts = np.diff(np.r_[first, len(origin_times)])
    return np.asarray(np.add.reduceat(losses, first, axis=0) / counts[:, None])


def share(kept: Sequence[KeptForecasts]) -> SharedWindows:
    """Find the windows that all have, and check that they speak of the same values.

    Args:
        kept: One or more.

    Raises:
        DataError: If nothing is shared, or the actual values of a shared window differ.
    """
    targets = tuple(t for t in kept[0].targets if all(t in each.targets for each in kept))
    if not targets:
        raise DataError(f"{_named(kept)} forecast different targets, so nothing can be compared.")
    ahead = reduce(np.intersect1d, [each.ahead for each in kept])
    if not len(ahead):
        raise DataError(
            f"{_named(kept)} share no step: what one forecasts ends before the `window.lead` of "
            "another."
        )
    indexes = [pd.MultiIndex.from_arrays([each.origin_times, each.series]) for each in kept]
    unique = [index[~index.duplicated(keep=False)] for index in indexes]
    common = reduce(lambda one, other: one.intersection(other), unique).sort_values()
    if not len(common):
        raise DataError(_nothing_shared(kept))
    places = tuple(_places(index, common) for index in indexes)
    y_true = _actuals(kept, places, ahead, targets)
    series = kept[0].series[places[0]]
    unit, scaled = _units(kept, series, targets)
    return SharedWindows(
        kept=tuple(kept),
        places=places,
        targets=targets,
        ahead=ahead,
        series=series,
        origin_times=kept[0].origin_times[places[0]],
        y_true=y_true,
        unit=unit,
        scaled=scaled,
        repeated=sum(len(index) - len(each) for index, each in zip(indexes, unique, strict=True)),
    )


def _places(index: pd.MultiIndex, common: pd.MultiIndex) -> IntArray:
    """Where the common windows stand; repeated ones are not among them."""
    places = np.flatnonzero(index.isin(common))
    order: IntArray = places[np.argsort(common.get_indexer(index[places]))]
    return order


def _taken(
    kept: KeptForecasts, values: FloatArray, ahead: IntArray, targets: Sequence[str]
) -> FloatArray:
    """Some steps and targets of values `(W, H, T, …)`."""
    steps = ahead - kept.ahead[0]
    chosen = [kept.targets.index(target) for target in targets]
    return values[:, steps][:, :, chosen]


def _actuals(
    kept: Sequence[KeptForecasts],
    places: Sequence[IntArray],
    ahead: IntArray,
    targets: Sequence[str],
) -> FloatArray:
    """What came true, the same for all."""
    first = _taken(kept[0], kept[0].array("y_true")[places[0]], ahead, targets)
    tolerance = _SAME * np.abs(first).max(initial=0.0)
    for each, place in zip(kept[1:], places[1:], strict=True):
        other = _taken(each, each.array("y_true")[place], ahead, targets)
        wrong = np.argwhere(~np.isclose(first, other, rtol=_SAME, atol=tolerance, equal_nan=True))
        if len(wrong):
            window, step, target = wrong[0]
            origin = kept[0].origin_times[places[0][window]]
            raise DataError(
                f"{kept[0].id} and {each.id} were not measured on the same data: {len(wrong):,} of "
                f"{first.size:,} actual values differ, such as {targets[target]!r} "
                f"{ahead[step]} steps after {origin}: {first[tuple(wrong[0])]:g} and "
                f"{other[tuple(wrong[0])]:g}. Compare runs of the same file and units."
            )
    return first


def _units(
    kept: Sequence[KeptForecasts], series: NDArray[np.str_], targets: Sequence[str]
) -> tuple[FloatArray, bool]:
    """What errors are divided by, `(W, T)`, so that no series or target drowns the others.

    The in-sample errors that MASE divides by, of the first run that has them.
    """
    if len(targets) == 1 and len(np.unique(series)) == 1:
        return np.ones((len(series), 1)), False
    for each in kept:
        scales = each.metrics.get("scales")
        if scales is not None:
            known = np.array(scales["mase"], dtype=np.float64)
            if known.shape[1] != len(each.targets):
                raise BundleError(
                    f"{each.path / METRICS}: its scales do not fit its targets. Train the run "
                    "again."
                )
            known = known[:, [each.targets.index(target) for target in targets]]
            known = np.where(known > 0, known, np.nan)
            every = np.concatenate([known, np.nanmean(known, axis=0, keepdims=True)])
            every = np.where(np.isnan(every), every[-1], every)
            place = {name: i for i, name in enumerate(scales["series"])}
            return every[[place.get(name, -1) for name in series]], True
    raise DataError(
        f"{_named(kept)}: several series or targets, and no run that says what to scale them by. "
        "Add a run to the comparison."
    )


def _nothing_shared(kept: Sequence[KeptForecasts]) -> str:
    periods = ", ".join(
        f"{each.id} {each.origin_times.min()} to {each.origin_times.max()}"
        if len(each.origin_times)
        else f"{each.id} none"
        for each in kept
    )
    return (
        f"no window is shared: their origins are {periods}. Compare runs whose test periods and "
        "series overlap."
    )


def _named(kept: Sequence[KeptForecasts]) -> str:
    return ", ".join(dict.fromkeys(each.id for each in kept))
