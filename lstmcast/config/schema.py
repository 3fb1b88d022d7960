"""The fields of a config, their defaults and what each must satisfy.

The names here are the interface of the tool: the YAML, `--set`, the saved `config.yaml` and the
JSON Schema all come from these classes. Checks that need the data are not made here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lstmcast.config.base import Section
from lstmcast.config.class_defaults import CLASSIFICATION, with_class_defaults
from lstmcast.config.sections.calibration import Adaptive, Calibration
from lstmcast.config.sections.data import (
    Covariate,
    CsvFormat,
    Data,
    Missing,
    Outliers,
    PastCovariate,
)
from lstmcast.config.sections.experiments import Backtest, Parameter, Pruning, Resources, Tune
from lstmcast.config.sections.features import Categories, Features, Holidays, Rolling
from lstmcast.config.sections.training import (
    DEFAULT_LOSSES,
    Augmentation,
    ClassesOutput,
    Direction,
    EarlyStopping,
    Evaluation,
    NegativeBinomialOutput,
    NormalOutput,
    Output,
    PointOutput,
    QuantilesOutput,
    ReduceLr,
    StudentTOutput,
    Training,
)
from lstmcast.config.sections.types import BaselineName, Calendar, MetricName
from lstmcast.config.sections.windows import Scaling, Split, Window
from lstmcast.models.lstm import Parameters as LstmParameters
from lstmcast.models.registry import AnyParameters

__all__ = [
    "Adaptive",
    "Augmentation",
    "Backtest",
    "BaselineName",
    "Calendar",
    "Calibration",
    "Categories",
    "ClassesOutput",
    "Config",
    "Covariate",
    "CsvFormat",
    "DEFAULT_LOSSES",
    "DEFAULT_TYPES",
    "Data",
    "Direction",
    "EarlyStopping",
    "Evaluation",
    "Features",
    "Holidays",
    "MetricName",
    "Missing",
    "NegativeBinomialOutput",
    "NormalOutput",
    "Outliers",
    "Output",
    "Parameter",
    "PastCovariate",
    "PointOutput",
    "Pruning",
    "QuantilesOutput",
    "ReduceLr",
    "Resources",
    "Rolling",
    "SECTIONS",
    "Scaling",
    "Split",
    "StudentTOutput",
    "Training",
    "Tune",
    "Window",
]

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
    "calibration",
    "evaluation",
    "backtest",
    "tune",
    "resources",
)


class Config(Section):
    """A whole experiment."""

    name: str = Field(
        default="run",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Begins the name of each run directory.",
    )
    task: Literal["forecast", "classification"] = Field(
        default="forecast",
        description="What is to be learned: numbers, or the class of each step; see "
        "[classification](classification.md).",
    )
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
    calibration: Calibration = Field(
        default=Calibration(), description="Intervals from the errors of the validation windows."
    )
    evaluation: Evaluation = Field(
        default=Evaluation(), description="What is measured, and beside what."
    )

    backtest: Backtest = Field(default=Backtest(), description="What `lstmcast backtest` does.")
    tune: Tune = Field(default=Tune(), description="What `lstmcast tune` searches, and how.")
    resources: Resources = Field(
        default=Resources(), description="Of each training where several run side by side."
    )

    @property
    def seeds(self) -> range:
        """The seed of each network that is trained: one, or those of an ensemble's members."""
        return range(self.seed, self.seed + self.training.seeds)

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
        if filled.get("task") == CLASSIFICATION:
            filled = with_class_defaults(filled)
        for section, kind in DEFAULT_TYPES.items():
            if isinstance(filled.get(section), dict):
                filled[section] = {"type": kind, **filled[section]}
        return _with_default_loss(filled)


def _with_default_loss(values: dict[str, Any]) -> dict[str, Any]:
    """The loss that goes with the output, where the config names none."""
    output, training = values.get("output"), values.get("training", {})
    kind = output.get("type") if isinstance(output, dict) else getattr(output, "type", None)
    loss = DEFAULT_LOSSES.get(kind) if isinstance(kind, str) else None
    if loss is None or not isinstance(training, dict):
        return values
    return {**values, "training": {"loss": loss, **training}}
