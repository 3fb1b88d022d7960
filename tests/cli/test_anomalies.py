from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.cli import anomalies
from lstmcast.data.panel import Panel
from lstmcast.evaluation.anomalies import Judged
from lstmcast.runtime.detecting import Detection
from lstmcast.runtime.judging import Search
from tests.builders import panel_frame
from tests.runtime.fakes import dataset_of


def panel_of(names: str) -> Panel:
    data = {"target": ["y"], "series": "id"}
    return dataset_of(panel_frame(dict.fromkeys(names, 40)), data=data).panel


def detection_of(names: str, found: dict[str, int], *, not_judged: int = 0) -> Detection:
    """Ten rows judged of each series, the first so many of them anomalies."""
    panel = panel_of(names)
    rows = np.concatenate([np.arange(end - 10, end) for end in panel.offsets[1:]])
    anomaly = np.concatenate([np.arange(10) < found.get(name, 0) for name in names])[:, None]
    zeros = np.zeros((len(rows), 1))
    score = np.arange(len(rows), dtype=float)[:, None]
    return Detection(
        panel=panel,
        search=Search(),
        rows=rows,
        actual=zeros,
        prediction=zeros,
        lower=zeros - 1,
        upper=zeros + 1,
        score=score,
        p_value=zeros + 0.01,
        anomaly=anomaly,
        judged=(Judged(len(rows), 99, 0.01),),
        not_judged=not_judged,
    )


def test_the_series_with_the_most_anomalies_are_drawn_in_the_order_of_the_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn: dict[str, Any] = {}

    def draw(panels: Any, **words: str) -> bytes:
        drawn.update(words, labels=[panel.label for panel in panels])
        drawn["marked"] = [int(panel.anomaly.sum()) for panel in panels]
        return b""

    monkeypatch.setattr("lstmcast.reporting.plots.anomalies.draw_anomalies", draw)
    found = {"a": 1, "b": 3, "c": 1, "d": 4, "e": 2, "f": 2}
    anomalies.draw(detection_of("abcdef", found), tmp_path / "a.svg")
    assert drawn["labels"] == ["b\ny", "d\ny", "e\ny", "f\ny"]
    assert drawn["marked"] == [3, 4, 2, 2]
    assert drawn["note"] == "Not shown: 2 more, with 2 anomalies."
    assert drawn["form"] == "svg"
    assert drawn["title"].startswith("13 anomalies in 60 values, forecast 1 step ahead")


def test_the_furthest_out_come_first_in_the_summary() -> None:
    lines = anomalies.anomalies_text(detection_of("ab", {"a": 4, "b": 3})).splitlines()
    assert lines[0].startswith("7 of 20 points lie outside their intervals")
    assert "the 5 furthest out" in lines[2]
    assert [line.split()[1] for line in lines[4:]] == ["b", "b", "b", "a", "a"]


def test_without_anomalies_the_verdict_is_all_there_is_to_say() -> None:
    (line,) = anomalies.anomalies_text(detection_of("ab", {})).splitlines()
    assert line.startswith("0 of 20 points")


def test_what_was_not_judged_is_told_with_the_remedy() -> None:
    assert anomalies.left_out(detection_of("ab", {})) == []
    (text,) = anomalies.left_out(detection_of("ab", {}, not_judged=3))
    assert text.startswith("3 values after the validation period were not judged")
    assert "--future" in text
