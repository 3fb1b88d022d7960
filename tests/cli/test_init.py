from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.json_schema import config_json_schema
from lstmcast.config.loading import load_config
from tests.builders import weekly_cycle
from tests.commands import Invoke

Frame = Callable[[], pd.DataFrame]


def monthly() -> pd.DataFrame:
    months = pd.period_range("2010-01", periods=120, freq="M").astype(str)
    return pd.DataFrame({"Month": months, "Passengers": range(100, 220)})


def hourly_with_holes() -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=400, freq="h")
    frame = pd.DataFrame({"time": times, "load": np.arange(400.0) % 24, "wind": "N"})
    frame.loc[::3, "wind"] = "S"
    frame.loc[50:53, "load"] = np.nan
    return frame.drop(index=range(100, 104))


def parts_of_time() -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=300, freq="h")
    parts = {"year": times.year, "month": times.month, "day": times.day, "hour": times.hour}
    return pd.DataFrame({**parts, "pm2.5": np.arange(300.0) % 24})


def panel() -> pd.DataFrame:
    shops = [weekly_cycle(100, seed=i).assign(shop=name) for i, name in enumerate("abc")]
    return pd.concat(shops)


def duplicated() -> pd.DataFrame:
    return pd.concat([weekly_cycle(100), weekly_cycle(3)])


def tiny() -> pd.DataFrame:
    return weekly_cycle(30)


@pytest.mark.parametrize(
    "frame", [weekly_cycle, monthly, hourly_with_holes, parts_of_time, panel, duplicated, tiny]
)
def test_a_config_from_a_file_is_valid_as_it_is(
    frame: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.chdir(tmp_path)
    frame().to_csv("my data.csv", index=False)
    written = invoke("init", "--from", "my data.csv")
    assert written.code == 0, written.err
    validated = invoke("validate", "config.yaml", "--json")
    assert validated.code == 0, validated.out
    assert min(validated.json["windows"].values()) > 0


@pytest.mark.parametrize(
    ("rows", "freq", "expected"),
    [
        (2400, "h", ("segment", 24, 336)),  # 1,680 rows to train on are 5 lookbacks
        (2399, "h", ("lstm", None, 48)),
        (720, "D", ("segment", 7, 98)),
        (5000, "YS", ("lstm", None, 24)),  # no season
    ],
)
def test_whole_seasons_are_read_where_many_of_them_fit(
    rows: int,
    freq: str,
    expected: tuple[str, int | None, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    invoke: Invoke,
) -> None:
    monkeypatch.chdir(tmp_path)
    times = pd.date_range("2000-01-01" if freq != "YS" else "0001-01-01", periods=rows, freq=freq)
    cycle = np.sin(np.arange(rows) / 3)
    pd.DataFrame({"time": times, "y": cycle}).to_csv("d.csv", index=False)
    invoke("init", "--from", "d.csv")
    config = load_config(Path("config.yaml")).config
    segment = getattr(config.model, "segment", None)
    assert (config.model.type, segment, config.window.lookback) == expected
    assert invoke("validate", "config.yaml").code == 0


def test_a_semicolon_and_a_decimal_comma_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.chdir(tmp_path)
    weekly_cycle().to_csv("d.csv", index=False, sep=";", decimal=",")
    invoke("init", "--from", "d.csv")
    assert invoke("validate", "config.yaml").code == 0


def test_the_config_names_the_data_relative_to_itself(daily: Path, invoke: Invoke) -> None:
    (daily.parent / "configs").mkdir()
    result = invoke("init", "--from", "daily.csv", "--output", "configs/new.yaml")
    assert result.code == 0
    assert "path: ../daily.csv" in Path("configs/new.yaml").read_text()
    assert invoke("validate", "configs/new.yaml").code == 0


def test_a_schema_for_editors_lies_beside_the_config(daily: Path, invoke: Invoke) -> None:
    invoke("init", "--from", "daily.csv")
    first = Path("config.yaml").read_text().splitlines()[0]
    schema = Path(first.partition("$schema=")[2])
    assert json.loads(schema.read_text()) == config_json_schema()


def test_nothing_is_overwritten_unless_forced(daily: Path, invoke: Invoke) -> None:
    before = daily.read_text()
    refused = invoke("init", "--from", "daily.csv", "--output", daily.name)
    assert refused.code == 2
    assert "--force" in refused.err
    assert daily.read_text() == before
    assert invoke("init", "--from", "daily.csv", "--output", daily.name, "--force").code == 0
    assert daily.read_text() != before


def test_a_file_that_cannot_be_used_leaves_nothing_behind(daily: Path, invoke: Invoke) -> None:
    Path("text.csv").write_text("a,b\nx,y\n")
    before = sorted(Path().iterdir())
    result = invoke("init", "--from", "text.csv", "--json")
    assert result.code == result.json["exit_code"] == 3
    assert sorted(Path().iterdir()) == before


def test_standard_input_cannot_be_named_in_a_config(invoke: Invoke) -> None:
    assert invoke("init", "--from", "-").code == 2


def test_a_new_template_says_what_to_fill_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("init")
    assert result.code == 0
    assert "data.path, data.time and data.target" in result.out
    assert "lstmcast validate config.yaml" in result.err


def test_a_file_that_would_not_train_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "holes.csv"
    weekly_cycle(90).assign(y=lambda f: f["y"].where(f.index % 2 == 0)).to_csv(path, index=False)
    result = invoke("init", "--from", path)
    assert result.code == 0
    assert f"warning: it does not train as it is: {path}: the train split" in result.err
    assert "lstmcast validate" in result.err
