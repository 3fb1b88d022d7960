import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lstmcast.experiment.calibrating import calibrate
from lstmcast.runtime.outputs import (
    levels_of,
    n_outputs_of,
    network_quantiles,
    raw_outputs,
    window_outputs,
)
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import config_of, dataset_of

PARAMETERS = {
    "normal": [0.5, 2.0],
    "student_t": [0.5, 2.0, 4.0],
    "negative_binomial": [3.0, 0.5],
}
EXPECTED = {
    "normal": stats.norm(0.5, 2),
    "student_t": stats.t(4, 0.5, 2),
    "negative_binomial": stats.nbinom(2, 1 / 2.5),
}


def always(parameters):
    """A network that gives the same parameters at every step."""

    def network(inputs):
        batch = len(inputs["past"])
        return np.broadcast_to(np.float32(parameters), (batch, 3, 1, len(parameters)))

    return network


@pytest.mark.parametrize("output", [{}, {"type": "quantiles"}, {"type": "normal"}], ids=str)
def test_outputs_are_a_point_and_quantiles_with_the_median_as_point(output):
    data = dataset_of(hourly_frame(40), output=output)
    given = [1.0, 2.0, 3.0][: n_outputs_of(data.preparation.config.output)]
    starts = data.starts["train"][:2]
    found = raw_outputs(always(given), data.prepared, data.preparation, starts)
    kind = data.preparation.config.output.type
    assert found.points.shape == (2, 3, 1)
    assert (found.quantiles is None) == (kind == "point")
    assert (found.parameters is None) == (kind != "normal")
    if found.quantiles is not None:
        np.testing.assert_array_equal(found.points, found.quantiles[..., 1])


@pytest.mark.parametrize(
    ("output", "levels", "n_outputs"),
    [
        ({}, (), 1),
        ({"type": "quantiles", "levels": [0.2, 0.5]}, (0.2, 0.5), 2),
        ({"type": "normal"}, (0.1, 0.5, 0.9), 2),
        ({"type": "student_t"}, (0.1, 0.5, 0.9), 3),
        ({"type": "negative_binomial"}, (0.1, 0.5, 0.9), 2),
    ],
    ids=str,
)
def test_an_output_says_what_the_network_gives_and_what_is_forecast(output, levels, n_outputs):
    config = config_of(output=output, scaling={"target": "none"})
    assert levels_of(config) == levels
    assert n_outputs_of(config.output) == n_outputs


@pytest.mark.parametrize("kind", sorted(PARAMETERS))
def test_a_distribution_is_read_as_its_quantiles(kind):
    config = config_of(output={"type": kind}, scaling={"target": "none"})
    found = network_quantiles(np.array(PARAMETERS[kind]), config.output)
    np.testing.assert_allclose(found, EXPECTED[kind].ppf([0.1, 0.5, 0.9]), rtol=1e-12)


@pytest.mark.parametrize("transform", ["none", "log"])
def test_quantiles_are_in_the_units_of_each_series(transform):
    """Scaled by series and transformed: the quantiles of what the scaling undoes."""
    frame = panel_frame({"a": 60, "b": 45})
    frame["y"] = np.exp(frame["y"] / 10) * frame["id"].map({"a": 1.0, "b": 100.0})
    data = dataset_of(
        frame,
        data={"series": "id"},
        output={"type": "normal", "levels": [0.25, 0.5, 0.75]},
        scaling={"per": "series", "target_transform": transform},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    starts = data.panel.offsets[:-1]
    found = window_outputs(always([0.3, 0.5]), data.prepared, data.preparation, starts)
    scaler = data.preparation.target_scaler
    for series in range(2):
        centre, scale = scaler.centre[series, 0], scaler.scale[series, 0]
        quantiles = stats.norm(0.3, 0.5).ppf([0.25, 0.5, 0.75]) * scale + centre
        expected = np.exp(quantiles) if transform == "log" else quantiles
        np.testing.assert_allclose(found.quantiles[series, 0, 0], expected, rtol=1e-6)
        if transform == "none":
            own = [0.3 * scale + centre, 0.5 * scale]
            np.testing.assert_allclose(found.parameters[series, 0, 0], own, rtol=1e-6)
    assert (found.parameters is None) == (transform == "log")


@pytest.mark.parametrize("output", [{}, {"type": "quantiles"}], ids=str)
def test_what_is_no_distribution_has_no_parameters(output):
    data = dataset_of(hourly_frame(40), output=output)
    outputs = [0.1, 0.2, 0.3][: n_outputs_of(data.preparation.config.output)]
    starts = data.starts["train"]
    found = window_outputs(always(outputs), data.prepared, data.preparation, starts)
    assert found.parameters is None
    if output:
        assert found.quantiles.shape == (len(starts), 3, 1, len(outputs))
    else:
        assert found.quantiles is None


def test_calibrated_quantiles_of_counts_are_counts():
    frame = hourly_frame(200).assign(y=np.arange(200) % 5)
    data = dataset_of(frame, output={"type": "negative_binomial"}, scaling={"target": "none"})
    network = always([0.4, 0.5])
    calibration = calibrate(data, network).calibration
    moved = replace(calibration, shifts=calibration.shifts - 0.3)
    starts = data.starts["test"]
    plain, found = (
        window_outputs(network, data.prepared, data.preparation, starts, calibration=each)
        for each in (calibration, moved)
    )
    assert (found.quantiles == np.floor(found.quantiles)).all()
    assert (found.quantiles >= 0).all()
    # As many of the actual values lie at or below as without rounding.
    y = np.arange(5)[:, None]
    exact = np.maximum(plain.quantiles[0, 0, 0] - 0.3, -1)
    assert np.array_equal(y <= np.maximum(np.floor(exact), 0), y <= np.maximum(exact, 0))
    assert np.array_equal(found.quantiles[0, 0, 0], np.maximum(np.floor(exact), 0))


def test_quantiles_of_a_normal_distribution_need_no_scipy():
    code = (
        "import sys, numpy\n"
        "from lstmcast.config.schema import NormalOutput\n"
        "from lstmcast.runtime.outputs import network_quantiles\n"
        "network_quantiles(numpy.ones((1, 3, 1, 2)), NormalOutput())\n"
        "print([name for name in ('scipy', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
