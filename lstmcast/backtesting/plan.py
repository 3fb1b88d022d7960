"""Which folds share a fit: what is handed to an executor, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from lstmcast.config.schema import Backtest, Config
from lstmcast.data.folds import Fold
from lstmcast.data.panel import Panel
from lstmcast.training.progress import Progress, SilentProgress


@dataclass(frozen=True)
class Group:
    """Folds that depend on one another: work of one piece.

    Attributes:
        folds: In order of time. The network is fitted for the first.
        warm: Whether it is fitted for each of the others too, from the weights before.
    """

    folds: tuple[Fold, ...]
    warm: bool = False

    @property
    def name(self) -> str:
        """Such as `fold-3` or `folds-3-5`; no other group of the same backtest has it."""
        first, last = self.folds[0].number, self.folds[-1].number
        return f"fold-{first}" if first == last else f"folds-{first}-{last}"


class Follower(Protocol):
    """Follows the fits of a backtest where they run in the same process."""

    @property
    def training(self) -> Progress:
        """Follows each fit."""

    def fit_begins(self, number: int, n_folds: int) -> None:
        """The network is about to be fitted for a fold; `training` is told the rest."""


class SilentFollower:
    """Tells nobody."""

    training: Progress = SilentProgress()

    def fit_begins(self, number: int, n_folds: int) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Task:
    """What all groups read.

    Attributes:
        config: The experiment.
        panel: Its data, whole; each fold cuts off what it may not know.
        n_folds: How many folds there are.
        follower: Told of each fit; None where the work runs in other processes.
    """

    config: Config
    panel: Panel
    n_folds: int
    follower: Follower | None = None


@dataclass(frozen=True)
class FoldResult:
    """What became of a fold.

    Attributes:
        facts: Plain JSON values: `fold`, `fitted` (the fold whose network forecast it), `windows`,
            `epochs`, `best_epoch`, `history`, `seconds`, `scales`, `fingerprint`, `parameters`,
            `levels` of the quantiles and `warnings`.
        arrays: `starts` int64 `(W,)`, rows of the whole panel; `points` float64 `(W, H, T)`;
            `quantiles` `(W, H, T, Q)` where there are any, and the `parameters` `(W, H, T, P)` of
            their distribution where it is known; the forecasts `(W, H, T)` of each
            statistical method by its name.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def number(self) -> int:
        """Of the fold, from 1."""
        return int(self.facts["fold"])


def groups_of(folds: Sequence[Fold], backtest: Backtest) -> tuple[Group, ...]:
    """The folds in groups that share a fit, or hand on their weights."""
    return tuple(_groups(tuple(folds), backtest))


def _groups(folds: tuple[Fold, ...], backtest: Backtest) -> Iterator[Group]:
    refit = backtest.refit
    if refit in ("never", "warm"):
        yield Group(folds, warm=refit == "warm")
        return
    size = 1 if isinstance(refit, str) else refit
    for first in range(0, len(folds), size):
        yield Group(folds[first : first + size])
