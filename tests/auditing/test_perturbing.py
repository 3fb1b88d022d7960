"""Every value in a region becomes another, and no value outside it."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.auditing.perturbing import NEW_LEVEL, Region, after_cut, perturbed
from lstmcast.data.dataset import load_panel
from lstmcast.data.panel import Panel
from lstmcast.data.splitting import Splits, split_panel
from tests.data.test_leaks import full_config, panel_frame

NUMBERS = ("y", "late", "known", "flag")


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_panel(full_config(), frame=panel_frame())


@pytest.fixture(scope="module")
def splits(panel: Panel) -> Splits:
    return split_panel(panel, full_config().split)


def differs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return ~((one == other) | (np.isnan(one) & np.isnan(other)))


@pytest.mark.parametrize("gentle", [True, False])
def test_all_and_only_what_comes_after_a_cut_is_changed(
    panel: Panel, splits: Splits, gentle: bool
) -> None:
    assert panel.schema.names(kind="number") == NUMBERS
    changed = perturbed(panel, after_cut(panel, splits, 0), gentle=gentle)
    late = panel.times >= splits.cuts[0, 0]
    before = differs(panel.values, changed.values)[~late]
    after = ~(panel.values == changed.values)[late]
    assert not before.any()
    assert after.all()
    assert (panel.codes == changed.codes)[~late].all()
    assert (panel.codes != changed.codes)[late].all()
    assert changed.levels[0][-1] == NEW_LEVEL
    assert (changed.codes == len(panel.levels[0])).any()
    assert np.isnan(changed.values[late]).any() == (not gentle)


def test_late_values_that_were_not_out_at_the_cut_are_changed_but_no_training_rows(
    panel: Panel, splits: Splits
) -> None:
    late = NUMBERS.index("late")
    for cut, delay in ((0, 0), (1, 3)):
        changed = differs(
            panel.values[:, late], perturbed(panel, after_cut(panel, splits, cut)).values[:, late]
        )
        first = panel.times[changed].min()
        assert first == splits.cuts[0, cut] - np.timedelta64(delay, "h")


def test_future_covariates_stay_as_far_as_they_are_known(panel: Panel, splits: Splits) -> None:
    region = after_cut(panel, splits, 1)
    ahead = Region(first=region.first, known_ahead=5)
    changed = differs(panel.values, perturbed(panel, ahead).values)
    firsts = [int(np.flatnonzero(changed[:, i])[0]) for i in range(len(NUMBERS))]
    assert firsts == [region.first[0], region.first[0], region.first[0] + 5, region.first[0] + 5]
    kept = Region(first=region.first, keeps_future=True)
    assert not differs(panel.values, perturbed(panel, kept).values)[:, 2:].any()


def test_values_stay_in_the_domain_of_the_column(panel: Panel, splits: Splits) -> None:
    changed = perturbed(panel, after_cut(panel, splits, 0))
    y, flag = (changed.values[:, NUMBERS.index(name)] for name in ("y", "flag"))
    assert (y[~np.isnan(y)] > 0).all()
    flag = flag[~np.isnan(flag)]
    assert (flag == np.floor(flag)).all()


def test_a_control_knows_no_new_level(panel: Panel) -> None:
    region = Region(first=panel.offsets[:-1], last=panel.offsets[:-1] + 10)
    changed = perturbed(panel, region, gentle=True, new_level=False)
    assert changed.levels == panel.levels
    assert changed.codes.max() < len(panel.levels[0])
    assert (changed.codes != panel.codes).sum() == 20
