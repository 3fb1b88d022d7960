"""`split`, `window` and `scaling`: from rows to examples."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lstmcast.config.base import Section
from lstmcast.config.sections.types import PositiveInt


class Split(Section):
    """Where training ends and the test begins: all fractions, all row counts or all times.

    A time is that of the split's last row; a bare date covers the whole day.
    """

    train: float | int | str = Field(
        default=0.70, description="Share of the rows, a row count, or the time of its last row."
    )
    validation: float | int | str = Field(
        default=0.15, description="The same; 0 switches off what reads it (early stopping)."
    )
    test: float | int | str | None = Field(
        default=0.15, description="The same; with times, null tests on all that is left."
    )
    per: Literal["panel", "series"] = Field(
        default="panel",
        description="`panel`: the same cut times for all series; `series`: each has its own.",
    )
    by: Literal["time", "series"] = Field(
        default="time",
        description="`series`, for `output.of: series`, where it is the default: whole series are "
        "for training, for validation or for the test, chosen by a hash of their ids.",
    )

    @model_validator(mode="after")
    def _all_alike(self) -> Self:
        values = (self.train, self.validation, self.test)
        if all(isinstance(value, str) or value is None for value in values):
            return self
        if all(isinstance(value, int) for value in values):
            self._check_counts(*values)  # type: ignore[arg-type]
            return self
        if all(isinstance(value, int | float) for value in values):
            self._check_fractions(*values)  # type: ignore[arg-type]
            return self
        raise ValueError(
            "train, validation and test must be all fractions, all row counts or all times. "
            f"Received: {values}"
        )

    @staticmethod
    def _check_counts(train: int, validation: int, test: int) -> None:
        if train < 1 or validation < 0 or test < 0:
            raise ValueError(
                "row counts must be at least 1 for train and 0 for the others. "
                f"Received: {train}, {validation}, {test}"
            )

    @staticmethod
    def _check_fractions(train: float, validation: float, test: float) -> None:
        total = train + validation + test
        if min(validation, test) < 0 or train <= 0 or abs(total - 1) > 1e-9:
            raise ValueError(
                "fractions must add up to 1, train above 0 and none below. "
                f"Received: {train} + {validation} "
                f"+ {test} = {total:g}"
            )

    @property
    def kind(self) -> Literal["fractions", "counts", "times"]:
        """What the three values are."""
        if isinstance(self.train, str):
            return "times"
        values = (self.train, self.validation, self.test)
        return "counts" if all(isinstance(value, int) for value in values) else "fractions"


class Window(Section):
    """The shape of one example, in steps of the frequency."""

    lookback: PositiveInt = Field(default=48, description="Steps that the network reads.")
    horizon: PositiveInt = Field(default=1, description="Steps that it forecasts.")
    lead: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Steps skipped between the origin and the first target."
    )
    stride: PositiveInt = Field(
        default=1, description="Steps between training windows; the other splits use every one."
    )


class Scaling(Section):
    """Fitted on training rows only."""

    features: Literal["standard", "minmax", "robust", "none"] = Field(
        default="standard", description="Scaler of all inputs but the targets."
    )
    target: Literal["standard", "minmax", "robust", "none"] = Field(
        default="standard",
        description="Scaler of the targets; undone in the forecast. `none` for classes.",
    )
    per: Literal["panel", "series"] = Field(
        default="panel", description="One scaler for the whole panel, or one for each series."
    )
    target_transform: Literal["none", "log", "log1p", "box_cox", "yeo_johnson"] = Field(
        default="none", description="Before scaling; undone in the forecast."
    )
