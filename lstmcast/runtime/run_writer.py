"""Writing a run directory, whole or not at all; see `bundle`."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lstmcast.files import flush, held, require_room, sha256_of, writing
from lstmcast.runtime.bundle import FORMAT, GROWING, LOG, MANIFEST, PARTIAL, WEIGHTS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Blocks:
    """A float64 array that is never whole in memory.

    Attributes:
        shape: Of the whole.
        blocks: Its parts along the first axis, in order.
    """

    shape: tuple[int, ...]
    blocks: Iterable[np.ndarray]

    def write(self, file: IO[bytes]) -> None:
        """Write it in the npy format."""
        header = {"descr": "<f8", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in self.blocks:
            file.write(np.ascontiguousarray(block, dtype="<f8").data)


class RunWriter:
    """Writes a run under `.partial/` and moves it into place when it is whole.

    Args:
        runs_dir: Directory of all runs; made where it is missing.
        run_id: Name of the run's directory.
        n_bytes: How large the run will be, about.

    Attributes:
        folder: Holds the growing run while it is written; whatever the run needs may stand beside.
        path: Of the growing run.
        final: Of the run when it is whole.

    Raises:
        ResourceError: If the directory cannot be written, or has no room.
    """

    def __init__(self, runs_dir: Path, run_id: str, *, n_bytes: int | None = None) -> None:
        self.folder = runs_dir / PARTIAL / run_id
        self.path = self.folder / GROWING
        self.final = runs_dir / run_id
        self._n_bytes = n_bytes
        require_room(runs_dir, n_bytes or 0)
        # Held while the run grows: what nobody holds is left of a process that was killed.
        self._held = ExitStack()
        self._held.enter_context(held(self.folder, "another process writes this run."))
        with writing(self.path):
            self.path.mkdir()

    def text(self, name: str, content: str) -> None:
        """Write a text file, UTF-8."""
        with self.writing(name) as path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="\n")

    def json(self, name: str, values: Any, *, indented: bool = True) -> None:
        """Write JSON; NaN and infinity are refused."""
        indent = 1 if indented else None
        text = json.dumps(values, indent=indent, allow_nan=False, ensure_ascii=False)
        self.text(name, text + "\n")

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table as CSV; numbers in full, so that they read back the same."""
        with self.writing(name) as path:
            frame.to_csv(path, index=False, lineterminator="\n")

    def log(self, event: str, **values: Any) -> None:
        """Add a line to the log: UTC time, event, and what belongs to it."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
        with self.writing(LOG) as path, path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, **values}, default=str) + "\n")

    def weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Write the weights as safetensors."""
        from safetensors.numpy import save

        content = save({name: np.ascontiguousarray(w) for name, w in weights.items()})
        with self.writing(WEIGHTS) as path:
            path.write_bytes(content)

    def arrays(self, name: str, arrays: Iterable[tuple[str, np.ndarray | Blocks]]) -> None:
        """Write named arrays as a compressed npz, one at a time, or one block of one at a time."""
        with (
            self.writing(name) as path,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for key, array in arrays:
                with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                    if isinstance(array, Blocks):
                        array.write(member)
                    else:
                        np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
                del array  # before the next one is made

    def finish(self, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest, flush everything to disk and move the run into place.

        Returns:
            The run's directory.

        Raises:
            ResourceError: If the disk is full, or the directory cannot be written.
        """
        files = {
            path.relative_to(self.path).as_posix(): {
                "sha256": sha256_of(path),
                "size": path.stat().st_size,
            }
            for path in sorted(self.path.rglob("*"))
            if path.is_file()
        }
        self.json(MANIFEST, {"format": FORMAT, **manifest, "files": files})
        with writing(self.final, n_bytes=self._n_bytes):
            for path in [*self.path.rglob("*"), self.path]:
                flush(path)
            os.replace(self.path, self.final)
            flush(self.final.parent)
        self.discard()
        return self.final

    def discard(self) -> None:
        """Remove what was written; for a run that failed before it was whole."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._held.close()
        # Unless another run is growing there.
        with suppress(OSError):
            self.folder.parent.rmdir()

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """A path in the run to be written by others; what the system refuses names it.

        Raises:
            ResourceError: If it cannot be written.
        """
        return writing(self.path / name, n_bytes=self._n_bytes)
