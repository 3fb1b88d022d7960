from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import Forecaster
from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import PROBE, load_bundle
from lstmcast.runtime.probe import TOLERANCE, check_probe
from tests.runtime.forging import forge_arrays, forge_network, manifest_of, rewrite


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_run, tmp_path / "run"))


def probe_of(run: Path) -> dict[str, np.ndarray]:
    with np.load(run / PROBE) as arrays:
        return {name: arrays[name] for name in arrays}


def test_a_run_forecasts_its_probe_as_it_did_in_training(run: Path) -> None:
    probe = probe_of(run)
    assert probe["past"].shape == (1, 7, 1)
    found = Forecaster.load(run).network()({"past": probe["past"]})
    np.testing.assert_allclose(found, probe["forecast"], atol=1e-6)


def test_a_network_that_forecasts_something_else_is_refused_at_load(run: Path) -> None:
    def bend(model: Any) -> None:
        from onnx import numpy_helper

        last = model.graph.initializer[-2]
        values = numpy_helper.to_array(last) + 0.01
        last.CopyFrom(numpy_helper.from_array(values.astype(np.float32), last.name))

    forge_network(run, bend)
    with pytest.raises(BundleError, match=r"does not forecast what it did in training: .* off by"):
        Forecaster.load(run)


@pytest.mark.parametrize(("error", "is_refused"), [(0.9, False), (1.1, True)])
def test_the_tolerance_is_relative_to_outputs_of_one_or_more(
    run: Path, error: float, is_refused: bool
) -> None:
    said, bundle = probe_of(run)["forecast"], load_bundle(run)
    off = said + np.maximum(np.abs(said), 1) * error * TOLERANCE

    def network(_inputs: Any) -> np.ndarray:
        return off

    if is_refused:
        with pytest.raises(BundleError, match=r"off by 1\.1e-04 \(relative; 0\.0001 may be\)"):
            check_probe(bundle, network)
    else:
        check_probe(bundle, network)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_forecast_that_is_no_number_is_refused(run: Path, value: float) -> None:
    with pytest.raises(BundleError, match="off by"):
        check_probe(load_bundle(run), lambda _: np.full((1, 3, 1, 1), value))


@pytest.mark.parametrize(
    "changed",
    [
        {"forecast": None},
        {"past": None},
        {"more": np.zeros(1)},
        {"past": np.zeros((2, 7, 1), dtype=np.float32)},
        {"past": np.zeros((1, 7, 1))},
        {"past": np.full((1, 7, 1), np.nan, dtype=np.float32)},
        {"forecast": np.zeros((1, 3, 2, 1), dtype=np.float32)},
    ],
)
def test_a_probe_of_another_shape_is_refused(run: Path, changed: dict[str, Any]) -> None:
    forge_arrays(run, PROBE, **changed)
    with pytest.raises(BundleError, match=r"probe\.npz: does not fit the run"):
        Forecaster.load(run)


def test_a_run_of_before_has_no_probe_and_loads(run: Path) -> None:
    (run / PROBE).unlink()
    manifest = manifest_of(run)
    del manifest["files"][PROBE]
    rewrite(run, manifest)
    assert len(Forecaster.load(run).predict()) == 3
