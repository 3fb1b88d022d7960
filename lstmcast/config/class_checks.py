"""What must hold between the fields of a classification."""

from __future__ import annotations

from collections.abc import Iterator

from lstmcast.config.class_defaults import (
    CLASS_BASELINES,
    CLASS_METRICS,
    CLASS_OBJECTIVE,
    CLASSIFICATION,
    NUMBER_BASELINES,
    NUMBER_METRICS,
)
from lstmcast.config.findings import Check, Finding
from lstmcast.config.locations import Location
from lstmcast.config.schema import ClassesOutput, Config
from lstmcast.errors import ConfigError, Problem
from lstmcast.models.segment import Parameters as SegmentParameters

# Before the name of a class, in tables of forecasts.
PROBABILITY = "p_"


def direction_classes(output: ClassesOutput) -> tuple[str, ...]:
    """The classes of a direction, in the order of the numbers; none without one."""
    if output.direction is None:
        return ()
    return ("down", "flat", "up") if output.direction.threshold else ("down", "up")


def class_columns(output: ClassesOutput) -> list[str]:
    """The columns of probabilities in tables of forecasts, as far as the config tells."""
    return [f"{PROBABILITY}{name}" for name in direction_classes(output)]


def refuse_classes(config: Config, command: str) -> None:
    """Refuse a classification where only forecasts of numbers can be worked on.

    Args:
        config: The experiment.
        command: What works on them.

    Raises:
        ConfigError: If it is one.
    """
    if config.task == CLASSIFICATION:
        message = (
            f"is classification, and `lstmcast {command}` is for forecasts of numbers. Measure "
            "classes with `lstmcast train` and `lstmcast evaluate`."
        )
        raise ConfigError([Problem("task", message)])


def _output_fits_task(config: Config) -> Iterator[Finding]:
    gives_classes = isinstance(config.output, ClassesOutput)
    if config.task == CLASSIFICATION and not gives_classes:
        yield Finding(
            ("output", "type"),
            f"{config.output.type} is of numbers, and task: classification learns classes. Set it "
            "to classes, or task to forecast.",
        )
    if config.task != CLASSIFICATION and gives_classes:
        yield Finding(
            ("output", "type"),
            "classes is for task: classification. Set task to that, or the type to point.",
        )


def _target_fits_task(config: Config) -> Iterator[Finding]:
    """A category is a class; a number has a direction."""
    place, kind = ("data", "target_type"), config.data.target_type
    if not isinstance(config.output, ClassesOutput):
        if kind != "number" and config.task != CLASSIFICATION:
            yield Finding(place, f"{kind} is for task: classification. Set task to that.")
        return
    if config.output.direction is not None and kind != "number":
        yield Finding(
            place, f"{kind} has no direction. Set it to number, or remove output.direction."
        )
    elif config.output.direction is None and kind == "number":
        yield Finding(
            place,
            "number has no classes. Set it to category, or ask for output.direction: "
            "{threshold: 0}, the direction of the number.",
        )
    elif (config.output.of == "series") != (kind == "label"):
        wanted = "label" if config.output.of == "series" else "category"
        yield Finding(
            place,
            f"{kind} does not fit output.of: {config.output.of}. Set it to {wanted}, or leave it "
            "out.",
        )
    if len(config.data.targets) > 1:
        yield Finding(
            ("data", "target"),
            f"task: classification learns one target. Received: {len(config.data.targets)}. Name "
            "one, and the others as past_covariates.",
        )


def _series_have_classes(config: Config) -> Iterator[Finding]:
    """What a class of whole series needs, and what would give it away."""
    output = config.output
    if not isinstance(output, ClassesOutput) or output.of == "steps":
        if config.split.by == "series":
            yield Finding(
                ("split", "by"),
                "series is for output.of: series: a forecast goes on with series that training "
                "knows. Set it to time.",
            )
        return
    data = config.data
    if data.series is None:
        yield Finding(("data", "series"), "is needed for output.of: series. Name the id column.")
    if not (data.past_covariates or data.future_covariates):
        yield Finding(
            ("data", "past_covariates"),
            "are needed for output.of: series: the class is told by them alone. Name what was "
            "measured.",
        )
    wrong: list[tuple[Location, bool, str]] = [
        (("window", "horizon"), config.window.horizon != 1, "1"),
        (("window", "lead"), config.window.lead != 0, "0"),
        (("features", "series_embedding"), config.features.series_embedding, "false"),
        (("model", "scope"), config.model.scope != "panel", "panel"),
    ]
    for location, is_wrong, wanted in wrong:
        if is_wrong:
            yield Finding(
                location, f"must be {wanted} with output.of: series, where each series has a class."
            )
    if "last" in config.evaluation.baselines:
        yield Finding(
            ("evaluation", "baselines"),
            "last would be the class of the series itself. Leave it out: [majority].",
        )
    if config.split.by == "series" and config.split.kind == "times":
        yield Finding(
            ("split", "by"), "series needs shares or counts of series, not times. Set it to time."
        )


def _measured_fits_task(config: Config) -> Iterator[Finding]:
    classifies = config.task == CLASSIFICATION
    metrics = CLASS_METRICS if classifies else NUMBER_METRICS
    baselines = CLASS_BASELINES if classifies else NUMBER_BASELINES
    evaluation = config.evaluation
    named: list[tuple[Location, str, tuple[str, ...]]] = [
        *((("evaluation", "metrics", i), n, metrics) for i, n in enumerate(evaluation.metrics)),
        *(
            (("evaluation", "baselines", i), n, baselines)
            for i, n in enumerate(evaluation.baselines)
        ),
        (
            ("tune", "objective"),
            config.tune.objective,
            (CLASS_OBJECTIVE,) if classifies else metrics,
        ),
    ]
    for location, name, fitting in named:
        if name not in fitting:
            yield Finding(
                location,
                f"{name} is not for task: {config.task}. Those that are: {', '.join(fitting)}.",
            )


def _weights_fit_task(config: Config) -> Iterator[Finding]:
    place = ("training", "class_weights")
    weights = config.training.class_weights
    if weights is None:
        return
    if config.task != CLASSIFICATION:
        yield Finding(place, "is for task: classification. Remove it.")
    elif isinstance(weights, dict) and isinstance(config.output, ClassesOutput):
        known = direction_classes(config.output)
        for name in weights:
            if known and name not in known:
                message = f"there is no class `{name}`. There are: {', '.join(known)}."
                yield Finding((*place, name), message)


def _classes_stay_classes(config: Config) -> Iterator[Finding]:
    """What changes numbers has nothing to do with classes."""
    if not isinstance(config.output, ClassesOutput):
        return
    for name in config.training.augmentation.of_targets:
        yield Finding(
            ("training", "augmentation", name),
            "has no place beside output classes: the class of a step stays as it is. Remove it.",
        )
    if config.data.target_type == "number":
        return
    changes: list[tuple[Location, str]] = [
        (("scaling", "target"), config.scaling.target),
        (("scaling", "target_transform"), config.scaling.target_transform),
        (("model", "window_norm"), config.model.window_norm),
    ]
    for location, value in changes:
        if value != "none":
            yield Finding(location, f"is {value}, and a category cannot be scaled. Set it to none.")
    if isinstance(config.model, SegmentParameters):
        yield Finding(
            ("model", "type"),
            "segment reads the numbers of the target, and a category has none. Choose lstm, gru, "
            "attention, cnn_lstm or seq2seq.",
        )


# Each check with the locations that it reads.
_TARGET: tuple[Location, ...] = (
    ("task",),
    ("output",),
    ("data", "target"),
    ("data", "target_type"),
)
CLASS_CHECKS: dict[Check, tuple[Location, ...]] = {
    _output_fits_task: (("task",), ("output",)),
    _target_fits_task: _TARGET,
    _series_have_classes: (
        *_TARGET,
        ("data",),
        ("split",),
        ("window",),
        ("features", "series_embedding"),
        ("model",),
        ("evaluation",),
    ),
    _measured_fits_task: (("task",), ("evaluation",), ("tune", "objective")),
    _weights_fit_task: (("task",), ("output",), ("training", "class_weights")),
    _classes_stay_classes: (
        *_TARGET,
        ("scaling",),
        ("model",),
        ("training", "augmentation"),
    ),
}
