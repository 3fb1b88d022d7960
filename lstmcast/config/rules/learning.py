"""What must hold between the network, what it gives, how it is trained and what it reads."""

from __future__ import annotations

from collections.abc import Iterator

from lstmcast.config.findings import Finding
from lstmcast.config.locations import Location
from lstmcast.config.schema import DEFAULT_LOSSES, Config
from lstmcast.models.cnn_lstm import Parameters as CnnLstmParameters
from lstmcast.models.segment import Parameters as SegmentParameters


def embedded_series(config: Config) -> Iterator[Finding]:
    """A vector for each series needs several of them, told apart by a column, in one network."""
    if not config.features.series_embedding:
        return
    place = ("features", "series_embedding")
    if config.data.series is None:
        yield Finding(
            place, "has no meaning without data.series, the column that tells series apart."
        )
    elif config.model.scope == "each":
        yield Finding(
            place,
            "has no meaning with model.scope: each, where a network knows one series alone. Remove "
            "it, or set scope to panel.",
        )


def scope_fits_data(config: Config) -> Iterator[Finding]:
    """A network for each series needs a column that tells them apart."""
    if config.model.scope == "each" and config.data.series is None:
        yield Finding(
            ("model", "scope"),
            "each needs data.series, the column that tells the series apart. Name it, or set scope "
            "to panel.",
        )


def level_was_taken_out(config: Config) -> Iterator[Finding]:
    """A level can be read where one was taken out of each window; counts always have theirs."""
    model = config.model
    if not isinstance(model, SegmentParameters) or not model.level_input:
        return
    if model.window_norm == "none" and config.output.type != "negative_binomial":
        yield Finding(
            ("model", "level_input"),
            "needs a level that was taken out of each window, and model.window_norm is none: the "
            "network reads the values as they are. Remove it, or set window_norm to last.",
        )


def mask_fits_model(config: Config) -> Iterator[Finding]:
    """What is masked is no value that a window could be normalised by."""
    norm = getattr(config.model, "window_norm", "none")
    if config.data.missing.strategy == "mask" and norm != "none":
        yield Finding(
            ("model", "window_norm"),
            f"{norm} is taken from the targets of each window, which data.missing.strategy: mask "
            "leaves missing. Set it to none, or the strategy to one that fills, such as ffill.",
        )


def loss_fits_output(config: Config) -> Iterator[Finding]:
    """Each kind of output has losses of its own."""
    loss, output = config.training.loss, config.output.type
    own = DEFAULT_LOSSES[output]
    if output == "point":
        others = {
            "quantile": "quantiles",
            "nll": "normal, student_t or negative_binomial",
            "cross_entropy": "classes",
        }
        fits = loss not in others
        fix = f"Set output.type: {others.get(loss)}"
    else:
        fits = loss == own
        fix = f"Set training.loss: {own}"
    if not fits:
        yield Finding(
            ("training", "loss"),
            f"loss {loss} does not fit output {output}: quantile goes with quantiles, nll with "
            f"distributions, cross_entropy with classes, the others with a point. {fix}, or leave "
            "the loss out.",
        )


def frequencies_fit_output(config: Config) -> Iterator[Finding]:
    """Frequencies are compared of forecasts that are one number a step."""
    if config.training.frequency_loss and config.output.type != "point":
        yield Finding(
            ("training", "frequency_loss"),
            f"is of point forecasts, and output is {config.output.type}. Remove it, or set "
            "output.type to point.",
        )


def linear_share_fits_output(config: Config) -> Iterator[Finding]:
    """A weighted mean is one of numbers that a linear model can give."""
    if config.model.linear_share and config.output.type in ("negative_binomial", "classes"):
        yield Finding(
            ("model", "linear_share"),
            f"is of forecasts of numbers, and output is {config.output.type}. Remove it, or set "
            "output.type to point, quantiles, normal or student_t.",
        )


def counts_stay_counts(config: Config) -> Iterator[Finding]:
    """A negative binomial distribution is one of the whole numbers that the data hold."""
    if config.output.type != "negative_binomial":
        return
    scaling = config.scaling
    changes: list[tuple[Location, str]] = [
        (("scaling", "target"), scaling.target),
        (("scaling", "target_transform"), scaling.target_transform),
        (("model", "window_norm"), config.model.window_norm),
    ]
    for location, value in changes:
        if value != "none":
            yield Finding(
                location,
                f"is {value}, and output negative_binomial is of counts as they are: the network "
                "reads them by their own size. Set it to none, or output.type to normal.",
            )
    for name in config.training.augmentation.of_targets:
        yield Finding(
            ("training", "augmentation", name),
            "has no place beside output negative_binomial: what it makes of a count is none. "
            "Remove it.",
        )


def training_choices(config: Config) -> Iterator[Finding]:
    """Settings of training that exclude each other."""
    training = config.training
    if training.schedule != "none" and training.reduce_lr is not None:
        yield Finding(
            ("training", "reduce_lr"),
            f"has no place beside schedule: {training.schedule}, which sets the learning rate. "
            "Remove one of the two, or set reduce_lr to null.",
        )
    if training.deterministic and training.jit is True and training.backend == "tensorflow":
        yield Finding(
            ("training", "jit"),
            "must be auto or false where deterministic is true: TensorFlow then runs without XLA.",
        )


def segments_fit_lookback(config: Config) -> Iterator[Finding]:
    """A segment is a part of the lookback."""
    model, lookback = config.model, config.window.lookback
    if isinstance(model, SegmentParameters) and model.segment > lookback:
        yield Finding(
            ("model", "segment"),
            f"must not be longer than window.lookback, {lookback}, which is read a segment at a "
            f"time. Received: {model.segment}. Lower it, or lengthen window.lookback.",
        )


def pooling_fits_lookback(config: Config) -> Iterator[Finding]:
    """Pooling leaves at least one step of the lookback."""
    model, lookback = config.model, config.window.lookback
    if isinstance(model, CnnLstmParameters) and lookback < model.pool ** len(model.filters):
        yield Finding(
            ("model", "pool"),
            f"leaves no step: a lookback of {lookback} pooled by {model.pool}, "
            f"{len(model.filters)} times. Lower it, or lengthen window.lookback.",
        )
