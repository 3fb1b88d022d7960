"""The data model: all series end to end on one regular grid, and what each column is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.times.zones import spoken_time

Role = Literal["target", "past", "future", "static"]
Kind = Literal["number", "category", "label"]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
# Names in one message.
SHOWN = 5


@dataclass(frozen=True)
class Column:
    """A column of the data.

    Attributes:
        name: The user's own name for it.
        role: What it may be used for.
        kind: Numbers, levels of a category, or of a target the label of each series, which is among
            the static categories, too.
        delay: Rows by which its values come in late (`available_after`).
    """

    name: str
    role: Role
    kind: Kind = "number"
    delay: int = 0


@dataclass(frozen=True)
class Schema:
    """What a panel's columns are; kept with a run, so that new data are read alike.

    Attributes:
        time: Time column, or its parts.
        series: Id column of a panel, None for a single series.
        columns: Targets first, then past, future and static covariates.
        freq: pandas frequency of the grid.
        season_length: Steps of a season.
        tz: Time zone in which the calendar is read; None for times without one.
    """

    time: tuple[str, ...]
    series: str | None
    columns: tuple[Column, ...]
    freq: str
    season_length: int
    tz: str | None = None

    def names(
        self, *, kind: Kind, roles: tuple[Role, ...] = ("target", "past", "future")
    ) -> tuple[str, ...]:
        """Names of the columns of a kind and roles, in order.

        A target that is a category is among the numbers, too, as its codes: whether it was
        observed is told there, as of every target.
        """
        return tuple(
            c.name
            for c in self.columns
            if c.role in roles and (c.kind == kind or (kind == "number" and c.role == "target"))
        )

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: If there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns."""
        return tuple(c.name for c in self.columns if c.role == "target")

    @property
    def category_target(self) -> int | None:
        """Which of the category columns is the target; None where that is a number."""
        if self.columns[0].kind != "category":
            return None
        return self.names(kind="category").index(self.columns[0].name)

    @property
    def label(self) -> int | None:
        """Which of the static categories is the target; None where that is another."""
        if self.columns[0].kind != "label":
            return None
        return self.names(kind="category", roles=("static",)).index(self.columns[0].name)

    @property
    def static_categories(self) -> tuple[str, ...]:
        """The static categories that are covariates, without a label."""
        names = self.names(kind="category", roles=("static",))
        return tuple(name for i, name in enumerate(names) if i != self.label)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        columns = [
            {"name": c.name, "role": c.role, "kind": c.kind, "delay": c.delay} for c in self.columns
        ]
        return {
            "time": list(self.time),
            "series": self.series,
            "columns": columns,
            "freq": self.freq,
            "season_length": self.season_length,
            "tz": self.tz,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Schema:
        """The inverse of `to_json`."""
        columns = tuple(Column(**column) for column in values["columns"])
        return cls(**{**values, "time": tuple(values["time"]), "columns": columns})


def listing(names: Sequence[str]) -> str:
    """The first names of many, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(repr(name) for name in names[:SHOWN]) + more


@dataclass(frozen=True)
class Origin:
    """Where the rows of a panel stand in the files, for messages.

    Attributes:
        files: Names of the files.
        file: Index into `files` of each row, int32 `(n_rows,)`.
        line: Line in that file from 1, int64 `(n_rows,)`; 0 for an inserted row or a frame.
    """

    files: tuple[str, ...]
    file: NDArray[np.int32]
    line: IntArray

    def place(self, row: int) -> dict[str, Any]:
        """`file` and `line` of a row, as far as known, as keyword arguments of a `DataError`."""
        if not self.files:
            return {}
        place: dict[str, Any] = {"file": self.files[self.file[row]]}
        line = int(self.line[row])
        return {**place, "line": line} if line else place

    def take(self, rows: NDArray[Any]) -> Origin:
        """The origin of some rows, by number or by flag."""
        return Origin(self.files, self.file[rows], self.line[rows])

    def spread(self, rows: IntArray, n_rows: int) -> Origin:
        """The origin of `n_rows` rows: at the numbers `rows` these ones, the others inserted."""
        file, line = np.zeros(n_rows, dtype=np.int32), np.zeros(n_rows, dtype=np.int64)
        file[rows], line[rows] = self.file, self.line
        return Origin(self.files, file, line)


@dataclass(frozen=True)
class Panel:
    """Series end to end, each on the regular grid of `schema.freq`, times ascending.

    One series is a panel of one. A row that the data lack is there with NaN values (`gaps: fill`).

    Attributes:
        schema: Roles and kinds of the columns, the frequency.
        times: datetime64[us], `(n_rows,)`; in UTC where `schema.tz` is set.
        values: float64, `(n_rows, n_numbers)`, NaN where missing; columns as
            `schema.names(kind="number")`, so the targets come first. Of a target that is a category
            the codes; of one that is a label 0.
        codes: int32, `(n_rows, n_categories)`, -1 where missing; columns as
            `schema.names(kind="category")`.
        levels: For each column of `codes`, the texts that the codes stand for.
        static_values: float64, `(n_series, n)`, as
            `schema.names(kind="number", roles=("static",))`.
        static_codes: int32, `(n_series, n)`, -1 where missing.
        static_levels: For each column of `static_codes`, the texts.
        offsets: int64, `(n_series + 1,)`: series `i` is rows `offsets[i]:offsets[i + 1]`.
        series: Id of each series; `("",)` for a single one without an id column.
        origin: Where each row came from; None for a panel made in memory.
        warnings: What reading did that the user should know (sorted, trimmed, dropped …).
    """

    schema: Schema
    times: NDArray[np.datetime64]
    values: FloatArray
    codes: NDArray[np.int32]
    levels: tuple[tuple[str, ...], ...]
    static_values: FloatArray
    static_codes: NDArray[np.int32]
    static_levels: tuple[tuple[str, ...], ...]
    offsets: IntArray
    series: tuple[str, ...]
    origin: Origin | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def n_rows(self) -> int:
        """Rows of all series together."""
        return len(self.times)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.series)

    @property
    def n_targets(self) -> int:
        """Number of target columns."""
        return len(self.schema.targets)

    @property
    def targets(self) -> FloatArray:
        """The targets, float64 `(n_rows, n_targets)`, a view."""
        return self.values[:, : self.n_targets]

    @property
    def series_of_row(self) -> NDArray[np.int32]:
        """Index of the series that each row belongs to, int32 `(n_rows,)`."""
        return np.repeat(np.arange(self.n_series, dtype=np.int32), np.diff(self.offsets))

    @property
    def file(self) -> str | None:
        """Names of the files that it was read from, for messages; None for none."""
        return ", ".join(self.origin.files) or None if self.origin else None

    def place(self, row: int) -> dict[str, Any]:
        """`file` and `line` of a row, as keyword arguments of a `DataError`."""
        if self.origin is None or self.origin.line[row] == 0:
            return {}
        return self.origin.place(row)

    def spoken(self, row: int) -> str:
        """Local time and series of a row, for a message."""
        time = spoken_time(self.times[row], self.schema.tz)
        if self.schema.series is None:
            return time
        return f"{time} of series {self.series[self.series_of_row[row]]!r}"


def head(panel: Panel, n_rows: IntArray) -> Panel:
    """The first rows of each series.

    A series of which none is wanted is left out: statistics by series need a row of each.

    Args:
        panel: Any panel.
        n_rows: int64, `(n_series,)`, how many of each series, at most its length; not all 0.
    """
    last = panel.offsets[:-1] + n_rows
    keep = np.arange(panel.n_rows) < np.repeat(last, np.diff(panel.offsets))
    kept = np.flatnonzero(n_rows > 0)
    return replace(
        _taken(panel, keep, n_rows[kept]),
        static_values=panel.static_values[kept],
        static_codes=panel.static_codes[kept],
        series=tuple(panel.series[i] for i in kept),
    )


def tail(panel: Panel, n_rows: IntArray) -> Panel:
    """The last rows of each series.

    Args:
        panel: Any panel.
        n_rows: int64, `(n_series,)`, how many of each series, at most its length.
    """
    first = panel.offsets[1:] - n_rows
    keep = np.arange(panel.n_rows) >= np.repeat(first, np.diff(panel.offsets))
    return _taken(panel, keep, n_rows)


def select(panel: Panel, series: IntArray) -> Panel:
    """Some series, in the order in which they are named and as often.

    Args:
        panel: Any panel.
        series: int64, `(n,)`, their numbers.
    """
    lengths = np.diff(panel.offsets)[series]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.arange(offsets[-1]) + np.repeat(panel.offsets[series] - offsets[:-1], lengths)
    return replace(
        panel,
        times=panel.times[rows],
        values=panel.values[rows],
        codes=panel.codes[rows],
        static_values=panel.static_values[series],
        static_codes=panel.static_codes[series],
        offsets=offsets,
        series=tuple(panel.series[i] for i in series),
        origin=panel.origin and panel.origin.take(rows),
    )


def _taken(panel: Panel, keep: NDArray[np.bool_], n_rows: IntArray) -> Panel:
    """The rows to keep, as many of each series as `n_rows` says."""
    return replace(
        panel,
        times=panel.times[keep],
        values=panel.values[keep],
        codes=panel.codes[keep],
        offsets=np.concatenate([[0], np.cumsum(n_rows)]),
        origin=panel.origin and panel.origin.take(keep),
    )
