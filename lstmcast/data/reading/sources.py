"""Where the bytes of a table come from: files, gzip, what was read from a pipe."""

from __future__ import annotations

import errno
import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from lstmcast.data.reading.names import did_you_mean
from lstmcast.errors import ConfigError, DataError, Problem, ResourceError

_GZIP_MAGIC = b"\x1f\x8b"
# What `open` fails with because of the path that it was given, not because of the disk.
_OF_THE_NAME = (errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ENXIO, errno.EINVAL)
# A file beyond both is taken for a bomb. Real series seldom shrink by more than 30.
_BOMB_BYTES = 2**30
_BOMB_RATIO = 200


class _Readable(Protocol):
    """What is read from: a file, a gzip member, bytes in memory."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes."""


@dataclass(frozen=True)
class Source:
    """A file, or bytes held in memory (standard input can be read only once).

    Attributes:
        name: As it is called in messages.
        path: The file, None where `content` holds the bytes.
        content: The bytes, where there is no file.
    """

    name: str
    path: Path | None = None
    content: bytes = b""

    @property
    def is_parquet(self) -> bool:
        """Whether the name says that it is a Parquet file."""
        return self.path is not None and self.path.suffix.lower() in (".parquet", ".pq")

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Its bytes from the start, unpacked where they are gzipped.

        Raises:
            DataError: If the file is missing, none that holds bytes, may not be read, or is a
                broken gzip.
            ResourceError: If the disk fails.
        """
        try:
            self._require_file()
            with self._open_raw() as raw:
                packed = raw.read(2) == _GZIP_MAGIC
                raw.seek(0)
                yield _Unpacked(raw, self) if packed else raw  # type: ignore[misc]
        except FileNotFoundError:
            message = f"there is no such file.{near_files(self.path)}"
            raise DataError(message, file=self.name) from None
        except IsADirectoryError:
            message = "this is a directory. Name a file in it, or all of them with a glob (*.csv)."
            raise DataError(message, file=self.name) from None
        except PermissionError as error:
            message = f"it may not be read: {error.strerror}. Ask its owner to let you."
            raise DataError(message, file=self.name) from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            message = f"the gzip file is broken ({error}). Make or fetch it again."
            raise DataError(message, file=self.name) from None
        except OSError as error:
            if error.errno in _OF_THE_NAME:
                message = f"the path leads to no file: {error.strerror}. Check it."
                raise DataError(message, file=self.name) from None
            message = f"{self.name}: it cannot be read: {error.strerror}. Check the disk."
            raise ResourceError(message) from None

    def _require_file(self) -> None:
        """See that there are bytes that end: a device or a socket has none."""
        if self.path is None:
            return
        try:
            mode = self.path.stat().st_mode
        except ValueError:  # a NUL, or what no file system can write
            message = "this is no name that a file can have. Check `data.path`."
            raise DataError(message, file=self.name) from None
        if stat.S_ISSOCK(mode):
            raise DataError("this is a socket. Name a file that holds a table.", file=self.name)
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise DataError("this is a device. Name a file that holds a table.", file=self.name)

    def _open_raw(self) -> BinaryIO:
        return io.BytesIO(self.content) if self.path is None else self.path.open("rb")

    @contextmanager
    def text(self, encoding: str) -> Iterator[io.TextIOWrapper]:
        """Its text from the start, a byte order mark left out, line ends as they are."""
        with self.open() as raw:
            yield decoded(raw, encoding)


def is_packed(path: Path) -> bool:
    """Whether a file is gzipped, whatever its name says."""
    with path.open("rb") as raw:
        return raw.read(2) == _GZIP_MAGIC


class _Unpacked(io.RawIOBase):
    """A gzip stream that refuses to grow without end."""

    def __init__(self, raw: BinaryIO, source: Source) -> None:
        self._source = source
        self._packed_size = raw.seek(0, io.SEEK_END)
        raw.seek(0)
        self._stream = gzip.GzipFile(fileobj=raw)
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        n_read = self._stream.readinto(buffer)
        self._size += n_read
        if self._size > max(_BOMB_BYTES, _BOMB_RATIO * self._packed_size):
            message = (
                f"it unpacks to more than {self._size / 2**30:.0f} GiB, over {_BOMB_RATIO} times "
                "its size, which no table of numbers does. Unpack it first if it is what you want."
            )
            raise DataError(message, file=self._source.name)
        return n_read


def decoded(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Text of a stream of bytes, a UTF-8 byte order mark left out.

    Raises:
        ConfigError: If there is no such encoding.
    """
    buffered = raw if isinstance(raw, io.BufferedIOBase) else io.BufferedReader(raw, 2**18)  # type: ignore[type-var]
    plain = encoding.lower().replace("_", "-")
    try:
        text = io.TextIOWrapper(
            buffered,
            encoding="utf-8-sig" if plain in ("utf-8", "utf8") else encoding,
            newline="",
        )
    except LookupError:
        message = f"there is no encoding {encoding!r}. Known ones: utf-8, latin-1, cp1252, utf-16."
        raise ConfigError([Problem("data.csv.encoding", message)]) from None
    return text


def near_files(path: Path | None) -> str:
    """A sentence about files of nearly that name, or what the directory holds."""
    if path is None:
        return ""
    if not path.parent.is_dir():
        return f" There is no directory {str(path.parent)!r}."
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    near = did_you_mean(path.name, names)
    tables = [name for name in names if name.lower().endswith((".csv", ".csv.gz", ".parquet"))]
    return near or (f" Its directory holds: {', '.join(tables[:5])}." if tables else "")
