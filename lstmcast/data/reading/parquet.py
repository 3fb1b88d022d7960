"""Parquet files, where pyarrow is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd

from lstmcast.data.reading.capacity import require_rows
from lstmcast.data.reading.headers import require_columns
from lstmcast.data.reading.sources import Source
from lstmcast.errors import DataError, ResourceError

_MAGIC = b"PAR1"

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


def parquet_columns(source: Source) -> list[str]:
    """Names of the columns of a file.

    Raises:
        DataError: If it is no Parquet file.
        ResourceError: If pyarrow is not installed.
    """
    with _opened(source) as file:
        return list(file.schema_arrow.names)


def read_parquet(source: Source, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a file, in its order.

    Raises:
        DataError: If it is no Parquet file, lacks a column, or has no rows.
        ResourceError: If pyarrow is not installed, or memory cannot hold the rows.
    """
    with _opened(source) as file:
        names = list(file.schema_arrow.names)
        require_columns(names, columns, source)
        require_rows(source.name, file.metadata.num_rows, len(columns))
        table = file.read(columns=list(columns))
    # What pandas noted of its index would take the time column out of the columns.
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas()
    if not len(frame):
        raise DataError("the file has no rows.", file=source.name)
    return frame[[name for name in names if name in columns]]


@contextmanager
def _opened(source: Source) -> Iterator[ParquetFile]:
    if importlib.util.find_spec("pyarrow") is None:
        message = "Parquet needs pyarrow, which is not installed: pip install 'lstmcast[parquet]'."
        raise ResourceError(f"{source.name}: {message}")
    from pyarrow import ArrowException, parquet

    with source.open() as raw:
        try:
            yield parquet.ParquetFile(raw)
        except (ArrowException, OSError) as error:
            raise _unreadable(source, error) from None


def _unreadable(source: Source, error: Exception) -> DataError:
    with source.open() as raw:
        start = raw.read(len(_MAGIC))
    if not start:
        message = "the file is empty. Make or fetch it again."
    elif start != _MAGIC:
        message = (
            "it cannot be read as Parquet: it does not begin as such a file does. If it is CSV, "
            "give it a name that ends in .csv."
        )
    else:
        text = " ".join(str(error).split())
        message = f"it cannot be read as Parquet: {text.rstrip('.')}. Make or fetch it again."
    return DataError(message, file=source.name)
