"""Changes to a run such as a broken disk or somebody with a grudge would make."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.runtime.forging import MANIFEST, forge

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    2**40,
    2**70,
    -0.5,
    1e300,
    "",
    "x",
    "../../etc/passwd",
    "NaN",
    [],
    [[]],
    {},
    {"a": 1},
    [None],
    ["x"],
    [1, "x"],
]
# As JSON text that Python's own writer would not write.
RAW = ["NaN", "Infinity", "-Infinity", "1e999", "[" * 100_000, "9" * 5_000, '"\\ud800"', "tru"]


def mutate_bytes(content: bytes, rng: random.Random) -> bytes:
    """Flipped, cut, doubled or overwritten bytes."""
    kind = rng.randrange(5)
    if kind == 0 or not content:
        return content[: rng.randrange(len(content) + 1)]
    if kind == 1:
        place = rng.randrange(len(content))
        return content + content[place:]
    if kind == 2:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(200)))
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 20])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def mutate_json(content: bytes, rng: random.Random) -> bytes:
    """Values that are replaced, left out, doubled, or no JSON at all."""
    values = json.loads(content)
    marker = "\0somewhere\0"
    raw = rng.random() < 0.1
    for _ in range(rng.choice([1, 1, 1, 3])):
        owner, key = _place(values, rng)
        if owner is None:
            values = rng.choice(ODD)
            continue
        kind = rng.randrange(6)
        if kind == 0:
            del owner[key]
        elif kind == 1 and isinstance(owner, dict):
            owner[rng.choice(["more", "", "model", "test"])] = rng.choice(ODD)
        elif kind == 2 and isinstance(owner, list):
            owner.insert(key, owner[key])
        else:
            owner[key] = marker if raw else rng.choice(ODD)
    return json.dumps(values).replace(json.dumps(marker), rng.choice(RAW)).encode()


def _place(values: Any, rng: random.Random) -> tuple[Any, Any]:
    """A container among some values and a key of it; None where there is none."""
    owner, key = None, None
    while isinstance(values, dict | list) and len(values) and (owner is None or rng.random() < 0.8):
        owner = values
        key = rng.choice(list(values)) if isinstance(values, dict) else rng.randrange(len(values))
        values = values[key]
    return owner, key


def mutate_arrays(content: bytes, rng: random.Random) -> bytes:
    """Arrays of other shapes, types and values, others left out, and objects."""
    with np.load(io.BytesIO(content)) as arrays:
        values = {name: arrays[name] for name in arrays}
    name = rng.choice(sorted(values))
    changes: list[Callable[[Any], Any]] = [
        lambda a: a[:0],
        lambda a: a[..., None],
        lambda a: a.ravel(),
        lambda a: np.concatenate([a, a]),
        lambda a: a.astype(str),
        lambda a: np.array([{}], dtype=object),
        lambda a: np.zeros(3),
        lambda a: np.full(a.shape, np.nan),
        lambda a: np.full(a.shape, -(2**31), dtype=np.int64),
        lambda a: a.astype(bool),
        lambda a: np.array(a.ravel()[0]) if a.size else a,
    ]
    if rng.random() < 0.2:
        del values[name]
    else:
        values[name] = rng.choice(changes)(values[name])
    written = io.BytesIO()
    np.savez_compressed(written, **values)
    return written.getvalue()


def mutate_network(content: bytes, rng: random.Random) -> bytes:
    """A graph with nodes left out, doubled or renamed, and constants of other values."""
    from onnx import ModelProto

    model = ModelProto()
    model.ParseFromString(content)
    graph = model.graph
    kind = rng.randrange(6)
    if kind == 0:
        del graph.node[rng.randrange(len(graph.node))]
    elif kind == 1:
        graph.node.append(rng.choice(graph.node))
    elif kind == 2:
        graph.node[rng.randrange(len(graph.node))].op_type = rng.choice(["Add", "Loop", "Tile"])
    elif kind == 3:
        tensor = graph.initializer[rng.randrange(len(graph.initializer))]
        tensor.raw_data = mutate_bytes(tensor.raw_data, rng)
    elif kind == 4:
        tensor = graph.initializer[rng.randrange(len(graph.initializer))]
        tensor.dims[:] = [rng.choice([0, 1, 3, 2**40])] * rng.randrange(3)
    else:
        del graph.initializer[rng.randrange(len(graph.initializer))]
    return bytes(model.SerializeToString())


def mutate_run(run: Path, rng: random.Random) -> str:
    """Change one file of a run and mend the manifest.

    Returns:
        Its name.
    """
    files = sorted(json.loads((run / MANIFEST).read_text(encoding="utf-8"))["files"])
    name = rng.choice([MANIFEST, *files])
    content = (run / name).read_bytes()
    changed = mutate_bytes
    if rng.random() < 0.8:
        by_suffix = {".json": mutate_json, ".npz": mutate_arrays, ".onnx": mutate_network}
        changed = by_suffix.get(Path(name).suffix, mutate_bytes)
    content = changed(content, rng)
    if name == MANIFEST:
        (run / name).write_bytes(content)
    else:
        forge(run, name, content)
    return name
