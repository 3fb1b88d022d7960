"""What the fields of a config are by default where the task is a classification."""

from __future__ import annotations

from typing import Any, get_args

from lstmcast.config.sections.types import (
    BaselineName,
    ClassBaselineName,
    ClassMetricName,
    MetricName,
    NumberBaselineName,
    NumberMetricName,
)

CLASSIFICATION = "classification"
CLASS_METRICS: tuple[MetricName, ...] = get_args(ClassMetricName)
CLASS_BASELINES: tuple[BaselineName, ...] = get_args(ClassBaselineName)
NUMBER_METRICS: tuple[MetricName, ...] = get_args(NumberMetricName)
NUMBER_BASELINES: tuple[BaselineName, ...] = get_args(NumberBaselineName)
CLASS_OBJECTIVE = "log_loss"


def with_class_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a config, with what a classification has where they name nothing.

    Args:
        values: As the YAML holds them, perhaps wrong; sections that are no mappings stay as they
            are.
    """
    output = values.get("output", {})
    defaults: dict[str, dict[str, Any]] = {
        "output": {"type": "classes"},
        "evaluation": {"metrics": list(CLASS_METRICS), "baselines": list(CLASS_BASELINES)},
        "tune": {"objective": CLASS_OBJECTIVE},
    }
    if isinstance(output, dict) and output.get("of") == "series":
        defaults |= {
            "data": {"target_type": "label"},
            "scaling": {"target": "none"},
            "split": {"by": "series"},
            "evaluation": {"metrics": list(CLASS_METRICS), "baselines": ["majority"]},
        }
    elif isinstance(output, dict) and output.get("direction") is None:
        defaults |= {"data": {"target_type": "category"}, "scaling": {"target": "none"}}
    filled = dict(values)
    for section, own in defaults.items():
        given = filled.get(section, {})
        if isinstance(given, dict):
            filled[section] = {**own, **given}
    return filled
