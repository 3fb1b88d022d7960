from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstmcast.cli.outlining import outline_of
from lstmcast.data.inspection.inspecting import Inspection, inspect_file
from tests.builders import weekly_cycle


@pytest.fixture
def inspection(tmp_path: Path) -> Inspection:
    weekly_cycle(160).to_csv(tmp_path / "d.csv", index=False)
    return inspect_file(tmp_path / "d.csv")


@pytest.mark.parametrize(
    ("season", "n_rows", "window"),
    [
        (7, 4000, (98, 7)),  # fourteen weeks, a week
        (7, 600, (28, 7)),  # four weeks where there are not many more
        (12, 144, (24, 12)),  # two years, a year
        (24, 20_000, (336, 24)),
        (24, 2000, (48, 24)),
        (52, 2000, (104, 13)),  # two years, a quarter of one
        (1440, 500_000, (168, 48)),  # seasons too long to read
        (1, 1000, (24, 1)),
        (7, 30, (9, 3)),  # as much as 30 rows can bear
    ],
)
def test_the_window_follows_season_and_length(
    season: int, n_rows: int, window: tuple[int, int], inspection: Inspection
) -> None:
    outline = outline_of(replace(inspection, season_length=season, n_rows=n_rows), path="d.csv")
    assert (outline.lookback, outline.horizon) == window


@pytest.mark.parametrize(
    ("freq", "years", "calendar"),
    [
        ("h", 3, ("hour", "dayofweek", "dayofyear")),
        ("h", 0.5, ("hour", "dayofweek")),
        ("D", 3, ("dayofweek", "dayofyear")),
        ("W-SUN", 3, ("weekofyear",)),
        ("MS", 3, ("month",)),
        ("QS", 3, ("quarter",)),
        ("YS", 30, ()),
    ],
)
def test_the_calendar_holds_cycles_that_the_data_repeat(
    freq: str, years: float, calendar: tuple[str, ...], inspection: Inspection
) -> None:
    last = inspection.first + np.timedelta64(int(years * 366), "D")
    outline = outline_of(replace(inspection, freq=freq, last=last), path="d.csv")
    assert outline.calendar == calendar


def test_a_file_name_becomes_a_valid_name(inspection: Inspection) -> None:
    assert (
        outline_of(replace(inspection, file="a/My sales (2).csv.gz"), path="x").name == "My-sales-2"
    )
    assert outline_of(replace(inspection, file="Öl.csv"), path="x").name == "l"
    assert outline_of(replace(inspection, file="数据.csv"), path="x").name == "my-forecast"
