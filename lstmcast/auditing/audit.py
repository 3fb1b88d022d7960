"""An audit as one readable function: a config and its data in, every check out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lstmcast.auditing.canary import Canary, Place, Tell
from lstmcast.auditing.checks import Check
from lstmcast.auditing.columns import Finding, find_leaking_columns
from lstmcast.auditing.kept import kept_check
from lstmcast.config.schema import Config
from lstmcast.data.dataset import build_dataset
from lstmcast.data.folds import make_folds
from lstmcast.data.panel import Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.splitting import split_panel
from lstmcast.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """What is audited.

    Attributes:
        folds: The folds of the backtest, too.
        trains: Networks are trained for a few steps.
        known: Columns that the user says are known in time.
    """

    folds: bool = False
    trains: bool = True
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        checks: Of the pipeline.
        columns: Of the user's columns, each beside each target.
    """

    checks: tuple[Check, ...]
    columns: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing leaks, and the controls could see."""
        return not self.leaks and all(each.state != "blind" for each in self.checks)

    @property
    def leaks(self) -> tuple[str, ...]:
        """The checks and columns that leak, each once."""
        checks = [each.check for each in self.checks if each.state == "leak"]
        columns = [each.column for each in self.columns if each.state == "leak"]
        return tuple(dict.fromkeys([*checks, *columns]))

    @property
    def suspicions(self) -> tuple[str, ...]:
        """What is no proof of a leak, but should be looked at."""
        return tuple(each.text for each in self.columns if each.state == "suspicion")

    @property
    def verdict(self) -> str:
        """In one sentence."""
        if self.leaks:
            return f"There is a leak: {', '.join(self.leaks)}."
        if any(each.state == "blind" for each in self.checks):
            return "The audit is blind: its control changed values that matter and saw nothing."
        changed = [each for each in self.checks if each.cut in ("training", "validation")]
        if not changed:
            return "Nothing comes after the training rows, so nothing can leak from there."
        n_values = sum(each.values for each in changed)
        return (
            f"Nothing leaks: {n_values:,} values that come before a cut are the same to the bit, "
            "whatever comes after it."
        )


def audit(
    config: Config,
    panel: Panel,
    settings: Settings | None = None,
    *,
    kept: Preparation | None = None,
    tell: Tell = lambda text: None,
) -> Audit:
    """Prove that nothing after a cut reaches what comes before it.

    Args:
        config: The experiment.
        panel: Its data.
        settings: What is audited.
        kept: The preparation of a run, to see whether it is what its training rows give.
        tell: Told what goes on.

    Raises:
        ConfigError: If there is no column that is said to be known.
        DataError: If the data cannot be used.
        ResourceError: If the backend is not there.
    """
    settings = settings or Settings()
    _require(settings.known, panel)
    splits = split_panel(panel, config.split)
    checks: list[Check] = []
    if kept is not None:
        tell("run: what was fitted is fitted again")
        checks.append(kept_check(kept, build_dataset(config, panel, splits=splits).preparation))
    for place in _places(config, panel, folds=settings.folds):
        checks += Canary(place, trains=settings.trains, tell=tell).checks()
    tell("columns: each is held against later values of each target")
    columns = find_leaking_columns(panel, splits, config.window, known=settings.known)
    return Audit(tuple(checks), tuple(columns))


def _places(config: Config, panel: Panel, *, folds: bool) -> Iterator[Place]:
    yield Place("split", config, panel, split_panel(panel, config.split))
    if folds:
        for fold in make_folds(panel, config):
            yield Place(f"fold {fold.number}", config, panel, fold.splits, fold)


def _require(known: tuple[str, ...], panel: Panel) -> None:
    names = [column.name for column in panel.schema.columns]
    for name in known:
        if name not in names:
            raise ConfigError(f"--known {name}: there is no such column among {', '.join(names)}.")
