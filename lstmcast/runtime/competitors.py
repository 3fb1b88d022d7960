"""What a comparison names: runs, backtests, runs that differ by their seed alone, baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import RUN
from lstmcast.runtime.kept_forecasts import BASELINE, MODEL, KeptForecasts, read_kept
from lstmcast.runtime.runs import find_run

Kind = Literal["run", "backtest", "seeds", "baseline"]


@dataclass(frozen=True)
class Competitor:
    """One of those that are compared.

    Attributes:
        name: As it is shown.
        kind: What it is.
        sources: Indices of the kept forecasts that it is made of; several of `seeds`.
        array: The name of its array in them.
    """

    name: str
    kind: Kind
    sources: tuple[int, ...]
    array: str


def find_competitors(
    names: Sequence[str], runs_dir: Path
) -> tuple[list[KeptForecasts], list[Competitor]]:
    """The directories that are named, and the competitors, each once.

    Args:
        names: Runs and backtests as `find_run` takes them, and baselines that the first of these
            kept.
        runs_dir: Where runs are looked up.

    Raises:
        BundleError: If there is no such run or baseline, or one is damaged.
    """
    found = {name: _find(name, runs_dir) for name in dict.fromkeys(names)}
    paths = list(dict.fromkeys(path for path in found.values() if isinstance(path, Path)))
    kept = [read_kept(path) for path in paths]
    competitors = [
        _directory(kept[paths.index(place)], paths.index(place))
        if isinstance(place, Path)
        else _baseline(name, kept, place)
        for name, place in found.items()
    ]
    return kept, list(dict.fromkeys(competitors))


def _find(name: str, runs_dir: Path) -> Path | BundleError:
    """The directory of that name, or why there is none."""
    try:
        return find_run(name, runs_dir).resolve()
    except BundleError as error:
        return error


def _directory(kept: KeptForecasts, place: int) -> Competitor:
    return Competitor(kept.id, "run" if kept.kind == RUN else "backtest", (place,), MODEL)


def _baseline(name: str, kept: Sequence[KeptForecasts], missing: BundleError) -> Competitor:
    """A baseline of the first run or backtest; else what is `missing` is a run."""
    if not kept:
        raise missing
    if name in kept[0].baselines:
        return Competitor(name, "baseline", (0,), f"{BASELINE}{name}")
    known = ", ".join(kept[0].baselines) or "none"
    raise BundleError(f"{missing} The baselines that {kept[0].id} kept are: {known}.") from missing


def group_seeds(
    kept: Sequence[KeptForecasts], competitors: Sequence[Competitor]
) -> list[Competitor]:
    """Runs whose configs differ by nothing but `seed` and `name`, as one competitor."""
    groups: dict[str, list[Competitor]] = {}
    for each in competitors:
        key = model_of(kept[each.sources[0]]) if each.kind == "run" else each.name
        groups.setdefault(key, []).append(each)
    return [group[0] if len(group) == 1 else _seeds(kept, group) for group in groups.values()]


def _seeds(kept: Sequence[KeptForecasts], group: Sequence[Competitor]) -> Competitor:
    sources = tuple(each.sources[0] for each in group)
    name = f"{kept[sources[0]].config.name} of {len(group)} seeds"
    return Competitor(name, "seeds", sources, MODEL)


def model_of(kept: KeptForecasts) -> str:
    """What two runs have in common that differ by their seed alone: the rest of the config."""
    neutral = {"seed": 0, "name": "", "runs_dir": ""}
    return kept.config.model_copy(update=neutral).model_dump_json()
