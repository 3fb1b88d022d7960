from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lstmcast.errors import BundleError, ConfigError, DataError
from lstmcast.runtime.comparing import Settings, compare
from tests.runtime.kept import write_kept

ORIGINS = range(20, 220)
MANY = {"origins": ORIGINS}


def noise(size, seed):
    return size * np.random.default_rng(seed).normal(size=(len(ORIGINS), 3, 1))


@pytest.fixture
def write(tmp_path):
    def written(run_id, **settings):
        return write_kept(tmp_path, run_id, **{**MANY, **settings})

    return written


def compared(tmp_path, *names, **settings):
    return compare(names, tmp_path, Settings(**settings))


def test_runs_backtests_and_baselines_are_compared_by_name(tmp_path, write):
    write("one", error=noise(0.5, 1))
    write("two", error=noise(1.0, 2))
    fold = np.repeat(np.arange(4, dtype=np.int32), 50)
    write("back", error=noise(2.0, 3), kind="backtest", arrays={"fold": fold})
    found = compared(tmp_path, "one", "two", "naive", "back")
    assert [each.kind for each in found.competitors] == ["run", "run", "baseline", "backtest"]
    assert [pair.decision.outcome for pair in found.pairs] == ["better"] * 3
    first = found.pairs[0].by_loss["absolute"].whole
    expected = np.abs(noise(0.5, 1)).mean(), np.abs(noise(1.0, 2)).mean()
    assert (first.first, first.second) == pytest.approx(expected)
    assert found.n_origins == 200
    assert found.gaps == 0


def test_every_run_is_compared_with_the_first_whichever_order(tmp_path, write):
    write("one", error=noise(0.5, 1))
    found = compared(tmp_path, "naive", "one")
    assert found.competitors[0].name == "naive"
    assert found.pairs[0].decision.outcome == "worse"


@pytest.mark.parametrize("names", [("one",), ("one", "one"), ("one", "./one")])
def test_one_alone_is_not_compared(tmp_path, write, monkeypatch, names):
    write("one")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="at least two"):
        compared(tmp_path, *names)


def test_what_is_neither_run_nor_baseline_is_an_error_that_names_the_baselines(tmp_path, write):
    write("one")
    with pytest.raises(BundleError, match=r"no run 'naïve'.*that one kept are: naive\."):
        compared(tmp_path, "one", "naïve")
    with pytest.raises(BundleError, match="no run 'naive'"):
        compared(tmp_path, "naive", "drift")


def test_windows_without_a_forecast_of_a_baseline_are_left_out(tmp_path, write):
    write("one", error=noise(0.5, 1))
    naive = np.ones((200, 3, 1))
    naive[:30, 1] = np.nan
    write("two", error=noise(0.5, 2), arrays={"baseline_naive": naive})
    found = compared(tmp_path, "two", "naive", "one")
    assert int(found.windows.sum()) == 170
    assert found.n_origins == 170


def test_too_few_origins_are_an_error(tmp_path, write):
    write("one", origins=range(20, 25))
    with pytest.raises(DataError, match="only 5 origins"):
        compared(tmp_path, "one", "naive")


def test_gaps_are_counted_and_a_stride_is_not_one(tmp_path, write):
    write("one", origins=range(20, 220, 2), error=0.5)
    strided = compared(tmp_path, "one", "naive")
    assert strided.gaps == 0
    # Three steps ahead at every second origin: two in a row have targets in common.
    steps = strided.pairs[0].by_loss["absolute"].steps
    assert [step.textbook.lags for step in steps if step.textbook] == [0, 1][: len(steps) - 1]
    write("two", arrays={"starts": np.r_[np.arange(100), np.arange(150, 250)]})
    assert compared(tmp_path, "two", "naive").gaps == 1


def test_a_panel_gives_one_loss_an_origin_time(tmp_path, write):
    write("one", series=("a", "b", "c"), error=1.0)
    found = compared(tmp_path, "one", "naive")
    assert found.n_origins == 200
    assert int(found.windows.sum()) == 600
    # Errors of 1, scaled by the in-sample error of 2.
    assert found.pairs[0].by_loss["absolute"].whole.first == pytest.approx(0.5)


def test_seeds_of_one_model_are_put_together_when_asked(tmp_path, write):
    for seed in range(5):
        write(f"a{seed}", error=noise(1.0, seed), seed=seed)
        write(f"b{seed}", error=noise(1.5, 10 + seed), seed=seed, model={"units": [9]})
    names = [f"{model}{seed}" for model in "ab" for seed in range(5)]
    found = compared(tmp_path, *names, seeds=True)
    assert [(each.kind, len(each.sources)) for each in found.competitors] == [("seeds", 5)] * 2
    (pair,) = found.pairs
    first, second = (
        [np.abs(noise(size, start + seed)).mean() for seed in range(5)]
        for size, start in ((1.0, 0), (1.5, 10))
    )
    assert pair.noise.p == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert pair.noise.paired.p_wilcoxon == pytest.approx(0.0625)
    assert pair.by_loss["absolute"].whole.first == pytest.approx(np.mean(first))
    assert len(compared(tmp_path, *names).competitors) == 10


def test_a_win_that_other_seeds_would_turn_is_inside_seed_noise(tmp_path, write):
    good, bad = noise(1.0, 1), noise(2.5, 2)
    for seed, error in enumerate((good, bad)):
        write(f"a{seed}", error=error, seed=seed)
    write("b", error=noise(1.9, 3), model={"units": [9]})
    found = compared(tmp_path, "a0", "a1", "b", seeds=True)
    (pair,) = found.pairs
    assert pair.by_loss["absolute"].whole.p_holm < 0.05
    assert pair.noise.borrowed
    assert pair.decision.outcome == "seed_noise"


def test_the_members_of_an_ensemble_tell_its_seed_noise(tmp_path, write):
    mae = {"mean": 1.0, "deviation": 0.5, "values": [0.5, 1.0, 1.5]}
    seeds = {"seeds": [7, 8, 9], "epochs": [1, 1, 1], "best_epoch": [1, 1, 1]}
    members = {"members": {**seeds, "metrics": {"test": {"mae": mae}}}}
    write("one", error=noise(1.0, 1), metrics=members)
    write("two", error=noise(1.3, 2))
    (pair,) = compared(tmp_path, "one", "two").pairs
    assert pair.decision.outcome == "seed_noise"
    # Squared errors of the members were not measured, so nothing is known of theirs.
    (pair,) = compared(tmp_path, "one", "two", loss="squared").pairs
    assert pair.noise is None
    assert pair.decision.outcome == "better"


@pytest.mark.parametrize(("gap", "disjoint"), [(3, True), (0, False)])
def test_folds_are_paired_only_where_their_targets_are_disjoint(tmp_path, write, gap, disjoint):
    fold = np.repeat(np.arange(4, dtype=np.int32), 50)
    starts = np.arange(200) + gap * fold
    write("back", error=noise(1.0, 3), kind="backtest", arrays={"fold": fold, "starts": starts})
    (pair,) = compared(tmp_path, "back", "naive").pairs
    assert (pair.folds is not None) is disjoint
    if pair.folds is not None:
        assert pair.folds.n == 4


def test_pinball_needs_quantiles_of_all(tmp_path, write):
    with_levels = {"levels": np.array([0.1, 0.9])}
    for name, seed in (("one", 1), ("two", 2)):
        kept = np.random.default_rng(seed).normal(size=(200, 3, 1, 2))
        write(name, arrays={**with_levels, "quantiles": kept})
    found = compared(tmp_path, "one", "two", loss="pinball")
    assert set(found.pairs[0].by_loss) == {"absolute", "squared", "pinball"}
    with pytest.raises(
        ConfigError, match=r"--loss pinball needs quantiles .* they have: none; 0\.1"
    ):
        compared(tmp_path, "one", "naive", loss="pinball")
