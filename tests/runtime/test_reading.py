from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lstmcast.errors import BundleError
from lstmcast.runtime import reading
from lstmcast.runtime.reading import open_arrays, read_json


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "cannot be read as JSON"),
        (b"\xff\xfe{", "cannot be read as JSON: 'utf-8' codec"),
        (b"\x80\x04K\x01.", "cannot be read as JSON"),  # a pickle
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b"[-Infinity]", "-Infinity is no number of JSON"),
        (b"[1e999]", "1e999 is beyond what a number can hold"),
        (b"[" + b"9" * 5_000 + b"]", "cannot be read as JSON: Exceeds the limit"),
        (b'["\\ud800"]', "surrogates not allowed"),
        (b"{} {}", "cannot be read as JSON: Extra data"),
    ],
)
def test_what_is_no_json_is_a_typed_error(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=match) as caught:
        read_json(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 400


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(10_000_000_000)  # of zeros, which take no room on the disk
    tracemalloc.start()
    with pytest.raises(BundleError, match="has 10,000 MB, and such a file may have 1 MB"):
        read_json(path, most=1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_file_that_is_not_there_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read: No such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(BundleError, match="cannot be read"):
        read_json(tmp_path)


def packed(path: Path, members: dict[str, bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, **options)
    return path


def npy(values: np.ndarray, *, claims: tuple[int, ...] | None = None) -> bytes:
    """An array in the npy format; `claims` is the shape that it says it has."""
    file = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(values)
    shape = values.shape if claims is None else claims
    np.lib.format.write_array_header_1_0(file, {**header, "shape": shape})
    return file.getvalue() + values.tobytes()


def read_all(path: Path) -> dict[str, np.ndarray]:
    with open_arrays(path) as arrays:
        return {name: arrays[name] for name in arrays}


def test_arrays_are_read_as_they_were_written(tmp_path: Path) -> None:
    values = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "yz"]), "c": np.array(3)}
    np.savez_compressed(tmp_path / "a.npz", **values)
    found = read_all(tmp_path / "a.npz")
    assert found.keys() == values.keys()
    for name, expected in values.items():
        np.testing.assert_array_equal(found[name], expected)
    with open_arrays(tmp_path / "a.npz") as arrays:
        assert "a" in arrays and "z" not in arrays and len(arrays) == 3


@pytest.mark.parametrize(
    "claims", [(2_000_000_000,), (4, 2**40), (-3,), (1,), (2**62, 2**62)], ids=str
)
def test_an_array_holds_what_it_claims_and_nothing_is_made_for_the_rest(
    tmp_path: Path, claims: tuple[int, ...]
) -> None:
    path = packed(tmp_path / "a.npz", {"a.npy": npy(np.zeros(3), claims=claims)})
    tracemalloc.start()
    with pytest.raises(BundleError, match=r"claims the shape|cannot be read: a shape of"):
        read_all(path)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_bomb_is_refused_by_the_memory_that_it_would_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(1_000_000))
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(reading, "available_memory", lambda: 7_000_000)
    with pytest.raises(BundleError, match=r"would take 0\.0 GB, and there are 0\.0 GB of memory"):
        read_all(path)


def test_a_size_that_the_archive_lies_about_is_found(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.npz", {"a.npy": npy(np.zeros(1_000))})
    content = path.read_bytes()
    honest = len(npy(np.zeros(1_000))).to_bytes(4, "little")
    path.write_bytes(content.replace(honest, (200).to_bytes(4, "little")))
    with pytest.raises(BundleError):
        read_all(path)


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ({"a.npy": b"\x80\x04K\x01."}, "cannot be read"),
        ({"a.npy": b""}, "cannot be read"),
        ({f"a{i}.npy": b"" for i in range(1_001)}, "too many arrays"),
    ],
)
def test_what_is_no_array_is_refused(tmp_path: Path, members: dict, match: str) -> None:
    with pytest.raises(BundleError, match=match):
        read_all(packed(tmp_path / "a.npz", members))


@pytest.mark.parametrize(
    "values", [np.array([{}], dtype=object), np.zeros(2, dtype=[("a", "f8")])], ids=["o", "r"]
)
def test_objects_and_records_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", a=values)
    with pytest.raises(BundleError, match="holds objects, not numbers"):
        read_all(tmp_path / "a.npz")


def test_an_array_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", npy(np.zeros(1)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.npy", npy(np.ones(1)))
    with pytest.raises(BundleError, match="or one twice"):
        read_all(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY\x01\x00", b"\x80\x04K\x01."])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(BundleError, match=r"a\.npz: cannot be read: File is not a zip file"):
        read_all(tmp_path / "a.npz")
