"""A forecast from a run: its network, its intervals as far as they have learned, its paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstmcast.data.panel import Panel
from lstmcast.runtime.bundle import Bundle
from lstmcast.runtime.forecasting import Forecast, forecast
from lstmcast.runtime.inputs import future_panel
from lstmcast.runtime.network import Network
from lstmcast.runtime.paths import Sampling, read_ranks
from lstmcast.runtime.state import calibration_now
from lstmcast.runtime.unfamiliar import unfamiliar_future

if TYPE_CHECKING:
    from lstmcast.runtime.inputs import Source


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Attributes:
        future: The future covariates over the horizon, or their file.
        steps: How many; None for `window.horizon`.
        n_paths: Sample paths of each series; None for none.
        learn: Whether the intervals learn from what is new in the data first.
    """

    future: Source | None = None
    steps: int | None = None
    n_paths: int | None = None
    learn: bool = False


def predict(
    bundle: Bundle, network: Network, panel: Panel, asked: Asked
) -> tuple[Forecast, list[str]]:
    """Forecast each series of a panel from its last row on.

    Args:
        bundle: The run.
        network: Its network.
        panel: History; each series ends at its own last row, and is long enough.
        asked: What is asked for.

    Returns:
        The forecast, and what the user should know.

    Raises:
        ConfigError: As `forecasting.forecast`.
        DataError: If an input is missing.
    """
    notes = []
    ahead = None if asked.future is None else future_panel(bundle, asked.future)
    if ahead is not None:
        notes += unfamiliar_future(ahead, bundle.preparation)
    calibration, more = calibration_now(
        bundle, network, learn_from=panel if asked.learn else None, future=ahead
    )
    found = forecast(
        panel,
        bundle.preparation,
        network,
        calibration=calibration,
        steps=asked.steps,
        future=ahead,
        sampling=Sampling(read_ranks(bundle), asked.n_paths, kept=asked.n_paths is not None),
    )
    return found, [*notes, *more]
