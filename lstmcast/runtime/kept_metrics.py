"""What new data are measured by: numbers of the training rows that a run keeps with its metrics."""

from __future__ import annotations

from typing import Any

from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import METRICS, Bundle


def kept_scales(bundle: Bundle) -> dict[str, Any]:
    """What a run divides its metrics by, as plain JSON values.

    Raises:
        BundleError: If it keeps none, or those of other targets.
    """
    values, n_targets = bundle.metrics().get("scales"), len(bundle.preparation.schema.targets)
    if values is None or not len(values["mase"][0]) == len(values["deviation"]) == n_targets:
        raise _unfit(bundle, "scales")
    return dict(values)


def kept_priors(bundle: Bundle) -> dict[str, Any]:
    """How often each class came in training, as plain JSON values.

    Raises:
        BundleError: If it keeps none, or those of other steps or classes.
    """
    values, preparation = bundle.metrics().get("priors") or {}, bundle.preparation
    widths = tuple(len(row) for row in values.get("shares", ()))
    if widths != (len(preparation.classes),) * preparation.config.window.horizon:
        raise _unfit(bundle, "shares of classes")
    return dict(values)


def _unfit(bundle: Bundle, what: str) -> BundleError:
    return BundleError(
        f"{bundle.path / METRICS}: its {what} do not fit the run. Train the run again."
    )
