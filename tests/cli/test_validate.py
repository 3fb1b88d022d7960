from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Invoke


def test_validate_counts_rows_windows_and_inputs(daily: Path, invoke: Invoke) -> None:
    values = invoke("validate", daily, "--json").json
    assert (values["rows"], values["series"], values["freq"]) == (160, 1, "D")
    assert values["season_length"] == 7
    assert (values["first"][:10], values["last"][:10]) == ("2024-01-01", "2024-06-08")
    # 112, 24 and 24 rows; the first needs 7 + 3 of its own, the others only 3.
    assert values["windows"] == {"train": 103, "validation": 22, "test": 22}
    assert values["inputs"] == ["y"]
    # float32: 160 rows of one number; 64 windows of 7 inputs and 3 targets; 147 windows of them.
    memory = values["memory"]
    assert memory.pop("fit") > 0
    assert memory == {"rows": 640, "batch": 2560, "materialised": 5880}


def test_validate_tells_what_is_missing_and_how_it_is_filled(daily: Path, invoke: Invoke) -> None:
    lines = Path("daily.csv").read_text().splitlines()
    lines[20] = lines[20].partition(",")[0] + ","
    del lines[30]
    Path("daily.csv").write_text("\n".join(lines))
    fill = ("--set", "data.missing.strategy=ffill", "--set", "data.gaps=fill")
    values = invoke("validate", daily, "--json", *fill).json
    assert values["missing"] == {"y": 2}
    assert values["inserted"] == 1
    assert "Missing" in invoke("validate", daily, *fill).out


def test_validate_writes_nothing_and_names_the_next_command(daily: Path, invoke: Invoke) -> None:
    before = sorted(daily.parent.rglob("*"))
    result = invoke("validate", daily)
    assert result.code == 0
    assert "lstmcast train" in result.err
    assert sorted(daily.parent.rglob("*")) == before


def test_validate_tells_how_many_trainings_there_will_be(daily: Path, invoke: Invoke) -> None:
    ensemble = ("--set", "training.seeds=3", "--set", "seed=5")
    assert invoke("validate", daily, "--json", *ensemble).json["seeds"] == [5, 6, 7]
    assert "Trainings  3, from the seeds 5 to 7" in invoke("validate", daily, *ensemble).out
    assert invoke("validate", daily, "--json").json["seeds"] == [7]
    assert "Trainings" not in invoke("validate", daily).out


def test_build_counts_the_parameters(daily: Path, invoke: Invoke) -> None:
    values = invoke("validate", daily, "--build", "--json", "--set", "training.device=auto").json
    # LSTM of 3 units on 1 input: 4 · 3 · (1 + 3 + 1); a dense layer to 3 steps: 3 · 3 + 3.
    assert values["parameters"] == 60 + 12


def test_validate_checks_what_a_search_may_change(daily: Path, invoke: Invoke) -> None:
    space = {"training.learning_rat": "{min: 0.1, max: 1}", "window.horizon": "{choice: [1, 2]}"}
    with daily.open("a") as config:
        config.write("tune:\n  space:\n" + "".join(f"    {k}: {v}\n" for k, v in space.items()))
    result = invoke("validate", daily)
    lines = len(daily.read_text().splitlines())
    assert result.code == 2
    assert f"(line {lines - 1}): training.learning_rat is not a field" in result.err
    assert f"(line {lines}): cannot be searched: window.horizon changes what" in result.err


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("window.lookback=0", 2),
        ("data.time=when", 3),
        ("split.train=160", 2),
        ("training.seeds=0", 2),
    ],
)
def test_validate_exits_as_train_would(
    setting: str, code: int, daily: Path, invoke: Invoke
) -> None:
    assert invoke("validate", daily, "--set", setting).code == code
