"""Reading files that anybody may have written: bounded, as data, and with typed errors alone."""

from __future__ import annotations

import json
import math
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import BundleError
from lstmcast.machine import available_memory

# What a file of JSON may have: panels of very many series are far below.
JSON_BYTES = 256_000_000
# What is kept as npz is some arrays by name.
_MOST_ARRAYS = 1_000
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_UNREADABLE = (
    OSError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    NotImplementedError,  # a compression or an encryption that zipfile does not know
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_json(path: Path, *, most: int = JSON_BYTES) -> Any:
    """Plain values from a JSON file, all numbers finite.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        BundleError: If it cannot be read, is too large, or is not JSON.
    """
    return parse_json(read_bytes(path, most=most), path)


def read_bytes(path: Path, *, most: int) -> bytes:
    """What a file holds.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        BundleError: If it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # Not `read(most)`, which takes as much memory as it may read.
            content = file.read(size) if size <= most else None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror or error}.") from error
    if content is None:
        raise BundleError(
            f"{path}: has {size / 1e6:,.0f} MB, and such a file may have {most / 1e6:,.0f} MB."
        )
    return content


def parse_json(content: bytes, path: Path) -> Any:
    """As `read_json`, of what a file holds; its path is for messages.

    Raises:
        BundleError: If it is not JSON.
    """
    try:
        values = json.loads(content.decode(), parse_constant=_no_number, parse_float=_finite)
        if _SURROGATE.search(content):
            json.dumps(values, ensure_ascii=False).encode()  # half a character raises
        return values
    except RecursionError:
        raise BundleError(f"{path}: cannot be read: it is nested too deeply.") from None
    except ValueError as error:
        raise BundleError(f"{path}: cannot be read as JSON: {error}.") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is beyond what a number can hold")
    return value


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The arrays of an npz file by name, each read when it is asked for; none holds objects.

    Before any is read, all that the file says of itself is checked: what an array claims to be
    must be as large as what is there, and all of them must fit into memory.

    Raises:
        BundleError: If it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield _Arrays(path, archive)
    except BundleError:
        raise
    except _UNREADABLE as error:
        raise BundleError(f"{path}: cannot be read: {error}.") from error


class _Arrays(Mapping[str, NDArray[Any]]):
    """The arrays of an archive.

    Args:
        path: Of the archive.
        archive: Open.

    Raises:
        BundleError: If it is not what `RunWriter.arrays` writes.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        members = archive.infolist()
        self._names = [member.filename.removesuffix(".npy") for member in members]
        if len(members) > _MOST_ARRAYS or len(set(self._names)) < len(members):
            raise BundleError(f"{path}: holds too many arrays, or one twice.")
        total, room = sum(member.file_size for member in members), available_memory()
        if room is not None and total > room:
            raise BundleError(
                f"{path}: would take {total / 1e9:.1f} GB, and there are {room / 1e9:.1f} GB of "
                "memory."
            )
        for member in members:
            self._check(member)

    def _check(self, member: zipfile.ZipInfo) -> None:
        with self._archive.open(member) as file:
            shape, dtype = _header(file)
            n_bytes = math.prod(shape) * dtype.itemsize
            if dtype.hasobject or dtype.fields is not None:
                raise BundleError(f"{self._path}: {member.filename} holds objects, not numbers.")
            if file.tell() + n_bytes != member.file_size:
                raise BundleError(
                    f"{self._path}: {member.filename} claims the shape {shape}, which is not what "
                    "it holds."
                )

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._names:
            raise BundleError(
                f"{self._path}: cannot be read: it holds no array {name!r}. Train the run again."
            )
        with self._archive.open(f"{name}.npy") as file:
            values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return values

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype that an array claims to have."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"npy format {version} is not known")
    shape, _, dtype = _HEADERS[version](file)
    if any(n < 0 for n in shape):
        raise ValueError(f"a shape of {shape}")
    return shape, dtype
