"""`backtest`, `tune` and `resources`: experiments that train more than one network."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lstmcast.config.base import Section
from lstmcast.config.sections.types import (
    FieldPath,
    MetricName,
    PositiveInt,
    StatisticalName,
    unique,
)


class Backtest(Section):
    """Rolling origins over the test period: train, forecast, move on."""

    folds: PositiveInt = Field(
        default=5, description="Parts of equal length that the test period is cut into."
    )
    every: PositiveInt | None = Field(
        default=None, description="Steps of each part instead of `folds`, whatever their number."
    )
    window: Literal["expanding", "sliding"] = Field(
        default="expanding",
        description="Train on all rows before a part, or on as many as before the first.",
    )
    refit: Literal["always", "never", "warm"] | PositiveInt = Field(
        default="always",
        description="Train anew for each part, only for the first, from the weights of the part "
        "before (`warm`), or for every so many parts.",
    )
    statistical: list[StatisticalName] = Field(
        default=[],
        description="Methods of statsforecast to measure beside, fitted to each part anew; they "
        "take `pip install 'lstmcast[stats]'`.",
    )

    @field_validator("statistical")
    @classmethod
    def _no_doubles(cls, names: list[str]) -> list[str]:
        return unique(names, "each")


class Parameter(Section):
    """What a field may be: one of some values, or a number in a range."""

    choice: Annotated[list[Any], Field(min_length=1)] | None = Field(
        default=None, description="The values."
    )
    min: float | int | None = Field(default=None, description="Lowest number; whole for whole.")
    max: float | int | None = Field(default=None, description="Highest number, included.")
    step: float | int | None = Field(default=None, description="Distance of two numbers.")
    log: bool = Field(default=False, description="Sample the logarithm.")
    when: dict[FieldPath, Any] = Field(
        default={},
        description="Other fields, and the value or values with which this one counts.",
    )

    @model_validator(mode="before")
    @classmethod
    def _list_is_choice(cls, values: Any) -> Any:
        """Let a bare list mean a choice."""
        return {"choice": values} if isinstance(values, list) else values

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        bounds = (self.min, self.max)
        if (self.choice is None) == (None in bounds) or (self.choice and any(bounds)):
            raise ValueError("must have either `choice`, or `min` and `max`.")
        if self.choice is not None:
            if self.step is not None or self.log:
                raise ValueError("`step` and `log` go with `min` and `max`.")
            return self
        self._check_range()
        return self

    def _check_range(self) -> None:
        low, high = self.bounds
        if low >= high:
            raise ValueError(f"min must be below max. Received: {low} and {high}.")
        if self.log and low <= 0:
            raise ValueError(f"min must be above 0 where log is true. Received: {low}.")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be above 0. Received: {self.step}.")
        if self.log and self.step is not None:
            raise ValueError("`step` has no place beside `log: true`.")

    @property
    def bounds(self) -> tuple[float, float]:
        """The range; only where there is one."""
        if self.min is None or self.max is None:
            raise ValueError("a choice has no range")
        return self.min, self.max

    @property
    def is_whole(self) -> bool:
        """Whether the range holds whole numbers only."""
        given = (self.min, self.max, 1 if self.step is None else self.step)
        return all(isinstance(value, int) for value in given)


class Pruning(Section):
    """Ends a trial early that is worse than the median of the first ones was at that epoch."""

    first_trials: PositiveInt = Field(default=5, description="Trials that are never ended.")
    first_epochs: PositiveInt = Field(default=3, description="Epochs that each trial has at least.")


class Tune(Section):
    """A search for better fields of the config; the test split is never read by it."""

    method: Literal["random", "bayesian", "grid", "hyperband"] = Field(
        default="bayesian", description="How the next trial is chosen."
    )
    trials: PositiveInt = Field(default=20, description="Most trials, the config's own among them.")
    seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="No trial begins after so many seconds."
    )
    objective: MetricName = Field(
        default="mae",
        description="Metric of the validation windows, in the user's units; for "
        "`task: classification` it is `log_loss`.",
    )
    folds: PositiveInt = Field(
        default=1,
        description="Validation periods in a row, over which the objective is averaged.",
    )
    pruning: Pruning | None = Field(
        default=Pruning(), description="End hopeless trials early; null never does."
    )
    space: dict[FieldPath, Parameter] = Field(
        default={},
        description="What each field, by its dotted path, may be; where it is empty, units, "
        "dropout, learning rate and lookback around the config's own.",
    )


class Resources(Section):
    """What one of several trainings that run side by side may use."""

    cpus: PositiveInt | Literal["auto"] = Field(
        default="auto", description="Cores of each; `auto` shares them out."
    )
    gpus: Annotated[float, Field(ge=0)] = Field(
        default=0,
        description="GPUs of each, or what part of one; 0 sets no limit.",
    )

    @field_validator("gpus")
    @classmethod
    def _whole_or_part_of_one(cls, gpus: float) -> float:
        if gpus > 1 and gpus != int(gpus):
            raise ValueError(f"must be a whole number, or less than 1. Received: {gpus:g}.")
        return gpus
