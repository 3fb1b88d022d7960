"""What all tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import weekly_cycle
from tests.commands import Invoke, Result


@pytest.fixture(scope="module", autouse=True)
def spared_by_the_collector() -> None:
    """Leave what earlier modules loaded, such as TensorFlow, out of every further collection.

    Reading data and training ask for a whole collection each time. Over the million objects of the
    libraries that takes longer than most tests themselves.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run a command in this process, through the error handler."""
    from lstmcast.cli.failures import call
    from lstmcast.cli.main import app

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = call(app, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def undrawn() -> Iterator[None]:
    """Compose the plots and leave their files empty: drawing takes as long as a tiny training."""

    def leave_empty(figure: object, stem: Path) -> list[Path]:
        paths = [stem.with_suffix(suffix) for suffix in (".png", ".svg")]
        for path in paths:
            path.touch()
        return paths

    with pytest.MonkeyPatch.context() as patch:
        for module in ("writing", "search"):
            patch.setattr(f"lstmcast.reporting.plots.{module}.save", leave_empty)
        yield


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory of a tiny univariate model on daily data, horizon 3; not to be changed."""
    from lstmcast.config.loading import config_from_mapping
    from lstmcast.experiment import train
    from tests.networks import BACKEND

    folder = tmp_path_factory.mktemp("trained")
    weekly_cycle(n_rows=160).to_csv(folder / "daily.csv", index=False)
    config = config_from_mapping(
        {
            "name": "tiny",
            "runs_dir": str(folder / "runs"),
            "data": {"path": str(folder / "daily.csv"), "time": "day", "target": "y"},
            "window": {"lookback": 7, "horizon": 3},
            "model": {"units": [3]},
            "training": {"epochs": 2, "backend": BACKEND, "device": "cpu"},
        }
    ).config
    return train(config).path
