"""The canary: later values are changed, everything is made anew, and compared to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lstmcast.auditing.checks import Check, Compared, State, compare
from lstmcast.auditing.perturbing import Region, after_cut, first_after, perturbed
from lstmcast.auditing.short_fit import alone, short_fit
from lstmcast.auditing.views import (
    WHAT,
    Probe,
    fitted_parts,
    fitted_windows,
    forecasts,
    origins_before,
    rows_before,
)
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset, build_dataset
from lstmcast.data.folds import Fold, fold_data
from lstmcast.data.panel import IntArray, Panel
from lstmcast.data.splitting import Splits
from lstmcast.errors import DataError
from lstmcast.runtime.network import Network

CutName = Literal["training", "validation"]
CUTS: tuple[CutName, ...] = ("training", "validation")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where the data are cut.

    Attributes:
        name: `split`, or `fold 2`.
        config: The experiment.
        panel: The whole data.
        splits: Of the whole data.
        fold: The fold; None for the config's own split.
    """

    name: str
    config: Config
    panel: Panel
    splits: Splits
    fold: Fold | None = None

    def dataset(self, panel: Panel) -> Dataset:
        """What a training makes of a panel at this place, for one network."""
        if self.fold is None:
            return alone(build_dataset(self.config, panel, splits=self.splits))
        data = fold_data(panel, self.fold)
        return alone(build_dataset(self.config, data.panel, splits=data.splits))

    def changed(self, region: Region) -> Dataset:
        """The same with other values in a region.

        Holes and outliers may leave a split without a window, or without a strategy for them: then
        there are none.

        Raises:
            DataError: If the data cannot be used even so.
        """
        if self.config.data.missing.strategy != "error":
            try:
                return self.dataset(perturbed(self.panel, region))
            except DataError:
                pass
        return self.dataset(perturbed(self.panel, region, gentle=True))

    def cuts(self) -> Iterator[tuple[int, CutName]]:
        """The cuts after which there are rows, each once."""
        firsts = [first_after(self.panel, self.splits.cuts[:, number]) for number in (0, 1)]
        for number, name in enumerate(CUTS):
            is_new = number == 0 or not np.array_equal(firsts[0], firsts[1])
            if is_new and (firsts[number] < self.panel.offsets[1:]).any():
                yield number, name


@dataclass(frozen=True)
class _Seen:
    """What is compared of a dataset, by check."""

    parts: Mapping[str, Mapping[str, Any]]

    def against(self, other: _Seen) -> dict[str, Compared]:
        """How two differ, by check."""
        return {name: compare(values, other.parts[name]) for name, values in self.parts.items()}


class Canary:
    """Changes values around the cuts of one place, and compares.

    Args:
        place: Where.
        trains: Whether networks are trained for a few steps, too.
        tell: Told what goes on.
    """

    def __init__(self, place: Place, *, trains: bool, tell: Tell) -> None:
        self._place, self._trains, self._tell = place, trains, tell
        self._base = place.dataset(place.panel)
        self._network: Network = Probe(self._base.preparation)

    def checks(self) -> Iterator[Check]:
        """Those after each cut, and the control."""
        own: _Seen | None = None
        for number, name in self._place.cuts():
            self._tell(f"{self._place.name}: values after {name} are changed")
            own = self._seen(self._base, number, is_own=True)
            later = after_cut(self._place.panel, self._place.splits, number)
            changed = self._place.changed(later)
            found = own.against(self._seen(changed, number))
            found["forecasts"] = self._forecasts_after(later, number, changed)
            for check, compared in found.items():
                if compared.values:
                    yield self._check(check, name, compared)
        if own is not None:
            yield self._control()

    def _seen(self, dataset: Dataset, cut: int, *, is_own: bool = False) -> _Seen:
        """All that must not change; the network of the unchanged data forecasts from then on."""
        parts: dict[str, Mapping[str, Any]] = dict(fitted_parts(dataset.preparation))
        parts["features"] = rows_before(dataset.prepared, self._first(cut))
        parts["windows"] = fitted_windows(dataset, validated=cut > 0)
        if self._trains:
            fitted = short_fit(dataset, validated=cut > 0)
            parts["weights"] = fitted.weights
            if is_own:
                self._network = fitted.network
        return _Seen(parts)

    def _first(self, cut: int) -> IntArray:
        """The first row of each series after a cut, in the dataset's own panel."""
        return self._base.splits.bounds[:, cut + 1]

    def _forecasts_after(self, later: Region, cut: int, changed: Dataset) -> Compared:
        """Forecasts of origins before a cut: what is declared as known over the horizon stays."""
        place, config = self._place, self._place.config
        starts = origins_before(self._base, self._first(cut))
        if not len(starts):
            return Compared(0, 0, ())
        reach = config.window.lead + config.window.horizon
        known = replace(
            later,
            known_ahead=reach,
            # `interpolate` fills from the later value on the same side of a cut.
            keeps_future=config.data.missing.strategy == "interpolate",
        )
        if config.data.future_covariates:
            changed = place.changed(known)
        own = self._forecast(self._base, starts)
        return compare(own, self._forecast(changed, starts))

    def _forecast(self, dataset: Dataset, starts: IntArray) -> dict[str, np.ndarray]:
        return forecasts(dataset, self._network, starts, trained_on=self._base)

    def _control(self) -> Check:
        """Values before the cut are changed: what is compared must differ."""
        place = self._place
        self._tell(f"{place.name}: values before the end of training are changed, as a control")
        first = first_after(place.panel, place.splits.cuts[:, 0])
        window = place.config.window
        begin = np.maximum(first - window.lookback - window.horizon, place.panel.offsets[:-1])
        # Gentle, so that a difference is one of values, not of columns or windows.
        region = Region(first=begin, last=first)
        changed = place.dataset(perturbed(place.panel, region, gentle=True, new_level=False))
        own = {"windows": fitted_windows(self._base, validated=False)}
        other = {"windows": fitted_windows(changed, validated=False)}
        if self._trains:
            for parts, dataset in ((own, self._base), (other, changed)):
                parts["weights"] = dict(short_fit(dataset, validated=False).weights)
        starts = origins_before(self._base, self._first(0))
        if len(starts):
            own["forecasts"] = self._forecast(self._base, starts)
            other["forecasts"] = self._forecast(changed, starts)
        found = _Seen(own).against(_Seen(other))
        blind = [name for name, compared in found.items() if not compared.differing]
        said = ", ".join(f"{name} {each.differing:,}" for name, each in found.items())
        text = f"values before the cut changed: these must differ, and do ({said})"
        if blind:
            text = f"values before the cut changed, and this did not: {', '.join(blind)}"
        values, differing = (
            sum(getattr(each, field) for each in found.values())
            for field in ("values", "differing")
        )
        state: State = "blind" if blind else "ok"
        return Check("control", place.name, "before", state, values, differing, text)

    def _check(self, check: str, cut: CutName, compared: Compared) -> Check:
        text = WHAT[check]
        if compared.differing:
            text = f"{text}: {compared.differing:,} differ: {compared.where()}"
        state: State = "leak" if compared.differing else "ok"
        return Check(check, self._place.name, cut, state, compared.values, compared.differing, text)
