"""What a fresh process imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import project_path

HEAVY = {"keras", "tensorflow", "jax", "sklearn", "scipy", "statsmodels", "matplotlib", "tf2onnx"}
LIGHT = HEAVY | {"numpy", "pandas", "onnxruntime", "pydantic", "yaml", "rich"}
PROBE = """
import atexit, sys
atexit.register(lambda: print("IMPORTED", *sorted(sys.modules), file=sys.stderr))
from lstmcast.cli.main import run
run(sys.argv[1:])
"""


def imported(*arguments: object, cwd: Path) -> set[str]:
    """Top-level modules that are there when a command has ended well."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": project_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = done.stderr.rpartition("IMPORTED")[2].split()
    return {name.partition(".")[0] for name in names}


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert not imported("--help", cwd=tmp_path) & LIGHT


def test_help_of_a_command_imports_nothing_heavy(tmp_path: Path) -> None:
    # pydantic comes with typer, which reads the options of the command with it.
    assert not imported("predict", "--help", cwd=tmp_path) & (LIGHT - {"pydantic"})


@pytest.mark.parametrize("arguments", [("predict",), ("runs", "show")], ids=" ".join)
def test_what_reads_a_run_never_imports_keras(
    arguments: tuple[str, ...], trained_run: Path, tmp_path: Path
) -> None:
    assert not imported(*arguments, trained_run, cwd=tmp_path) & HEAVY


def test_evaluate_on_new_data_never_imports_keras(trained_run: Path, tmp_path: Path) -> None:
    data = trained_run.parents[1] / "daily.csv"
    assert not imported("evaluate", trained_run, "--data", data, cwd=tmp_path) & HEAVY


def test_models_imports_neither_keras_nor_pandas(tmp_path: Path) -> None:
    assert not imported("models", cwd=tmp_path) & (HEAVY | {"pandas"})


def test_validate_imports_neither_keras_nor_scikit_learn(daily: Path, tmp_path: Path) -> None:
    assert not imported("validate", daily, cwd=tmp_path) & HEAVY
