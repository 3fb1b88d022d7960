from __future__ import annotations

import numpy as np
import pytest

from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import FORECASTS
from lstmcast.runtime.kept_forecasts import read_kept
from lstmcast.runtime.run_writer import RunWriter
from tests.builders import panel_frame
from tests.runtime.fakes import FACTS, dataset_of, write_run
from tests.runtime.kept import write_kept


def test_a_run_and_a_backtest_are_read(tmp_path):
    run = read_kept(write_kept(tmp_path, "one", lead=2, error=0.5))
    assert (run.id, run.kind, run.shape) == ("one", "run", (60, 3, 1))
    assert (run.targets, run.baselines, run.levels) == (("y",), ("naive",), ())
    assert run.ahead.tolist() == [3, 4, 5]
    assert run.fold is None
    assert np.allclose(run.array("y_pred") - run.array("y_true"), 0.5)
    fold = np.repeat([0, 1, 2], 20).astype(np.int32)
    back = read_kept(write_kept(tmp_path, "back", kind="backtest", arrays={"fold": fold}))
    assert back.kind == "backtest"
    assert back.fold.tolist() == fold.tolist()


def test_quantiles_come_with_their_levels(tmp_path):
    quantiles = np.zeros((60, 3, 1, 2))
    path = write_kept(
        tmp_path, "q", arrays={"quantiles": quantiles, "levels": np.array([0.1, 0.9])}
    )
    kept = read_kept(path)
    assert kept.levels == (0.1, 0.9)
    assert kept.array("quantiles").shape == (60, 3, 1, 2)


def test_an_older_run_tells_its_names_by_its_preparation(tmp_path):
    dataset = dataset_of(
        panel_frame({"north": 40, "south": 40}),
        data={"series": "id"},
        split={"train": 0.6, "validation": 0.2, "test": 0.2},
    )
    unnamed = write_run(dataset, tmp_path, "unnamed")
    older = RunWriter(tmp_path, "older")
    for file in ("config.yaml", "preparation.json", "metrics.json"):
        older.text(file, (unnamed / file).read_text())
    older.weights({"w": np.ones(2, dtype=np.float32)})
    values = np.zeros((4, 3, 1))
    older.arrays(
        FORECASTS,
        [
            ("starts", np.arange(4)),
            ("series", np.array([0, 0, 1, 1], dtype=np.int32)),
            ("origin_times", np.arange(4).astype("datetime64[us]")),
            ("y_true", values),
            ("y_pred", values),
        ],
    )
    kept = read_kept(older.finish(FACTS))
    assert kept.targets == ("y",)
    assert kept.series.tolist() == ["north", "north", "south", "south"]


def test_a_run_without_forecasts_is_an_error_that_says_so(tmp_path):
    path = write_run(dataset_of(panel_frame({"a": 40}).drop(columns="id")), tmp_path)
    with pytest.raises(BundleError, match="kept no forecasts"):
        read_kept(path)


def test_a_changed_file_is_an_error(tmp_path):
    path = write_kept(tmp_path, "one")
    content = bytearray((path / FORECASTS).read_bytes())
    content[100] ^= 1
    (path / FORECASTS).write_bytes(bytes(content))
    with pytest.raises(BundleError, match="was changed"):
        read_kept(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"starts": np.arange(3)}, "do not fit"),
        ({"y_pred": np.zeros((60, 3, 2))}, "do not fit"),
        ({"y_pred": np.zeros(60)}, "do not fit"),
        ({"series": np.zeros((60, 1), dtype=np.int32)}, "do not fit"),
        ({"starts": np.array(["1"] * 60)}, "do not fit"),
        ({"origin_times": np.array(["NaT"] * 60)}, "do not fit"),
        ({"series": np.full(60, 5, dtype=np.int32)}, "cannot be read"),
        ({"starts": None}, "cannot be read"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(tmp_path, arrays, message):
    with pytest.raises(BundleError, match=message):
        read_kept(write_kept(tmp_path, "one", arrays=arrays))


def test_an_array_of_another_shape_is_refused_when_it_is_asked_for(tmp_path):
    kept = read_kept(write_kept(tmp_path, "one", arrays={"y_true": np.zeros((60, 2, 1))}))
    with pytest.raises(BundleError, match="shape"):
        kept.array("y_true")


def test_objects_are_not_unpickled(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, y_pred=np.array([{}], dtype=object))
    writer = RunWriter(tmp_path, "bad")
    whole = write_kept(tmp_path, "good")
    for file in ("config.yaml", "preparation.json", "metrics.json"):
        writer.text(file, (whole / file).read_text())
    writer.weights({"w": np.ones(2, dtype=np.float32)})
    (writer.path / FORECASTS).write_bytes(path.read_bytes())
    with pytest.raises(BundleError, match="holds objects"):
        read_kept(writer.finish(FACTS))
