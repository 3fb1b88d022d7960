"""Times that cannot be read, or make no grid: each with what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from tests.bad_input.conftest import Bench


def stamps(form: str = "%Y-%m-%d", *, n: int = 30, freq: str = "D", **options: Any) -> list[str]:
    """Times as a file has them."""
    start = {"start": "2024-01-01", **options}
    return list(pd.date_range(periods=n, freq=freq, **start).strftime(form))


def table(times: Sequence[str]) -> str:
    """A CSV file with these times, in quotes where they hold a comma."""
    quoted = (f'"{time}"' if "," in time else time for time in times)
    return "time,y\n" + "".join(f"{time},{i % 7}\n" for i, time in enumerate(quoted))


def replaced(times: Sequence[str], place: int, text: str) -> list[str]:
    """The times with another text in one place."""
    return [*times[:place], text, *times[place + 1 :]]


DAYS = stamps()
HOURS = stamps("%Y-%m-%d %H:%M", n=60, freq="h")
SECONDS = [str(1_704_067_200 + 3600 * i) for i in range(40)]
BERLIN = {"data.tz": "Europe/Berlin"}
FIFTH = (6, "time")


@dataclass(frozen=True)
class Case:
    """Times, and what is said of them.

    Attributes:
        times: The column `time`.
        says: Parts of the message, the advice among them.
        line: Of the message.
        value: Of the message; None where the message tells the time in its own words.
        settings: Of the config.
    """

    times: Sequence[str]
    says: tuple[str, ...]
    line: int
    value: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def odd(text: str, *says: str) -> Case:
    """Days, the fifth of which is something else."""
    return Case(replaced(DAYS, 4, text), says, 6, text)


def whole(times: Sequence[str], *says: str, **settings: Any) -> Case:
    """Times of which the first is named."""
    return Case(times, says, 2, times[0], settings)


def behind(text: str, *says: str) -> Case:
    """Hours with something behind each."""
    return whole([hour + text for hour in HOURS], *says)


def epochs(start: int, step: int, n: int = 30) -> list[str]:
    return [str(start + step * i) for i in range(n)]


UNREADABLE = {
    "a word": odd("soon", "not ISO 8601", "Mend the rows"),
    "words": whole([f"day {i}" for i in range(30)], "30 rows in all", "line 6: day 4"),
    "day or month": whole(
        stamps("%d/%m/%Y", n=12),
        "ambiguous",
        '`data.format: "%d/%m/%Y"` or `data.format: "%m/%d/%Y"`',
        "line 6: 05/01/2024",
    ),
    "days first": whole(stamps("%d/%m/%Y"), 'Set `data.format: "%d/%m/%Y"`, which fits every row'),
    "months first": whole(stamps("%m/%d/%Y"), 'Set `data.format: "%m/%d/%Y"`'),
    "with points": whole(stamps("%d.%m.%Y"), 'Set `data.format: "%d.%m.%Y"`'),
    "year, day, month": Case(
        stamps("%Y-%d-%m"), ('Set `data.format: "%Y-%d-%m"`',), 14, "2024-13-01"
    ),
    "two digits of a year": whole(stamps("%d.%m.%y"), 'Set `data.format: "%d.%m.%y"`'),
    "two digits, which way round": whole(
        stamps("%y-%m-%d"), '`data.format: "%y-%m-%d"` or `data.format: "%d-%m-%y"`'
    ),
    "digits alone": whole(stamps("%d%m%Y"), 'Set `data.format: "%d%m%Y"`'),
    "six digits": whole(stamps("%y%m%d"), 'Set `data.format: "%y%m%d"`'),
    "days of the year": whole(stamps("%Y%j"), 'Set `data.format: "%Y%j"`'),
    "month names": whole(stamps("%d %b %Y"), 'Set `data.format: "%d %b %Y"`'),
    "month names with a comma": whole(stamps("%B %d, %Y"), 'Set `data.format: "%B %d, %Y"`'),
    "weekdays": whole(stamps("%a, %d %b %Y"), 'Set `data.format: "%a, %d %b %Y"`'),
    "months and two digits": whole(stamps("%b-%y", freq="MS"), 'Set `data.format: "%b-%y"`'),
    "statisticians' months": whole(stamps("%YM%m", freq="MS"), 'Set `data.format: "%YM%m"`'),
    "of C": whole(stamps("%a %b %d %H:%M:%S %Y"), 'Set `data.format: "%a %b %d %H:%M:%S %Y"`'),
    "of a web server": whole(stamps("%d/%b/%Y:%H:%M:%S"), 'Set `data.format: "%d/%b/%Y:%H:%M:%S"`'),
    "of e-mail": whole(
        stamps("%a, %d %b %Y %H:%M:%S +0000"), 'Set `data.format: "%a, %d %b %Y %H:%M:%S %z"`'
    ),
    "twelve hours": whole(
        stamps("%Y-%m-%d %I:%M %p", freq="h"), 'Set `data.format: "%Y-%m-%d %I:%M %p"`'
    ),
    "other languages": whole(
        [f"{day}. Januar 2024" for day in range(1, 31)], "English names", "Write the times as ISO"
    ),
    "two formats": Case(
        DAYS[:15] + stamps("%d.%m.%Y", n=15, start="2024-01-16"),
        ("The others are, and this is as `%d.%m.%Y` has it", "15 rows in all"),
        17,
        "16.01.2024",
    ),
    "another format than is said": Case(
        stamps("%d/%m/%Y"),
        ('`data.format: "%m/%d/%Y"` says', 'Set `data.format: "%d/%m/%Y"`'),
        14,
        "13/01/2024",
        {"data.format": "%m/%d/%Y"},
    ),
    "no need of a format": whole(
        DAYS, "Leave it out: every row can be read without", **{"data.format": "%d.%m.%Y"}
    ),
    "a total": Case([*DAYS, "Total"], ("a footer? Remove the row",), 32, "Total"),
    "the header": odd("time", "the header stands here again", "Remove the line"),
    "a mark behind": odd("2024-01-05*", "Behind the time stands '*'", "Remove it"),
    "a note behind": odd("2024-01-05 (p)", "Behind the time stands ' (p)'"),
    "an apostrophe before": whole([f"'{day}" for day in DAYS], 'Before the time stands "\'"'),
    "a dash for a hyphen": whole(
        [day.replace("-", "–") for day in DAYS], "EN DASH (U+2013)", "plain digits, hyphens"
    ),
    "a space of no width": odd("2024-01-05\u200b", "ZERO WIDTH SPACE (U+200B)"),
    "other digits": odd("\uff12024-01-05", "FULLWIDTH DIGIT TWO"),
    "control characters": odd("2024\x1b[31m", "not ISO 8601"),
    "no date": whole(stamps("%H:%M", freq="h", n=24), "It has no date", "Put the date before it"),
    "a range": behind(" - 12:00", "Behind the time stands ' - 12:00'"),
}
OF_NO_CALENDAR = {
    "29 February": odd("2023-02-29", "February 2023 has 28 days"),
    "31 April": odd("2024-04-31", "April 2024 has 30 days"),
    "month 13": odd("2024-13-05", "There is no month 13"),
    "day 0": odd("2024-01-00", "January 2024 has 31 days"),
    "hour 25": Case(
        replaced(HOURS, 5, "2024-01-01 25:00"), ("no time 25:00",), 7, "2024-01-01 25:00"
    ),
    "minute 60": Case(replaced(HOURS, 5, "2024-01-01 04:60"), ("go to 59",), 7, "2024-01-01 04:60"),
    "a leap second": Case(
        replaced(HOURS, 5, "2016-12-31 23:59:60"), ("a leap second",), 7, "2016-12-31 23:59:60"
    ),
    "zeros": odd("0000-00-00", "stand for a missing time", "Give the row one"),
    "year 0": odd("0000-01-01", "There is no year 0"),
    "year 10000": odd("10000-12-31", "not ISO 8601"),
    "a negative year": whole([f"-{day}" for day in DAYS], "Before the time stands '-'"),
    "a Persian month": Case(
        [f"1402-{i // 31 + 1:02d}-{i % 31 + 1:02d}" for i in range(90)],
        ("February 1402 has 28 days", "another calendar to the Gregorian"),
        61,
        "1402-02-29",
    ),
    "now": odd("now", "not ISO 8601"),
    "today": odd("today", "not ISO 8601"),
}
MISSING = {
    name: Case(
        replaced(DAYS, 4, text), ("a time is missing here", "Give the row one"), 6, text or None
    )
    for name, text in {
        "empty": "",
        "blank": "  ",
        "NaT": "NaT",
        "NaN": "nan",
        "NA": "NA",
        "None": "None",
        "a dash": "-",
    }.items()
}
UNIX = {
    "ten digits of a date": whole(
        stamps("%Y%m%d%H", freq="h"), "may be Unix time in seconds", '`data.format: "%Y%m%d%H"`'
    ),
    "twelve digits of a date": whole(
        stamps("%Y%m%d%H%M", freq="h"), "Unix time in milliseconds", '`data.format: "%Y%m%d%H%M"`'
    ),
    "two units": Case(
        [*SECONDS[:5], *(f"{second}000" for second in SECONDS[5:])],
        ("Unix time in seconds, and others are in milliseconds", "in one unit"),
        2,
        SECONDS[0],
    ),
    "a word among them": Case(
        replaced(SECONDS, 4, "x"), ("not Unix time in seconds, as the others are",), 6, "x"
    ),
    "an empty one": Case(replaced(SECONDS, 4, ""), ("a time is missing here",), 6),
    "cut by a spreadsheet": whole([f"{float(s):.9e}" for s in SECONDS], "has cut its digits"),
    "beyond 64 bits": Case(
        replaced([f"{second}000000000" for second in SECONDS], 4, "9" * 19),
        ("not Unix time in nanoseconds",),
        6,
        "9" * 19,
    ),
    "days of Excel": whole(epochs(45292, 1), "Excel's number of a day, 2024-01-01", "date format"),
    "row numbers": whole(epochs(0, 1), "a number, and no Unix time", "9 or 10 digits are seconds"),
    "days since 1970": whole(epochs(19723, 1), "a number, and no Unix time"),
    "years with a point": whole([f"{1990 + i}.0" for i in range(30)], "without the decimal point"),
}
ZONED = {
    "an offset in one": Case(
        replaced(HOURS, 7, f"{HOURS[7]}+01:00"),
        ("carries an offset, and others do not ('2024-01-01 00:00')", "Write all of them alike"),
        9,
        f"{HOURS[7]}+01:00",
    ),
    "Z in all but one": Case(
        replaced([f"{hour}Z" for hour in HOURS], 7, HOURS[7]),
        ("carries no offset, and others do ('2024-01-01 00:00Z')",),
        9,
        HOURS[7],
    ),
    "a zone's letters": behind(" CET", "'CET' is no offset", "`data.tz` (such as Europe/Berlin)"),
    "a zone's name": behind(" Europe/Berlin", "'Europe/Berlin' is no offset"),
    "a zone in brackets": behind("+01:00[Europe/Berlin]", "is no offset", "`data.tz`"),
    "a GMT of no ISO": behind(" GMT+1", "'GMT+1' is no offset"),
    "an offset of a day": behind("+25:00", "Behind the time stands '+25:00'"),
    "an hour that is skipped": Case(
        stamps("%Y-%m-%d %H:%M", n=60, freq="h", start="2024-03-30"),
        ("does not exist in Europe/Berlin", "with an offset"),
        28,
        "2024-03-31 02:00",
        BERLIN,
    ),
    "an hour that comes twice": Case(
        stamps("%Y-%m-%d %H:%M", n=60, freq="h", start="2024-10-26", tz="Europe/Berlin"),
        ("exists twice in Europe/Berlin", "with an offset"),
        28,
        "2024-10-27 02:00",
        BERLIN,
    ),
    "a day without midnight": Case(
        stamps(start="2018-10-20"),
        ("does not exist in America/Sao_Paulo", "leave `data.tz` out"),
        17,
        "2018-11-04",
        {"data.tz": "America/Sao_Paulo"},
    ),
    "a day that was skipped": Case(
        stamps(start="2011-12-15"),
        ("does not exist in Pacific/Apia",),
        17,
        "2011-12-30",
        {"data.tz": "Pacific/Apia"},
    ),
}
ON_NO_GRID = {
    "one time twice": Case(
        replaced(DAYS, 5, DAYS[4]),
        ("2024-01-05 is there more than once", "again on line 7", "Set `data.duplicates`"),
        6,
    ),
    "one time always": Case(["2024-01-01"] * 9, ("repeated rows in all: 8", "`data.series`"), 2),
    "the clock put back, without a zone": Case(
        stamps("%Y-%m-%d %H:%M", n=60, freq="h", start="2024-10-26", tz="Europe/Berlin"),
        ("2024-10-27 02:00 is there more than once", "`data.duplicates`", "put back then, write"),
        28,
    ),
    "the clock put forward, without a zone": Case(
        stamps("%Y-%m-%d %H:%M", n=60, freq="h", start="2024-03-30", tz="Europe/Berlin"),
        ("1 row is missing in 1 gap", "1 after 2024-03-31 01:00", "put forward then, write"),
        28,
    ),
    "a gap": Case([*DAYS[:5], *DAYS[6:]], ("1 row is missing in 1 gap", "`data.gaps: fill`"), 7),
    "gaps": Case(
        [*DAYS[:5], *DAYS[6:9], *DAYS[15:]],
        ("7 rows are missing in 2 gaps", "1 after 2024-01-05; 6 after 2024-01-09"),
        7,
    ),
    "a wrong year at the end": Case(
        replaced(DAYS, 29, "2424-01-30"),
        ("2424-01-30 is 146,098 steps of 'D' from the nearest other", "mistyped", "Mend the row"),
        31,
    ),
    "the end of time": Case(replaced(DAYS, 9, "9999-12-31"), ("9999-12-31 is",), 11),
    "the start of Excel": Case(replaced(DAYS, 9, "1900-01-01"), ("1900-01-01 is",), 11),
    "the start of time": Case(replaced(DAYS, 0, "0001-01-01"), ("0001-01-01 is 738,886 steps",), 2),
    "a wrong year, and gaps to be filled": Case(
        [*HOURS, "2424-01-01 00:00"],
        ("2424-01-01 is 3,506,269 steps of 'h'",),
        62,
        settings={"data.gaps": "fill", "data.missing.strategy": "ffill"},
    ),
    "irregular": Case(
        [f"2024-01-{day:02d}" for day in (1, 2, 4, 5, 6)]
        + ["2024-01-07 11:00", "2024-01-08 03:00"],
        ("irregular", "2024-01-06 is followed by 2024-01-07 11:00", "`data.freq`"),
        7,
    ),
    "jitter": Case(
        [f"2024-01-01 {hour:02d}:00:00.{hour**2:03d}" for hour in range(20)],
        ("is not a step of the frequency 'h'", "choose a frequency that fits"),
        3,
        settings={"data.freq": "h"},
    ),
    "one row": Case(["2024-01-01"], ("from one row a series", "Set `data.freq`"), 2),
    "another frequency": Case(
        DAYS,
        ("no two rows are the frequency 'h' apart", "step by 'D'"),
        2,
        None,
        {"data.freq": "h"},
    ),
    "weekends of business days": Case(
        DAYS, ("2024-01-06 is not a step of the frequency 'B'",), 7, None, {"data.freq": "B"}
    ),
    "days of a zone, in offsets": Case(
        [f"{day}T00:00+01:00" for day in stamps(start="2024-03-20", n=12)]
        + [f"{day}T00:00+02:00" for day in stamps(start="2024-04-01", n=12)],
        ("irregular", "set `data.tz`"),
        14,
    ),
}
CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "unreadable": UNREADABLE,
        "calendar": OF_NO_CALENDAR,
        "missing": MISSING,
        "unix": UNIX,
        "zone": ZONED,
        "grid": ON_NO_GRID,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_times_that_cannot_be_used_are_named(case: Case, bench: Bench) -> None:
    refusal = bench.refuse(table(case.times), **case.settings)
    assert refusal.code == 3
    assert refusal.place == ("data.csv", case.line, "time", case.value)
    refusal.says(*case.says)
    assert "\x1b" not in refusal.message


READABLE = {
    "weeks": (stamps("%G-W%V", freq="W"), "1 week"),
    "weeks and days": (stamps("%G-W%V-%u"), "1 day"),
    "quarters": ([f"{2000 + i // 4} Q{i % 4 + 1}" for i in range(30)], "1 quarter"),
    "quarters first": ([f"Q{i % 4 + 1} {2000 + i // 4}" for i in range(30)], "1 quarter"),
    "seconds": (SECONDS, "1 hour"),
    "milliseconds": ([f"{second}000" for second in SECONDS], "1 hour"),
    "seconds with a fraction": ([f"{second}.50" for second in SECONDS], "1 hour"),
    "seconds before 1970": (epochs(-100_000_000, 3600), "1 hour"),
    "seconds that gain a digit": (epochs(999_990_000, 3600), "1 hour"),
    "24:00": ([*HOURS[:24], "2024-01-01 24:00", *HOURS[25:]], "1 hour"),
    "small letters": ([f"{hour.replace(' ', 't')}z" for hour in HOURS], "1 hour"),
    "UTC and an offset": ([f"{hour} UTC+01:00" for hour in HOURS], "1 hour"),
    "a comma before a fraction": ([f"{hour}:00,500" for hour in HOURS], "1 hour"),
    "business days": (stamps(freq="B"), "1 business day"),
    "dates and midnights": (replaced(DAYS, 4, "2024-01-05 00:00"), "1 day"),
    "no-break spaces": ([f"{day}\xa0" for day in DAYS], "1 day"),
}


@pytest.mark.parametrize(("times", "step"), READABLE.values(), ids=READABLE)
def test_times_of_other_kinds_are_read(times: list[str], step: str, bench: Bench) -> None:
    assert step in bench.accept(table(times)).out


WARNED = {
    "unsorted": (DAYS[::-1], "sorted the rows by time"),
    "of another calendar": ([f"2567{day[4:]}" for day in DAYS], "the times are of 2567: if they"),
    "of the year 24": ([f"0024{day[4:]}" for day in DAYS], "the times are of 0024: where two"),
    "of several offsets": (
        [*(f"{h}+01:00" for h in HOURS[:30]), *(f"{h}+02:00" for h in HOURS[31:])],
        "several offsets (+01:00, +02:00), so days and hours are those of UTC: set data.tz",
    ),
}


@pytest.mark.parametrize(("times", "says"), WARNED.values(), ids=WARNED)
def test_times_that_are_doubtful_are_read_with_a_warning(
    times: list[str], says: str, bench: Bench
) -> None:
    result = bench.accept(table(times))
    assert result.err.count("warning: ") == 1
    assert says in result.err


def test_a_column_of_times_that_is_not_there_is_named(bench: Bench) -> None:
    refusal = bench.refuse(table(DAYS).replace("time", "Time", 1))
    assert refusal.place == ("data.csv", None, None, None)
    refusal.says("there is no column 'time'. Did you mean 'Time'?")


def test_files_that_overlap_are_both_named(bench: Bench) -> None:
    bench.write(table(DAYS[:20]), "a.csv")
    bench.write(table(DAYS[15:]), "b.csv")
    refusal = bench.refuse(**{"data.path": "?.csv"})
    assert refusal.place == ("a.csv", 17, "time", None)
    refusal.says("2024-01-16 is there more than once", "on line 2 of", "b.csv", "rows in all: 5")
    bench.accept(**{"data.path": "?.csv", "data.duplicates": "last"})


def parts(*rows: str, header: str = "year,month,y") -> str:
    return "\n".join([header, *rows, ""])


@pytest.mark.parametrize(
    ("text", "line", "column", "value", "says"),
    [
        (parts("2000,1,1", "2000,13,1"), 3, "year, month", "2000 13", "make no time"),
        (parts("2000,1,1", "2000,,1"), 3, "year, month", "2000 nan", "a part of the time is miss"),
        (parts("99999,1,1"), 2, "year, month", "99999 1", "make no time"),
        (parts("-5,1,1"), 2, "year, month", "-5 1", "make no time"),
        (parts("1e300,1,1"), 2, "year, month", "1e+300 1", "make no time"),
        (parts("2000,1.5,1"), 2, "year, month", "2000 1.5", "make no time"),
        (parts("2000,Jan,1"), 2, "month", "Jan", "parts year, month, day"),
        (parts("2024-01-01,12:00,1"), 2, "year", "2024-01-01", "Join a date and a clock time"),
    ],
)
def test_parts_that_make_no_time_are_named(
    text: str, line: int, column: str, value: str, says: str, bench: Bench
) -> None:
    refusal = bench.refuse(text, **{"data.time": ["year", "month"]})
    assert refusal.place == ("data.csv", line, column, value)
    refusal.says(says)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("data.format", "YYYY-MM-DD", "names no year"),
        ("data.format", "mixed", "names no year"),
        ("data.format", "", "names no year"),
        ("data.format", "%H:%M", "names no year"),
        ("data.format", "%Y %Y", "no strptime format"),
        ("data.format", "%Y-%m-%d%", "no strptime format"),
        ("data.format", "%G-W%V", "no strptime format"),
        ("data.tz", "Mars/Olympus", "data.tz"),
        ("data.tz", "europe/berlin", "Did you mean `Europe/Berlin`?"),
        ("data.freq", "daily", "'daily' is no frequency"),
        ("data.freq", "ns", "'ns' is no frequency"),
        ("data.freq", "0D", "'0D' is no frequency"),
        ("data.freq", "-1D", "'-1D' is no frequency"),
        ("data.freq", "9" * 21 + "D", "is no frequency"),
        ("data.start", "soon", "data.start"),
        ("data.start", "2024-01-32", "data.start"),
        ("data.start", "99999-01-01", "data.start"),
        ("data.end", "NaT", "data.end"),
    ],
)
def test_settings_of_time_that_mean_nothing_are_refused(
    setting: str, value: str, says: str, bench: Bench
) -> None:
    refusal = bench.refuse(table(DAYS), **{setting: value})
    assert refusal.code == 2
    refusal.says(says)


@pytest.mark.parametrize("end", ["9999", "9999-12-31", "2024-01-30"])
def test_an_end_that_is_far_away_keeps_all_rows(end: str, bench: Bench) -> None:
    assert "30 in 1 series" in bench.accept(table(DAYS), **{"data.end": end}).out
