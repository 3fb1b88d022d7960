"""What of the data is no error, but may well be a mistake: each said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from lstmcast.data.panel import FloatArray, Panel, listing
from lstmcast.data.preparation import Preparation
from lstmcast.data.reading.records import field_at
from lstmcast.data.reading.sources import Source
from lstmcast.data.splitting import Splits
from lstmcast.data.windows import BoolArray

# Numbers such as -999 and 99999 that files hold in place of a missing value.
_SENTINEL = re.compile(r"-9{2,}(\.9+)?|9{3,}(\.9+)?")
# Every integer up to this one is a float64.
_EXACT = 2.0**53
_TRIED = 5
# Of a column: what its squares and differences can still tell apart.
_LEAST_SPREAD, _LEAST_SHARE = 1e-150, 1e-14


def oddities(panel: Panel, splits: Splits, preparation: Preparation) -> tuple[str, ...]:
    """What the user should look at, in sentences.

    Args:
        panel: The data.
        splits: Where training ends.
        preparation: What was fitted on the training rows.
    """
    train = splits.rows("train", panel.n_rows)
    texts: list[str] = [*_similar_ids(panel.series)]
    for i, name in enumerate(panel.schema.names(kind="number")):
        if name in panel.schema.targets and panel.schema.columns[0].kind != "number":
            continue
        values = panel.values[:, i]
        texts += _without_spread(panel, values, train, name)
        texts += _sentinels(panel, values, name)
        texts += _rounded(panel, values, name, preparation)
    return (*texts, *unfamiliar_levels(panel, preparation, besides=panel.schema.targets))


def _without_spread(panel: Panel, values: FloatArray, train: BoolArray, name: str) -> Iterator[str]:
    known = values[train & ~np.isnan(values)]
    if not len(known):
        return
    low, high = known.min(), known.max()
    if low == high:
        what = (
            "there is nothing to learn. Is it the right column?"
            if name in panel.schema.targets
            else "it tells the network nothing. Leave it out."
        )
        yield f"{name} is {low:g} in all {len(known):,} training rows, so {what}"
    elif high - low < max(_LEAST_SPREAD, _LEAST_SHARE * max(abs(low), abs(high))):
        yield (
            f"{name} is between {float(low)!r} and {float(high)!r} in all training rows, which is "
            "too close together to learn from. Subtract a constant, or choose another unit."
        )


def _sentinels(panel: Panel, values: FloatArray, name: str) -> Iterator[str]:
    """Whether the lowest or the highest value is all nines, and far from the others."""
    known = values[~np.isnan(values)]
    if not len(known):
        return
    for extreme in dict.fromkeys((float(known.min()), float(known.max()))):
        rest = known[known != extreme]
        if not _SENTINEL.fullmatch(f"{extreme:.10g}") or not len(rest):
            continue
        spread = rest.max() - rest.min()
        gap = np.abs(rest - extreme).min()
        alone = extreme < 0 <= rest.min() or gap > spread > 0
        if not alone:
            continue
        rows = np.flatnonzero(values == extreme)
        yield (
            f"{name} is {extreme:g} in {_rows(len(rows))}{_first(panel, int(rows[0]))}, and "
            f"between {rest.min():g} and {rest.max():g} elsewhere. If {extreme:g} stands for a "
            f'missing value, add "{extreme:g}" to `data.csv.na`.'
        )


def _rounded(
    panel: Panel, values: FloatArray, name: str, preparation: Preparation
) -> Iterator[str]:
    """Whether an integer of the file is beyond those that a number holds exactly."""
    rows = np.flatnonzero(np.abs(values) >= _EXACT)
    for row in rows[:_TRIED].tolist():
        text = _written(panel, row, name, preparation)
        if re.fullmatch(r"[+-]?\d{16,400}", text) and int(text) != int(values[row]):
            yield (
                f"{name} is {text}{_first(panel, row, 'at')}, and numbers are kept to 16 digits, "
                f"as {int(values[row])}. If smaller differences matter, subtract a constant."
            )
            return


def _written(panel: Panel, row: int, name: str, preparation: Preparation) -> str:
    """A field as the file has it; empty where that is not to be had."""
    place = panel.place(row)
    file = Path(place.get("file", ""))
    source = Source(str(file), file)
    if not place or source.is_parquet or not file.is_file():
        return ""
    form = preparation.config.data.csv
    return (field_at(source, form, line=place["line"], column=name) or "").strip()


def _similar_ids(series: tuple[str, ...]) -> Iterator[str]:
    """Ids that differ in nothing but case, blanks and how a number is written."""
    alike: dict[str, list[str]] = {}
    for name in series:
        alike.setdefault(_plain_id(name), []).append(name)
    groups = [names for names in alike.values() if len(names) > 1]
    if groups:
        more = f" (and {len(groups) - 1:,} more such groups)" if len(groups) > 1 else ""
        yield (
            f"the series {listing(groups[0])}{more} have nearly the same id, and are taken as "
            "different series. Write the ids alike if they are one."
        )


def _plain_id(name: str) -> str:
    plain = "".join(name.split()).casefold()
    return f"{float(plain):g}" if re.fullmatch(r"[0-9]{1,15}(\.0*)?", plain) else plain


def unfamiliar_levels(
    panel: Panel, preparation: Preparation, *, besides: Collection[str] = ()
) -> list[str]:
    """The levels of categories that training did not see, in sentences.

    Args:
        panel: Rows, of which those of training may be some.
        preparation: What was fitted in training.
        besides: Columns to leave out.
    """
    texts = []
    schema = panel.schema
    moving = zip(schema.names(kind="category"), panel.codes.T, panel.levels, strict=True)
    static = zip(
        schema.names(kind="category", roles=("static",)),
        panel.static_codes.T,
        panel.static_levels,
        strict=True,
    )
    starts = panel.offsets[:-1]
    for is_static, named in ((False, moving), (True, static)):
        for name, codes, levels in named:
            known = set(preparation.vocabularies[name])
            new = [i for i in np.unique(codes[codes >= 0]).tolist() if levels[i] not in known]
            if name in besides or not new:
                continue
            found = int(np.argmax(np.isin(codes, new)))
            where = _first(panel, int(starts[found]) if is_static else found)
            names = listing(sorted(levels[i] for i in new))
            texts.append(f"{name} {names}{where}: not in training, so read as unknown")
    return texts


def _first(panel: Panel, row: int, word: str = "first") -> str:
    """Where a row stands, in brackets, as far as it is known."""
    place = panel.place(row)
    return f" ({word} {place['file']}, line {place['line']})" if place else ""


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"
