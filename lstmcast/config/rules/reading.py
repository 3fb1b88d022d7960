"""What must hold between the fields that say how data are read, cut and cleaned."""

from __future__ import annotations

import codecs
import re
import zoneinfo
from collections.abc import Iterator
from datetime import datetime

from lstmcast.config.findings import Finding
from lstmcast.config.hints import did_you_mean, near
from lstmcast.config.locations import Location, below
from lstmcast.config.schema import Config

# A year, perhaps a month and a day, perhaps a time of the day.
_TIME = re.compile(r"\d{4}(-?\d{1,2}){0,2}([T ].+)?")
_NO_DELIMITERS = '"\n\r\0'
_NO_SEPARATORS = _NO_DELIMITERS + "+-"
_LARGEST = 2**31 - 1
_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}|%[A-Z]\w*%")
_SPLITS = ("train", "validation", "test")


def names_known_to_python(config: Config) -> Iterator[Finding]:
    """Encodings and time zones have names that are known."""
    encoding, tz = config.data.csv.encoding, config.data.tz
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        place = ("data", "csv", "encoding")
        yield Finding(
            place, f"must be a text encoding such as utf-8 or cp1252. Received: {encoding}."
        )
    # A machine without a time zone database knows no name at all.
    known = zoneinfo.available_timezones() if tz is not None else set()
    if tz is not None and known and tz not in known:
        closest = near(tz, known)
        message = f"must be an IANA time zone such as Europe/Berlin. Received: {tz}."
        yield Finding(("data", "tz"), message, did_you_mean(closest) if closest else None)


def numbers_in_bounds(config: Config) -> Iterator[Finding]:
    """No count of rows, steps or units is beyond 32 bits, whatever a machine may hold."""
    for location, value in below(config.model_dump()):
        if isinstance(value, int) and abs(value) > _LARGEST:
            message = f"must be at most {_LARGEST:,}. Received: {str(value)[:40]}."
            yield Finding(location, message)


def written_out(config: Config) -> Iterator[Finding]:
    """A path is taken as it stands, but for `~`."""
    path = config.data.path
    given: list[tuple[Location, str]] = [(("runs_dir",), config.runs_dir)]
    if isinstance(path, list):
        given += [(("data", "path", i), each) for i, each in enumerate(path)]
    elif path is not None:
        given.append((("data", "path"), path))
    for location, text in given:
        if found := _VARIABLE.search(text):
            message = (
                f"environment variables are not read in a config. Received: {found[0]}. Write the "
                "path out; it may begin with ~."
            )
            yield Finding(location, message)


def separators(config: Config) -> Iterator[Finding]:
    """Decimals, thousands and fields are separated by different characters."""
    csv = config.data.csv
    if csv.delimiter in _NO_DELIMITERS or csv.delimiter.isalnum() or not csv.delimiter.isascii():
        message = (
            "must be an ASCII character that is no letter, digit, quote or line end, such as "
            f'"," ";" or "\\t". Received: {csv.delimiter!r}.'
        )
        yield Finding(("data", "csv", "delimiter"), message)
    for name, separator in (("decimal", csv.decimal), ("thousands", csv.thousands or ",")):
        if separator.isalnum() or separator in _NO_SEPARATORS:
            message = f"must be no letter, digit, sign, quote or line end. Received: {separator!r}."
            yield Finding(("data", "csv", name), message)
    if csv.decimal == csv.delimiter:
        message = f"must differ from data.csv.delimiter. Received: {csv.decimal!r} for both."
        yield Finding(("data", "csv", "decimal"), message)
    if csv.thousands == csv.decimal:
        message = f"must differ from data.csv.decimal. Received: {csv.decimal!r} for both."
        yield Finding(("data", "csv", "thousands"), message)


def times(config: Config) -> Iterator[Finding]:
    """What is no time at first sight; the rest is for reading to judge."""
    data, split = config.data, config.split
    given: list[tuple[Location, float | str | None]] = [
        (("data", "start"), data.start),
        (("data", "end"), data.end),
    ]
    if split.kind == "times":
        given += [(("split", name), getattr(split, name)) for name in _SPLITS]
    for location, text in given:
        if isinstance(text, str) and not _TIME.fullmatch(text.strip()):
            message = f"must be a time such as 2020-12-31 or 2020-12-31 13:00. Received: {text}."
            yield Finding(location, message)


def order_of_times(config: Config) -> Iterator[Finding]:
    """What comes later in the config comes later in time."""
    data, split = config.data, config.split
    pairs: list[tuple[Location, str, float | str | None, float | str | None]] = [
        (("data", "end"), "data.start", data.start, data.end)
    ]
    if split.kind == "times":
        train, validation, test = split.train, split.validation, split.test
        pairs.append((("split", "validation"), "split.train", train, validation))
        pairs.append((("split", "test"), "split.validation", validation, test))
    for location, earlier_name, earlier, later in pairs:
        if _is_after(earlier, later):
            message = f"must not be before {earlier_name}, {earlier}. Received: {later}."
            yield Finding(location, message)


def _is_after(first: float | str | None, second: float | str | None) -> bool:
    """Whether two ISO times are in the wrong order; False for what reading has to judge."""
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    try:
        return datetime.fromisoformat(first) > datetime.fromisoformat(second)
    except (TypeError, ValueError):
        return False


def settings_without_effect(config: Config) -> Iterator[Finding]:
    """A setting that nothing would read is a mistake."""
    missing, outliers, categories = (
        config.data.missing,
        config.data.outliers,
        config.features.categories,
    )
    if missing.limit is not None and missing.strategy in ("error", "drop", "mask"):
        place = ("data", "missing", "limit")
        yield Finding(
            place, f"has no meaning with strategy: {missing.strategy}, which fills nothing."
        )
    if outliers.threshold is not None and outliers.method == "none":
        place = ("data", "outliers", "threshold")
        yield Finding(place, "has no meaning with method: none. Set it to iqr or hampel.")
    if categories.embedding_size is not None and categories.encoding != "embedding":
        place = ("features", "categories", "embedding_size")
        yield Finding(place, "has no meaning with encoding: one_hot. Set that to embedding.")


def padding_is_masked(config: Config) -> Iterator[Finding]:
    """Rows put before a short series hold no values."""
    strategy = config.data.missing.strategy
    if config.data.short_series == "pad" and strategy != "mask":
        yield Finding(
            ("data", "short_series"),
            f"pad needs data.missing.strategy: mask; {strategy} has nothing to make of rows "
            "without values.",
        )
