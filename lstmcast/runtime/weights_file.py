"""The file of the weights: safetensors, a header of names, dtypes and shapes, then the numbers.

The header is read and checked by safetensors, before anything is allocated for the numbers: it
refuses one that is longer than 100 MB, or that claims other bytes than the file has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast.errors import BundleError

_DTYPE = "F32"


def count_weights(path: Path) -> int:
    """How many numbers the weights in a file are, all of them float32.

    Raises:
        BundleError: If it cannot be read, or holds something else.
    """
    with _opened(path) as file:
        return sum(math.prod(_shape(path, file, name)) for name in file.keys())  # noqa: SIM118


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The weights in a file by name, float32, all of them finite.

    Raises:
        BundleError: If it cannot be read, or holds something else.
    """
    count_weights(path)
    with _opened(path) as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, values in weights.items():
        if not np.isfinite(values).all():
            raise BundleError(
                f"{path}: {name} holds values that are not finite. Train the run again."
            )
    return weights


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except BundleError:
        raise
    except Exception as error:  # safetensors raises an exception class of its own
        raise BundleError(f"{path}: cannot be read: {error}. Train the run again.") from error


def _shape(path: Path, file: Any, name: str) -> tuple[int, ...]:
    values = file.get_slice(name)
    if values.get_dtype() != _DTYPE:
        raise BundleError(
            f"{path}: {name} is of the type {values.get_dtype()}, and weights are {_DTYPE}. Train "
            "the run again."
        )
    return tuple(values.get_shape())
