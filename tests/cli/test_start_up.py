"""What a fresh process imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import project_path

HEAVY = {"keras", "tensorflow", "jax", "sklearn", "scipy", "statsmodels", "matplotlib"}
LIGHT = HEAVY | {"numpy", "pandas", "onnxruntime", "pydantic", "yaml", "rich"}
# Every package that lstmcast depends on, and what these load that is large; pandas takes pyarrow
# where it is installed.
KNOWN = LIGHT | {"typer", "onnx", "safetensors", "filelock", "keras_tuner", "tensorboard", "torch"}
READING = {"typer", "pydantic", "yaml", "numpy", "pandas"}
PROBE = """
import sys
from lstmcast.cli.failures import call
from lstmcast.cli.main import app
code = call(app, sys.argv[1:])
print("IMPORTED", *sorted(sys.modules), file=sys.stderr)
sys.exit(code)
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


def test_a_command_seldom_looks_for_circles_among_objects(daily: Path) -> None:
    probe = """
import gc, os
from lstmcast.cli.main import run
before = gc.get_stats()[0]["collections"]
os._exit = lambda code: print("LOOKED", gc.get_stats()[0]["collections"] - before)
run()
"""
    done = subprocess.run(
        [sys.executable, "-c", probe, "validate", str(daily)],
        env={**os.environ, "PYTHONPATH": project_path()},
        capture_output=True,
        text=True,
        check=True,
    )
    # With Python's own threshold the imports alone bring about hundreds.
    assert int(done.stdout.rpartition("LOOKED")[2]) < 20


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], {"typer"}),
        # pydantic comes with typer, which reads the options of the command with it.
        (["predict", "--help"], {"typer", "pydantic"}),
        (["models"], {"typer", "pydantic"}),
        (["config", "schema"], {"typer", "pydantic"}),
    ],
    ids=["help", "help of a command", "models", "schema"],
)
def test_what_reads_no_data_imports_exactly_this(
    arguments: list[str], expected: set[str], tmp_path: Path
) -> None:
    assert imported(*arguments, cwd=tmp_path) & KNOWN == expected


def test_validate_imports_exactly_what_reads_data(daily: Path, tmp_path: Path) -> None:
    assert imported("validate", daily, cwd=tmp_path) & KNOWN == READING


def test_what_forecasts_imports_exactly_that_and_onnx_runtime(
    trained_run: Path, tmp_path: Path
) -> None:
    data = trained_run.parents[1] / "daily.csv"
    for arguments in (
        ("predict", trained_run),
        ("predict", trained_run, "--data", data),
        ("evaluate", trained_run, "--data", data),
        ("detect", trained_run, "--data", data, "--rate", "0.05"),
    ):
        assert imported(*arguments, cwd=tmp_path) & KNOWN == READING | {"onnxruntime"}


def test_audit_without_training_imports_no_keras(daily: Path, tmp_path: Path) -> None:
    assert imported("audit", "--help", cwd=tmp_path) & KNOWN == {"typer", "pydantic"}
    found = imported("audit", daily, "--no-train", cwd=tmp_path)
    assert not found & {"keras", "tensorflow", "jax", "matplotlib", "onnxruntime"}


def test_runs_show_imports_nothing_heavy(trained_run: Path, tmp_path: Path) -> None:
    assert not imported("runs", "show", trained_run, cwd=tmp_path) & HEAVY


def test_compare_imports_scipy_when_it_runs_and_no_more(trained_run: Path, tmp_path: Path) -> None:
    assert imported("compare", "--help", cwd=tmp_path) & KNOWN == {"typer", "pydantic"}
    found = imported("compare", trained_run, "naive", cwd=tmp_path) & KNOWN
    assert found == READING | {"scipy"}
