import json

import pytest

from lstmcast.errors import BundleError
from lstmcast.runtime.runs import find_run, list_runs
from tests.runtime.fakes import FACTS


def make_run(runs_dir, run_id, *, name, created, manifest=None):
    path = runs_dir / run_id
    path.mkdir(parents=True)
    content = {**FACTS, "format": 1, "files": {}, "name": name, "created": created}
    (path / "manifest.json").write_text(manifest or json.dumps(content))
    return path


@pytest.fixture
def runs_dir(tmp_path):
    runs = tmp_path / "runs"
    make_run(runs, "co2-20240101-aaa", name="co2", created="2024-01-01T00:00:00Z")
    make_run(runs, "co2-20240301-bbb", name="co2", created="2024-03-01T00:00:00Z")
    make_run(runs, "co2x-20240201-ccc", name="co2x", created="2024-02-01T00:00:00Z")
    make_run(runs / ".partial", "co2-20250101-ddd", name="co2", created="2025-01-01T00:00:00Z")
    make_run(runs, "broken-1", name="", created="", manifest="{")
    (runs / "notes").mkdir()
    (runs / "file.txt").write_text("")
    return runs


def test_runs_are_listed_newest_first_and_the_unreadable_last(runs_dir):
    entries = list_runs(runs_dir)
    assert [entry.path.name for entry in entries] == [
        "co2-20240301-bbb",
        "co2x-20240201-ccc",
        "co2-20240101-aaa",
        "broken-1",
    ]
    assert entries[-1].manifest is None
    assert "manifest.json" in entries[-1].error


def test_a_directory_that_is_not_there_has_no_runs(tmp_path):
    assert list_runs(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("latest", "co2-20240301-bbb"),
        ("co2", "co2-20240301-bbb"),
        ("co2x", "co2x-20240201-ccc"),
        ("co2-20240101-aaa", "co2-20240101-aaa"),
        ("co2-202401", "co2-20240101-aaa"),
        ("broken-1", "broken-1"),
    ],
)
def test_a_run_is_found_by_name_id_and_beginning(runs_dir, name, found):
    assert find_run(name, runs_dir).name == found


def test_a_run_is_found_by_its_path(runs_dir, tmp_path):
    path = runs_dir / "co2-20240101-aaa"
    assert find_run(str(path), tmp_path / "elsewhere") == path


def test_a_beginning_of_several_names_them(runs_dir):
    with pytest.raises(BundleError, match=r"'co2-' fits 2 runs: co2-20240301-bbb, co2-20240101"):
        find_run("co2-", runs_dir)


def test_a_run_that_is_not_there_names_the_newest(runs_dir):
    with pytest.raises(BundleError, match=r"no run 'demand' under .* The newest are: co2-20240301"):
        find_run("demand", runs_dir)


def test_without_runs_the_way_to_one_is_told(tmp_path):
    with pytest.raises(BundleError, match="lstmcast train CONFIG"):
        find_run("latest", tmp_path)
