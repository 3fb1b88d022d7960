"""The attention weights of a run: they are inside its network, and so need Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.data.panel import Panel
from lstmcast.errors import ConfigError
from lstmcast.experiment.network import rebuild_network
from lstmcast.models.attention import attention_weights
from lstmcast.runtime.bundle import Bundle
from lstmcast.runtime.forecasting import last_windows
from lstmcast.runtime.network import WHICH, by_network
from lstmcast.runtime.tables import lookback_frame

if TYPE_CHECKING:
    import pandas as pd


def check_attention(bundle: Bundle) -> None:
    """Refuse a run whose network has no attention.

    Raises:
        ConfigError: Naming its architecture.
    """
    kind = bundle.config.model.type
    if kind != "attention":
        raise ConfigError(f"model.type {kind} has no attention weights; `attention` has.")


def attention_frame(bundle: Bundle, panel: Panel) -> pd.DataFrame:
    """How much each step of the lookback counts in the forecast of each series.

    Args:
        bundle: A run that `check_attention` took.
        panel: History; each series ends at its own last row.

    Returns:
        As `lookback_frame`.

    Raises:
        DataError: If an input is missing.
    """
    preparation, stored = bundle.preparation, bundle.weights()
    inputs, times = last_windows(panel, preparation)

    def of_one(own: Mapping[str, np.ndarray]) -> np.ndarray:
        series = preparation.trained[int(own[WHICH])]
        network = rebuild_network(preparation, stored, series=series)
        return attention_weights(network, {name: own[name] for name in network.input})

    if WHICH in inputs:
        weights = by_network(of_one, inputs)
    else:
        weights = attention_weights(rebuild_network(preparation, stored), inputs)
    return lookback_frame(panel, times, weights)
