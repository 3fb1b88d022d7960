"""Which strptime formats a list of time texts may be written in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import numpy as np
import pandas as pd

_DATES = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%y-%m-%d",
    "%d-%m-%y",
    "%y%m%d",
    "%d%m%Y",
    "%m%d%Y",
    "%Y-%d-%m",
    "%Y_%m_%d",
    "%Y:%m:%d",
    "%d %b %Y",
    "%d/%b/%Y",
    "%d. %B %Y",
    "%a, %d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %Y",
    "%b-%Y",
    "%b-%y",
    "%Y-%b",
    "%YM%m",
    "%B %Y",
    "%m/%Y",
    "%m-%Y",
    "%m.%Y",
    "%Y%m",
    "%Y-%j",
    "%Y%j",
    "%Y%m%d%H",
    "%Y%m%d%H%M",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H:%M",
    "%Y-%m-%d_%H:%M",
    "%Y-%m-%d_%H:%M:%S",
    "%Y-%m-%d %Hh%M",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S %z",
)
_CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M:%S",
    " %H",
    ":%H:%M:%S",
    ":%H:%M:%S %z",
)
_FORMATS = tuple(
    date + clock
    for clock in _CLOCKS
    for date in _DATES
    if not clock or not re.search("%[HI]", date)
)
_WORD, _TWO = r"[A-Za-z]+", r"\d{1,2}"
_PARTS = dict.fromkeys(("%d", "%m", "%y", "%H", "%I", "%M", "%S"), _TWO)
_PARTS |= dict.fromkeys(("%a", "%b", "%B", "%p"), _WORD)
_PARTS |= {"%Y": r"\d{4}", "%j": r"\d{1,3}", "%f": r"\d{1,9}", "%z": r"(?:Z|[+-]\d\d:?\d\d)"}
_SAMPLE = 1000
# Parts with nothing between them.
_PACKED = re.compile(r"%[a-zA-Z]%|%j")


def fitting_formats(texts: Iterable[str]) -> list[str]:
    """The known formats that every text can be read with, the likeliest first.

    More than one means that the texts are ambiguous: `03/04/2020` is in March or in April.

    Args:
        texts: Times as written, without missing ones.
    """
    distinct = pd.Index(list(dict.fromkeys(text.strip() for text in texts)))
    # pandas takes words such as `now` with any format.
    if not len(distinct) or not distinct.str.contains(r"\d").all():
        return []
    sample = distinct[np.linspace(0, len(distinct) - 1, min(_SAMPLE, len(distinct))).astype(int)]
    first = str(distinct[0])
    likely = [form for form in _FORMATS if _shape(form).fullmatch(first) and _fits(sample, form)]
    return [form for form in likely if _fits(distinct, form)]


@cache
def _shape(form: str) -> re.Pattern[str]:
    """What a text of a format looks like: pandas takes a hundred times longer to tell."""
    parts = re.split(r"(%[a-zA-Z])", form)
    return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in parts))


def _fits(texts: pd.Index, form: str) -> bool:
    # strptime takes %m%d without leading zeros, so 20200101 would pass as %Y%m%d%H too, and 2020-13
    # as the thirteenth day of a year.
    if _PACKED.search(form) and len(texts[0]) != _width(form):
        return False
    return bool(pd.to_datetime(texts, format=form, errors="coerce").notna().all())


def _width(form: str) -> int:
    return len(re.sub(r"%[mdHMSy]", "00", form.replace("%Y", "0000").replace("%j", "000")))
