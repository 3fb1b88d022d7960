"""What `lstmcast detect` says and draws of what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.cli.frames import readable, write_file
from lstmcast.cli.output import wrapped
from lstmcast.reporting.wording import count, shorten

if TYPE_CHECKING:
    from lstmcast.reporting.plots.anomalies import DrawnValues
    from lstmcast.runtime.detecting import Detection

# Anomalies that are shown.
SHOWN = 5
# Panels of the plot.
DRAWN = 4
_LABEL = 22


def anomalies_text(detection: Detection) -> str:
    """The verdict, and the anomalies that are least likely to be chance."""
    if not detection.n_anomalies:
        return wrapped(detection.text)
    table = detection.table(only=True)
    # Those beyond all scores of validation have the same p-value: then the score tells.
    first = table.sort_values(["p_value", "score"], ascending=[True, False], kind="stable")
    first = first.head(SHOWN).drop(columns="anomaly")
    rest = detection.n_anomalies - len(first)
    heading = f"the {len(first)} furthest out" if rest else "from the furthest out on"
    return f"{wrapped(detection.text)}\n\nAnomalies, {heading}:\n{readable(first)}"


def left_out(detection: Detection) -> list[str]:
    """What was not judged, in sentences."""
    if not detection.not_judged:
        return []
    values = count(detection.not_judged, "value")
    were = "was" if detection.not_judged == 1 else "were"
    return [
        f"{values} after the validation period {were} not judged: what their forecast reads is "
        "missing (the rows before them, or the future covariates over the horizon, which --future "
        "gives for the end of the data)."
    ]


def draw(detection: Detection, path: Path) -> None:
    """Write the plot: of many series and targets, those with the most anomalies.

    Raises:
        ResourceError: If the file cannot be written.
    """
    from lstmcast.reporting.plots.anomalies import draw_anomalies

    subjects = list(_subjects(detection))
    fullest = sorted(subjects, key=lambda subject: -subject.n_anomalies)[:DRAWN]
    numbers = {subject.number for subject in fullest}
    rest = [subject for subject in subjects if subject.number not in numbers]
    n = sum(subject.n_anomalies for subject in rest)
    content = draw_anomalies(
        [_drawn(detection, each) for each in subjects if each.number in numbers],
        title=_title(detection),
        note=f"Not shown: {len(rest):,} more, with {_anomalies(n)}." if rest else "",
        form=path.suffix.lower().removeprefix("."),
    )
    write_file(content, path)


@dataclass(frozen=True)
class _Subject:
    """A target of a series: its number among these, and its places among the rows judged."""

    number: int
    series: int
    target: int
    places: np.ndarray
    n_anomalies: int


def _subjects(detection: Detection) -> Iterator[_Subject]:
    series = detection.panel.series_of_row[detection.rows]
    n_targets = detection.actual.shape[1]
    for own in np.unique(series).tolist():
        places = np.flatnonzero(series == own)
        for target in range(n_targets):
            n = int(detection.anomaly[places, target].sum())
            yield _Subject(own * n_targets + target, own, target, places, n)


def _drawn(detection: Detection, subject: _Subject) -> DrawnValues:
    from lstmcast.reporting.plots.anomalies import DrawnValues

    panel, target = detection.panel, subject.target
    rows = detection.rows[subject.places]
    # A row that was not judged is a break in every line.
    every = np.arange(rows[0], rows[-1] + 1)

    def spread(values: np.ndarray) -> np.ndarray:
        longer = np.full(len(every), np.nan)
        longer[rows - rows[0]] = values[subject.places, target]
        return longer

    label = shorten(panel.schema.targets[target], _LABEL)
    if panel.schema.series is not None:
        label = f"{shorten(panel.series[subject.series], _LABEL)}\n{label}"
    return DrawnValues(
        label=label,
        times=panel.times[every],
        actual=spread(detection.actual),
        prediction=spread(detection.prediction),
        lower=spread(detection.lower),
        upper=spread(detection.upper),
        anomaly=spread(detection.anomaly) == 1,
    )


def _title(detection: Detection) -> str:
    search = detection.search
    return (
        f"{_anomalies(detection.n_anomalies)} in {count(detection.n_points, 'value')}, forecast "
        f"{count(search.step, 'step')} ahead, false-alarm rate {100 * search.rate:g} %"
    )


def _anomalies(n: int) -> str:
    return "1 anomaly" if n == 1 else f"{n:,} anomalies"
