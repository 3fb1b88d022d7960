"""What of new data is unlike those of training: forecast all the same, but said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstmcast.data.oddities import unfamiliar_levels
from lstmcast.data.panel import FloatArray, IntArray, Panel, listing
from lstmcast.data.preparation import Preparation
from lstmcast.data.reading.names import did_you_mean
from lstmcast.data.scaling import outside_domain, transform_target
from lstmcast.data.times.zones import spoken_time
from lstmcast.data.windows import BoolArray

# Deviations, or whatever the scaler divides by, from the centre of the training rows.
_FAR = 10.0


def unfamiliar(panel: Panel, preparation: Preparation) -> list[str]:
    """What of a panel training did not see, in sentences.

    Series, levels of categories, and values that are far from all that the network has learned
    from. Of each series the last rows count, which a forecast reads.

    Args:
        panel: History; each series ends at its own last row.
        preparation: What was fitted in training.
    """
    to_come = np.repeat(panel.offsets[1:], np.diff(panel.offsets)) - np.arange(panel.n_rows)
    return [
        *_series(panel, preparation),
        *unfamiliar_levels(panel, preparation),
        *_far_values(panel, preparation, to_come <= preparation.history),
    ]


def unfamiliar_future(panel: Panel, preparation: Preparation) -> list[str]:
    """The same of a panel of future covariates, of which all rows count."""
    every = np.ones(panel.n_rows, dtype=bool)
    return [
        *unfamiliar_levels(panel, preparation),
        *_far_values(panel, preparation, every),
    ]


def _series(panel: Panel, preparation: Preparation) -> Iterator[str]:
    each = preparation.config.model.scope == "each"
    trained = preparation.trained if each else preparation.cuts.series
    new = sorted(set(panel.series) - set(trained))
    if new and not each:
        meant = did_you_mean(new[0], sorted(set(trained) - set(panel.series)))
        yield (
            f"{listing(new)}: not in training, so forecast with what was learned from the others"
            f"{'.' if meant else ''}{meant}"
        )
    missing = sorted(set(trained) - set(panel.series))
    if missing:
        yield f"{listing(missing)}: in training, but not in these data"
    ends = panel.times[panel.offsets[1:] - 1]
    if ends.min() < ends.max():
        first, last = (spoken_time(end, panel.schema.tz) for end in (ends.min(), ends.max()))
        early = [name for name, end in zip(panel.series, ends, strict=True) if end < ends.max()]
        yield (
            f"the series end at different times, from {first} to {last} ({listing(early)} before "
            "the others): each is forecast from its own last row on"
        )


def _far_values(panel: Panel, preparation: Preparation, read: BoolArray) -> Iterator[str]:
    """Columns of which most of the values that are read, of some series, are far away."""
    for i, name in enumerate(panel.schema.names(kind="number")):
        distance = _distance(panel, preparation, i)
        if distance is None:
            continue
        far = read & (np.nan_to_num(distance) > _FAR)
        known = read & ~np.isnan(distance)
        n_far, n_known = (np.add.reduceat(flags * 1, panel.offsets[:-1]) for flags in (far, known))
        series = np.flatnonzero(2 * n_far > n_known)
        if not len(series):
            continue
        row = int(np.flatnonzero(far[: panel.offsets[series[0] + 1]])[-1])
        place = panel.place(row)
        where = f" ({place['file']}, line {place['line']})" if place else ""
        of = f" of {listing([panel.series[k] for k in series])}" if panel.schema.series else ""
        mean = preparation.means[_groups(panel, preparation)[row], i]
        yield (
            f"{name} is {panel.values[row, i]:g} at {panel.spoken(row)}{where}, and its mean in "
            f"training is {mean:g}. Most values{of} that the forecast reads are as far from what "
            "the network has learned from, so it is not to be relied on. Is it another unit, or "
            "another series?"
        )


def _groups(panel: Panel, preparation: Preparation) -> IntArray:
    """Which fitted statistics serve each row, int64 `(n_rows,)`."""
    return preparation.grouping.of_series(panel.series)[panel.series_of_row]


def _distance(panel: Panel, preparation: Preparation, column: int) -> FloatArray | None:
    """How far each value is from the centre of training, in what its scaler divides by.

    Where nothing is scaled, in the mean of the training rows, or 1 if that is smaller.

    Returns:
        float64 `(n_rows,)`, NaN where missing; None for a column that is not read as a number.
    """
    schema, groups = panel.schema, _groups(panel, preparation)
    name = schema.names(kind="number")[column]
    values, scaling = panel.values[:, column], preparation.config.scaling
    means = preparation.means[groups, column]
    if name in schema.targets:
        if schema.columns[0].kind != "number":
            return None
        kind, scaler, place = scaling.target, preparation.target_scaler, column
        transform = scaling.target_transform
        values = np.where(outside_domain(values, transform), np.nan, values)
        values = transform_target(values, transform, preparation.exponents[column])
        unscaled = transform != "none"
    else:
        names = [feature.name for feature in preparation.features]
        kind, scaler, place = scaling.features, preparation.feature_scaler, names.index(name)
        unscaled = False
    if kind != "none":
        return np.asarray(np.abs(scaler.apply(values, groups, place)))
    if unscaled:  # of a transformed target nothing is known but that it is read as it is
        return None
    return np.asarray(np.abs(values - means) / np.maximum(np.abs(means), 1.0))
