"""Whether memory holds what a config asks to read, told before anything of it is read."""

from __future__ import annotations

import os
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


def require_memory(sources: Sequence[Source], n_columns: int) -> None:
    """See that the rows of some files may fit into memory.

    The rows are counted from the size of the files and the lines that they begin with. What is
    refused is what certainly does not fit: less than all that a training takes is counted.

    Args:
        sources: Files that are to be read.
        n_columns: Columns that are to be read of each.

    Raises:
        ResourceError: If the rows take more than the machine has.
    """
    memory = available_memory()
    files = [source for source in sources if source.path is not None and not source.is_parquet]
    per_row = _COPIES * (_ROW_BYTES + _CELL_BYTES * n_columns)
    # No row is shorter than a character and a delimiter for each of its columns.
    shortest = 2 * n_columns
    sizes = {source.name: _size(source) for source in files}
    if memory is None or sum(sizes.values()) // shortest * per_row <= memory:
        return
    counts = {source.name: _n_rows(source, sizes[source.name]) for source in files}
    n_rows = sum(counts.values())
    if n_rows * per_row <= memory:
        return
    largest = max(counts, key=lambda name: counts[name])
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    message = (
        f"{largest}{more}: about {n_rows:,.0f} rows of {n_columns} columns take at least "
        f"{n_rows * per_row / 1e9:,.1f} GB of memory, and there are {memory / 1e9:,.1f}. Nothing "
        "was read. Give fewer rows: later ones only, a coarser step, or some of the series."
    )
    raise ResourceError(message)


def _size(source: Source) -> int:
    """Bytes of a file, unpacked; a lower bound where it is packed, 0 where it is not there."""
    if source.path is None:
        return 0
    try:
        size = source.path.stat().st_size
        if not is_packed(source.path):
            return size
        with source.path.open("rb") as raw:
            # A gzip file ends with the size of what it holds, modulo 2³² (RFC 1952, section 2.3.1).
            raw.seek(-4, os.SEEK_END)
            held = int.from_bytes(raw.read(4), "little")
    except (OSError, ValueError):
        return 0
    return held if held >= size else held + (size - held + 2**32 - 1) // 2**32 * 2**32


def _n_rows(source: Source, size: int) -> int:
    """About how many rows there are, judged by the lines at the start."""
    with source.open() as raw:
        sample = raw.read(_SAMPLE_BYTES)
    n_lines = max(sample.count(b"\n"), sample.count(b"\r"), 1)
    return int(size * n_lines / max(len(sample), 1))
