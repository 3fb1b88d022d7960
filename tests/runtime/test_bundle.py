import hashlib
import json
import shutil
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.errors import BundleError, ResourceError
from lstmcast.runtime import inventory
from lstmcast.runtime.bundle import (
    MANIFEST,
    load_bundle,
    manifest_hash,
    read_manifest,
    verify_bundle,
)
from lstmcast.runtime.run_writer import RunWriter
from tests.builders import hourly_frame
from tests.runtime.fakes import dataset_of, write_run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_run(dataset_of(hourly_frame(40)), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "run"))


def manifest_of(run):
    return json.loads((run / MANIFEST).read_text())


def rewrite(run, manifest):
    (run / MANIFEST).write_text(json.dumps(manifest))


def test_a_run_is_read_back(whole):
    data = dataset_of(hourly_frame(40))
    bundle = load_bundle(whole)
    assert bundle.id == "run-1"
    assert bundle.config == data.preparation.config
    assert bundle.preparation.to_json() == data.preparation.to_json()
    assert bundle.weights()["w"].tolist() == [1, 1]
    assert "scales" in bundle.metrics()
    assert bundle.network_file is None


def test_a_run_holds_no_code_and_nothing_is_left_in_partial(whole):
    names = {path.name for path in whole.iterdir()}
    assert names == {
        "config.yaml",
        "context.csv",
        "manifest.json",
        "metrics.json",
        "preparation.json",
        "weights.safetensors",
    }
    assert not (whole.parent / ".partial").exists()


@pytest.mark.parametrize(
    "name",
    ["config.yaml", "context.csv", "metrics.json", "preparation.json", "weights.safetensors"],
)
@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_any_changed_byte_is_found(run, name, place):
    content = bytearray((run / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (run / name).write_bytes(bytes(content))
    with pytest.raises(BundleError, match=rf"{name}: was changed"):
        load_bundle(run)


def test_a_file_that_was_cut_off_is_found(run):
    (run / "context.csv").write_bytes((run / "context.csv").read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"context\.csv: was changed"):
        verify_bundle(run)


def test_a_missing_file_is_named(run):
    (run / "context.csv").unlink()
    with pytest.raises(BundleError, match=r"context\.csv: is missing"):
        load_bundle(run)


def test_a_manifest_of_another_kind_needs_other_files(run):
    manifest = {**manifest_of(run), "kind": "backtest"}
    rewrite(run, manifest)
    with pytest.raises(BundleError, match=r"does not list forecasts\.npz: not a whole backtest"):
        verify_bundle(run)
    for name in ("forecasts.npz", "folds.csv"):
        (run / name).write_text("x")
        manifest["files"][name] = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    rewrite(run, manifest)
    assert verify_bundle(run)["kind"] == "backtest"
    with pytest.raises(BundleError, match="is a backtest, not a run: it holds no network"):
        load_bundle(run)


def test_an_unknown_kind_asks_for_a_newer_version(run):
    rewrite(run, {**manifest_of(run), "kind": "prophecy"})
    with pytest.raises(BundleError, match="is a 'prophecy', which this version does not know"):
        read_manifest(run)


def test_an_extra_file_is_named(run):
    (run / "plots").mkdir()
    (run / "plots" / "mine.png").write_bytes(b"")
    with pytest.raises(BundleError, match=r"mine\.png: does not belong to the run"):
        load_bundle(run)


def test_a_link_in_place_of_a_file_is_refused(run, tmp_path):
    outside = tmp_path / "context.csv"
    (run / "context.csv").rename(outside)
    (run / "context.csv").symlink_to(outside)
    with pytest.raises(BundleError, match="link"):
        load_bundle(run)


def test_an_extra_link_to_a_directory_is_refused(run, tmp_path):
    (run / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(BundleError, match="elsewhere: does not belong"):
        load_bundle(run)


def test_a_file_below_a_link_is_refused(run, tmp_path):
    manifest = manifest_of(run)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").write_bytes(b"")
    (run / "plots").symlink_to(tmp_path / "real", target_is_directory=True)
    manifest["files"]["plots/a.png"] = {"sha256": "0" * 64, "size": 0}
    rewrite(run, manifest)
    with pytest.raises(BundleError, match="plots: is a link"):
        load_bundle(run)


def test_a_manifest_that_is_a_link_is_refused(run, tmp_path):
    (run / MANIFEST).rename(tmp_path / MANIFEST)
    (run / MANIFEST).symlink_to(tmp_path / MANIFEST)
    with pytest.raises(BundleError, match="is not a run"):
        load_bundle(run)


@pytest.mark.parametrize(
    "name", ["../secret", "plots/../../secret", "/etc/passwd", "a\\..\\b", "", "nul\0byte"]
)
def test_a_manifest_names_no_file_outside_the_run(run, name):
    manifest = manifest_of(run)
    manifest["files"][name] = {"sha256": "0" * 64, "size": 0}
    rewrite(run, manifest)
    with pytest.raises(BundleError, match="names a file outside the run"):
        load_bundle(run)


@pytest.mark.parametrize(
    "name", ["plots//a.png", "./a.png", "a.png/", ".", "manifest.json", "x" * 256, "a\n"]
)
def test_a_name_is_written_in_one_way_and_fits_a_directory(run, name):
    manifest = manifest_of(run)
    manifest["files"][name] = {"sha256": "0" * 64, "size": 0}
    rewrite(run, manifest)
    with pytest.raises(BundleError, match="names a file outside the run"):
        load_bundle(run)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {"sha256": "0" * 64},
        {"sha256": "0" * 64, "size": -1},
        {"sha256": "0" * 64, "size": 1.0},
        {"sha256": "0" * 64, "size": True},
        {"sha256": "0" * 64, "size": "1"},
        {"sha256": "0" * 63, "size": 1},
        {"sha256": "G" * 64, "size": 1},
        {"sha256": "A" * 64, "size": 1},
        {"sha256": None, "size": 1},
        {"sha256": "0" * 64, "size": 1, "url": "http://example.org"},
    ],
)
def test_an_entry_is_a_size_and_a_hash_and_nothing_else(run, entry):
    manifest = manifest_of(run)
    manifest["files"]["config.yaml"] = entry
    rewrite(run, manifest)
    with pytest.raises(BundleError, match=r"list of files is damaged at 'config\.yaml'"):
        load_bundle(run)


def test_a_manifest_of_too_many_files_is_refused(run, monkeypatch):
    monkeypatch.setattr(inventory, "MOST_FILES", 4)
    with pytest.raises(BundleError, match="lists 5 files, and a run has at most 4"):
        load_bundle(run)


def test_a_manifest_that_is_too_large_is_not_parsed(run):
    with (run / MANIFEST).open("ab") as file:
        file.truncate(10_000_000_000)
    with pytest.raises(BundleError, match="has 10,000 MB, and such a file may have 10 MB"):
        load_bundle(run)


def test_a_file_of_another_size_is_not_hashed(run, monkeypatch):
    (run / "context.csv").write_bytes(b"")
    monkeypatch.setattr(inventory, "sha256_of", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(BundleError, match=r"context\.csv: was changed .* it has 0 bytes"):
        load_bundle(run)


def test_the_hash_of_the_manifest_stands_for_the_run(run):
    expected = hashlib.sha256((run / MANIFEST).read_bytes()).hexdigest()
    assert load_bundle(run).sha256 == manifest_hash(run) == expected
    assert load_bundle(run, expect_sha256=expected).sha256 == expected
    rewrite(run, manifest_of(run) | {"seed": 8})
    with pytest.raises(BundleError, match=f"and {expected} is expected"):
        load_bundle(run, expect_sha256=expected)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"name": None}, "name: input should be a valid string"),
        ({"created": "yesterday"}, "created: value error"),
        ({"data": {}}, r"data\.rows: field required"),
        ({"network": {"shapes": {}, "parameters": 1}}, r"network\.shapes\.lookback"),
        ({"seconds": {"total": "long", "fit": 1.0}}, r"seconds\.total: input should be"),
        ({"warnings": [1]}, r"warnings\.0"),
        ({"onnx": {"left_out": []}}, r"onnx\.left_out"),
    ],
)
def test_a_manifest_says_what_every_manifest_says(run, change, match):
    rewrite(run, manifest_of(run) | change)
    with pytest.raises(BundleError, match=f"is not what lstmcast writes: {match}"):
        load_bundle(run)


def test_a_newer_format_asks_for_an_upgrade(run):
    rewrite(run, {**manifest_of(run), "format": 2})
    with pytest.raises(BundleError, match=r"format 2, this version reads up to 1\. Upgrade"):
        load_bundle(run)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"format": "1"}', '{"format": 1}', '{"format": 1, "files": {"a": 1}}'],
)
def test_what_is_no_manifest_is_refused(run, content):
    (run / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_bundle(run)


def test_a_manifest_must_list_the_needed_files(run):
    manifest = manifest_of(run)
    del manifest["files"]["weights.safetensors"]
    (run / "weights.safetensors").unlink()
    rewrite(run, manifest)
    with pytest.raises(BundleError, match="not a whole run"):
        load_bundle(run)


@pytest.mark.parametrize("content", ["[]", "{}", '{"schema": [], "series": []}'])
def test_a_preparation_of_another_shape_is_refused(tmp_path, content):
    data = dataset_of(hourly_frame(40))
    run = write_run(data, tmp_path)
    (run / "preparation.json").write_text(content)
    manifest = manifest_of(run)
    digest = hashlib.sha256(content.encode()).hexdigest()
    manifest["files"]["preparation.json"] = {"sha256": digest, "size": len(content)}
    rewrite(run, manifest)
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(run)


def test_a_path_without_a_run_is_refused(tmp_path):
    with pytest.raises(BundleError, match="no such run"):
        read_manifest(tmp_path / "none")
    with pytest.raises(BundleError, match="is not a run"):
        read_manifest(tmp_path)


def test_a_discarded_run_leaves_nothing(tmp_path):
    writer = RunWriter(tmp_path, "run-1")
    writer.log("data", rows=3)
    writer.table("context.csv", pd.DataFrame({"a": [1]}))
    writer.discard()
    assert not writer.path.exists()
    assert not writer.final.exists()


def test_numbers_in_tables_read_back_the_same(tmp_path):
    writer = RunWriter(tmp_path, "run-1")
    values = np.array([0.1, 1 / 3, 1e-300, 5e17, -0.0])
    writer.table("a.csv", pd.DataFrame({"a": values}))
    found = [float(line) for line in (writer.path / "a.csv").read_text().splitlines()[1:]]
    assert found == values.tolist()


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        RunWriter(tmp_path, "run-1").json("a.json", {"a": float("nan")})


def test_a_directory_that_cannot_be_made_or_written_is_a_resource_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"cannot be written: .* --set runs_dir"):
        RunWriter(tmp_path / "file", "run-1")
    writer = RunWriter(tmp_path, "run-1")
    with pytest.raises(ResourceError, match="another process writes this run"):
        RunWriter(tmp_path, "run-1")
    shutil.rmtree(writer.path)
    with pytest.raises(ResourceError, match="No such file"):
        writer.weights({"w": np.ones(1, dtype=np.float32)})


def test_a_run_that_there_is_no_room_for_is_not_begun(tmp_path):
    with pytest.raises(ResourceError, match=r"are needed there, and .* are free\. Make room"):
        RunWriter(tmp_path, "run-1", n_bytes=10**18)
    assert list(tmp_path.iterdir()) == []


def test_a_run_never_replaces_another(tmp_path):
    data = dataset_of(hourly_frame(40))
    run = write_run(data, tmp_path)
    before = (run / MANIFEST).read_bytes()
    with pytest.raises(ResourceError, match="cannot be written"):
        write_run(data, tmp_path)
    assert (run / MANIFEST).read_bytes() == before


def test_arrays_are_held_one_at_a_time(tmp_path):
    held = []

    def made():
        for i in range(3):
            array = np.full(4, i)
            assert all(earlier() is None for earlier in held)
            held.append(weakref.ref(array))
            yield f"a{i}", array
            del array

    writer = RunWriter(tmp_path, "run")
    writer.arrays("arrays.npz", made())
    with np.load(writer.path / "arrays.npz") as arrays:
        assert {name: arrays[name].tolist() for name in arrays} == {
            f"a{i}": [i] * 4 for i in range(3)
        }
