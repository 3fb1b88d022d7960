"""`lstmcast reproduce`: trains again, compares, and exits with 1 where metrics differ."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lstmcast.auditing import reproducing
from lstmcast.runtime.bundle import Bundle
from tests.commands import Invoke


@pytest.fixture
def copied(trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that copies the run."""

    def train(config: Any, *, runs_dir: Path, progress: Any) -> SimpleNamespace:
        shutil.copytree(trained_run, runs_dir / "again")
        return SimpleNamespace(path=runs_dir / "again")

    monkeypatch.setattr(reproducing, "train", train)


@pytest.mark.usefixtures("undrawn")
def test_a_run_comes_out_the_same_again(
    trained_run: Path, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("reproduce", trained_run)
    assert result.code == 0, result.err
    assert "metrics.test.model.mae" in result.out
    assert "Versions, backend, hardware and data are the same." in result.out
    assert result.out.splitlines()[-1].startswith("Reproduced")
    assert f"Next: lstmcast audit {trained_run}" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("copied")
def test_json_is_one_object_of_a_stable_shape(
    trained_run: Path, invoke: Invoke, tmp_path: Path
) -> None:
    result = invoke("reproduce", trained_run, "--keep", "--runs-dir", tmp_path, "--json")
    assert result.code == 0
    found = result.json
    assert (found["schema"], found["command"], found["status"]) == (1, "reproduce", "ok")
    assert (found["run"], found["again"]) == (str(trained_run), str(tmp_path / "again"))
    assert found["weights"] == {"values": 72, "identical": True, "largest": 0.0}
    assert found["forecasts"]["identical"]
    assert found["tolerance"] == 1e-3
    assert set(found["metrics"][0]) == {"name", "run", "again", "difference", "within"}
    assert (found["changes"], found["other_data"]) == ([], [])


@pytest.mark.usefixtures("copied")
def test_a_metric_that_differs_ends_with_1(
    trained_run: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Bundle.metrics

    def changed(self: Bundle) -> dict[str, Any]:
        metrics = read(self)
        if self.path == trained_run:
            metrics["metrics"]["test"]["naive"]["rmse"] *= 2
        return metrics

    monkeypatch.setattr(Bundle, "metrics", changed)
    result = invoke("reproduce", trained_run, "-q")
    assert result.code == 1
    assert "metrics.test.naive.rmse" in result.out
    assert "error: Not reproduced: 1 of" in result.err
    assert invoke("reproduce", trained_run, "--tolerance", "1", "-q").code == 0


@pytest.mark.usefixtures("copied")
def test_other_data_are_refused(trained_run: Path, invoke: Invoke, tmp_path: Path) -> None:
    lines = (trained_run.parents[1] / "daily.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "other.csv").write_text("\n".join(lines[:-1]), encoding="utf-8")
    result = invoke("reproduce", trained_run, "--data", tmp_path / "other.csv")
    assert result.code == 3
    assert "rows 160 in the run, 159 now" in result.err
    result = invoke("reproduce", trained_run, "--data", tmp_path / "other.csv", "--other-data")
    assert result.code == 0
    assert "warning: other data: rows 160 in the run, 159 now" in result.err
