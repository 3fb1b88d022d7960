"""What must hold between the names and the roles of columns."""

from __future__ import annotations

from collections.abc import Iterator

from lstmcast.config.class_checks import class_columns
from lstmcast.config.findings import Finding
from lstmcast.config.hints import did_you_mean, near
from lstmcast.config.locations import Location, dotted
from lstmcast.config.schema import ClassesOutput, Config, Data, Features, PointOutput
from lstmcast.models.attention import Parameters as AttentionParameters


def roles(config: Config) -> Iterator[Finding]:
    """A column has one role."""
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


def names_in_forecasts(config: Config) -> Iterator[Finding]:
    """The time and the series keep their names in tables of forecasts, which have others too."""
    data = config.data
    taken = {"step", "prediction", "origin", "actual"}
    if len(data.targets) > 1:
        taken.add("target")
    if isinstance(config.model, AttentionParameters):
        taken.add("weight")
    if isinstance(config.output, ClassesOutput):
        taken |= set(class_columns(config.output))
    else:
        if not isinstance(config.output, PointOutput):
            taken |= {str(level) for level in config.output.levels}
        if config.calibration.method != "none":
            taken |= {str(level) for level in config.calibration.quantiles}
    for field, column in (("time", data.time), ("series", data.series)):
        if isinstance(column, str) and column in taken:
            yield Finding(
                ("data", field),
                f"`{column}` is the name of another column in the tables of forecasts. "
                "Rename the column in the data.",
            )


def feature_columns(config: Config) -> Iterator[Finding]:
    """Features are computed from targets and covariates that are numbers and vary."""
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
