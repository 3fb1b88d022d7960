"""`data`: the file, its columns and what each is for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from lstmcast.config.base import Section
from lstmcast.config.sections.types import Character, ColumnName, PositiveInt, unique


class CsvFormat(Section):
    """How the text file is written."""

    delimiter: Character = Field(default=",", description="Between two columns.")
    decimal: Character = Field(default=".", description="Before the fraction of a number.")
    thousands: Character | None = Field(
        default=None, description="Between the thousands of a number; null where there is nothing."
    )
    encoding: str = Field(default="utf-8", description="Of the text, such as utf-8 or cp1252.")
    na: list[str] = Field(
        default=["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"],
        description="Words that stand for a missing value.",
    )


class Covariate(Section):
    """A column that helps to forecast the target."""

    column: ColumnName = Field(description="Its name in the header.")
    type: Literal["auto", "number", "category"] = Field(
        default="auto", description="`auto`: a category where the column holds text."
    )


class PastCovariate(Covariate):
    """A column known up to the origin of a forecast."""

    available_after: str | None = Field(
        default=None,
        description="How late its values come in, such as `2d`: it is shifted by that much.",
    )


def _expand(entries: Any) -> Any:
    """Take `[price]` for `[{column: price}]`."""
    if isinstance(entries, list):
        return [{"column": entry} if isinstance(entry, str) else entry for entry in entries]
    return entries


class Missing(Section):
    """What to do about missing values; all strategies but `interpolate` are causal."""

    strategy: Literal[
        "error", "drop", "ffill", "interpolate", "seasonal", "mean", "zero", "mask"
    ] = Field(
        default="error",
        description="`zero` states that a missing value means zero, so that it counts as observed; "
        "what the others fill is read by the network but never forecast or scored. `mask` fills "
        "nothing: the network is told what is missing, and learns from the targets that are not.",
    )
    limit: PositiveInt | None = Field(
        default=None, description="Longest run of missing values to fill; None fills all."
    )
    indicator: bool = Field(
        default=False, description="Add a column of 0 and 1 for each column that has gaps."
    )


class Outliers(Section):
    """What to do about outliers; the bounds come from training rows."""

    method: Literal["none", "iqr", "hampel"] = Field(
        default="none",
        description="`iqr` bounds by the quartiles, `hampel` by the median absolute deviation.",
    )
    action: Literal["clip", "mask"] = Field(
        default="clip", description="`clip` moves a value to its bound, `mask` makes it missing."
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        description="In interquartile ranges (`iqr`, 1.5) or scaled median absolute deviations "
        "(`hampel`, 3).",
    )


class Data(Section):
    """The file, its columns and what each is for."""

    path: str | list[str] | None = Field(
        default=None, description="A file, a glob or a list of them; `-` reads standard input."
    )
    time: ColumnName | list[ColumnName] = Field(
        description="Column of the time, or its parts: [year, month, day, hour]."
    )
    series: ColumnName | None = Field(
        default=None, description="Id column of a panel in long form; null for a single series."
    )
    target: ColumnName | list[ColumnName] = Field(
        description="Column to forecast, or a list of them."
    )
    target_type: Literal["number", "category", "label"] = Field(
        default="number",
        description="`category`: its levels, text or whole numbers, are the classes of "
        "`task: classification`, where it is the default. `label`: it has one level in each "
        "series, for `output.of: series`.",
    )
    past_covariates: list[PastCovariate] = Field(
        default=[], description="Columns known up to the origin of a forecast; a name is enough."
    )
    future_covariates: list[Covariate] = Field(
        default=[], description="Columns known over the horizon too; a name is enough."
    )
    static_covariates: list[Covariate] = Field(
        default=[], description="Columns with one value for each series; a name is enough."
    )
    freq: str | None = Field(
        default=None, description="A pandas frequency such as h, D, W-SAT or MS; inferred if null."
    )
    season_length: PositiveInt | None = Field(
        default=None, description="Steps of a season; from the frequency if null."
    )
    format: str | None = Field(default=None, description="strptime format of the time column.")
    tz: str | None = Field(default=None, description="IANA time zone of the time column.")
    start: str | None = Field(default=None, description="Keep rows from this time on.")
    end: str | None = Field(default=None, description="Keep rows up to this time.")
    csv: CsvFormat = Field(default=CsvFormat(), description="How a text file is written.")
    duplicates: Literal["error", "first", "last", "mean", "sum"] = Field(
        default="error", description="What becomes of rows with the same time and series."
    )
    gaps: Literal["error", "fill"] = Field(
        default="error", description="`fill` inserts the rows that are missing, without values."
    )
    short_series: Literal["leave_out", "pad"] = Field(
        default="leave_out",
        description="What becomes of a series that is shorter than a window: `pad` puts rows "
        "without values before it, for `missing: {strategy: mask}`.",
    )
    missing: Missing = Field(default=Missing(), description="What to do about missing values.")
    outliers: Outliers = Field(default=Outliers(), description="What to do about outliers.")

    @field_validator("past_covariates", "future_covariates", "static_covariates", mode="before")
    @classmethod
    def _expand_names(cls, entries: Any) -> Any:
        return _expand(entries)

    @field_validator("path")
    @classmethod
    def _names_files(cls, path: str | list[str] | None) -> str | list[str] | None:
        if path is not None and not (path and all(path)):
            raise ValueError(
                f"names no file. Name one, a glob or a list of them. Received: {path!r}"
            )
        return path

    @field_validator("target", "time")
    @classmethod
    def _not_empty(cls, columns: str | list[str]) -> str | list[str]:
        if not columns:
            raise ValueError("must name at least one column. Received: none")
        return columns if isinstance(columns, str) else unique(columns, "columns")

    @property
    def targets(self) -> list[str]:
        """The target columns, always as a list."""
        return [self.target] if isinstance(self.target, str) else list(self.target)

    @property
    def time_columns(self) -> list[str]:
        """The time column, or its parts, always as a list."""
        return [self.time] if isinstance(self.time, str) else list(self.time)
