"""Whether memory holds what a config asks to read, told before anything of it is read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

from lstmcast.data.reading.sources import Source, is_packed
from lstmcast.errors import ResourceError
from lstmcast.machine import available_memory

# What a row takes beside its columns: time, line and file, series.
_ROW_BYTES = 24
_CELL_BYTES = 8
# The table that is read and the panel that is made of it are there together.
_COPIES = 2
_SAMPLE_BYTES = 2**20
# Tables of numbers seldom shrink by more than 30.
_MOST_RATIO = 100


def require_memory(sources: Sequence[Source], n_columns: int) -> None:
    """See that the rows of some files may fit into memory.

    The rows are counted from the size of the files and the lines that they begin with. What is
    refused is what certainly does not fit: less than all that a training takes is counted.

    Args:
        sources: Files that are to be read; those of Parquet tell their rows when they are opened.
        n_columns: Columns that are to be read of each.

    Raises:
        ResourceError: If the rows take more than the machine has.
    """
    memory = available_memory()
    files = [source for source in sources if source.path is not None and not source.is_parquet]
    # No row is shorter than a character and a delimiter for each of its columns.
    most_rows = sum(map(_most_bytes, files)) // (2 * n_columns)
    if memory is None or most_rows * _row_bytes(n_columns) <= memory:
        return
    counts = {source.name: _n_rows(source) for source in files}
    largest = max(counts, key=lambda name: counts[name])
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    require_rows(f"{largest}{more}", sum(counts.values()), n_columns)


def require_rows(name: str, n_rows: float, n_columns: int) -> None:
    """See that so many rows may fit into memory.

    Args:
        name: What they are of, for the message.
        n_rows: How many there are, or about how many.
        n_columns: Columns that are to be read.

    Raises:
        ResourceError: If they take more than the machine has.
    """
    memory = available_memory()
    needed = n_rows * _row_bytes(n_columns)
    if memory is None or needed <= memory:
        return
    shown = float(f"{n_rows:.2g}")
    message = (
        f"{name}: about {shown:,.0f} rows of {n_columns} columns take at least {needed / 1e9:.2g} "
        f"GB of memory, and there are {memory / 1e9:.2g}. Nothing was read. Give fewer rows: later "
        "ones only, a coarser step, or some of the series."
    )
    raise ResourceError(message)


def _row_bytes(n_columns: int) -> int:
    return _COPIES * (_ROW_BYTES + _CELL_BYTES * n_columns)


def _most_bytes(source: Source) -> int:
    """Bytes that a file may hold, unpacked; 0 where it is not there, which reading will tell."""
    try:
        size = 0 if source.path is None else source.path.stat().st_size
        return size * _MOST_RATIO if source.path is not None and is_packed(source.path) else size
    except (OSError, ValueError):
        return 0


def _n_rows(source: Source) -> float:
    """About how many rows there are, judged by the lines at the start; 0 where none is read."""
    if source.path is None:
        return 0.0
    try:
        with source.path.open("rb") as raw:
            stream = gzip.GzipFile(fileobj=raw) if is_packed(source.path) else raw
            sample = stream.read(_SAMPLE_BYTES)
            taken = raw.tell()
            n_lines = max(sample.count(b"\n"), sample.count(b"\r"))
        return n_lines * source.path.stat().st_size / max(taken, 1)
    except (OSError, EOFError, zlib.error):
        return 0.0
