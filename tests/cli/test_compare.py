from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.commands import Invoke
from tests.runtime.kept import write_kept

ORIGINS = range(20, 220)


def noise(size: float, seed: int) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=(len(ORIGINS), 3, 1))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs, the first far better than the second."""
    monkeypatch.chdir(tmp_path)
    write_kept(tmp_path / "runs", "one", origins=ORIGINS, error=noise(0.5, 1))
    write_kept(tmp_path / "runs", "two", origins=ORIGINS, error=noise(1.0, 2))
    return tmp_path / "runs"


def test_the_verdict_comes_first_and_the_tables_after(runs: Path, invoke: Invoke) -> None:
    result = invoke("compare", "one", "two", "naive")
    assert result.code == 0
    first, second, *_ = result.out.splitlines()
    assert first.startswith("one is better than two at every step (1–3): MAE over all 3 steps")
    assert second.startswith("one is better than naive")
    for part in ("200 windows shared", "A, B  MAE*", "A, C  MSE", "1–3", "independent: seeds"):
        assert part in result.out
    assert "one seed each" in result.err
    assert "lstmcast runs compare" in result.err


def test_every_step_is_shown_when_asked(runs: Path, invoke: Invoke) -> None:
    text = invoke("compare", "one", "two", "--by-step", "--level", "0.1").out
    (heading,) = [line for line in text.splitlines() if line.startswith("step ")]
    assert "90 % interval" in heading
    assert [line.split()[0] for line in text.partition(heading)[2].splitlines()[1:4]] == [*"123"]


def test_json_holds_the_whole_comparison(runs: Path, invoke: Invoke) -> None:
    values = invoke("compare", "one", "two", "naive", "--json", "--loss", "squared").json
    assert (values["command"], values["status"], values["loss"]) == ("compare", "ok", "squared")
    assert values["windows"]["shared"] == values["windows"]["origins"] == 200
    assert [each["kind"] for each in values["competitors"]] == ["run", "run", "baseline"]
    first, second = values["pairs"]
    assert (first["first"], first["second"], second["second"]) == ("one", "two", "naive")
    assert first["verdict"]["outcome"] == "better"
    assert first["verdict"]["first_better_at"] == [1, 2, 3]
    whole = first["losses"]["squared"]
    assert whole["difference"] == pytest.approx(whole["first"] - whole["second"])
    assert whole["interval"][0] < whole["difference"] < whole["interval"][1]
    assert whole["p"] <= whole["p_holm"]
    assert [step["diebold_mariano"]["lags"] for step in whole["by_step"]] == [0, 1, 2]
    assert "gates" not in values


def test_a_gate_fails_unless_the_first_is_better(runs: Path, invoke: Invoke) -> None:
    assert invoke("compare", "one", "two", "--require-better").code == 0
    result = invoke("compare", "two", "one", "naive", "--require-better")
    assert result.code == 1
    assert "failed: --require-better: not surely better than one" in result.err
    result = invoke("compare", "two", "one", "--require-better", "--json")
    assert result.code == result.json["exit_code"] == 1
    (gate,) = result.json["gates"]
    assert (gate["gate"], gate["limit"], gate["passed"]) == ("require-better", "one", False)


def test_what_to_keep_in_mind_is_said(runs: Path, invoke: Invoke) -> None:
    fold = np.repeat(np.arange(2, dtype=np.int32), 10)
    starts = np.arange(20) + 5 * fold
    naive = np.ones((20, 3, 1))
    naive[0] = np.nan
    arrays = {"fold": fold, "starts": starts, "baseline_naive": naive}
    write_kept(runs, "back", origins=range(20, 40), kind="backtest", arrays=arrays)
    result = invoke("compare", "back", "naive", "--seeds")
    for note in (
        "19 origins are few for forecasts 3 steps ahead",
        "(1 gap)",
        "1 shared window left out",
        "no two of the runs",
    ):
        assert note in result.err
    assert "Over 2 disjoint folds" in result.out


def test_seeds_are_told_with_their_tests(runs: Path, invoke: Invoke) -> None:
    for seed in range(3):
        write_kept(runs, f"a{seed}", origins=ORIGINS, error=noise(1.0, seed), seed=seed)
    result = invoke("compare", "a0", "a1", "a2", "naive", "--seeds")
    assert "of 3 seeds is better than naive" in result.out
    assert "Over seeds, A − B is" in result.out
    assert "warning" not in result.err


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_plot_is_written(runs: Path, invoke: Invoke, suffix: str) -> None:
    result = invoke("compare", "one", "two", "naive", "--plot", f"difference.{suffix}")
    assert result.code == 0
    content = Path(f"difference.{suffix}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml"}[suffix])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("one",), 2, "at least two"),
        (("one", "nowhere"), 4, "no run 'nowhere'"),
        (("one", "two", "--plot", "a.jpg"), 2, "ends in .png, .svg, .pdf"),
        (("one", "two", "--level", "0.9"), 2, "--level"),
        (("one", "two", "--loss", "logarithmic"), 2, "--loss"),
        (("one", "naive", "--loss", "pinball"), 2, "quantiles"),
    ],
)
def test_what_cannot_be_compared_is_one_message(
    runs: Path, invoke: Invoke, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = invoke("compare", *arguments)
    assert result.code == code
    assert message in result.err
    assert result.out == ""


def test_a_trained_run_is_compared_with_its_baselines(trained_run: Path, invoke: Invoke) -> None:
    values = invoke("compare", trained_run, "seasonal_naive", "naive", "--json").json
    assert [pair["second"] for pair in values["pairs"]] == ["seasonal_naive", "naive"]
    assert values["windows"]["steps"] == [1, 2, 3]
