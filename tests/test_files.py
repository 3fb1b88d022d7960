from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from socket import gethostname
from types import SimpleNamespace

import pytest

from lstmcast import files
from lstmcast.errors import HeldError, ResourceError
from lstmcast.files import flush, held, partial_file, require_room, writing

REFUSED = [
    (errno.ENOSPC, r"the disk is full; 2\.5 MB are needed, 1\.0 MB are free\. Make room, or"),
    (errno.EDQUOT, r"the disk is full; 2\.5 MB are needed, 1\.0 MB are free\. Make room, or"),
    (errno.EACCES, r"this user may not write there\. Change its permissions, or"),
    (errno.EROFS, r"the file system is read-only\. Mount it for writing, or"),
    (errno.EIO, r"Input/output error\. Make room, or"),
]


@pytest.mark.parametrize(("number", "says"), REFUSED)
def test_what_the_system_refuses_names_the_path_and_what_to_do(
    number: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "free_bytes", lambda path: 1_000_000)
    refused = OSError(number, os.strerror(number))
    with (
        pytest.raises(ResourceError, match=rf"a\.csv: cannot be written: {says}") as raised,
        writing(tmp_path / "a.csv", n_bytes=2_500_000) as path,
    ):
        assert path == tmp_path / "a.csv"
        raise refused
    assert str(raised.value).endswith("choose another directory with --set runs_dir=…")
    assert raised.value.__cause__ is refused


def test_room_is_asked_for_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_room(tmp_path / "not" / "there", 1)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: SimpleNamespace(free=4_000_000))
    require_room(tmp_path, 4_000_000)
    says = r"about 4\.1 GB are needed there, and 4\.0 MB are free\. Make room"
    with pytest.raises(ResourceError, match=says):
        require_room(tmp_path, 4_100_000_000)


def test_an_error_of_the_system_without_words_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"cannot be written: disk quota"), writing(tmp_path):
        raise OSError("disk quota")


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), writing(tmp_path):
        raise ValueError("mine")


def test_a_file_is_replaced_when_all_of_the_new_one_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    flushed: list[str] = []

    def noted(beside: Path) -> None:
        flushed.append(beside.read_text())
        assert path.read_text() == "old"
        flush(beside)

    monkeypatch.setattr(files, "flush", noted)
    with partial_file(path) as beside:
        assert beside.parent == tmp_path
        beside.write_text("new")
        assert path.read_text() == "old"
    assert flushed == ["new"]
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()], ids=repr)
def test_a_body_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), partial_file(path) as beside:
        beside.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_body_that_writes_nothing_is_an_error_of_the_path(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    says = r"a\.txt: cannot be written: No such file"
    with pytest.raises(ResourceError, match=says), partial_file(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_take_its_place_is_not_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.mkdir()
    says = r"a\.txt: cannot be written"
    with pytest.raises(ResourceError, match=says), partial_file(path) as beside:
        beside.write_text("new")
    assert list(tmp_path.iterdir()) == [path]


def test_files_and_directories_are_flushed_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    synced, closed = [], []
    close = os.close

    def sync(descriptor: int) -> None:
        synced.append((descriptor, stat.S_ISDIR(os.fstat(descriptor).st_mode)))

    def noted(descriptor: int) -> None:
        closed.append(descriptor)
        close(descriptor)

    monkeypatch.setattr(files.os, "fsync", sync)
    monkeypatch.setattr(files.os, "close", noted)
    flush(path)
    flush(tmp_path)
    assert [is_directory for _, is_directory in synced] == [False, True]
    assert closed == [descriptor for descriptor, _ in synced]


def test_a_directory_is_made_and_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    with held(folder, "somebody works here."):
        assert folder.is_dir()
        with pytest.raises(HeldError) as raised, held(folder, "somebody works here."):
            pytest.fail("held twice")
        said = f"{folder}: somebody works here. It is process {os.getpid()} on {gethostname()}, "
        assert str(raised.value).startswith(said)
    with held(folder, "somebody works here."):
        pass


def test_an_error_lets_go_of_the_directory(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), held(tmp_path, "busy"):
        raise ValueError("mine")
    with held(tmp_path, "busy"):
        pass


def test_another_process_is_kept_out_until_the_holder_dies(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from lstmcast.files import held\n"
        "with held(Path(sys.argv[1]), 'busy'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        says = f"busy It is process {other.pid} on "
        with pytest.raises(HeldError, match=says), held(tmp_path, "busy"):
            pytest.fail("held by two processes")
        other.kill()
    with held(tmp_path, "busy"):
        pass


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "search"
    says = "file/search: cannot be written: Not a directory"
    with pytest.raises(ResourceError, match=says), held(folder, "busy"):
        pytest.fail("held nothing")
