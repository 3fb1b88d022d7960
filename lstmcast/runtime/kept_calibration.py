"""The calibration that a run keeps, read back, and whether it is one of this run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast.data.preparation import Preparation
from lstmcast.errors import BundleError
from lstmcast.runtime.adapting import Learned
from lstmcast.runtime.calibration import Calibration
from lstmcast.runtime.outputs import levels_of
from lstmcast.runtime.reading import read_json

# What reading values raises that `to_json` has not written.
NOT_OURS = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)
# As NumPy writes it; of other times it takes some only with a warning.
_TIME = re.compile(r"-?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def read_calibration(file: Path, preparation: Preparation) -> tuple[Calibration, Learned | None]:
    """How the quantiles are calibrated, and what they had learned by the end of the data.

    Args:
        file: `calibration.json` of a run.
        preparation: Of the run.

    Raises:
        BundleError: If it cannot be read, or is of another run.
    """
    values = read_json(file)
    try:
        calibration = Calibration.from_json(values["static"])
        _check(calibration, preparation)
        learned = None
        if values["learned"] is not None:
            learned = read_learned(values["learned"], calibration)
    except NOT_OURS as error:
        raise BundleError(f"{file}: cannot be read: {error}. Train the run again.") from error
    return calibration, learned


def read_learned(values: Any, calibration: Calibration) -> Learned:
    """What intervals have learned.

    Args:
        values: As `Learned.to_json` writes them.
        calibration: Of the run.

    Raises:
        One of NOT_OURS: If they are not what it writes, or a number or a time is none.
    """
    for each in values:
        for time in (each["time"], *each["times"]):
            if not _TIME.fullmatch(time):
                raise ValueError(f"what was learned has the time {time!r}")
    learned = Learned.from_json(values, calibration)
    for track in learned.tracks:
        ordered = np.all(track.times[1:] >= track.times[:-1])
        if np.isnat(track.time) or np.isnat(track.times).any() or not ordered:
            raise ValueError("what was learned has times that are none, or not in order")
        if len(track.past) != len(track.times):
            raise ValueError("what was learned has other times than shifts")
        if not np.isfinite(track.shifts).all() or not np.isfinite(track.past).all():
            raise ValueError("what was learned holds numbers that are not finite")
    return learned


def _check(calibration: Calibration, preparation: Preparation) -> None:
    """Refuse a calibration of other steps, targets or levels.

    Raises:
        ValueError: Naming what does not fit.
    """
    levels = np.array(calibration.levels)
    if not len(levels) or levels[0] <= 0 or levels[-1] >= 1 or (np.diff(levels) <= 0).any():
        raise ValueError("its levels are not between 0 and 1, ascending")
    if not calibration.shown or not set(calibration.shown) <= set(calibration.levels):
        raise ValueError("its shown levels are not among its levels")
    if calibration.network_levels != levels_of(preparation.config):
        raise ValueError("its network has other quantile levels than the config")
    n_groups, n_targets = calibration.grouping.n_groups, len(preparation.schema.targets)
    expected = (n_groups, preparation.config.window.horizon, n_targets, len(levels))
    if calibration.shifts.shape != expected or calibration.n_windows.shape != (n_groups,):
        raise ValueError(f"its shifts have the shape {calibration.shifts.shape}, not {expected}")
    numbers = (calibration.shifts, calibration.size)
    if not all(np.isfinite(values).all() for values in numbers) or (calibration.size < 0).any():
        raise ValueError("it holds numbers that are not finite, or errors below 0")
