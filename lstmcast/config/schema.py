"""The fields of a config, their defaults and what each must satisfy.

The names here are the interface of the tool: the YAML, `--set`, the saved `config.yaml` and the
JSON Schema all come from these classes. Checks that need the data are not made here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lstmcast.config.base import Section
from lstmcast.models.lstm import Parameters as LstmParameters
from lstmcast.models.registry import AnyParameters

# The `type` that a section has where it names none.
DEFAULT_TYPES = {"model": "lstm", "output": "point"}
SECTIONS = (
    "data",
    "features",
    "split",
    "window",
    "scaling",
    "model",
    "output",
    "training",
    "evaluation",
)
PositiveInt = Annotated[int, Field(ge=1)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
ColumnName = Annotated[str, Field(min_length=1)]
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

    strategy: Literal["error", "drop", "ffill", "interpolate", "seasonal", "mean", "zero"] = Field(
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
    missing: Missing = Field(default=Missing(), description="What to do about missing values.")
    outliers: Outliers = Field(default=Outliers(), description="What to do about outliers.")

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

    window: Annotated[int, Field(ge=2)] = Field(description="Steps that each statistic covers.")
    statistics: list[Statistic] = Field(
        default=["mean"], min_length=1, description="What to compute of them."
    )


class Categories(Section):
    """How columns of categories reach the network; each has an "unknown" level."""

    encoding: Literal["one_hot", "embedding"] = Field(
        default="one_hot", description="A column of 0 and 1 for each level, or a learned vector."
    )
    embedding_size: PositiveInt | None = Field(
        default=None, description="Width of an embedding; from the number of levels if null."
    )


class Features(Section):
    """Columns computed from others; each inherits the weakest role of its sources."""

    calendar: list[Calendar] = Field(
        default=[], description="Cyclic features of the time, known ahead."
    )
    lags: dict[str, list[PositiveInt]] = Field(
        default={}, description="For each column, how many steps back: {price: [1, 24]}."
    )
    rolling: dict[str, Rolling] = Field(
        default={}, description="For each column, statistics over its last steps."
    )
    differences: dict[str, list[PositiveInt]] = Field(
        default={}, description="For each column, its change over so many steps: {price: [1]}."
    )
    interactions: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        default=[], description="Products of two columns: [[price, temperature]]."
    )
    polynomials: dict[str, Annotated[int, Field(ge=2, le=5)]] = Field(
        default={}, description="Powers of a column up to this degree."
    )
    time_since: list[str] = Field(
        default=[], description="Steps since the column was last above zero."
    )
    categories: Categories = Field(
        default=Categories(), description="How columns of categories reach the network."
    )

    @field_validator("calendar")
    @classmethod
    def _no_doubles(cls, names: list[str]) -> list[str]:
        return _unique(names, "calendar features")


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
        default="standard", description="Scaler of the targets; undone in the forecast."
    )
    per: Literal["panel", "series"] = Field(
        default="panel", description="One scaler for the whole panel, or one for each series."
    )
    target_transform: Literal["none", "log", "log1p", "box_cox", "yeo_johnson"] = Field(
        default="none", description="Before scaling; undone in the forecast."
    )


class PointOutput(Section):
    """One number for each target and step."""

    type: Literal["point"] = Field(default="point", description="One number.")


class QuantilesOutput(Section):
    """Quantiles that cannot cross; the median is the point forecast."""

    type: Literal["quantiles"] = Field(default="quantiles", description="Several quantiles.")
    levels: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=[0.1, 0.5, 0.9], description="Which, ascending, 0.5 among them."
    )

    @field_validator("levels")
    @classmethod
    def _ascending_with_median(cls, levels: list[float]) -> list[float]:
        if 0.5 not in levels or any(a >= b for a, b in pairwise(levels)):
            raise ValueError(f"levels must ascend and contain 0.5. Received: {levels}")
        return levels


Output = Annotated[PointOutput | QuantilesOutput, Field(discriminator="type")]


class EarlyStopping(Section):
    """Stops when the validation loss no longer improves, and restores the best weights."""

    patience: PositiveInt = Field(
        default=10, description="Epochs without improvement before it stops."
    )
    min_delta: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Smallest change of the validation loss that improves it."
    )


class ReduceLr(Section):
    """Lowers the learning rate when the validation loss is on a plateau."""

    factor: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="What the learning rate is multiplied by."
    )
    patience: PositiveInt = Field(
        default=4, description="Epochs without improvement before it is lowered."
    )
    min_lr: Annotated[float, Field(ge=0)] = Field(default=1e-6, description="Lowest learning rate.")


class Training(Section):
    """How the network is fitted."""

    backend: Literal["tensorflow", "jax"] = Field(
        default="tensorflow", description="What Keras computes with."
    )
    epochs: PositiveInt = Field(
        default=100, description="Most passes over the training windows; may stop earlier."
    )
    batch_size: PositiveInt = Field(default=64, description="Windows in each gradient step.")
    loss: Literal["mse", "mae", "huber", "quantile"] = Field(
        default="mse", description="What is minimised; `quantile` goes with output type quantiles."
    )
    huber_delta: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="Of `huber` only: the scaled error at which it turns linear."
    )
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = Field(
        default="adam", description="How the weights are moved."
    )
    learning_rate: Annotated[float, Field(gt=0)] = Field(
        default=1e-3, description="Step size at the start."
    )
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.9, description="Of `sgd` only.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        default=0.004, description="Of `adamw` only."
    )
    early_stopping: EarlyStopping | None = Field(
        default=EarlyStopping(), description="Stop at the best validation loss; null never stops."
    )
    reduce_lr: ReduceLr | None = Field(
        default=ReduceLr(),
        description="Lower the learning rate on a plateau; null (also where `schedule` is set) "
        "never does.",
    )
    schedule: Literal["none", "cosine", "exponential"] = Field(
        default="none", description="A learning rate by epoch, instead of `reduce_lr`."
    )
    clipnorm: Annotated[float, Field(gt=0)] | None = Field(
        default=1.0, description="Largest norm of each weight's gradient; null does not clip."
    )
    deterministic: bool = Field(
        default=False, description="Bit-identical weights in every process; slower."
    )
    device: Literal["auto", "cpu", "gpu"] = Field(
        default="auto", description="`auto` takes a GPU where there is one."
    )
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = Field(
        default="float32", description="The mixed ones compute in 16 bits and need a recent GPU."
    )
    steps_per_execution: PositiveInt | Literal["auto"] = Field(
        default="auto", description="Gradient steps in each call of the compiled function."
    )
    jit: bool | Literal["auto"] = Field(
        default="auto", description="Compile with XLA; `auto` where it is known to pay."
    )
    tensorboard: bool = Field(default=False, description="Write TensorBoard logs into the run.")

    @model_validator(mode="before")
    @classmethod
    def _schedule_replaces_reduce_lr(cls, values: Any) -> Any:
        """Drop the default plateau rule where a schedule sets the learning rate."""
        if isinstance(values, dict) and values.get("schedule", "none") != "none":
            return {"reduce_lr": None, **values}
        return values


class Evaluation(Section):
    """What is measured, and beside what."""

    metrics: list[MetricName] = Field(
        default=["mse", "rmse", "mae", "r2", "smape", "mase"],
        min_length=1,
        description="In the user's units.",
    )
    baselines: list[BaselineName] = Field(
        default=["naive", "seasonal_naive", "drift"],
        description="Forecasts without training, on the same windows.",
    )

    @field_validator("metrics", "baselines")
    @classmethod
    def _no_doubles(cls, names: list[str]) -> list[str]:
        return _unique(names, "each")


class Config(Section):
    """A whole experiment."""

    name: str = Field(
        default="run",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Begins the name of each run directory.",
    )
    task: Literal["forecast"] = Field(default="forecast", description="What is to be learned.")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=7, description="Of the first weights, the shuffling and the dropout."
    )
    runs_dir: str = Field(
        default="runs",
        min_length=1,
        description="Where runs are kept, relative to the working directory.",
    )
    data: Data = Field(description="The file, its columns and what each is for.")
    features: Features = Field(default=Features(), description="Columns computed from others.")
    split: Split = Field(default=Split(), description="Training, validation and test rows.")
    window: Window = Field(default=Window(), description="The shape of one example.")
    scaling: Scaling = Field(default=Scaling(), description="Scalers, fitted on training rows.")
    model: AnyParameters = Field(default=LstmParameters(), description="The network.")
    output: Output = Field(default=PointOutput(), description="What a forecast is.")
    training: Training = Field(default=Training(), description="How the network is fitted.")
    evaluation: Evaluation = Field(
        default=Evaluation(), description="What is measured, and beside what."
    )

    @model_validator(mode="before")
    @classmethod
    def _default_types(cls, values: Any) -> Any:
        """Let `model: {units: [32]}` mean an lstm, `output: {}` a point, and an empty section
        (null in YAML, its lines commented out) its defaults.
        """
        if not isinstance(values, dict):
            return values
        filled = {"data": {}, **values}
        for section in set(SECTIONS) & set(filled):
            if filled[section] is None:
                filled[section] = {}
        for section, kind in DEFAULT_TYPES.items():
            if isinstance(filled.get(section), dict):
                filled[section] = {"type": kind, **filled[section]}
        return filled
