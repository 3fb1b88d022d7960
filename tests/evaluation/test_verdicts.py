from __future__ import annotations

import pytest

from lstmcast.config.schema import Config
from lstmcast.evaluation.verdicts import baseline_verdict


def scores(**errors):
    """`scores(model=(mase, rmse), …)`."""
    return {name: {"mase": mase, "rmse": rmse} for name, (mase, rmse) in errors.items()}


def test_a_model_that_wins_is_compared_with_the_best_baseline():
    verdict = baseline_verdict(
        scores(model=(0.8, 4.0), naive=(1.5, 9.0), seasonal_naive=(1.0, 5.0))
    )
    assert verdict.text == (
        "On the test split the model beats the best baseline, seasonal naive, by 20.0 % "
        "(MASE 0.8000 against 1.000)."
    )
    assert (verdict.beats, verdict.best_baseline, verdict.metric) == (
        True,
        "seasonal_naive",
        "mase",
    )
    assert verdict.skill == pytest.approx(0.2)


def test_a_model_that_loses_is_told_so():
    verdict = baseline_verdict(scores(model=(1.041, 6.0), naive=(2.0, 9.0), drift=(1.0, 5.0)))
    assert verdict.beats is False
    assert verdict.skill == pytest.approx(-0.041)
    assert verdict.text.startswith(
        "On the test split the model is worse than drift by 4.1 % (MASE 1.041 against 1.000): "
        "use that"
    )


@pytest.mark.parametrize(
    ("sections", "ways"),
    [
        (
            {},
            "a longer `window.lookback`, covariates, calendar features, `model.window_norm: last` "
            "or `model.linear_share: 0.3`.",
        ),
        (
            {
                "data": {"past_covariates": ["x"]},
                "features": {"calendar": ["hour"]},
                "model": {"window_norm": "mean_std", "linear_share": 0.1},
            },
            "a longer `window.lookback`.",
        ),
        (
            {"data": {"missing": {"strategy": "mask"}}},
            "a longer `window.lookback`, covariates, calendar features or "
            "`model.linear_share: 0.3`.",
        ),
        (
            {"output": {"type": "negative_binomial"}, "scaling": {"target": "none"}},
            "a longer `window.lookback`, covariates or calendar features.",
        ),
    ],
)
def test_what_may_help_is_not_what_the_config_has_or_rules_out(sections, ways):
    data = {"time": "time", "target": "y", **sections.get("data", {})}
    window = {"lookback": 6, "horizon": 3}
    features = {"calendar": [], **sections.get("features", {})}
    config = Config.model_validate(
        {**sections, "data": data, "window": window, "features": features}
    )
    verdict = baseline_verdict(scores(model=(2.0, 6.0), naive=(1.0, 3.0)), config=config)
    assert verdict.text.endswith(f"or give the model more to go on, such as {ways}")


def test_rmse_is_named_where_it_disagrees():
    verdict = baseline_verdict(scores(model=(0.9, 6.0), naive=(1.0, 7.0), drift=(1.2, 5.0)))
    assert verdict.beats
    assert verdict.text.endswith(
        "RMSE disagrees: there the model is no better than drift (6.000 against 5.000)."
    )


def test_large_errors_are_written_out():
    verdict = baseline_verdict(
        {"model": {"mae": 12_345.6}, "naive": {"mae": 46_292.4}, "drift": {"mae": 999_999.0}}
    )
    assert verdict.text.endswith("(MAE 12,346 against 46,292).")


def test_a_tie_is_no_victory():
    verdict = baseline_verdict(scores(model=(1.0, 5.0), naive=(1.0, 5.0)))
    assert verdict.beats is False
    assert "only equals the best baseline, naive" in verdict.text


def test_a_tiny_margin_is_not_printed_as_zero():
    assert (
        "by less than 0.1 %" in baseline_verdict(scores(model=(0.9999, 4.0), naive=(1.0, 5.0))).text
    )


def test_without_mase_the_next_metric_decides():
    verdict = baseline_verdict(
        {"model": {"mase": None, "mae": 3.0}, "naive": {"mase": None, "mae": 2.0}}
    )
    assert (verdict.metric, verdict.beats) == ("mae", False)


def test_a_perfect_baseline_leaves_no_percentage():
    verdict = baseline_verdict({"model": {"mae": 3.0}, "naive": {"mae": 0.0}})
    assert (verdict.beats, verdict.skill) == (False, None)
    assert "%" not in verdict.text


@pytest.mark.parametrize(
    ("found", "match"),
    [
        ({"model": {"mae": 1.0}}, "evaluation.baselines"),
        ({"model": {"mae": None}, "naive": {"mae": None}}, "needs windows"),
        ({"model": {"r2": 0.9}, "naive": {"r2": 0.8}}, "evaluation.metrics"),
    ],
)
def test_nothing_to_compare_is_said_and_mended(found, match):
    verdict = baseline_verdict(found)
    assert verdict.beats is None
    assert match in verdict.text
