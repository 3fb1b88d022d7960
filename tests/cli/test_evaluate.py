from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Invoke


def test_evaluate_tells_what_training_measured(trained_run: Path, invoke: Invoke) -> None:
    values = invoke("evaluate", trained_run, "--json").json
    assert values["metrics"] == json.loads((trained_run / "metrics.json").read_text())["metrics"]
    assert values["data"] is None


def test_the_training_file_gives_the_test_metrics_again(trained_run: Path, invoke: Invoke) -> None:
    data = trained_run.parents[1] / "daily.csv"
    again = invoke("evaluate", trained_run, "--data", data, "--json").json
    first = invoke("evaluate", trained_run, "--json").json
    assert again["windows"] == {"test": first["windows"]["test"]}
    assert again["metrics"]["test"] == first["metrics"]["test"]


def test_evaluate_shows_table_verdict_and_next_command(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("evaluate", trained_run)
    assert "seasonal naive" in result.out
    assert "baseline" in result.out
    assert "lstmcast predict" in result.err


def test_data_without_later_rows_cannot_be_measured(
    trained_run: Path, tmp_path: Path, invoke: Invoke
) -> None:
    lines = (trained_run.parents[1] / "daily.csv").read_text().splitlines()
    (tmp_path / "early.csv").write_text("\n".join(lines[:60]) + "\n")
    result = invoke("evaluate", trained_run, "--data", tmp_path / "early.csv")
    assert result.code == 3
    assert "Give later data" in result.err
