"""The fields of a config, their defaults and what each must satisfy.

The names here are the interface of the tool: the YAML, `--set`, the saved `config.yaml` and the
JSON Schema all come from these classes. Checks that need the data are not made here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lstmcast.config.base import Section
from lstmcast.models.lstm import Parameters as LstmParameters
from lstmcast.models.registry import AnyParameters

PositiveInt = Annotated[int, Field(ge=1)]
Calendar = Literal[
    "minute",
    "hour",
    "dayofweek",
    "dayofmonth",
    "dayofyear",
    "weekofyear",
    "month",
    "quarter",
    "weekend",
]
Statistic = Literal["mean", "std", "min", "max", "median"]
MetricName = Literal["mse", "rmse", "mae", "r2", "smape", "mase"]
BaselineName = Literal["naive", "seasonal_naive", "drift"]


def _unique(names: list[str], what: str) -> list[str]:
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise ValueError(f"{what} must be named once. Received twice: {', '.join(doubles)}")
    return names


class CsvFormat(Section):
    """How the text file is written."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: str = Field(default=".", min_length=1, max_length=1)
    thousands: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    na: list[str] = Field(
        default=["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"],
        description="Words that stand for a missing value.",
    )


class Covariate(Section):
    """A column that helps to forecast the target."""

    column: str
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
        "error", "drop", "ffill", "interpolate", "seasonal", "mean", "zero"
    ] = Field(
        default="error",
        description="`zero` states that a missing value means zero, so that it counts as observed; "
        "what the others fill is read by the network but never forecast or scored.",
    )
    limit: PositiveInt | None = Field(
        default=None, description="Longest run of missing values to fill; None fills all."
    )
    indicator: bool = Field(
        default=False, description="Add a column of 0 and 1 for each column that has gaps."
    )


class Outliers(Section):
    """What to do about outliers; the bounds come from training rows."""

    method: Literal["none", "iqr", "hampel"] = "none"
    action: Literal["clip", "mask"] = "clip"
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
    time: str | list[str] = Field(
        description="Column of the time, or its parts: [year, month, day, hour]."
    )
    series: str | None = Field(default=None, description="Id column of a panel in long form.")
    target: str | list[str] = Field(description="Column to forecast, or a list of them.")
    past_covariates: list[PastCovariate] = []
    future_covariates: list[Covariate] = []
    static_covariates: list[Covariate] = []
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
    csv: CsvFormat = CsvFormat()
    duplicates: Literal["error", "first", "last", "mean", "sum"] = "error"
    gaps: Literal["error", "fill"] = Field(
        default="error", description="`fill` inserts the rows that are missing, without values."
    )
    missing: Missing = Missing()
    outliers: Outliers = Outliers()

    @field_validator("past_covariates", "future_covariates", "static_covariates", mode="before")
    @classmethod
    def _expand_names(cls, entries: Any) -> Any:
        return _expand(entries)

    @field_validator("target", "time")
    @classmethod
    def _not_empty(cls, columns: str | list[str]) -> str | list[str]:
        if not columns:
            raise ValueError("must name at least one column. Received: none")
        return columns if isinstance(columns, str) else _unique(columns, "columns")

    @model_validator(mode="after")
    def _one_role_each(self) -> Self:
        covariates = [*self.past_covariates, *self.future_covariates, *self.static_covariates]
        names = [*self.targets, *(covariate.column for covariate in covariates)]
        if self.series is not None:
            names.append(self.series)
        if isinstance(self.time, str):
            names.append(self.time)
        _unique(names, "a column has one role, so it")
        return self

    @property
    def targets(self) -> list[str]:
        """The target columns, always as a list."""
        return [self.target] if isinstance(self.target, str) else list(self.target)

    @property
    def time_columns(self) -> list[str]:
        """The time column, or its parts, always as a list."""
        return [self.time] if isinstance(self.time, str) else list(self.time)


class Rolling(Section):
    """Statistics over the last steps of a column, the current one included."""

    window: Annotated[int, Field(ge=2)]
    statistics: list[Statistic] = Field(default=["mean"], min_length=1)


class Categories(Section):
    """How columns of categories reach the network; each has an "unknown" level."""

    encoding: Literal["one_hot", "embedding"] = "one_hot"
    embedding_size: PositiveInt | None = Field(
        default=None, description="Width of an embedding; from the number of levels if null."
    )


class Features(Section):
    """Columns computed from others; each inherits the weakest role of its sources."""

    calendar: list[Calendar] = Field(
        default=[], description="Cyclic features of the time, known ahead."
    )
    lags: dict[str, list[PositiveInt]] = {}
    rolling: dict[str, Rolling] = {}
    differences: dict[str, list[PositiveInt]] = {}
    interactions: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = []
    polynomials: dict[str, Annotated[int, Field(ge=2, le=5)]] = Field(
        default={}, description="Powers of a column up to this degree."
    )
    time_since: list[str] = Field(
        default=[], description="Steps since the column was last above zero."
    )
    categories: Categories = Categories()

    @field_validator("calendar")
    @classmethod
    def _no_doubles(cls, names: list[str]) -> list[str]:
        return _unique(names, "calendar features")


class Split(Section):
    """Where training ends and the test begins: all fractions, all row counts or all times.

    A time is that of the split's last row; a bare date covers the whole day.
    """

    train: float | int | str = 0.70
    validation: float | int | str = 0.15
    test: float | int | str | None = Field(
        default=0.15, description="With times, null tests on all that is left."
    )
    per: Literal["panel", "series"] = Field(
        default="panel", description="`panel`: the same cut times for all series."
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
                f"fractions must be positive and add up to 1. Received: {train} + {validation} "
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

    features: Literal["standard", "minmax", "robust", "none"] = "standard"
    target: Literal["standard", "minmax", "robust", "none"] = "standard"
    per: Literal["panel", "series"] = "panel"
    target_transform: Literal["none", "log", "log1p", "box_cox", "yeo_johnson"] = Field(
        default="none", description="Before scaling; undone in the forecast."
    )


class PointOutput(Section):
    """One number for each target and step."""

    type: Literal["point"] = "point"


class QuantilesOutput(Section):
    """Quantiles that cannot cross; the median is the point forecast."""

    type: Literal["quantiles"] = "quantiles"
    levels: list[Annotated[float, Field(gt=0, lt=1)]] = [0.1, 0.5, 0.9]

    @field_validator("levels")
    @classmethod
    def _ascending_with_median(cls, levels: list[float]) -> list[float]:
        if 0.5 not in levels or any(a >= b for a, b in zip(levels, levels[1:], strict=False)):
            raise ValueError(f"levels must ascend and contain 0.5. Received: {levels}")
        return levels


Output = Annotated[PointOutput | QuantilesOutput, Field(discriminator="type")]


class EarlyStopping(Section):
    """Stops when the validation loss no longer improves, and restores the best weights."""

    patience: PositiveInt = 10
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class ReduceLr(Section):
    """Lowers the learning rate when the validation loss is on a plateau."""

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: PositiveInt = 4
    min_lr: Annotated[float, Field(ge=0)] = 1e-6


class Training(Section):
    """How the network is fitted."""

    backend: Literal["tensorflow", "jax"] = "tensorflow"
    epochs: PositiveInt = 100
    batch_size: PositiveInt = 64
    loss: Literal["mse", "mae", "huber", "quantile"] = "mse"
    huber_delta: Annotated[float, Field(gt=0)] = 1.0
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.9, description="Of `sgd` only."
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        default=0.004, description="Of `adamw` only."
    )
    early_stopping: EarlyStopping | None = EarlyStopping()
    reduce_lr: ReduceLr | None = ReduceLr()
    schedule: Literal["none", "cosine", "exponential"] = Field(
        default="none", description="A learning rate by epoch, instead of `reduce_lr`."
    )
    clipnorm: Annotated[float, Field(gt=0)] | None = 1.0
    deterministic: bool = Field(
        default=False, description="Bit-identical weights in every process; slower."
    )
    device: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    steps_per_execution: PositiveInt | Literal["auto"] = "auto"
    jit: bool | Literal["auto"] = "auto"
    tensorboard: bool = Field(default=False, description="Write TensorBoard logs into the run.")


class Evaluation(Section):
    """What is measured, and beside what."""

    metrics: list[MetricName] = Field(
        default=["mse", "rmse", "mae", "r2", "smape", "mase"], min_length=1
    )
    baselines: list[BaselineName] = ["naive", "seasonal_naive", "drift"]


class Config(Section):
    """A whole experiment."""

    name: str = Field(default="run", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    task: Literal["forecast"] = "forecast"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7
    runs_dir: str = Field(default="runs", description="Relative to the working directory.")
    data: Data
    features: Features = Features()
    split: Split = Split()
    window: Window = Window()
    scaling: Scaling = Scaling()
    model: AnyParameters = LstmParameters()
    output: Output = PointOutput()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="before")
    @classmethod
    def _default_types(cls, values: Any) -> Any:
        """Let `model: {units: [32]}` mean an lstm, and `output: {}` a point."""
        if not isinstance(values, dict):
            return values
        defaults = {"model": "lstm", "output": "point"}
        filled = {
            section: {"type": kind, **values[section]}
            for section, kind in defaults.items()
            if isinstance(values.get(section), dict)
        }
        return {**values, **filled}

    @model_validator(mode="after")
    def _loss_fits_output(self) -> Self:
        quantiles = self.output.type == "quantiles"
        if quantiles != (self.training.loss == "quantile"):
            raise ValueError(
                "training.loss: quantile and output.type: quantiles go together. "
                f"Received: loss {self.training.loss}, output {self.output.type}"
            )
        return self
