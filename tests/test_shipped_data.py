"""The files in `data/` are what `data/README.md` says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "data"
HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def co2() -> pd.DataFrame:
    return pd.read_csv(DATA / "co2_weekly.csv", parse_dates=["date"])


@pytest.fixture(scope="module")
def demand() -> pd.DataFrame:
    return pd.read_csv(DATA / "demand_hourly.csv", parse_dates=["time"])


def test_co2_has_every_saturday_from_1958_to_2001(co2: pd.DataFrame) -> None:
    saturdays = pd.date_range("1958-03-29", "2001-12-29", freq="W-SAT")
    assert list(co2.columns) == ["date", "co2"]
    assert co2["date"].tolist() == saturdays.tolist()


def test_co2_keeps_the_59_weeks_without_a_measurement(co2: pd.DataFrame) -> None:
    missing = co2["co2"].isna()
    run_lengths = missing.groupby((~missing).cumsum()).sum()
    assert missing.sum() == 59
    assert run_lengths.max() == 18


def test_co2_has_the_published_first_last_and_extreme_values(co2: pd.DataFrame) -> None:
    measured = co2["co2"].dropna()
    assert measured.iloc[:3].tolist() == [316.1, 317.3, 317.6]
    assert measured.iloc[-3:].tolist() == [371.2, 371.3, 371.5]
    assert (measured.min(), measured.max()) == (313.0, 373.9)


def test_the_script_makes_the_shipped_demand_byte_for_byte(tmp_path: Path) -> None:
    output = tmp_path / "demand.csv"
    script = DATA / "make_demand.py"
    subprocess.run([sys.executable, "-W", "error", str(script), str(output)], check=True)
    assert output.read_bytes() == (DATA / "demand_hourly.csv").read_bytes()


def test_demand_is_two_years_of_three_sites_with_short_outages(demand: pd.DataFrame) -> None:
    hours = 2 * 365 * 24 + 24  # 2024 is a leap year
    sites = demand.groupby("site")["time"]
    gaps = (sites.diff().dropna() / HOUR).astype(int) - 1
    assert sites.min().eq("2023-01-01 00:00").all()
    assert sites.max().eq("2024-12-31 23:00").all()
    assert list(sites.groups) == ["harbour", "hillside", "market"]
    assert gaps.min() == 0
    assert gaps.max() <= 12
    assert np.allclose(1 - sites.size() / hours, 0.005, atol=0.001)


def test_demand_has_one_type_for_each_site_and_one_price_for_each_hour(
    demand: pd.DataFrame,
) -> None:
    assert demand.groupby("site")["site_type"].nunique().eq(1).all()
    assert demand.groupby("time")["price"].nunique().eq(1).all()
    assert set(demand["weather"]) == {"clear", "cloudy", "rain", "snow"}
    assert set(demand["holiday"]) == {0, 1}
    assert not demand.isna().any(axis=None)
