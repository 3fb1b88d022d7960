"""What must hold between fields, as far as it can be told without the data.

Each check names the fields that it reads, and runs where pydantic found nothing wrong in those.
"""

from __future__ import annotations

import codecs
import re
import zoneinfo
from collections.abc import Collection, Iterator
from datetime import datetime

from lstmcast.config.class_checks import CLASS_CHECKS, class_columns
from lstmcast.config.findings import Check, Finding
from lstmcast.config.hints import did_you_mean, near
from lstmcast.config.locations import Location, dotted
from lstmcast.config.schema import (
    DEFAULT_LOSSES,
    ClassesOutput,
    Config,
    Data,
    Features,
    PointOutput,
)
from lstmcast.errors import Problem
from lstmcast.models.attention import Parameters as AttentionParameters
from lstmcast.models.cnn_lstm import Parameters as CnnLstmParameters

# A year, perhaps a month and a day, perhaps a time of the day.
_TIME = re.compile(r"\d{4}(-?\d{1,2}){0,2}([T ].+)?")
_SPLITS = ("train", "validation", "test")


def findings(config: Config, *, wrong: Collection[Location] = ()) -> list[Finding]:
    """Every rule between fields that a config breaks.

    Args:
        config: A config whose fields, each for itself, are right.
        wrong: Locations of sections or fields that hold a default in place of a wrong value; a
            check that reads one of them is left out.
    """
    return [
        finding
        for check, locations in _CHECKS.items()
        if not any(_overlap(read, place) for read in locations for place in wrong)
        for finding in check(config)
    ]


def _overlap(one: Location, other: Location) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def check_config(config: Config) -> list[Problem]:
    """The same as problems, for a `Config` that was built in Python and never loaded."""
    return [Problem(dotted(f.location), f.message, None, f.hint) for f in findings(config)]


def _roles(config: Config) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for location, column in _declared(config.data):
        if column in seen:
            yield Finding(
                location, f"`{column}` is already named in {seen[column]}. A column has one role."
            )
        seen.setdefault(column, dotted(location))


def _declared(data: Data) -> Iterator[tuple[Location, str]]:
    """Every column with its role. Parts of the time may serve as covariates too."""
    if isinstance(data.time, str):
        yield ("data", "time"), data.time
    if data.series is not None:
        yield ("data", "series"), data.series
    if isinstance(data.target, str):
        yield ("data", "target"), data.target
    else:
        yield from ((("data", "target", i), name) for i, name in enumerate(data.target))
    for role in ("past_covariates", "future_covariates", "static_covariates"):
        for i, covariate in enumerate(getattr(data, role)):
            yield ("data", role, i, "column"), covariate.column


def _names_in_forecasts(config: Config) -> Iterator[Finding]:
    """The time and the series keep their names in tables of forecasts, which have others too."""
    data = config.data
    taken = {"step", "prediction", "origin", "actual"}
    if len(data.targets) > 1:
        taken.add("target")
    if isinstance(config.model, AttentionParameters):
        taken.add("weight")
    if isinstance(config.output, ClassesOutput):
        taken |= set(class_columns(config.output))
    elif not isinstance(config.output, PointOutput):
        taken |= {str(level) for level in config.output.levels}
    for field, column in (("time", data.time), ("series", data.series)):
        if isinstance(column, str) and column in taken:
            yield Finding(
                ("data", field),
                f"`{column}` is the name of another column in the tables of forecasts. "
                "Rename the column in the data.",
            )


def _feature_columns(config: Config) -> Iterator[Finding]:
    data = config.data
    varying = [*data.past_covariates, *data.future_covariates]
    targets = data.targets if data.target_type == "number" else []
    numbers = [*targets, *(c.column for c in varying if c.type != "category")]
    words = (*data.targets, *(c.column for c in varying))
    reasons = dict.fromkeys(words, "is a category, not a number")
    reasons |= dict.fromkeys(
        (c.column for c in data.static_covariates), "is a static covariate, which never changes"
    )
    for location, column in _sources(config.features):
        if column not in numbers:
            why = reasons.get(column, "is neither a target nor a covariate in data")
            closest = None if column in reasons else near(column, numbers)
            hint = did_you_mean(closest) if closest else f"Known: {', '.join(numbers)}."
            yield Finding(location, f"column `{column}` {why}.", hint)


def _sources(features: Features) -> Iterator[tuple[Location, str]]:
    """Every column that a feature is computed from."""
    for name in ("lags", "rolling", "differences", "polynomials"):
        yield from ((("features", name, column), column) for column in getattr(features, name))
    for i, pair in enumerate(features.interactions):
        yield from ((("features", "interactions", i, j), column) for j, column in enumerate(pair))
    for i, column in enumerate(features.time_since):
        yield ("features", "time_since", i), column


def _names_known_to_python(config: Config) -> Iterator[Finding]:
    encoding, tz = config.data.csv.encoding, config.data.tz
    try:
        codecs.lookup(encoding)
    except LookupError:
        place = ("data", "csv", "encoding")
        yield Finding(
            place, f"must be a text encoding such as utf-8 or cp1252. Received: {encoding}."
        )
    # A machine without a time zone database knows no name at all.
    known = zoneinfo.available_timezones() if tz is not None else set()
    if tz is not None and known and tz not in known:
        closest = near(tz, known)
        message = f"must be an IANA time zone such as Europe/Berlin. Received: {tz}."
        yield Finding(("data", "tz"), message, did_you_mean(closest) if closest else None)


def _separators(config: Config) -> Iterator[Finding]:
    csv = config.data.csv
    if csv.decimal == csv.delimiter:
        message = f"must differ from data.csv.delimiter. Received: {csv.decimal!r} for both."
        yield Finding(("data", "csv", "decimal"), message)
    if csv.thousands == csv.decimal:
        message = f"must differ from data.csv.decimal. Received: {csv.decimal!r} for both."
        yield Finding(("data", "csv", "thousands"), message)


def _times(config: Config) -> Iterator[Finding]:
    """What is no time at first sight; the rest is for reading to judge."""
    data, split = config.data, config.split
    given: list[tuple[Location, float | str | None]] = [
        (("data", "start"), data.start),
        (("data", "end"), data.end),
    ]
    if split.kind == "times":
        given += [(("split", name), getattr(split, name)) for name in _SPLITS]
    for location, text in given:
        if isinstance(text, str) and not _TIME.fullmatch(text.strip()):
            message = f"must be a time such as 2020-12-31 or 2020-12-31 13:00. Received: {text}."
            yield Finding(location, message)


def _order_of_times(config: Config) -> Iterator[Finding]:
    data, split = config.data, config.split
    pairs = [(("data", "end"), "data.start", data.start, data.end)]
    if split.kind == "times":
        train, validation, test = split.train, split.validation, split.test
        pairs.append((("split", "validation"), "split.train", train, validation))  # type: ignore[arg-type]
        pairs.append((("split", "test"), "split.validation", validation, test))  # type: ignore[arg-type]
    for location, earlier_name, earlier, later in pairs:
        if _is_after(earlier, later):
            message = f"must not be before {earlier_name}, {earlier}. Received: {later}."
            yield Finding(location, message)


def _is_after(first: str | None, second: str | None) -> bool:
    """Whether two ISO times are in the wrong order; False for what reading has to judge."""
    try:
        return datetime.fromisoformat(first or "") > datetime.fromisoformat(second or "")
    except (TypeError, ValueError):
        return False


def _settings_without_effect(config: Config) -> Iterator[Finding]:
    missing, outliers, categories = (
        config.data.missing,
        config.data.outliers,
        config.features.categories,
    )
    if missing.limit is not None and missing.strategy in ("error", "drop", "mask"):
        place = ("data", "missing", "limit")
        yield Finding(
            place, f"has no meaning with strategy: {missing.strategy}, which fills nothing."
        )
    if outliers.threshold is not None and outliers.method == "none":
        place = ("data", "outliers", "threshold")
        yield Finding(place, "has no meaning with method: none. Set it to iqr or hampel.")
    if categories.embedding_size is not None and categories.encoding != "embedding":
        place = ("features", "categories", "embedding_size")
        yield Finding(place, "has no meaning with encoding: one_hot. Set that to embedding.")


def _loss_fits_output(config: Config) -> Iterator[Finding]:
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


def _counts_stay_counts(config: Config) -> Iterator[Finding]:
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
    if config.training.augmentation.scaling:
        yield Finding(
            ("training", "augmentation", "scaling"),
            "has no place beside output negative_binomial: a count times a factor is none. "
            "Remove it.",
        )


def _padding_is_masked(config: Config) -> Iterator[Finding]:
    strategy = config.data.missing.strategy
    if config.data.short_series == "pad" and strategy != "mask":
        yield Finding(
            ("data", "short_series"),
            f"pad needs data.missing.strategy: mask; {strategy} has nothing to make of rows "
            "without values.",
        )


def _embedded_series(config: Config) -> Iterator[Finding]:
    if config.features.series_embedding and config.data.series is None:
        yield Finding(
            ("features", "series_embedding"),
            "has no meaning without data.series, the column that tells series apart.",
        )


def _mask_fits_model(config: Config) -> Iterator[Finding]:
    norm = getattr(config.model, "window_norm", "none")
    if config.data.missing.strategy == "mask" and norm != "none":
        yield Finding(
            ("model", "window_norm"),
            f"{norm} is taken from the targets of each window, which data.missing.strategy: mask "
            "leaves missing. Set it to none, or the strategy to one that fills, such as ffill.",
        )


def _training_choices(config: Config) -> Iterator[Finding]:
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


def _scope_fits_data(config: Config) -> Iterator[Finding]:
    if config.model.scope == "each" and config.data.series is None:
        yield Finding(
            ("model", "scope"),
            "each needs data.series, the column that tells the series apart. Name it, or set scope "
            "to panel.",
        )


def _pooling_fits_lookback(config: Config) -> Iterator[Finding]:
    model, lookback = config.model, config.window.lookback
    if isinstance(model, CnnLstmParameters) and lookback < model.pool ** len(model.filters):
        yield Finding(
            ("model", "pool"),
            f"leaves no step: a lookback of {lookback} pooled by {model.pool}, "
            f"{len(model.filters)} times. Lower it, or lengthen window.lookback.",
        )


_ROLES = tuple(
    ("data", field)
    for field in (
        "time",
        "series",
        "target",
        "past_covariates",
        "future_covariates",
        "static_covariates",
    )
)
# Each check with the locations that it reads.
_CHECKS: dict[Check, tuple[Location, ...]] = {
    _roles: _ROLES,
    _names_in_forecasts: (*_ROLES, ("model",), ("output",)),
    _feature_columns: (*_ROLES, ("features",)),
    _names_known_to_python: (("data", "csv"), ("data", "tz")),
    _separators: (("data", "csv"),),
    _times: (("data", "start"), ("data", "end"), ("split",)),
    _order_of_times: (("data", "start"), ("data", "end"), ("split",)),
    _settings_without_effect: (
        ("data", "missing"),
        ("data", "outliers"),
        ("features", "categories"),
    ),
    _loss_fits_output: (("training", "loss"), ("output",)),
    _scope_fits_data: (("model",), ("data", "series")),
    _padding_is_masked: (("data", "short_series"), ("data", "missing")),
    _embedded_series: (("features", "series_embedding"), ("data", "series")),
    _mask_fits_model: (("data", "missing"), ("model",)),
    _counts_stay_counts: (
        ("output",),
        ("scaling",),
        ("model",),
        ("training", "augmentation", "scaling"),
    ),
    _training_choices: (
        ("training", "schedule"),
        ("training", "reduce_lr"),
        ("training", "deterministic"),
        ("training", "jit"),
        ("training", "backend"),
    ),
    _pooling_fits_lookback: (("model",), ("window", "lookback")),
    **CLASS_CHECKS,
}
