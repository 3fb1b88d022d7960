"""Writes `demand_hourly.csv`: the generated electricity demand of three sites, hour by hour.

    python data/make_demand.py [OUTPUT]

The numbers are invented, but behave like the real thing:

- demand follows the hour, the weekday, holidays and the season, each site in its own way;
- buildings warm up and cool down slowly, so heating and cooling follow a smoothed temperature, and
  cooling grows faster than linearly;
- dark weather costs light, and what is left over is autocorrelated noise;
- the price follows the demand of the region, and is published a day late;
- a few short runs of hours are missing, because the meter was down.

The same seed gives the same bytes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OUTPUT = Path(__file__).with_name("demand_hourly.csv")
SEED = 20230101
HOURS = pd.date_range("2023-01-01 00:00", "2024-12-31 23:00", freq="h")
HOLIDAYS = [
    *("2023-01-01", "2023-04-07", "2023-04-10", "2023-05-01", "2023-05-18", "2023-05-29"),
    *("2023-10-03", "2023-12-25", "2023-12-26"),
    *("2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01", "2024-05-09", "2024-05-20"),
    *("2024-10-03", "2024-12-25", "2024-12-26"),
]
COLUMNS = ["time", "site", "demand", "temperature", "holiday", "price", "weather", "site_type"]
MISSING_SHARE = 0.005
LONGEST_OUTAGE = 12
# No outage in the first and last week, so that all sites span the same time.
SAFE_MARGIN = 7 * 24

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Site:
    """What makes the demand of a site its own.

    Attributes:
        name: Id in the `site` column.
        kind: `site_type`, the same in every row.
        base: Mean demand without weather, in kWh an hour.
        peaks: Hour, width in hours and height (in shares of `base`) of each daily peak.
        day_off: Share of the peaks that is left on a weekend or holiday.
        heating: Demand for each degree below 15 °C, in kWh an hour.
        cooling: Demand for each (degree above 20 °C) ** 1.3, in kWh an hour.
        warmer: Difference from the region's temperature, in °C.
        noise: Standard deviation of the noise, in shares of `base`.
    """

    name: str
    kind: str
    base: float
    peaks: tuple[tuple[float, float, float], ...]
    day_off: float
    heating: float
    cooling: float
    warmer: float
    noise: float


SITES = (
    Site(
        name="harbour",
        kind="industrial",
        base=950.0,
        peaks=((10.0, 3.5, 0.45), (15.0, 3.0, 0.35)),
        day_off=0.25,
        heating=7.0,
        cooling=6.0,
        warmer=0.8,
        noise=0.05,
    ),
    Site(
        name="hillside",
        kind="residential",
        base=310.0,
        peaks=((7.5, 1.5, 0.35), (19.0, 2.5, 0.70)),
        day_off=1.10,
        heating=12.0,
        cooling=5.0,
        warmer=-1.5,
        noise=0.06,
    ),
    Site(
        name="market",
        kind="commercial",
        base=540.0,
        peaks=((11.0, 3.0, 0.50), (16.5, 3.5, 0.60)),
        day_off=0.55,
        heating=8.0,
        cooling=14.0,
        warmer=1.2,
        noise=0.05,
    ),
)


def make_panel() -> pd.DataFrame:
    """All sites end to end, each sorted by time; `data/README.md` gives the units."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    temperature = region_temperature(rng)
    cloud = autocorrelated(rng, memory=0.97)
    frames = [site_frame(site, temperature, cloud, rng) for site in SITES]
    price = region_price(np.sum([frame["demand"] for frame in frames], axis=0), rng)
    kept = [frame.assign(price=price)[~outages(rng)] for frame in frames]
    return pd.concat(kept, ignore_index=True)[COLUMNS]


def region_temperature(rng: np.random.Generator) -> Floats:
    """Hourly temperature in °C: the season, the time of day, and weather that lasts for days."""
    year = np.cos(2 * np.pi * (HOURS.day_of_year.to_numpy() - 20) / 365.25)
    day = np.cos(2 * np.pi * (HOURS.hour.to_numpy() - 15) / 24)
    spells = autocorrelated(rng, memory=0.992)
    gusts = autocorrelated(rng, memory=0.8)
    return 11.5 - 10.5 * year + (3.0 - 1.2 * year) * day + 3.5 * spells + 0.5 * gusts


def site_frame(
    site: Site, temperature: Floats, cloud: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """The rows of one site, complete and without a price."""
    local = temperature + site.warmer + 0.4 * autocorrelated(rng, memory=0.9)
    sky = 0.9 * cloud + 0.45 * autocorrelated(rng, memory=0.9)
    demand = calendar_demand(site) + weather_demand(site, local, sky)
    demand *= 1 + site.noise * autocorrelated(rng, memory=0.85)
    return pd.DataFrame(
        {
            "time": HOURS.strftime("%Y-%m-%d %H:%M"),
            "site": site.name,
            "demand": demand.round(1),
            "temperature": local.round(1),
            "holiday": is_holiday().astype(int),
            "weather": weather_words(local, sky),
            "site_type": site.kind,
        }
    )


def calendar_demand(site: Site) -> Floats:
    """Demand that the calendar explains: daily peaks, fewer on days off, and slow growth."""
    hour = HOURS.hour.to_numpy()
    peaks = sum(
        height * np.exp(-0.5 * ((hour - peak) / width) ** 2) for peak, width, height in site.peaks
    )
    day_off = (HOURS.day_of_week.to_numpy() >= 5) | is_holiday()
    growth = 1 + 0.03 * np.arange(len(HOURS)) / len(HOURS)
    activity: Floats = 0.75 + np.where(day_off, site.day_off, 1.0) * peaks
    return site.base * growth * activity


def weather_demand(site: Site, temperature: Floats, sky: Floats) -> Floats:
    """Demand that the weather adds: heating, cooling, and light under dark skies by day."""
    felt = smoothed(temperature, memory=0.85)
    heating = site.heating * np.maximum(15 - felt, 0)
    cooling = site.cooling * np.maximum(felt - 20, 0) ** 1.3
    hour = HOURS.hour.to_numpy()
    daytime = (hour >= 8) & (hour <= 18)
    return heating + cooling + 0.08 * site.base * daytime * np.clip(sky, 0, 2)


def weather_words(temperature: Floats, sky: Floats) -> NDArray[np.str_]:
    """What an observer would write down: clear, cloudy, rain or snow."""
    wet = np.where(temperature < 1, "snow", "rain")
    return np.where(sky > 1.1, wet, np.where(sky > 0.0, "cloudy", "clear"))


def region_price(demand: Floats, rng: np.random.Generator) -> Floats:
    """Price in EUR/MWh: rises with the square of the region's demand, and drifts by itself."""
    load = demand / demand.mean()
    drift = 12 * autocorrelated(rng, memory=0.99)
    price: Floats = np.maximum(20 + 60 * load**2 + drift, 0)
    return price.round(2)


def outages(rng: np.random.Generator) -> Bools:
    """Hours that the meter missed: short runs, about `MISSING_SHARE` of all."""
    missing = np.zeros(len(HOURS), dtype=bool)
    while missing.mean() < MISSING_SHARE:
        start = rng.integers(SAFE_MARGIN, len(HOURS) - SAFE_MARGIN - LONGEST_OUTAGE)
        missing[start : start + rng.integers(1, LONGEST_OUTAGE + 1)] = True
    return missing


def is_holiday() -> Bools:
    """Whether each hour is part of a public holiday."""
    return HOURS.normalize().isin(pd.DatetimeIndex(HOLIDAYS))


def autocorrelated(rng: np.random.Generator, *, memory: float) -> Floats:
    """AR(1) noise with mean 0, deviation 1 and lag-one correlation `memory`."""
    shocks = np.sqrt(1 - memory**2) * rng.standard_normal(len(HOURS))
    shocks[0] /= np.sqrt(1 - memory**2)
    return recursion(shocks, memory=memory)


def smoothed(values: Floats, *, memory: float) -> Floats:
    """Exponential smoothing: how warm a building is that loses `1 - memory` an hour."""
    steps = (1 - memory) * values
    steps[0] = values[0]
    return recursion(steps, memory=memory)


def recursion(inputs: Floats, *, memory: float) -> Floats:
    """`state[t] = memory * state[t - 1] + inputs[t]`, starting at `inputs[0]`."""
    states = np.empty_like(inputs)
    state = 0.0
    for position, value in enumerate(inputs):
        state = memory * state + value
        states[position] = state
    return states


def write(output: Path) -> None:
    """Write the panel as CSV."""
    make_panel().to_csv(output, index=False, lineterminator="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
