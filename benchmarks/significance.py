"""How often `lstmcast compare` calls equal forecasts different, and finds those that are.

Pairs of error series are drawn and go through what the command does with the losses of two runs.
Each error series is AR(1) over the origins with coefficient 0.6 and variance one. The steps are
drawn

- `independent`: each step on its own,
- `correlated`: at a correlation of 0.7,
- `overlapping`: as errors of forecasts h steps ahead are, sums of h shocks that neighbouring
  origins share, the shocks AR(1) themselves.

For the power the errors of one of the pair are 10 % larger, and so is its RMSE.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from lstmcast.evaluation.comparison import PairDifference, corrected, decide, difference_of

PHI, STEPS, LEVEL, LARGER = 0.6, 12, 0.05, 1.1
_BURN = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--origins", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--errors", nargs="+", choices=ERRORS, default=list(ERRORS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{options.pairs} pairs, {STEPS} steps, level {LEVEL}, seed {options.seed}; in percent")
    print("called different: the whole horizon, or any step; textbook: at step 1, see docs")
    print(
        f"{'errors':12} {'loss':9} {'truth':8} {'origins':>7} {'called':>7} {'whole':>6} "
        f"{'a step':>7} {'steps found':>12} {'covered':>8} {'textbook':>9}"
    )
    for errors in (ERRORS[name] for name in options.errors):
        for loss in (np.abs, np.square):
            for larger in (1.0, LARGER):
                for n in options.origins:
                    rng = np.random.default_rng(options.seed)
                    found = [one_pair(errors, loss, larger, n, rng) for _ in range(options.pairs)]
                    report(errors.__name__, loss.__name__, larger, n, found)


def independent(n: int, rng: np.random.Generator) -> np.ndarray:
    """Errors `(n, STEPS)` that have nothing to do with each other."""
    return _ar(rng.standard_normal((n + _BURN, STEPS)))[_BURN:]


def correlated(n: int, rng: np.random.Generator) -> np.ndarray:
    """Errors `(n, STEPS)` of one origin alike."""
    common, own = independent(n, rng)[:, :1], independent(n, rng)
    return np.sqrt(0.7) * common + np.sqrt(0.3) * own


def overlapping(n: int, rng: np.random.Generator) -> np.ndarray:
    """Errors `(n, STEPS)`, each the sum of the shocks between an origin and its target."""
    shocks = _ar(rng.standard_normal(n + _BURN + STEPS))
    sums = [lfilter(0.8 ** np.arange(h), [1], shocks)[_BURN + h :][:n] for h in steps()]
    return np.stack([each / _deviation(h) for h, each in zip(steps(), sums, strict=True)], axis=1)


ERRORS = {each.__name__: each for each in (independent, correlated, overlapping)}


def steps() -> range:
    return range(1, STEPS + 1)


def _ar(noise: np.ndarray) -> np.ndarray:
    return lfilter([np.sqrt(1 - PHI**2)], [1, -PHI], noise, axis=0)


def _deviation(h: int) -> float:
    """Of a weighted sum of h shocks."""
    weights, lags = 0.8 ** np.arange(h), np.arange(h)
    return float(np.sqrt(weights @ PHI ** np.abs(lags[:, None] - lags) @ weights))


def one_pair(
    errors: Callable[[int, np.random.Generator], np.ndarray],
    loss: Callable[[np.ndarray], np.ndarray],
    larger: float,
    n: int,
    rng: np.random.Generator,
) -> tuple[PairDifference, bool, bool]:
    """A pair's differences, and whether its horizon and any of its steps are called different."""
    first, second = loss(errors(n, rng)), loss(larger * errors(n, rng))
    (pair,) = corrected([difference_of(first, second, np.array(steps()), level=LEVEL)])
    decision = decide(pair, level=LEVEL)
    by_step = bool(decision.first_at or decision.second_at)
    return pair, decision.outcome in ("better", "worse"), by_step


def report(
    errors: str, loss: str, larger: float, n: int, found: list[tuple[PairDifference, bool, bool]]
) -> None:
    truth = {"absolute": np.sqrt(2 / np.pi) * (1 - larger), "square": 1 - larger**2}[loss]
    whole = np.array([horizon for _, horizon, _ in found])
    steps_ = np.array([by_step for _, _, by_step in found])
    share = [
        np.mean([step.sure(LEVEL if horizon else 0.2 * LEVEL) for step in pair.steps])
        for pair, horizon, _ in found
    ]
    covered = np.mean([p.whole.interval[0] <= truth <= p.whole.interval[1] for p, _, _ in found])
    textbook = np.mean([pair.steps[0].textbook.p <= LEVEL for pair, _, _ in found])
    name = "equal" if larger == 1 else f"{100 * (larger - 1):.0f} %"
    print(
        f"{errors:12} {loss:9} {name:8} {n:7} {100 * (whole | steps_).mean():7.1f} "
        f"{100 * whole.mean():6.1f} {100 * steps_.mean():7.1f} {100 * np.mean(share):12.1f} "
        f"{100 * covered:8.1f} {100 * textbook:9.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
