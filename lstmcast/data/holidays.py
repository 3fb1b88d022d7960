"""Public holidays of a country as features: dates that are looked up once, and kept with the run.

The dates come from the package `holidays` when a run is trained. A forecast reads them from the
run: it needs no package, and a later release of it changes no forecast.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstmcast.config.schema import Holidays
from lstmcast.data.features import Feature
from lstmcast.data.panel import FloatArray, Schema
from lstmcast.data.reading.names import did_you_mean
from lstmcast.data.times.frequency import is_calendar, offset_of
from lstmcast.data.times.zones import TimeArray, to_wall
from lstmcast.errors import ConfigError, DataError, Problem, ResourceError

if TYPE_CHECKING:
    from types import ModuleType

# Years after the last one of the data whose holidays a run keeps, for the forecasts to come.
YEARS_AHEAD = 10
_DAY = np.timedelta64(1, "D")
_SHOWN = 8


@dataclass(frozen=True)
class HolidayDates:
    """The holidays of a country or of a part of it.

    Attributes:
        first: The first year that is known.
        last: The last year that is known.
        dates: datetime64[D], ascending.
    """

    first: int
    last: int
    dates: TimeArray

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        dates = np.datetime_as_string(self.dates).tolist()
        return {"first": self.first, "last": self.last, "dates": dates}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> HolidayDates:
        """The inverse of `to_json`."""
        dates = np.array(values["dates"], dtype="datetime64[D]")
        return cls(first=int(values["first"]), last=int(values["last"]), dates=dates)


def look_up_holidays(settings: Holidays, times: TimeArray) -> HolidayDates:
    """The holidays of the years of some data, of the year before and of `YEARS_AHEAD` after.

    Args:
        settings: The country, and a part of it.
        times: datetime64, of all rows.

    Raises:
        ConfigError: If there is no such country, or it has no such part.
        ResourceError: If the package `holidays` is not installed.
    """
    package = _package()
    _check_place(package, settings)
    first, last = (int(str(end)[:4]) for end in (times.min(), times.max()))
    first, last = first - 1, last + YEARS_AHEAD
    found = package.country_holidays(
        settings.country, subdiv=settings.subdivision, years=range(first, last + 1)
    )
    # The observed day of a holiday of the next year may lie in this one.
    dates = sorted(day for day in found if first <= day.year <= last)
    return HolidayDates(first, last, np.array(dates, dtype="datetime64[D]"))


def _package() -> ModuleType:
    if importlib.util.find_spec("holidays") is None:
        raise ResourceError(
            "features.holidays needs the package holidays, which is not installed: "
            "pip install 'lstmcast[holidays]'."
        )
    import holidays

    return holidays


def _check_place(package: ModuleType, settings: Holidays) -> None:
    codes = list(package.list_supported_countries())
    country, part = settings.country, settings.subdivision
    if country not in codes:
        message = (
            "must be the code of a country such as DE or DEU (ISO 3166-1). Received: "
            f"{country}.{_near_country(country, codes)}"
        )
        raise ConfigError([Problem("features.holidays.country", message)])
    parts_of = package.country_holidays(country)
    parts = [*parts_of.subdivisions, *parts_of.subdivisions_aliases]
    if part is not None and part not in parts:
        known = ", ".join(parts[:_SHOWN]) + (" …" if len(parts) > _SHOWN else "")
        message = f"must be a part of {country} whose holidays are known. Received: {part}."
        message += did_you_mean(part, parts) or (f" Known: {known}." if parts else " None is.")
        raise ConfigError([Problem("features.holidays.subdivision", message)])


def _near_country(name: str, codes: list[str]) -> str:
    """A sentence with the code that was meant, also where the country was named in full."""
    from holidays.registry import COUNTRIES

    # Each entry is the name of a class, and codes: ("NewZealand", "NZ", "NZL").
    by_name = {country: entry[1] for country, entry in COUNTRIES.items()}
    plain = name.lower().replace(" ", "_").replace("-", "_")
    if plain in by_name:
        return f" Did you mean {by_name[plain]!r}?"
    return did_you_mean(name, codes)


def holiday_features(
    settings: Holidays, known: HolidayDates, times: TimeArray, schema: Schema
) -> Iterator[tuple[Feature, FloatArray]]:
    """How many holidays each row has, then so many days before it and after it.

    `holiday.before2` counts those two days after the row: it stands two days before a holiday. For
    steps of a day or shorter all are 0 or 1: those of the row's day, in the time zone of the data.
    Longer steps have the days that they stand for: a step of a frequency that is named by its end
    (`W-SUN`, `ME`) those up to its date, another (`MS`, `2D`) those from its date on.

    Args:
        settings: How many days before and after.
        known: The dates.
        times: datetime64[us], `(n_rows,)`, as panels store them.
        schema: Its frequency and time zone.

    Yields:
        The feature, known ahead, and its values, float64 `(n_rows,)`.

    Raises:
        DataError: If a time lies in a year whose holidays are not known.
    """
    first, end = _days_of(times, schema)
    _check_years(settings, known, first)
    offsets = [("calendar.holiday", 0)]
    offsets += [(f"calendar.holiday.before{n}", n) for n in range(1, settings.before + 1)]
    offsets += [(f"calendar.holiday.after{n}", -n) for n in range(1, settings.after + 1)]
    for name, shift in offsets:
        before, upto = (np.searchsorted(known.dates, day + shift * _DAY) for day in (first, end))
        yield Feature(name, ahead=True, scaled=False), (upto - before).astype(np.float64)


def _days_of(times: TimeArray, schema: Schema) -> tuple[TimeArray, TimeArray]:
    """The first day of each row, and the one after its last, datetime64[D] `(n_rows,)`."""
    days = to_wall(times, schema.tz).astype("datetime64[D]")
    offset = offset_of(schema.freq)
    one_day = isinstance(offset, pd.offsets.BusinessDay) or not is_calendar(schema.freq)
    if one_day:
        return days, _next(days)
    distinct, inverse = np.unique(days, return_inverse=True)
    stamps = pd.DatetimeIndex(distinct)
    if isinstance(offset, pd.offsets.Week) or "End" in type(offset).__name__:
        previous = _moved(stamps, -offset)
        return _next(previous)[inverse], _next(days)
    return days, _moved(stamps, offset)[inverse]


def _next(days: TimeArray) -> TimeArray:
    return (days + _DAY).astype("datetime64[D]")


def _moved(stamps: pd.DatetimeIndex, offset: Any) -> TimeArray:
    """Each time moved by an offset, one by one: pandas warns where it has no faster way itself."""
    moved = [(stamp + offset).to_datetime64() for stamp in stamps]
    return np.array(moved).astype("datetime64[D]")


def _check_years(settings: Holidays, known: HolidayDates, days: TimeArray) -> None:
    if not len(days):
        return
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    for year in (int(years.min()), int(years.max())):
        if not known.first <= year <= known.last:
            raise DataError(
                f"the run knows the holidays of {settings.country} from {known.first} to "
                f"{known.last}, and the rows reach into {year}. Train anew with later data."
            )
