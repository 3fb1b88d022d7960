"""How much room a run takes on disk, told before it is trained."""

from __future__ import annotations

from lstmcast.data.dataset import Dataset
from lstmcast.experiment.recording import CSV_ROWS
from lstmcast.runtime.outputs import levels_of

_FLOAT64 = 8
# The plots, the report, and what is small.
_FIXED = 5_000_000
# A line of `forecasts.csv`: times and names, then a number for each column.
_LINE, _NUMBER = 60, 18
# Of the compressed forecasts: what came true, times and baselines, of which much is said twice.
_SAID_TWICE = 0.7


def run_bytes(dataset: Dataset) -> int:
    """Bytes that the run of some data will take, about: nearly all are the test forecasts'.

    On runs of 5 to 167 MB between 1.0 and 1.4 times what they took. The weights are not
    counted, which are not known before the network is built.
    """
    config, schema = dataset.preparation.config, dataset.panel.schema
    n_forecasts = len(dataset.starts["test"]) * config.window.horizon * len(schema.targets)
    calibrated = 0 if config.calibration.method == "none" else 2 * len(config.calibration.levels)
    columns = 1 + len(levels_of(config)) + calibrated
    n_bytes = _FIXED + _FLOAT64 * n_forecasts * (columns + _SAID_TWICE)
    if n_forecasts <= CSV_ROWS:
        n_bytes += n_forecasts * (_LINE + _NUMBER * (columns + 1))
    return int(n_bytes)
