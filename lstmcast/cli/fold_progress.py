"""How far a backtest is: each fit as in training, and a line for each fold that is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lstmcast.cli.progress import BarProgress, LineProgress, following
from lstmcast.reporting.wording import format_number

if TYPE_CHECKING:
    from lstmcast.backtesting.plan import FoldResult


@contextmanager
def following_folds(*, quiet: bool = False) -> Iterator[FoldProgress | None]:
    """What follows a backtest on standard error.

    Yields:
        What to hand to the backtest; None with `quiet`.
    """
    with following(quiet=quiet) as training:
        yield None if training is None else FoldProgress(training)


class FoldProgress:
    """Tells of the fits of a backtest, and of its folds.

    Args:
        training: Tells of each fit.
    """

    def __init__(self, training: BarProgress | LineProgress) -> None:
        self.training = training
        self.follower = self

    def fit_begins(self, number: int, n_folds: int) -> None:
        """Begin the next fit's lines with the fold."""
        self.training.next_training(f"fold {number}/{n_folds}")

    def resumes(self, n_done: int, n_folds: int) -> None:
        """Say what need not be done again."""
        are = "is" if n_done == 1 else "are"
        self.training.tell(
            f"{n_done} of {n_folds} folds {are} there from an earlier, interrupted run"
        )

    def fold_done(self, result: FoldResult, n_done: int, n_folds: int) -> None:
        """Say what became of a fold."""
        facts: dict[str, Any] = dict(result.facts)
        how = f"the network of fold {facts['fitted']}"
        if facts["fitted"] == facts["fold"]:
            how = f"{facts['epochs']} epochs, the best was {facts['best_epoch']}"
        self.training.tell(
            f"fold {facts['fold']}/{n_folds} done: {facts['windows']['test']:,} windows, {how}, "
            f"{format_number(facts['seconds'], digits=2)} s ({n_done} of {n_folds} done)"
        )
