"""Runs that are changed at random, their hashes mended: each is an answer or a typed error."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmcast.cli.failures import call
from lstmcast.cli.main import app
from tests.runtime.forging import manifest_of, rewrite
from tests.runtime.mutating import mutate_run

COMMANDS = [
    ("predict",),
    ("predict", "--steps", "7"),
    ("predict", "--samples", "2", "--json"),
    ("evaluate",),
    ("evaluate", "--json"),
    ("runs", "show"),
    ("runs", "show", "--json"),
    ("runs", "verify", "--json"),
    ("compare", "naive"),
]


@pytest.fixture(scope="module")
def small(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run without its pictures, so that it is copied often."""
    run = Path(shutil.copytree(trained_run, tmp_path_factory.mktemp("small") / "run"))
    manifest = manifest_of(run)
    shutil.rmtree(run / "plots")
    (run / "report.html").unlink()
    kept = {k: v for k, v in manifest["files"].items() if (run / k).is_file()}
    rewrite(run, {**manifest, "files": kept})
    return run


def check_one(small: Path, seed: int, capsys: Any) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(shutil.copytree(small, Path(folder) / "run"))
        changed = mutate_run(run, rng)
        command = rng.choice(COMMANDS)
        place = 2 if command[0] == "runs" else 1
        arguments = [*command[:place], str(run), *command[place:]]
        capsys.readouterr()
        code = call(app, arguments)
        out, err = capsys.readouterr()
        told = f"seed {seed}, {changed}, {arguments}: {code}\n{err}"
        assert code in (0, 2, 3, 4), told
        assert "Traceback" not in err, told
        if "--json" in command:
            assert json.loads(out)["schema"] == 1, told
        elif code:
            assert err.count("error: ") == 1 or "damaged: " in out, told


def test_a_changed_run_is_an_answer_or_a_typed_error(small: Path, capsys: Any) -> None:
    for seed in range(25):
        check_one(small, seed, capsys)


@pytest.mark.long
@settings(
    max_examples=2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**63))
def test_any_changed_run_is_an_answer_or_a_typed_error(small: Path, capsys: Any, seed: int) -> None:
    check_one(small, seed, capsys)
