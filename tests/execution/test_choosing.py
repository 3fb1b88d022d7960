from __future__ import annotations

import importlib.util

import pytest
from pydantic import ValidationError

from lstmcast.config.sections.experiments import Resources
from lstmcast.errors import ConfigError, ResourceError
from lstmcast.execution.choosing import choose_executor
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.on_ray import RayExecutor
from lstmcast.execution.processes import ProcessExecutor


@pytest.mark.parametrize("workers", [None, 1])
def test_one_worker_is_this_process(workers: int | None) -> None:
    assert isinstance(choose_executor(Resources(), workers=workers, ray=None), LocalExecutor)


def test_several_workers_are_processes() -> None:
    executor = choose_executor(Resources(cpus=3), workers=2, ray=None)
    assert isinstance(executor, ProcessExecutor)
    assert (executor.n_workers, executor.cpus) == (2, 3)


def test_a_cluster_is_asked_for_what_the_config_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    executor = choose_executor(Resources(cpus=3, gpus=0.5), workers=None, ray="here:6379")
    assert isinstance(executor, RayExecutor)
    assert (executor.address, executor.cpus, executor.gpus) == ("here:6379", 3, 0.5)
    executor = choose_executor(Resources(), workers=None, ray="auto")
    assert isinstance(executor, RayExecutor)
    assert executor.cpus == 1


def test_without_ray_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"pip install 'lstmcast\[ray\]'"):
        choose_executor(Resources(), workers=None, ray="auto")


def test_workers_and_a_cluster_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="Give one of them"):
        choose_executor(Resources(), workers=1, ray="auto")


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"at least 1\. Received: 0"):
        choose_executor(Resources(), workers=0, ray=None)


def test_gpus_beyond_one_are_whole() -> None:
    assert Resources(gpus=2).gpus == 2
    with pytest.raises(ValidationError, match=r"whole number, or less than 1\. Received: 1\.5"):
        Resources(gpus=1.5)
