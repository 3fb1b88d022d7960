"""A table of forecasts as CSV, JSON, Parquet, or text to read; files are whole or not there."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcast.cli.output import text_table
from lstmcast.errors import ResourceError
from lstmcast.files import refusal

if TYPE_CHECKING:
    import pandas as pd

    from lstmcast.config.schema import CsvFormat

_SHOWN_ROWS = 24


class Format(StrEnum):
    """How a table is written."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


def encode(frame: pd.DataFrame, form: Format, *, csv: CsvFormat | None = None) -> bytes:
    """The table as the content of a file.

    Numbers are written in full, so that they read back the same; times as ISO 8601. In JSON it is
    a list of objects, a number that is not known null.

    Args:
        frame: The table.
        form: How it is written.
        csv: How CSV separates and encodes; None is a comma, a point and UTF-8.

    Raises:
        ResourceError: If Parquet is asked for and pyarrow is not installed.
    """
    if form is Format.csv:
        if csv is None:
            return frame.to_csv(index=False, lineterminator="\n").encode()
        text = frame.to_csv(
            index=False, lineterminator="\n", sep=csv.delimiter, decimal=csv.decimal
        )
        return text.encode(csv.encoding)
    if form is Format.json:
        text = json.dumps(records(frame), indent=1, allow_nan=False, ensure_ascii=False)
        return f"{text}\n".encode()
    try:
        return frame.to_parquet(index=False)
    except ImportError as error:
        raise ResourceError(
            "--format parquet needs pyarrow, not installed here (pip install 'lstmcast[parquet]')."
        ) from error


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain JSON values."""
    import pandas as pd

    columns = {}
    for name in frame.columns:
        values = frame[name]
        if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
            values = values.map(lambda time: time.isoformat())
        columns[str(name)] = values.astype(object).where(values.notna(), None).tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def write_file(content: bytes, path: Path) -> None:
    """Write a file, replaced at once when all of it is written: nobody reads half of it.

    Raises:
        ResourceError: If it cannot be written.
    """
    try:
        _replace(path, content)
    except OSError as error:
        elsewhere = "with --output"
        message = refusal(path, error, n_bytes=len(content), elsewhere=elsewhere)
        raise ResourceError(message) from error


def _replace(path: Path, content: bytes) -> None:
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp lets only the owner read; the file is to be as open as the user's others.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(partial, 0o666 & ~mask)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def readable(frame: pd.DataFrame) -> str:
    """The first rows as aligned text."""
    from lstmcast.reporting.wording import format_number, short_time

    def cell(value: Any) -> str:
        if isinstance(value, datetime):
            return str(value) if value.tzinfo else short_time(value)
        return format_number(value) if isinstance(value, float) else str(value)

    shown = frame.head(_SHOWN_ROWS)
    columns = [[cell(value) for value in shown[name]] for name in frame.columns]
    right = "".join("r" if frame[name].dtype.kind in "if" else "l" for name in frame.columns)
    table = text_table([str(n) for n in frame.columns], zip(*columns, strict=True), right=right)
    rest = len(frame) - len(shown)
    return f"{table}\n… {rest:,} more rows" if rest else table
