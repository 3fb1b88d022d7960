"""Runs that somebody has changed, and whose manifest says that nobody has."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MANIFEST = "manifest.json"


def manifest_of(run: Path) -> dict[str, Any]:
    """The manifest, parsed."""
    values: dict[str, Any] = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    return values


def rewrite(run: Path, manifest: dict[str, Any]) -> None:
    """Another manifest."""
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def forge(run: Path, name: str, content: bytes) -> None:
    """Put other content into a file, or a new one beside the others, and mend the manifest."""
    (run / name).write_bytes(content)
    manifest = manifest_of(run)
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"][name] = {"sha256": digest, "size": len(content)}
    rewrite(run, manifest)


def forge_json(run: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change the values of a JSON file in place."""
    values = json.loads((run / name).read_text(encoding="utf-8"))
    change(values)
    forge(run, name, json.dumps(values).encode())


def forge_arrays(run: Path, name: str, **changed: np.ndarray | None) -> None:
    """Put other arrays into an npz file; None leaves one out."""
    with np.load(run / name) as arrays:
        values = {**{key: arrays[key] for key in arrays}, **changed}
    content = io.BytesIO()
    np.savez_compressed(content, **{key: v for key, v in values.items() if v is not None})
    forge(run, name, content.getvalue())


def forge_network(run: Path, change: Callable[[Any], Any]) -> None:
    """Change the ONNX model in place."""
    import onnx

    model = onnx.ModelProto()
    model.ParseFromString((run / "model.onnx").read_bytes())
    change(model)
    forge(run, "model.onnx", model.SerializeToString())
