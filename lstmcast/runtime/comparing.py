"""Runs, backtests and baselines by name, compared on the windows that all of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray
from lstmcast.errors import ConfigError, DataError
from lstmcast.evaluation.comparison import (
    Decision,
    PairDifference,
    corrected,
    decide,
    difference_of,
    overlaps_of,
)
from lstmcast.evaluation.seeds import (
    SeedNoise,
    SeedSpread,
    seed_noise,
    spread_of_members,
    spread_of_runs,
)
from lstmcast.evaluation.significance import MIN_ORIGINS, PairedTests, paired_tests
from lstmcast.runtime.competitors import Competitor, find_competitors, group_seeds
from lstmcast.runtime.kept_forecasts import KeptForecasts
from lstmcast.runtime.shared_windows import Loss, SharedWindows, by_origin, share

# The metric of a split that is the mean of each loss.
METRIC: Mapping[Loss, str] = {"absolute": "mae", "squared": "mse", "pinball": "pinball"}


@dataclass(frozen=True)
class Settings:
    """How to compare.

    Attributes:
        loss: The loss that decides.
        level: Share of pairs, equal in truth, that may be called different.
        seeds: Take runs that differ by their seed alone as one model.
    """

    loss: Loss = "absolute"
    level: float = 0.05
    seeds: bool = False


@dataclass(frozen=True)
class Pair:
    """The first competitor against another.

    Attributes:
        other: Index of the other.
        by_loss: Their differences by each loss.
        decision: What these come to, by the loss that decides.
        noise: What other seeds would make of the difference; None where that is not known.
        folds: Tests over the disjoint folds of a backtest; None where there are none.
    """

    other: int
    by_loss: Mapping[Loss, PairDifference]
    decision: Decision
    noise: SeedNoise | None
    folds: PairedTests | None


@dataclass(frozen=True)
class Comparison:
    """The first competitor against each of the others.

    Attributes:
        competitors: In the order in which they were named.
        pairs: The first against each of the others, in their order.
        settings: How they were compared.
        shared: The windows; some may be left out.
        windows: bool, `(W,)`, those that every competitor has a forecast of.
        n_origins: Different origin times among these.
        gaps: Places where an origin does not follow the one before by the usual distance.
    """

    competitors: tuple[Competitor, ...]
    pairs: tuple[Pair, ...]
    settings: Settings
    shared: SharedWindows
    windows: NDArray[np.bool_]
    n_origins: int
    gaps: int

    @property
    def kept(self) -> tuple[KeptForecasts, ...]:
        """What the competitors were read from."""
        return self.shared.kept


def compare(names: Sequence[str], runs_dir: Path, settings: Settings) -> Comparison:
    """Compare what is named.

    Args:
        names: Runs, backtests and baselines; two or more.
        runs_dir: Where runs are looked up.
        settings: How.

    Raises:
        BundleError: If there is no such run or baseline, or one is damaged.
        ConfigError: If fewer than two different competitors are named, or they have no such loss.
        DataError: If they share too little, or were measured on different data.
    """
    kept, competitors = find_competitors(names, runs_dir)
    if settings.seeds:
        competitors = group_seeds(kept, competitors)
    if len(competitors) < 2:
        raise ConfigError(
            "give at least two different runs, backtests or baselines to compare. `lstmcast runs "
            "list` shows the runs."
        )
    shared = share(kept)
    losses = {
        loss: [_losses(shared, each, loss) for each in competitors]
        for loss in _available(kept, competitors, settings.loss)
    }
    windows = np.all([np.isfinite(each).all(axis=(0, 2)) for each in losses[settings.loss]], axis=0)
    return _compared(shared, competitors, settings, losses=losses, windows=windows)


def _available(
    kept: Sequence[KeptForecasts], competitors: Sequence[Competitor], wanted: Loss
) -> list[Loss]:
    """The losses that all competitors have."""
    levels = {
        kept[source].levels if each.kind != "baseline" else ()
        for each in competitors
        for source in each.sources
    }
    if len(levels) == 1 and levels != {()}:
        return ["absolute", "squared", "pinball"]
    if wanted == "pinball":
        found = "; ".join(", ".join(map(str, each)) or "none" for each in sorted(levels))
        raise ConfigError(
            "--loss pinball needs quantiles of the same levels from all that are compared, and "
            f"they have: {found}. Baselines have none. Take --loss absolute."
        )
    return ["absolute", "squared"]


def _losses(shared: SharedWindows, competitor: Competitor, loss: Loss) -> FloatArray:
    """Losses of each of a competitor's networks, `(n_sources, W, H)`."""
    return np.stack([shared.losses(each, competitor.array, loss) for each in competitor.sources])


def _compared(
    shared: SharedWindows,
    competitors: Sequence[Competitor],
    settings: Settings,
    *,
    losses: Mapping[Loss, Sequence[FloatArray]],
    windows: NDArray[np.bool_],
) -> Comparison:
    origins = shared.origin_times[windows]
    n_origins = len(np.unique(origins))
    if n_origins < MIN_ORIGINS:
        raise DataError(
            f"all have forecasts from only {n_origins} origins: too few to compare "
            f"({MIN_ORIGINS} at least, better some hundreds)."
        )
    spacing, gaps = _spacing(shared, windows)
    overlaps = overlaps_of(shared.ahead, spacing)
    differences: dict[Loss, list[PairDifference]] = {}
    for loss, of_loss in losses.items():
        first, *others = (by_origin(each.mean(axis=0)[windows], origins) for each in of_loss)
        differences[loss] = corrected(
            [difference_of(first, other, overlaps, level=settings.level) for other in others]
        )
    deciding = [each[:, windows] for each in losses[settings.loss]]
    judged = _Judged(shared, tuple(competitors), settings, deciding, windows)
    return Comparison(
        competitors=tuple(competitors),
        pairs=tuple(
            judged.pair(other, {loss: each[other - 1] for loss, each in differences.items()})
            for other in range(1, len(competitors))
        ),
        settings=settings,
        shared=shared,
        windows=windows,
        n_origins=n_origins,
        gaps=gaps,
    )


def _spacing(shared: SharedWindows, windows: NDArray[np.bool_]) -> tuple[int, int]:
    """Smallest distance of two origins in rows, and how many of the distances are larger."""
    rows, series = shared.kept[0].starts[shared.places[0]][windows], shared.series[windows]
    names, counts = np.unique(series, return_counts=True)
    distances = np.diff(rows[series == names[np.argmax(counts)]])
    smallest = int(distances.min(initial=np.iinfo(np.int64).max)) if len(distances) else 1
    return max(1, smallest), int((distances > smallest).sum())


@dataclass(frozen=True)
class _Judged:
    """The losses that decide, `(n_sources, W, H)` of each competitor."""

    shared: SharedWindows
    competitors: tuple[Competitor, ...]
    settings: Settings
    losses: Sequence[FloatArray]
    windows: NDArray[np.bool_]

    def pair(self, other: int, by_loss: Mapping[Loss, PairDifference]) -> Pair:
        whole = by_loss[self.settings.loss].whole
        noise = seed_noise(
            (whole.first, whole.second),
            (self._spread(0, whole.first), self._spread(other, whole.second)),
            fixed=(self._fixed(0), self._fixed(other)),
            level=self.settings.level,
        )
        decision = decide(by_loss[self.settings.loss], level=self.settings.level, noise=noise)
        return Pair(other, by_loss, decision, noise, self._over_folds(other))

    def _fixed(self, which: int) -> bool:
        return self.competitors[which].kind == "baseline"

    def _spread(self, which: int, loss: float) -> SeedSpread | None:
        competitor = self.competitors[which]
        sources = [self.shared.kept[each] for each in competitor.sources]
        if competitor.kind == "seeds":
            origins = self.shared.origin_times[self.windows]
            means = [float(by_origin(each, origins).mean()) for each in self.losses[which]]
            return spread_of_runs(
                {kept.config.seed: mean for kept, mean in zip(sources, means, strict=True)}
            )
        members = sources[0].metrics.get("members") if competitor.kind == "run" else None
        if members is None:
            return None
        return spread_of_members(members, METRIC[self.settings.loss], loss)

    def _over_folds(self, other: int) -> PairedTests | None:
        """Tests over folds, where a backtest has several and their targets are disjoint."""
        folds = _disjoint_folds(self.shared, self.windows)
        if folds is None:
            return None
        means = [
            [float(self.losses[which][:, folds == fold].mean()) for fold in np.unique(folds)]
            for which in (0, other)
        ]
        return paired_tests(*means, level=self.settings.level)


def _disjoint_folds(shared: SharedWindows, windows: NDArray[np.bool_]) -> NDArray[np.int32] | None:
    """The fold of each window; None with fewer than two, or where folds share target rows."""
    for kept, places in zip(shared.kept, shared.places, strict=True):
        if kept.fold is None:
            continue
        folds, starts = kept.fold[places][windows], kept.starts[places][windows]
        series, reach = shared.series[windows], int(np.ptp(shared.ahead))
        if len(np.unique(folds)) < 2:
            return None
        for name in np.unique(series):
            own = series == name
            rows, of_row = starts[own], folds[own]
            order = np.argsort(rows)
            changes = np.flatnonzero(np.diff(of_row[order]))
            if np.any(np.diff(rows[order])[changes] <= reach):
                return None
        return np.asarray(folds)
    return None
