"""From a look at a file to a config that trains on it as it is."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from lstmcast.config.template import Outline
from lstmcast.reporting.wording import short_time, step_length

if TYPE_CHECKING:
    from lstmcast.config.schema import Calendar
    from lstmcast.data.inspection.inspecting import Inspection

# Longer lookbacks train slowly, step by step, and rarely forecast better.
_MOST_LOOKBACK = 168
# Seasons in the lookback of `segment`, the longest season that is read at once, and the share of
# the training rows that the lookback may take: measured in docs/accuracy.md.
_SEGMENTS, _MOST_SEGMENT, _LONG_SHARE = 14, 48, 5
_MOST_HORIZON = 48
_LEAST_LOOKBACK = 24
# Seasons up to this many steps are forecast as a whole, longer ones a quarter at a time.
_WHOLE_SEASON = 31
_TRAIN, _TEST = 0.70, 0.15


def outline_of(inspection: Inspection, *, path: str) -> Outline:
    """What a config for a file is to say.

    Args:
        inspection: The look at the file.
        path: How the config is to name the file.
    """
    length = inspection.n_rows // inspection.n_series
    season = inspection.season_length
    horizon = _horizon(season, length)
    segment = _segment(season, length)
    return Outline(
        name=_name(inspection.file),
        about=_about(inspection),
        path=path,
        csv=inspection.csv,
        time=inspection.time,
        format=inspection.format,
        series=inspection.series,
        target=inspection.target,
        past_covariates=inspection.past_covariates,
        static_covariates=inspection.static_covariates,
        step=step_length(inspection.freq),
        has_duplicates=inspection.n_duplicates > 0,
        has_gaps=inspection.n_inserted > 0,
        missing=_strategy(inspection),
        calendar=_calendar(inspection),
        lookback=_SEGMENTS * segment if segment else _lookback(season, length, horizon),
        horizon=horizon,
        segment=segment,
        why=_why(segment),
        units=32 if inspection.n_rows < 1000 else 64,
        batch_size=_batch_size(inspection.n_rows),
    )


def _name(file: str) -> str:
    """The file's name without its endings, as far as a run's name may hold it."""
    stem = re.split(r"[\\/]", file)[-1].split(".")[0]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")
    return plain[:48] or "my-forecast"


def _about(inspection: Inspection) -> tuple[str, ...]:
    series = f" in {inspection.n_series:,} series" if inspection.series is not None else ""
    return (
        f"{inspection.file}: {inspection.n_rows:,} rows{series}, {short_time(inspection.first)} to "
        f"{short_time(inspection.last)}, step {step_length(inspection.freq)}, season of "
        f"{inspection.season_length} steps.",
        *(f"Left out: {name} ({why})." for name, why in inspection.left_out.items()),
        "",
    )


def _horizon(season: int, length: int) -> int:
    """A season, or a quarter of a long one, that leaves several windows in the test rows."""
    natural = season if season <= _WHOLE_SEASON else season // 4
    return max(1, min(natural, _MOST_HORIZON, int(length * _TEST * 0.75)))


def _lookback(season: int, length: int, horizon: int) -> int:
    """Two seasons or more, that leave half of the training rows to begin windows in."""
    natural = season * max(2, math.ceil(_LEAST_LOOKBACK / season))
    return max(1, min(natural, _MOST_LOOKBACK, (int(length * _TRAIN) - horizon) // 2))


def _segment(season: int, length: int) -> int | None:
    """Steps that are read at once; None where the data are too few, or have no season, for that."""
    training = int(length * _TRAIN)
    fits = _LONG_SHARE * _SEGMENTS * season <= training
    return season if 1 < season <= _MOST_SEGMENT and fits else None


def _why(segment: int | None) -> str:
    if segment is None:
        return "steps one by one: too few seasons for `segment`"
    return f"reads whole seasons, {_SEGMENTS} of them; or lstm, gru …"


def _batch_size(n_rows: int) -> int:
    if n_rows < 1000:
        return 16
    return 64 if n_rows < 20_000 else 256


def _strategy(inspection: Inspection) -> str:
    if not inspection.needs_filling:
        return "error"
    return "seasonal" if inspection.season_length > 1 else "ffill"


def _calendar(inspection: Inspection) -> tuple[Calendar, ...]:
    """The cycles that the step resolves and that the data hold at least twice."""
    import pandas as pd

    day = pd.Timedelta(days=1)
    first, second = pd.date_range("2024-01-01", periods=2, freq=inspection.freq)
    step, span = second - first, pd.Timestamp(inspection.last) - pd.Timestamp(inspection.first)
    found: list[Calendar] = []
    if step < day and span >= 2 * day:
        found.append("hour")
    if step <= day and span >= 14 * day:
        found.append("dayofweek")
    if span >= 730 * day:
        found += _of_year(step / day)
    return tuple(found)


def _of_year(days: float) -> list[Calendar]:
    """Where in the year a step of so many days stands."""
    limits: list[tuple[float, Calendar]] = [
        (1, "dayofyear"),
        (14, "weekofyear"),
        (31, "month"),
        (92, "quarter"),
    ]
    return [name for limit, name in limits if days <= limit][:1]
