"""What the intervals of a run learn after training, kept in `<run>.state/` beside it.

The run itself never changes. The file is data, written whole or not at all, and by one process at
a time; a run whose state cannot be written still forecasts.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from lstmcast.data.panel import Panel
from lstmcast.errors import BundleError, ResourceError
from lstmcast.files import held, partial_file
from lstmcast.runtime.adapting import Learned, has_news, learn, nothing_learned
from lstmcast.runtime.bundle import CALIBRATION, Bundle
from lstmcast.runtime.calibration import Calibration
from lstmcast.runtime.kept_calibration import NOT_OURS, read_learned
from lstmcast.runtime.network import Network
from lstmcast.runtime.reading import read_json

FORMAT = 1


def state_dir(run: Path) -> Path:
    """The directory beside a run that holds what grows after training.

    Args:
        run: Its directory; one that is named by `.` or by a link has one state as well.
    """
    run = run.resolve()
    return run.with_name(f"{run.name}.state")


def copy_state(run: Path, copy: Path) -> None:
    """Put what a run has learned beside a copy of it; nothing where it has learned nothing.

    Raises:
        OSError: If it cannot be written.
    """
    learned = state_dir(run) / CALIBRATION
    if learned.is_file():
        folder = state_dir(copy)
        folder.mkdir()
        shutil.copyfile(learned, folder / CALIBRATION)


def calibration_now(
    bundle: Bundle,
    network: Network,
    *,
    learn_from: Panel | None = None,
    future: Panel | None = None,
) -> tuple[Calibration | None, list[str]]:
    """The calibration of a run as far as its intervals have learned.

    Args:
        bundle: The run.
        network: Its network.
        learn_from: Data whose new actual values are learned from first; what was learned is kept.
        future: The future covariates after the end of these.

    Returns:
        The calibration, None of a run without one; and what the user should know.

    Raises:
        DataError: If the data cannot be learned from because an input is missing.
    """
    found = bundle.calibration()
    if found is None:
        return None, []
    calibration, learned = found
    if bundle.config.calibration.adaptive is None:
        return calibration, []
    # A run whose test split has no window has learned nothing so far.
    learned = learned or nothing_learned(calibration, bundle.preparation)
    state = _State(bundle, calibration, learned)
    learned, notes = state.read()
    if learn_from is not None:
        learned, more = state.learn(learned, network, learn_from, future)
        notes += more
    return learned.applied_to(calibration), notes


class _State:
    """The file beside a run.

    Args:
        bundle: The run.
        calibration: Its calibration.
        first: What its intervals had learned when it was written.
    """

    def __init__(self, bundle: Bundle, calibration: Calibration, first: Learned) -> None:
        self._bundle, self._calibration, self._first = bundle, calibration, first
        self._folder = state_dir(bundle.path)
        self._file = self._folder / CALIBRATION
        self._owner = bundle.manifest["files"][CALIBRATION]["sha256"]

    def read(self) -> tuple[Learned, list[str]]:
        """What was learned so far; with a note where the file is none of this run's."""
        if not self._file.exists():
            return self._first, []
        try:
            values = read_json(self._file)
            if values["format"] != FORMAT or values["calibration"] != self._owner:
                return self._first, [self._unread("it is of another run or version")]
            return read_learned(values["learned"], self._calibration), []
        except (BundleError, *NOT_OURS) as error:
            return self._first, [self._unread(str(error))]

    def learn(
        self, learned: Learned, network: Network, panel: Panel, future: Panel | None
    ) -> tuple[Learned, list[str]]:
        """Learn from data and keep it; with a note where it could not be kept."""

        def learn_on(so_far: Learned) -> Learned:
            preparation = self._bundle.preparation
            return learn(so_far, self._calibration, panel, preparation, network, future=future)

        if not has_news(learned, self._calibration, panel):
            return learned, []
        try:
            with held(self._folder, "another process learns from data for this run just now."):
                # Another process may have learned since.
                newest, notes = self.read()
                learned = learn_on(newest)
                if not notes:
                    self._write(learned)
                return learned, []
        except ResourceError as error:
            note = f"what the intervals learned from the data is not kept: {error}"
            return learn_on(learned), [note]

    def _write(self, learned: Learned) -> None:
        values: dict[str, Any] = {
            "format": FORMAT,
            "calibration": self._owner,
            "learned": learned.to_json(),
        }
        with partial_file(self._file) as partial:
            partial.write_text(json.dumps(values, allow_nan=False) + "\n", encoding="utf-8")

    def _unread(self, why: str) -> str:
        return (
            f"{self._file}: is not read: {why}. The intervals are those of the end of training; "
            "remove the file to learn anew."
        )
