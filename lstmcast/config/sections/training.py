"""`output`, `training` and `evaluation`: what is learned, how, and how it is measured."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from lstmcast.config.base import Section
from lstmcast.config.sections.types import BaselineName, MetricName, PositiveInt, unique


class _AnyOutput(Section):
    """What all outputs have."""

    type: str
    paths: Annotated[int, Field(ge=10, le=100_000)] = Field(
        default=200,
        description="Sample paths that a forecast beyond the horizon draws for its quantiles.",
    )


class PointOutput(_AnyOutput):
    """One number for each target and step."""

    type: Literal["point"] = Field(default="point", description="One number.")


class _LevelsOutput(_AnyOutput):
    """What all outputs have that say by themselves how sure they are."""

    levels: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=[0.1, 0.5, 0.9],
        description="Quantiles of the forecast, ascending, 0.5 among them.",
    )

    @field_validator("levels")
    @classmethod
    def _ascending_with_median(cls, levels: list[float]) -> list[float]:
        if 0.5 not in levels or any(a >= b for a, b in pairwise(levels)):
            raise ValueError(f"levels must ascend and contain 0.5. Received: {levels}")
        return levels


class QuantilesOutput(_LevelsOutput):
    """Quantiles that cannot cross; the median is the point forecast."""

    type: Literal["quantiles"] = Field(default="quantiles", description="Several quantiles.")


class NormalOutput(_LevelsOutput):
    """A normal distribution; its median is the point forecast."""

    type: Literal["normal"] = Field(default="normal", description="A mean and a deviation.")


class StudentTOutput(_LevelsOutput):
    """Student's t distribution, which has heavier tails; its median is the point forecast."""

    type: Literal["student_t"] = Field(
        default="student_t", description="A centre, a scale and degrees of freedom."
    )


class NegativeBinomialOutput(_LevelsOutput):
    """A negative binomial distribution, of counts; its median is the point forecast."""

    type: Literal["negative_binomial"] = Field(
        default="negative_binomial",
        description="A mean and a dispersion; needs whole, unscaled targets.",
    )


class Direction(Section):
    """Whether the target of a step lies above or below its value at the origin.

    With a threshold of 0 the classes are `up`, above it, and `down`, not above it; else `down`,
    `flat` and `up`.
    """

    threshold: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="In units of the target: a change of at most so much is `flat`.",
    )


class ClassesOutput(Section):
    """A probability for each class; for `task: classification`."""

    type: Literal["classes"] = Field(default="classes", description="Classes.")
    of: Literal["steps", "series"] = Field(
        default="steps",
        description="`series`: each series has one class, which every window of it is to tell.",
    )
    direction: Direction | None = Field(
        default=None,
        description="The classes are the directions of a number, such as {threshold: 0.5}; null "
        "where they are the levels of the target column.",
    )


Output = Annotated[
    PointOutput
    | QuantilesOutput
    | NormalOutput
    | StudentTOutput
    | NegativeBinomialOutput
    | ClassesOutput,
    Field(discriminator="type"),
]
# The loss of each type of output, where the config names none.
DEFAULT_LOSSES = {
    "point": "mse",
    "quantiles": "quantile",
    "normal": "nll",
    "student_t": "nll",
    "negative_binomial": "nll",
    "classes": "cross_entropy",
}


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


class Augmentation(Section):
    """Random changes of the training windows, new ones each time a window is read."""

    jitter: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="Noise added to the inputs: its deviation, 1 being that of a standardised "
        "column.",
    )
    scaling: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="Each target of a window, past and ahead, times a random factor around 1: the "
        "deviation of the factor.",
    )
    masking: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Share of the steps of the lookback whose inputs are set to 0, the mean of a "
        "standardised column.",
    )
    frequencies: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Share of the frequencies that are taken out of the targets of every second "
        "window, past and ahead.",
    )
    shortening: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="Each window begins at a random step, by at most this share of the lookback "
        "late; the steps before repeat it.",
    )

    @property
    def changes(self) -> bool:
        """Whether anything is changed at all."""
        return any(value for _, value in self)

    @property
    def of_targets(self) -> list[str]:
        """The fields in use that change what is to be forecast."""
        return [name for name in ("scaling", "frequencies") if getattr(self, name)]


class Training(Section):
    """How the network is fitted."""

    backend: Literal["tensorflow", "jax"] = Field(
        default="tensorflow", description="What Keras computes with."
    )
    epochs: PositiveInt = Field(
        default=100, description="Most passes over the training windows; may stop earlier."
    )
    batch_size: PositiveInt = Field(default=64, description="Windows in each gradient step.")
    loss: Literal["mse", "mae", "huber", "quantile", "nll", "cross_entropy"] = Field(
        default="mse",
        description="What is minimised. It follows the output where it is not named: `quantile` "
        "with quantiles, `nll` (the negative log-likelihood) with distributions, `cross_entropy` "
        "with classes, else `mse`.",
    )
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = Field(
        default=None,
        description="How much each class counts in the loss: {rare: 5}, where those not named "
        "count 1; `balanced` lets all count alike, however rare in the training windows.",
    )
    huber_delta: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="Of `huber` only: the scaled error at which it turns linear."
    )
    frequency_loss: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0,
        description="Share of the loss that is the mean absolute error of the cosine transform of "
        "each window, so that the steps of a horizon are learned together and not one by one; of "
        "point forecasts only. For horizons of dozens of steps, 0.3 is a start.",
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
    augmentation: Augmentation = Field(
        default=Augmentation(), description="Random changes of the training windows."
    )
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description="Validate, and keep, a moving average of the weights: what each step leaves of "
        "the average before it, such as 0.99; null keeps the weights as they are.",
    )
    seeds: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1,
        description="Networks that are trained, from `seed`, `seed` + 1, …; the forecast is the "
        "median of theirs.",
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
        description="In the user's units; for `task: classification` those of classes, and all of "
        "them by default.",
    )
    baselines: list[BaselineName] = Field(
        default=["naive", "seasonal_naive", "drift"],
        description="Forecasts without training, on the same windows; for `task: classification` "
        "`majority` and `last`.",
    )

    @field_validator("metrics", "baselines")
    @classmethod
    def _no_doubles(cls, names: list[str]) -> list[str]:
        return unique(names, "each")
