"""Which executor runs the items."""

from __future__ import annotations

from lstmcast.config.sections.experiments import Resources
from lstmcast.errors import ConfigError
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.on_ray import RayExecutor
from lstmcast.execution.processes import ProcessExecutor
from lstmcast.execution.work import Executor


def choose_executor(resources: Resources, *, workers: int | None, ray: str | None) -> Executor:
    """The executor that a config and the options of a command ask for.

    Args:
        resources: What each item may use, where several run side by side.
        workers: Processes on this machine; None is this process alone, and so is 1, unless the
            config says how many cores it may use.
        ray: Address of a Ray cluster, or `auto`; None without one.

    Raises:
        ConfigError: If both are given, or there is no worker.
        ResourceError: If Ray is asked for and not installed, or this machine lacks the GPUs.
    """
    if workers is not None and ray is not None:
        raise ConfigError(
            "--workers is for processes on this machine and --ray for a cluster. Give one of them."
        )
    if workers is not None and workers < 1:
        raise ConfigError(f"--workers must be at least 1. Received: {workers}.")
    if ray is not None:
        return RayExecutor(ray, cpus=resources.cpus, gpus=resources.gpus)
    if workers is None or (workers == 1 and resources.cpus == "auto"):
        return LocalExecutor()
    return ProcessExecutor(workers, resources.cpus, gpus=resources.gpus)
