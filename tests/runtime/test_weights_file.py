from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from lstmcast.errors import BundleError
from lstmcast.runtime.weights_file import count_weights, read_weights

WEIGHTS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(1, dtype=np.float32)}


def header_of(shape: list[int], end: int) -> bytes:
    header = {"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


def test_weights_are_counted_without_being_read_and_read(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(save(WEIGHTS))
    assert count_weights(path) == 7
    for name, values in read_weights(path).items():
        np.testing.assert_array_equal(values, WEIGHTS[name])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04K\x01.",
        struct.pack("<Q", 10_000_000_000) + b"{}",  # a header of 10 GB
        header_of([2_500_000_000], 10_000_000_000) + b"\0" * 64,  # weights of 10 GB
        header_of([2_500_000_000], 64) + b"\0" * 64,
        header_of([16], 32) + b"\0" * 64,
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        save(WEIGHTS)[:-1],
        save(WEIGHTS) + b"\0",
    ],
    ids=["empty", "pickle", "header", "weights", "shape", "rest", "deep", "cut", "more"],
)
def test_what_is_none_is_refused_and_takes_no_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(BundleError, match=r"w\.safetensors: cannot be read"):
        read_weights(path)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_other_types_and_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(save({"a": np.zeros(2)}))
    with pytest.raises(BundleError, match="a is of the type F64, and weights are F32"):
        count_weights(path)
    path.write_bytes(save({"a": np.array([1, np.nan], dtype=np.float32)}))
    with pytest.raises(BundleError, match="a holds values that are not finite"):
        read_weights(path)
