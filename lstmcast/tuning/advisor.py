"""Which values to try next: the oracles of keras-tuner, kept in memory.

keras-tuner can also keep its searches on disk, but writes its files in place, so that a process
that is killed may leave half of one. Here the journal of the search is the only record: an advisor
is told again, in the same order, all that it was asked and told before.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from lstmcast.config.schema import Config
from lstmcast.tuning.space import Dimension, Space

if TYPE_CHECKING:
    import keras_tuner

_OBJECTIVE = "objective"
_EPOCHS = "tuner/epochs"
Status = Literal["completed", "failed"]


class Advisor:
    """Chooses the values of each trial.

    Args:
        space: What may be changed.
        max_trials: The most trials that it is asked for.

    Attributes:
        is_independent: Whether what it chooses does not depend on how trials end, so that all can
            be chosen ahead.
    """

    def __init__(self, space: Space, *, max_trials: int) -> None:
        config = space.base
        self.is_independent = config.tune.method in ("random", "grid")
        self._codes = {each.path: _Code(each) for each in space.dimensions}
        with _quiet():
            self._oracle = _oracle(config, _hyperparameters(space, self._codes), max_trials)
        self._trials: dict[int, Any] = {}

    def ask(
        self, trial: int, *, recorded: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | Literal["wait", "exhausted"]:
        """The values of a trial, as `decode` reads them.

        Args:
            trial: Its number.
            recorded: Those that were chosen for it before, which then hold.

        Returns:
            The values by dotted path; `wait` where others must end first, `exhausted` where there
            is nothing more to try.
        """
        with _quiet():
            self._oracle.replay = recorded
            asked = self._oracle.create_trial(str(trial))
        if asked.status == "IDLE":
            return "wait"
        if asked.status != "RUNNING":
            return "exhausted"
        self._trials[trial] = asked
        if self.is_independent:
            self._end(trial, "completed", 0.0)
        return {name: _plain(value) for name, value in asked.hyperparameters.values.items()}

    def tell(self, trial: int, status: Status, score: float | None) -> None:
        """How a trial ended; a failed one has no score."""
        if trial in self._trials and not self.is_independent:
            self._end(trial, status, score)

    def _end(self, trial: int, status: Status, score: float | None) -> None:
        asked = self._trials[trial]
        asked.status = status.upper()
        with _quiet():
            if score is not None:
                self._oracle.update_trial(asked.trial_id, {_OBJECTIVE: score})
            self._oracle.end_trial(asked)

    def decode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The changes of the config that the values stand for, by dotted path."""
        changes = {
            path: self._codes[path].decode(value)
            for path, value in values.items()
            if path in self._codes
        }
        if _EPOCHS in values:
            changes["training.epochs"] = int(values[_EPOCHS])
        return changes


class _Code:
    """How the values of a dimension are handed to keras-tuner.

    Its choices are texts or numbers, all of one type; anything else goes as JSON.
    """

    def __init__(self, dimension: Dimension) -> None:
        self._parameter = dimension.parameter
        choices = self._parameter.choice or ()
        kinds = {type(value) for value in choices}
        self._as_json = len(kinds) > 1 or not kinds <= {int, float, str}
        # What is sampled has seventeen digits, which nobody wants to read in a config.
        self._is_rounded = not (choices or self._parameter.is_whole or self._parameter.step)

    @property
    def choices(self) -> list[Any]:
        """The choices, encoded."""
        return [self.encode(value) for value in self._parameter.choice or ()]

    def encode(self, value: Any) -> Any:
        """A value of the config, for keras-tuner."""
        return json.dumps(value) if self._as_json else value

    def decode(self, value: Any) -> Any:
        """A value of keras-tuner's, for the config."""
        if self._as_json:
            return json.loads(value)
        return float(f"{value:.4g}") if self._is_rounded else value


def _hyperparameters(space: Space, codes: Mapping[str, _Code]) -> keras_tuner.HyperParameters:
    import keras_tuner

    found = keras_tuner.HyperParameters()
    for dimension in space.dimensions:
        with ExitStack() as scopes:
            for path, values in dimension.conditions:
                encoded = [codes[path].encode(value) for value in values]
                scopes.enter_context(found.conditional_scope(path, encoded))
            _declare(found, dimension, codes[dimension.path])
    return found


def _declare(found: keras_tuner.HyperParameters, dimension: Dimension, code: _Code) -> None:
    parameter = dimension.parameter
    if parameter.choice is not None:
        found.Choice(dimension.path, code.choices)
        return
    low, high = parameter.bounds
    if parameter.step is not None and not parameter.is_whole:
        # Its own ranges of floats lose their last value to rounding.
        n_steps = math.floor((high - low) / parameter.step * (1 + 1e-9))
        values = [float(f"{low + i * parameter.step:.12g}") for i in range(n_steps + 1)]
        found.Choice(dimension.path, values)
        return
    kind = found.Int if parameter.is_whole else found.Float
    sampling = "log" if parameter.log else "linear"
    kind(dimension.path, low, high, step=parameter.step, sampling=sampling)


def _oracle(config: Config, hyperparameters: keras_tuner.HyperParameters, max_trials: int) -> Any:
    """The oracle of a method, which keeps nothing on disk and never gives up by itself."""
    import keras_tuner

    direction = "max" if config.tune.objective == "r2" else "min"
    options: dict[str, Any] = {
        "objective": keras_tuner.Objective(_OBJECTIVE, direction),
        "hyperparameters": hyperparameters,
        # A seed of 0 would be a random one.
        "seed": config.seed + 1,
        "max_consecutive_failed_trials": max_trials + 1,
        "tune_new_entries": False,
        "allow_new_entries": False,
    }
    classes = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
        "grid": keras_tuner.oracles.GridSearchOracle,
        "hyperband": keras_tuner.oracles.HyperbandOracle,
    }
    if config.tune.method == "hyperband":
        options["max_epochs"] = config.training.epochs
    else:
        options["max_trials"] = max_trials
    if config.tune.method == "bayesian":
        # Its own rule, three for each dimension, leaves nothing of a small budget for the model.
        n_dimensions = len(hyperparameters.space)
        options["num_initial_points"] = max(2, min(3 * n_dimensions, math.ceil(max_trials / 3)))
    oracle = _in_memory(classes[config.tune.method])(**options)
    oracle.verbose = 0
    return oracle


def _in_memory(base: type[Any]) -> type[Any]:
    """The oracle without its files, and with values that were chosen before."""

    class InMemory(base):  # type: ignore[misc]
        replay: Mapping[str, Any] | None = None

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            # Asked again all the same: its random state moves on as it did then.
            response: dict[str, Any] = super().populate_space(trial_id)
            if response["status"] == "RUNNING" and self._duplicate(response["values"]):
                # The Gaussian process may want one point again and again.
                response["values"] = self._random_values()
                response["status"] = "RUNNING" if response["values"] else "STOPPED"
            if self.replay is not None and response["status"] == "RUNNING":
                response["values"] = dict(self.replay)
            return response

        def save(self) -> None:
            """Nothing."""

        def _save_trial(self, trial: Any) -> None:
            """Nothing."""

    return InMemory


@contextmanager
def _quiet() -> Iterator[None]:
    """keras-tuner calls what Python has deprecated, and scikit-learn tells of its optimiser."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python's."""
    return value.item() if hasattr(value, "item") else value
