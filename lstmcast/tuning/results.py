"""What a search leaves behind: tables, plots, the best config, and that trained and tested."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config, Parameter, Tune
from lstmcast.errors import BundleError, DivergedError
from lstmcast.experiment import train
from lstmcast.runtime.bundle import load_bundle
from lstmcast.training.progress import Progress
from lstmcast.tuning.importance import Importance, parameter_importance, positions
from lstmcast.tuning.journal import write_atomic
from lstmcast.tuning.search import Found, search_directory

if TYPE_CHECKING:
    import pandas as pd

BEST = "best.yaml"
TRIALS_CSV = "trials.csv"
RESULT = "result.json"
PLOTS = "plots"
_NAME_LENGTH = 64
# Opens what follows a training, named by what is trained.
Following = Callable[[str], AbstractContextManager[Progress | None]]


@dataclass(frozen=True)
class Tuned:
    """A search that was brought to its end.

    Attributes:
        found: Its trials.
        directory: Where it is kept.
        best: The best config, trained as `best.yaml` has it.
        importance: How much each field matters.
        runs: Directory of the trained run of the `best` config and of the config as it was
            (`untuned`); the same where nothing better was found.
        scores: Test metrics of `tuned`, `untuned` and the baselines, on the same windows.
    """

    found: Found
    directory: Path
    best: Config
    importance: tuple[Importance, ...]
    runs: Mapping[str, Path]
    scores: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        best = self.found.best
        return {
            "directory": str(self.directory),
            "objective": self.found.space.base.tune.objective,
            "best": {
                "trial": best.number,
                "score": best.score,
                "changes": dict(self.found.changes[best.number]),
                "config": str(self.directory / BEST),
            },
            "importance": {each.path: each.share for each in self.importance},
            "runs": {name: str(path) for name, path in self.runs.items()},
            "metrics": {"test": dict(self.scores)},
            "trials": trials_json(self.found),
        }


def finish(
    found: Found, *, frame: pd.DataFrame | None = None, following: Following | None = None
) -> Tuned:
    """Train the best config and the one that the search began with, and write all results.

    What an earlier process has trained is not trained again.

    Args:
        found: The trials.
        frame: The data, in place of `data.path`.
        following: Told of the trainings.

    Raises:
        ResourceError: If no trial was completed, or the directory cannot be written.
        DivergedError: If a training diverges in its first epoch.
    """
    directory, best = search_directory(found.space.base), best_config(found)
    write_trials(found, directory)
    write_atomic(directory / BEST, _commented(found, best))
    untuned = found.space.base
    kept = _kept(directory)
    runs: dict[str, Path] = {}
    for name, config in (("untuned", untuned), ("best", best)):
        if name == "best" and found.best.number == 0:
            runs[name] = runs["untuned"]
            continue
        run = kept.get(name)
        if run is None or not _is_run_of(run, config):
            with (following or _silent)(name) as progress:
                run = _trained(config, frame, progress)
        runs[name] = run
        write_atomic(directory / RESULT, _json({k: str(path) for k, path in runs.items()}))
    tuned = Tuned(found, directory, best, parameter_importance(found), runs, _scores(runs))
    write_atomic(directory / RESULT, _json(tuned.to_json()))
    _write_plots(found, tuned.importance, directory / PLOTS)
    return tuned


def _trained(config: Config, frame: pd.DataFrame | None, progress: Progress | None) -> Path:
    """The run of a config; of one that diverges, with the best weights until then."""
    try:
        return train(config, frame=frame, progress=progress).path
    except DivergedError as error:
        if error.run is None:
            raise
        return error.run


def best_config(found: Found) -> Config:
    """The config of the best trial, as `train` takes it: with its own name, and no search."""
    base = found.space.base
    suffix = "-best"
    name = f"{base.name[: _NAME_LENGTH - len(suffix)]}{suffix}"
    # What fits the task is kept, and nothing else of the search.
    tune = Tune(objective=found.space.base.tune.objective)
    return found.config(found.best.number).model_copy(update={"name": name, "tune": tune})


def trials_frame(found: Found) -> pd.DataFrame:
    """A row for each trial: number, status, objective, what it changed, how it went."""
    import pandas as pd

    objective = f"validation_{found.space.base.tune.objective}"
    fields = [dimension.path for dimension in found.space.dimensions]
    fields += [
        path
        for path in dict.fromkeys(path for changes in found.changes.values() for path in changes)
        if path not in fields
    ]
    rows = []
    for number, trial in found.trials.items():
        changes = found.changes[number]
        row: dict[str, Any] = {"trial": number, "status": trial.status, objective: trial.score}
        row |= {path: _cell(changes.get(path)) for path in fields}
        row |= {
            "epochs": sum(trial.epochs),
            "parameters": trial.parameters,
            "seconds": trial.seconds,
            "same_as": trial.same_as,
            "error": trial.error,
        }
        rows.append(row)
    # Whole numbers beside gaps stay whole.
    return pd.DataFrame(rows).convert_dtypes()


def _cell(value: Any) -> Any:
    """A value of a config in a table: a list as YAML writes it."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def write_trials(found: Found, directory: Path) -> None:
    """Write the table of the trials, whole or not at all."""
    text = io.StringIO()
    trials_frame(found).to_csv(text, index=False, lineterminator="\n")
    write_atomic(directory / TRIALS_CSV, text.getvalue())


def trials_json(found: Found) -> list[dict[str, Any]]:
    """Every trial with what it changed, as plain JSON values."""
    return [
        {**asdict(trial), "changes": dict(found.changes[number])}
        for number, trial in found.trials.items()
    ]


def _commented(found: Found, best: Config) -> str:
    objective, trial = found.space.base.tune.objective, found.best
    changes = "".join(
        f"#   {path}: {json.dumps(value)}\n" for path, value in found.changes[trial.number].items()
    )
    said = f"# It changed:\n{changes}" if changes else "# It is the config as it was.\n"
    return (
        f"# Trial {trial.number} of {len(found.trials)}: validation {objective} "
        f"{trial.score:.6g}.\n{said}{dump_config(best)}"
    )


def _kept(directory: Path) -> dict[str, Path]:
    """The runs that an earlier process has trained; those that it says were."""
    try:
        values = json.loads((directory / RESULT).read_text(encoding="utf-8"))
        runs = values.get("runs", values)
        return {name: Path(runs[name]) for name in ("untuned", "best") if name in runs}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _is_run_of(path: Path, config: Config) -> bool:
    """Whether a run is there that was trained with a config, whatever that says of searches."""
    try:
        trained = load_bundle(path).config
    except BundleError:
        return False
    return trained.model_copy(update={"tune": config.tune}) == config


def _scores(runs: Mapping[str, Path]) -> dict[str, Mapping[str, Any]]:
    """Test metrics of both runs and of the baselines, which are the same for both."""
    tested = {name: load_bundle(path).metrics()["metrics"]["test"] for name, path in runs.items()}
    baselines = {name: scores for name, scores in tested["untuned"].items() if name != "model"}
    return {"tuned": tested["best"]["model"], "untuned": tested["untuned"]["model"], **baselines}


def _write_plots(found: Found, importance: Sequence[Importance], directory: Path) -> None:
    from lstmcast.reporting.plots.search import Axis, SearchContents, write_search_plots

    numbers = list(found.trials)
    axes = tuple(
        Axis(
            name=dimension.path,
            positions=tuple(positions(found, dimension, numbers).tolist()),
            marks=_marks(dimension.parameter),
        )
        for dimension in found.space.dimensions
    )
    contents = SearchContents(
        name=found.space.base.name,
        objective=found.space.base.tune.objective,
        numbers=tuple(numbers),
        scores=tuple(trial.score for trial in found.trials.values()),
        statuses=tuple(trial.status for trial in found.trials.values()),
        best=found.best.number,
        axes=axes,
        importance=tuple((each.path, each.share) for each in importance),
    )
    write_search_plots(contents, directory)


def _marks(parameter: Parameter) -> tuple[str, ...]:
    """What stands along the axis of a field, evenly, from its lower end to its upper."""
    if parameter.choice is not None:
        return tuple(
            value if isinstance(value, str) else json.dumps(value) for value in parameter.choice
        )
    return tuple(f"{bound:g}" for bound in parameter.bounds)


def _silent(_: str) -> AbstractContextManager[Progress | None]:
    return nullcontext(None)


def _json(values: Any) -> str:
    return json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
