import numpy as np
import pytest
from scipy import stats

from lstmcast.data.grouping import Grouping
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.outputs import network_quantiles
from lstmcast.runtime.predictive import Predictive, predictive_of
from tests.runtime.fakes import config_of

PARAMETERS = {"normal": [0.5, 2.0], "student_t": [0.5, 2.0, 4.0]}


def calibration_of(shifts, *, levels, network_levels=()):
    """One group, one step, one target."""
    return Calibration(
        grouping=Grouping(()),
        network_levels=network_levels,
        shown=levels,
        levels=levels,
        shifts=np.array([[[shifts]]]),
        size=np.ones((1, 1, 1)),
        n_windows=np.array([9]),
    )


def test_quantiles_are_joined_by_lines_and_flat_beyond():
    forecast = Predictive(np.array([0.1, 0.5, 0.9]), np.array([[0.0, 1.0, 5.0]]))
    for probability, value in [(0.02, 0), (0.1, 0), (0.2, 0.25), (0.5, 1), (0.7, 3), (0.99, 5)]:
        assert forecast.values_at(np.array([probability]))[0] == pytest.approx(value)
    for value, probability in [(-9, 0.1), (0, 0.1), (0.25, 0.2), (1, 0.5), (3, 0.7), (99, 0.9)]:
        found = forecast.probability_of(np.array([float(value)]), u=np.array([0.3]))
        assert found[0] == pytest.approx(probability)


def test_quantiles_that_are_the_same_are_no_obstacle():
    flat = Predictive(np.array([0.1, 0.5, 0.9]), np.array([[2.0, 2.0, 2.0]]))
    assert flat.values_at(np.array([0.3])).tolist() == [2]
    assert 0.1 <= flat.probability_of(np.array([2.0]), u=np.array([0.3]))[0] <= 0.9
    single = Predictive(np.array([0.5]), np.array([[2.0]]))
    assert single.values_at(np.array([0.9])).tolist() == [2]
    assert single.probability_of(np.array([7.0]), u=np.array([0.3])).tolist() == [0.5]


@pytest.mark.parametrize("kind", ["normal", "student_t"])
def test_values_at_and_probability_of_undo_each_other(kind):
    config = config_of(output={"type": kind})
    parameters = np.tile(np.array(PARAMETERS[kind]), (5, 1))
    quantiles = network_quantiles(parameters, config.output)
    outputs = Outputs(quantiles[..., 1], quantiles, parameters)
    forecast = predictive_of(outputs, config, None, np.zeros(5, dtype=np.int64))
    probability = np.array([0.01, 0.2, 0.5, 0.8, 0.99])
    found = forecast.probability_of(forecast.values_at(probability), u=np.zeros(5))
    np.testing.assert_allclose(found, probability, rtol=1e-10)


def test_a_point_has_a_distribution_only_where_it_is_calibrated():
    outputs, own = Outputs(np.array([[[3.0]]]), None), np.zeros(1, dtype=np.int64)
    assert predictive_of(outputs, config_of(), None, own) is None
    calibration = calibration_of([-1.0, 2.0], levels=(0.25, 0.75))
    forecast = predictive_of(outputs, config_of(), calibration, own)
    assert forecast.values_at(np.full((1, 1, 1), 0.5)).tolist() == [[[3.5]]]


def test_a_distribution_that_is_calibrated_is_moved_at_every_probability():
    config = config_of(output={"type": "normal", "levels": [0.1, 0.5, 0.9]})
    levels = (0.1, 0.5, 0.9)
    parameters = np.array([[[[0.5, 2.0]]]])
    quantiles = network_quantiles(parameters, config.output)
    outputs = Outputs(quantiles[..., 1], quantiles, parameters)
    calibration = calibration_of([-3.0, 0.0, 1.0], levels=levels, network_levels=levels)
    forecast = predictive_of(outputs, config, calibration, np.zeros(1, dtype=np.int64))
    normal = stats.norm(0.5, 2)
    for probability, moved in [(0.02, -3), (0.1, -3), (0.3, -1.5), (0.5, 0), (0.7, 0.5), (0.99, 1)]:
        found = forecast.values_at(np.full((1, 1, 1), probability))
        assert found.item() == pytest.approx(normal.ppf(probability) + moved)
