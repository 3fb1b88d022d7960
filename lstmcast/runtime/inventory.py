"""Which files a run says that it holds, and whether its directory holds exactly these.

Nothing here reads what a file says: names, kinds, sizes and hashes are all there is to know before
a parser may see it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from lstmcast.errors import BundleError
from lstmcast.files import sha256_of

MANIFEST = "manifest.json"
# A manifest lists some dozens of files, and more only where each series has logs of its own;
# beyond this it is not one of ours.
MANIFEST_BYTES, MOST_FILES = 10_000_000, 50_000
# Bytes of a name in a directory, on the file systems there are.
_LONGEST = 255
_SHA256 = re.compile("[0-9a-f]{64}")
_RESTORE = "Restore it or train the run again."


def check_inventory(path: Path, files: Any) -> None:
    """Check what the manifest of a directory says of its files, without looking at them.

    Args:
        path: The directory.
        files: As the manifest has it: `sha256` and `size` by the name of each file.

    Raises:
        BundleError: If it is no such list, too long, or names a file outside the directory.
    """
    file = path / MANIFEST
    if not isinstance(files, dict):
        raise BundleError(f"{file}: its list of files is damaged. Train the run again.")
    if len(files) > MOST_FILES:
        raise BundleError(
            f"{file}: lists {len(files):,} files, and a run has at most {MOST_FILES:,}. It is none "
            "of lstmcast's."
        )
    for name, entry in files.items():
        _check_name(file, name)
        _check_entry(file, name, entry)


def check_files(path: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that a directory holds the files of its inventory, unchanged, and nothing else.

    Sizes are compared before anything is read.

    Raises:
        BundleError: Naming the first file that is missing, changed, extra, or a link.
    """
    try:
        _check_present(path, files)
        for name, entry in files.items():
            if sha256_of(path / name) != entry["sha256"]:
                raise BundleError(
                    f"{path / name}: was changed after the run was written. {_RESTORE}"
                )
    except OSError as error:
        raise BundleError(
            f"{error.filename or path}: cannot be read: {error.strerror or error}."
        ) from error


def _check_present(path: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    for name, entry in files.items():
        _check_no_link(path, name)
        file = path / name
        if not file.is_file():
            raise BundleError(f"{file}: is missing (or no file). {_RESTORE}")
        size = file.stat().st_size
        if size != entry["size"]:
            raise BundleError(
                f"{file}: was changed after the run was written: it has {size:,} bytes, not "
                f"{entry['size']:,}. {_RESTORE}"
            )
    for name in _present(path):
        if name not in files and name != MANIFEST:
            raise BundleError(f"{path / name}: does not belong to the run. Remove it.")


def _check_name(file: Path, name: str) -> None:
    parts = PurePosixPath(name)
    # A name that is written in another way than its path could be listed twice.
    odd = not name.isprintable() or "\\" in name or name != str(parts)
    odd |= any(len(part.encode()) > _LONGEST for part in parts.parts)
    if odd or parts.is_absolute() or ".." in parts.parts or name in (".", MANIFEST):
        raise BundleError(
            f"{file}: names a file outside the run: {name!r}. Do not use what does not come from "
            "lstmcast."
        )


def _check_entry(file: Path, name: str, entry: Any) -> None:
    whole = isinstance(entry, dict) and entry.keys() == {"sha256", "size"}
    size, digest = (entry["size"], entry["sha256"]) if whole else (None, None)
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    if not is_size or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise BundleError(
            f"{file}: its list of files is damaged at {name!r}: a size in bytes and a SHA-256 of "
            "64 hexadecimal digits belong there. Train the run again."
        )


def _check_no_link(path: Path, name: str) -> None:
    for part in (name, *map(str, PurePosixPath(name).parents)):
        if part != "." and (path / part).is_symlink():
            raise BundleError(f"{path / part}: is a link; a run holds none. {_RESTORE}")


def _present(path: Path) -> Iterator[str]:
    """Names of all that is there but directories; a link is none, whatever it leads to."""
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders.sort()
        for name in sorted([*files, *links]):
            yield (here / name).relative_to(path).as_posix()
