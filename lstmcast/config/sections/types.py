"""Types that the fields of several sections have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

PositiveInt = Annotated[int, Field(ge=1)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
ColumnName = Annotated[str, Field(min_length=1)]
# Dotted, such as `model.units`.
FieldPath = Annotated[str, Field(min_length=3)]
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
NumberMetricName = Literal["mse", "rmse", "mae", "r2", "smape", "mase"]
ClassMetricName = Literal[
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "log_loss",
    "calibration_error",
]
MetricName = Literal[NumberMetricName, ClassMetricName]
NumberBaselineName = Literal["naive", "seasonal_naive", "drift"]
ClassBaselineName = Literal["majority", "last"]
BaselineName = Literal[NumberBaselineName, ClassBaselineName]
StatisticalName = Literal["auto_ets", "theta", "auto_arima"]


def unique(names: list[str], what: str) -> list[str]:
    """The names, each of which may stand once.

    Args:
        names: What was given.
        what: What they are, for the message.

    Raises:
        ValueError: Naming those that stand twice.
    """
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise ValueError(f"{what} must be named once. Received twice: {', '.join(doubles)}")
    return names
