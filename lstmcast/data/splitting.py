"""Chronological splits: up to which row a series is for training, validation and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Split
from lstmcast.data.panel import IntArray, Panel
from lstmcast.data.times.parsing import parse_bound
from lstmcast.data.times.zones import spoken_time
from lstmcast.errors import ConfigError, DataError, Problem, TooShortError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
ROUNDING_SLACK = 1 + 1e-12


@dataclass(frozen=True)
class Splits:
    """Which rows of a panel belong to which split.

    Attributes:
        bounds: int64, `(n_series, 4)`: of each series the rows at which training begins, validation
            begins, the test begins, and the test ends; rows are counted over the whole panel.
        cuts: datetime64[us], `(n_series, 3)`: the first time that is no longer in the training,
            validation and test rows.
    """

    bounds: IntArray
    cuts: NDArray[np.datetime64]

    def of(self, split: SplitName) -> IntArray:
        """First row and row after the last of a split, int64 `(n_series, 2)`."""
        i = SPLITS.index(split)
        return self.bounds[:, i : i + 2]

    def rows(self, split: SplitName, n_rows: int) -> NDArray[np.bool_]:
        """Whether each row of the panel is in a split, bool `(n_rows,)`."""
        edges = np.zeros(n_rows + 1, dtype=np.int64)
        first, last = self.of(split).T
        np.add.at(edges, first, 1)
        np.add.at(edges, last, -1)
        return np.cumsum(edges[:-1]) > 0


def split_panel(panel: Panel, split: Split) -> Splits:
    """Cut each series into training, validation and test rows, in this order of time.

    With `per: panel` the cut times are the same for all series, so that no series' training rows
    are later than another's test rows; fractions and counts then count the distinct times of the
    panel. With `per: series` they count each series' own rows. With `by: series` they count whole
    series.

    Raises:
        ConfigError: If a time of the split cannot be read, or they do not ascend.
        TooShortError: If row counts ask for more rows than there are.
        DataError: If no row is left for training.
    """
    splits = splits_at(panel, _cuts(panel, split))
    bounds = splits.bounds
    if not (bounds[:, 1] > bounds[:, 0]).any():
        tz = panel.schema.tz
        first, last = (spoken_time(end, tz) for end in (panel.times.min(), panel.times.max()))
        raise DataError(
            f"no row is left for training: the data run from {first} to {last} and split.train is "
            f"{split.train!r}. Move split.train.",
            file=panel.file,
        )
    return splits


def splits_at(panel: Panel, cuts: NDArray[np.datetime64]) -> Splits:
    """The splits that begin with each series and end at given times.

    Args:
        panel: The series.
        cuts: As in `Splits`.
    """
    before = panel.times[:, None] < cuts[panel.series_of_row]
    n_before = np.add.reduceat(before.astype(np.int64), panel.offsets[:-1], axis=0)
    starts = panel.offsets[:-1, None]
    return Splits(bounds=np.concatenate([starts, starts + n_before], axis=1), cuts=cuts)


def _cuts(panel: Panel, split: Split) -> NDArray[np.datetime64]:
    """The `cuts` of `Splits`."""
    if split.by == "series":
        return _cuts_between_series(panel, split)
    if split.kind == "times":
        return np.tile(_cut_times(split, panel), (panel.n_series, 1))
    if split.per == "panel":
        # Those of a single series are distinct, and to find that out takes seconds for millions.
        times = panel.times if panel.n_series == 1 else np.unique(panel.times)
        return np.tile(
            _times_at(times, _cut_counts(split, len(times), file=panel.file)), (panel.n_series, 1)
        )
    each = np.split(panel.times, panel.offsets[1:-1])
    counts = [
        _cut_counts(split, len(times), where=f"series {name!r} has", file=panel.file)
        for name, times in zip(panel.series, each, strict=True)
    ]
    return np.stack([_times_at(*pair) for pair in zip(each, counts, strict=True)])


def _cuts_between_series(panel: Panel, split: Split) -> NDArray[np.datetime64]:
    """Cuts that leave whole series to a split: each lies before a series, or after it.

    By a hash of its id, a series stays where it is when others come.
    """
    hashes = [hashlib.sha256(name.encode()).digest() for name in panel.series]
    place = np.empty(panel.n_series, dtype=np.int64)
    place[sorted(range(panel.n_series), key=hashes.__getitem__)] = np.arange(panel.n_series)
    n_before = np.array(_cut_counts(split, panel.n_series, of="series", file=panel.file))
    before, after = panel.times.min(), panel.times.max() + np.timedelta64(1, "us")
    cuts: NDArray[np.datetime64] = np.where(place[:, None] < n_before, after, before)
    return cuts


def _cut_counts(
    split: Split,
    n_rows: int,
    *,
    where: str = "the data have",
    of: str = "rows",
    file: str | None = None,
) -> tuple[int, int, int]:
    """Rows, or series, before the end of training, validation and test."""
    if split.kind == "counts":
        train, validation, test = int(split.train), int(split.validation), int(split.test or 0)
        wanted = train + validation + test
        if wanted > n_rows:
            raise TooShortError(
                f"split asks for {train} + {validation} + {test} = {wanted} {of}, {where} "
                f"{n_rows}: {wanted - n_rows} too few. Lower split.train, split.validation or "
                "split.test.",
                file=file,
            )
        return train, train + validation, wanted
    train_share, validation_share = float(split.train), float(split.validation)
    # 0.7 + 0.15 is 0.85 only to rounding; the slack keeps it from losing a row.
    first, second = (
        min(n_rows, int(n_rows * share * ROUNDING_SLACK))
        for share in (train_share, train_share + validation_share)
    )
    return first, second, n_rows


def _times_at(times: NDArray[np.datetime64], counts: tuple[int, ...]) -> NDArray[np.datetime64]:
    after_last = times[-1] + np.timedelta64(1, "us")
    return np.array(
        [times[count] if count < len(times) else after_last for count in counts],
        dtype="datetime64[us]",
    )


def _cut_times(split: Split, panel: Panel) -> NDArray[np.datetime64]:
    after_last = panel.times.max() + np.timedelta64(1, "us")
    cuts = [
        after_last if value is None else _after(str(value), f"split.{name}", panel.schema.tz)
        for name, value in zip(SPLITS, (split.train, split.validation, split.test), strict=True)
    ]
    if split.test is None and cuts[1] > after_last:
        end = spoken_time(panel.times.max(), panel.schema.tz)
        message = (
            f"the data end at {end}, which leaves no test after split.validation: "
            f"{split.validation}. Give an earlier time, or more data."
        )
        raise DataError(message, file=panel.file)
    if not cuts[0] <= cuts[1] <= cuts[2]:
        message = (
            "train, validation and test must ascend. Received: "
            f"{split.train}, {split.validation}, {split.test}."
        )
        raise ConfigError([Problem("split", message)])
    return np.array(cuts, dtype="datetime64[us]")


def _after(text: str, field: str, tz: str | None) -> np.datetime64:
    """The first moment after a time; after the whole day where it is a bare date."""
    try:
        return parse_bound(text, tz=tz, last=True) + np.timedelta64(1, "us")
    except ValueError as error:
        message = f"must be a time such as 2020-12-31. Received: {text!r}"
        raise ConfigError([Problem(field, message)]) from error
