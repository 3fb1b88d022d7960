from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import Invoke


@pytest.fixture
def data(trained_run: Path) -> Path:
    return trained_run.parents[1] / "daily.csv"


@pytest.fixture
def spiked(data: Path, tmp_path: Path) -> Path:
    """The data of the run, with one value far off."""
    frame = pd.read_csv(data)
    frame.loc[150, "y"] += 1000
    frame.to_csv(tmp_path / "spiked.csv", index=False)
    return tmp_path / "spiked.csv"


def test_a_spike_is_found_and_told(trained_run: Path, spiked: Path, invoke: Invoke) -> None:
    values = invoke("detect", trained_run, "--data", spiked, "--rate", "0.05", "--json").json
    # The 24 rows of the test period, though windows of three steps fit in but 22 of them.
    assert values["points"] == values["n_rows"] == 24
    assert values["share"] == values["anomalies"] / 24
    assert {"expected", "count_p_value", "verdict", "not_judged"} <= values.keys()
    day = pd.read_csv(spiked)["day"][150]
    (row,) = [row for row in values["rows"] if row["day"].startswith(day)]
    assert row["anomaly"] is True
    assert row["score"] > 100
    assert not row["lower"] <= row["actual"] <= row["upper"]


def test_a_pipe_gets_the_table_and_the_reader_the_summary(
    trained_run: Path, spiked: Path, invoke: Invoke
) -> None:
    result = invoke("detect", trained_run, "--data", spiked, "--rate", "0.05", "--only")
    table = pd.read_csv(io.StringIO(result.out))
    columns = ["day", "actual", "prediction", "lower", "upper", "score", "p_value", "anomaly"]
    assert list(table.columns) == columns
    assert table["anomaly"].all()
    assert "of 24 points" in result.err
    assert "furthest out" in result.err
    assert "Next: lstmcast detect" in result.err
    quiet = invoke("detect", trained_run, "--data", spiked, "--rate", "0.05", "--quiet")
    assert quiet.err == ""


@pytest.mark.parametrize("name", ["found.csv", "found.json", "found.parquet"])
def test_a_file_gets_the_table_and_the_terminal_the_summary(
    name: str, trained_run: Path, spiked: Path, tmp_path: Path, invoke: Invoke
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="Parquet needs the extra")
    path = tmp_path / name
    result = invoke("detect", trained_run, "--data", spiked, "--rate", "0.05", "--output", path)
    assert "of 24 points" in result.out
    read = {".csv": pd.read_csv, ".json": pd.read_json, ".parquet": pd.read_parquet}
    assert len(read[path.suffix](path)) == 24


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_plot_is_written_in_the_form_of_its_name(
    suffix: str, trained_run: Path, spiked: Path, tmp_path: Path, invoke: Invoke
) -> None:
    path = tmp_path / f"found.{suffix}"
    options = ["--rate", "0.05", "--plot", path, "--json"]
    values = invoke("detect", trained_run, "--data", spiked, *options).json
    assert Path(values["plot"]).name == path.name
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(starts[suffix])


def test_the_gate_holds_the_share_of_anomalies(
    trained_run: Path, spiked: Path, invoke: Invoke
) -> None:
    options = ["detect", trained_run, "--data", spiked, "--rate", "0.05", "--json", "--max-share"]
    failed = invoke(*options, "0.001")
    assert failed.code == 1
    assert "--max-share 0.001: the share of anomalies is 0." in failed.err
    assert failed.json["status"] == "failed"
    (gate,) = failed.json["gates"]
    assert (gate["gate"], gate["limit"], gate["passed"]) == ("max-share", 0.001, False)
    kept = invoke(*options, "1")
    assert kept.code == 0
    assert kept.json["gates"][0]["passed"] is True


def test_what_cannot_be_meant_is_refused(trained_run: Path, data: Path, invoke: Invoke) -> None:
    detect = ["detect", trained_run, "--data", data]
    result = invoke(*detect)
    assert result.code == 2
    assert "validation windows can give is 1 / (" in result.err
    for options, told in (
        (["--rate", "2"], "--rate must be between 0 and 1"),
        (["--rate", "0.1", "--step", "4"], "window.horizon, 3"),
        (["--plot", "a.txt"], ".png, .svg, .pdf"),
        (["--max-share", "2"], "--max-share must be a share"),
        (["--future", "-", "--data", "-"], "cannot both read standard input"),
        (["--output", trained_run / "found.csv"], "inside the run"),
        (["--plot", trained_run / "found.png"], "inside the run"),
    ):
        result = invoke(*detect, *options)
        assert result.code == 2
        assert told in result.err
    assert "--data" in invoke("detect", trained_run).err
    lost = invoke(*detect, "--plot", data.parent / "nowhere" / "a.png")
    assert lost.code == 6
    assert "there is no directory" in lost.err


def test_nothing_found_is_told_too(trained_run: Path, data: Path, invoke: Invoke) -> None:
    result = invoke("detect", trained_run, "--data", data, "--rate", "0.05", "--only")
    assert len(result.out.splitlines()) == 1 + int(result.err.split(" of ")[0].split()[-1])
    empty = invoke("detect", trained_run, "--data", data, "--rate", "0.05", "--only", "--json")
    assert empty.json["n_rows"] == empty.json["anomalies"]
    json.dumps(empty.json, allow_nan=False)
