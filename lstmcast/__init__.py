"""Leak-free, baseline-checked LSTM forecasts from a CSV and a YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmcast.forecaster import Forecaster

__all__ = ["Forecaster", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the facade when it is asked for: `lstmcast --help` does not need it."""
    if name == "Forecaster":
        from lstmcast.forecaster import Forecaster

        return Forecaster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
