from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from lstmcast.cli import delivering
from lstmcast.runtime.inputs import future_panel
from tests.builders import hourly_frame, weekly_cycle
from tests.commands import Invoke
from tests.runtime.fakes import bundle_of, dataset_of


@pytest.fixture
def data(trained_run: Path) -> Path:
    """The file that the run was trained on."""
    return trained_run.parents[1] / "daily.csv"


def test_a_pipe_gets_the_whole_forecast_as_csv(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("predict", trained_run)
    frame = pd.read_csv(io.StringIO(result.out))
    assert list(frame.columns) == ["day", "step", "prediction", "0.025", "0.1", "0.9", "0.975"]
    assert list(frame["step"]) == [1, 2, 3]
    assert frame["day"][0] == "2024-06-09"  # the day after the 160th


def test_the_formats_hold_the_same_numbers(
    trained_run: Path, tmp_path: Path, invoke: Invoke
) -> None:
    for name in ("f.csv", "f.json", "f.parquet"):
        assert invoke("predict", trained_run, "--output", tmp_path / name).code == 0
    frames = (
        pd.read_csv(tmp_path / "f.csv"),
        pd.DataFrame(json.loads((tmp_path / "f.json").read_text())),
        pd.read_parquet(tmp_path / "f.parquet"),
    )
    for frame in frames:
        assert list(frame["prediction"]) == list(frames[0]["prediction"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "f.json", "f.parquet"]


def test_json_holds_the_rows(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("predict", trained_run, "--json", "--steps", "7")
    assert result.json["n_rows"] == len(result.json["rows"]) == 7
    assert result.json["rows"][0]["day"] == "2024-06-09T00:00:00"
    assert result.err == ""


def test_json_with_a_file_names_the_file(trained_run: Path, tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("predict", trained_run, "--json", "-o", tmp_path / "f.csv")
    assert result.json["output"] == str(tmp_path / "f.csv")
    assert "rows" not in result.json


def test_a_terminal_gets_a_table_and_how_to_keep_it(
    trained_run: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering.sys.stdout, "isatty", lambda: True)
    result = invoke("predict", trained_run)
    assert result.out.splitlines()[0].split()[:4] == ["day", "step", "prediction", "0.025"]
    assert "--output forecast.csv" in result.err


def test_standard_input_is_read_for_a_dash(
    trained_run: Path, data: Path, spawn: Invoke, invoke: Invoke
) -> None:
    piped = spawn("predict", trained_run, "--data", "-", stdin=data.read_text())
    named = invoke("predict", trained_run, "--data", data)
    assert piped.out == named.out != ""


def test_a_forecast_starts_after_the_last_row_of_the_data(
    trained_run: Path, data: Path, tmp_path: Path, invoke: Invoke
) -> None:
    lines = data.read_text().splitlines()
    (tmp_path / "part.csv").write_text("\n".join(lines[:51]) + "\n")
    result = invoke("predict", trained_run, "--data", tmp_path / "part.csv")
    assert pd.read_csv(io.StringIO(result.out))["day"][0] == "2024-02-20"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--json", "--output", "-"), "both take standard output"),
        (("--json", "--format", "csv"), "--format goes with --output"),
        (("--output", "f.csv", "--format", "json"), "Make them agree"),
        (("--data", "-", "--future", "-"), "cannot both read"),
        (("--template",), "no future covariates"),
        (("--template", "--future", "x.csv"), "Leave one out"),
        (("--template", "--samples", "5"), "Leave one out"),
        (("--samples", "0"), "--samples"),
        (("--steps", "0"), "--steps"),
        (("--format", "xls"), "--format"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    options: tuple[str, ...], says: str, trained_run: Path, invoke: Invoke
) -> None:
    result = invoke("predict", trained_run, *options)
    assert result.code == 2
    assert says in result.err + result.out


def test_a_run_is_never_written_into(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("predict", trained_run, "-o", trained_run / "f.csv")
    assert result.code == 2
    assert "never changes" in result.err
    assert not (trained_run / "f.csv").exists()


def test_an_output_that_cannot_be_written_is_a_resource_error(
    trained_run: Path, tmp_path: Path, invoke: Invoke
) -> None:
    result = invoke("predict", trained_run, "-o", tmp_path / "nowhere" / "f.csv")
    assert result.code == 6
    assert "nowhere" in result.err


def test_wrong_data_is_named_with_its_line(
    trained_run: Path, tmp_path: Path, invoke: Invoke
) -> None:
    (tmp_path / "bad.csv").write_text("day,y\n2024-01-01,1\n2024-01-02,many\n")
    result = invoke("predict", trained_run, "--data", tmp_path / "bad.csv", "--json")
    assert result.code == 3
    error = result.json["error"]
    assert (error["line"], error["column"], error["value"]) == (3, "y", "many")


@pytest.mark.parametrize("name", ["nothing", "latest"])
def test_a_run_that_is_not_there_exits_with_4(name: str, tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("predict", name, "--runs-dir", tmp_path)
    assert result.code == 4
    assert "lstmcast train" in result.err


@pytest.mark.parametrize("name", ["latest", "tiny"])
def test_a_run_is_found_by_its_name(name: str, trained_run: Path, invoke: Invoke) -> None:
    assert invoke("predict", name, "--runs-dir", trained_run.parent).code == 0


def test_a_damaged_run_exits_with_4(trained_run: Path, tmp_path: Path, invoke: Invoke) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained_run, copy)
    (copy / "preparation.json").write_text("{}")
    result = invoke("predict", copy)
    assert result.code == 4
    assert "preparation.json" in result.err


@pytest.mark.slow
def test_a_run_without_onnx_forecasts_through_keras_and_says_so(
    trained_run: Path, tmp_path: Path, spawn: Invoke, invoke: Invoke
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained_run, copy)
    (copy / "model.onnx").unlink()
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["files"]["model.onnx"]
    manifest["onnx"] = {"left_out": "onnx is not installed."}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    result = spawn("predict", copy)
    assert result.code == 0, result.err
    assert "warning: " in result.err
    assert "onnx is not installed" in result.err
    ours, theirs = (
        pd.read_csv(io.StringIO(r.out)) for r in (result, invoke("predict", trained_run))
    )
    assert ours["prediction"].to_numpy() == pytest.approx(theirs["prediction"].to_numpy(), rel=1e-5)


def test_a_template_is_written_as_the_data_are_and_reads_back(
    tmp_path: Path, invoke: Invoke
) -> None:
    csv = {"delimiter": ";", "decimal": ",", "encoding": "cp1252"}
    frame = hourly_frame(40).rename(columns={"x": "°C"})
    data = dataset_of(frame, data={"future_covariates": ["°C"], "csv": csv})
    bundle = bundle_of(data, tmp_path)
    file = tmp_path / "future.csv"
    assert invoke("predict", bundle.path, "--template", "--output", file).code == 0
    lines = file.read_text("cp1252").splitlines()
    assert lines == ["time;°C", *(f"2024-01-02T{hour}:00:00;" for hour in (16, 17, 18))]
    file.write_text("\n".join([lines[0], *(f"{line}0,5" for line in lines[1:])]), "cp1252")
    assert future_panel(bundle, file).values[:, 1].tolist() == [0.5, 0.5, 0.5]


def test_what_reading_did_to_the_data_is_told_on_standard_error(
    trained_run: Path, data: Path, tmp_path: Path, invoke: Invoke
) -> None:
    newer = tmp_path / "newer.csv"
    newer.write_text(data.read_text() + "2024-06-09,\n")
    result = invoke("predict", trained_run, "--data", newer)
    assert result.code == 0
    assert "warning: left out 1 row at the start or end of a series" in result.err


def test_intervals_learn_from_new_data_beside_the_run(
    trained_run: Path, tmp_path: Path, invoke: Invoke
) -> None:
    run = tmp_path / trained_run.name
    shutil.copytree(trained_run, run)
    state = tmp_path / f"{run.name}.state" / "calibration.json"
    newer = tmp_path / "newer.csv"
    weekly_cycle(180).to_csv(newer, index=False)
    untaught = invoke("predict", run, "--data", newer, "--no-learn")
    assert not state.exists()
    taught = invoke("predict", run, "--data", newer)
    kept = state.read_text()
    assert taught.code == untaught.code == 0
    frames = [pd.read_csv(io.StringIO(result.out)) for result in (taught, untaught)]
    assert list(frames[0]["prediction"]) == list(frames[1]["prediction"])
    assert list(frames[0]["0.975"]) != list(frames[1]["0.975"])
    assert invoke("predict", run, "--data", newer).out == taught.out
    assert state.read_text() == kept
    assert json.loads(kept)["learned"][0]["time"].startswith("2024-06-28")
    assert invoke("predict", run).code == 0
    state.write_text("{")
    broken = invoke("predict", run, "--data", newer)
    assert broken.code == 0
    assert "warning:" in broken.err and "is not read" in broken.err
