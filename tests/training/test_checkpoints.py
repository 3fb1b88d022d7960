from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lstmcast.errors import ConfigError, DataWarning, ResourceError
from lstmcast.training.checkpoints import SUFFIX, Checkpoints, Kept, interrupted

IDENTITY = {"version": "1", "data": "abc", "config": {"training": {"epochs": 5}}}


def kept_at(epoch: int) -> Kept:
    arrays = {"network/0": np.arange(6.0, dtype=np.float32) + epoch, "random/0": np.uint32([epoch])}
    return Kept(arrays, {"rows": [{"epoch": epoch}]})


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    checkpoints = Checkpoints(tmp_path / f"co2-1{SUFFIX}")
    checkpoints.begin(IDENTITY)
    return checkpoints


def test_the_last_two_epochs_are_kept(kept: Checkpoints) -> None:
    fit = kept.of_fit(0)
    assert kept.is_empty and fit.latest() is None
    for epoch in range(1, 12):
        fit.keep(epoch, kept_at(epoch))
    assert len(list(kept.folder.glob("*.safetensors"))) == 2
    latest = fit.latest()
    assert latest is not None and latest.values == kept_at(11).values
    np.testing.assert_array_equal(latest.arrays["network/0"], kept_at(11).arrays["network/0"])
    assert latest.arrays["random/0"].dtype == np.uint32
    assert kept.of_fit(1).latest() is None


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_torn_file_falls_back_to_the_one_before(kept: Checkpoints, share: float) -> None:
    fit = kept.of_fit(0)
    for epoch in (1, 2):
        fit.keep(epoch, kept_at(epoch))
    newest = sorted(kept.folder.glob("*.safetensors"))[-1]
    newest.write_bytes(newest.read_bytes()[: int(share * newest.stat().st_size)])
    latest = fit.latest()
    assert latest is not None and latest.values == kept_at(1).values


def test_a_flipped_byte_is_noticed_wherever_it_is(kept: Checkpoints) -> None:
    fit = kept.of_fit(0)
    for epoch in (1, 2):
        fit.keep(epoch, kept_at(epoch))
    newest = sorted(kept.folder.glob("*.safetensors"))[-1]
    whole = newest.read_bytes()
    for place in range(0, len(whole), 3):
        newest.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        latest = fit.latest()
        assert latest is not None and latest.values in (kept_at(1).values, kept_at(2).values)
        same = kept_at(latest.values["rows"][0]["epoch"])
        for name, values in same.arrays.items():
            np.testing.assert_array_equal(latest.arrays[name], values)


def test_a_link_is_not_followed(kept: Checkpoints, tmp_path: Path) -> None:
    fit = kept.of_fit(0)
    fit.finish(kept_at(3))
    (kept.folder / "fit-000000.safetensors").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", kept.folder / "fit-000000.safetensors")
    assert fit.finished() is None


def test_what_a_fit_came_to_takes_the_place_of_its_epochs(kept: Checkpoints) -> None:
    fit = kept.of_fit(4)
    fit.keep(1, kept_at(1))
    fit.finish(kept_at(9))
    assert fit.latest() is None
    finished = fit.finished()
    assert finished is not None and finished.values == kept_at(9).values


def test_the_newest_training_of_the_same_is_found(kept: Checkpoints, tmp_path: Path) -> None:
    assert interrupted(tmp_path, "co2", IDENTITY) is None  # it has kept nothing
    kept.of_fit(0).keep(1, kept_at(1))
    found = interrupted(tmp_path, "co2", IDENTITY)
    assert found is not None and found.folder == kept.folder
    assert interrupted(tmp_path, "other", IDENTITY) is None
    changed = {**IDENTITY, "config": {"training": {"epochs": 9}}}
    with pytest.raises(ConfigError, match=r"training\.epochs \(was 5, now 9\)"):
        interrupted(tmp_path, "co2", changed)


@pytest.mark.parametrize(
    ("damaged", "instead"),
    [
        (["fit-000000-epoch-000002"], "goes on from fit-000000-epoch-000001"),
        (["fit-000000-epoch-000001"], "goes on from fit-000000-epoch-000002"),
        (["fit-000000-epoch-000001", "fit-000000-epoch-000002"], "its fit begins anew"),
        (["fit-000001"], "its fit begins anew"),
    ],
)
def test_what_is_damaged_is_told_with_what_is_taken_instead(
    kept: Checkpoints, tmp_path: Path, damaged: list[str], instead: str
) -> None:
    for epoch in (1, 2):
        kept.of_fit(0).keep(epoch, kept_at(epoch))
    kept.of_fit(1).finish(kept_at(9))
    for name in damaged:
        path = kept.folder / f"{name}.safetensors"
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(DataWarning) as caught:
        found = interrupted(tmp_path, "co2", IDENTITY)
    assert found is not None
    told = [str(each.message) for each in caught]
    assert len(told) == len(damaged)
    for name, text in zip(damaged, told, strict=True):
        assert f"{name}.safetensors: is damaged, so that" in text
        assert instead in text


@pytest.mark.parametrize("place", [0, 30, 70, 120, -3])
def test_a_damaged_identity_is_told_and_left_aside(
    kept: Checkpoints, tmp_path: Path, place: int
) -> None:
    kept.of_fit(0).keep(1, kept_at(1))
    path = kept.folder / "identity.json"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.warns(DataWarning, match=r"identity\.json is damaged\), so it is left aside"):
        assert interrupted(tmp_path, "co2", IDENTITY) is None


def test_two_processes_do_not_go_on_with_the_same(kept: Checkpoints) -> None:
    with (
        kept.locked(),
        pytest.raises(ResourceError, match="goes on with this training just now"),
        Checkpoints(kept.folder).locked(),
    ):
        pass


def test_they_are_removed_with_their_directory(kept: Checkpoints, tmp_path: Path) -> None:
    parent = tmp_path / ".partial"
    own = Checkpoints(parent / f"x{SUFFIX}")
    own.begin(IDENTITY)
    own.of_fit(0).keep(1, kept_at(1))
    own.discard()
    assert not parent.exists()
