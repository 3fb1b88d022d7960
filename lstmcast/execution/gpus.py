"""Sharing the GPUs of a machine out among processes."""

from __future__ import annotations

import os
import shutil
import subprocess

from lstmcast.errors import ResourceError

VISIBLE = "CUDA_VISIBLE_DEVICES"


def gpu_limits(worker: int, n_workers: int, *, gpus: float) -> dict[str, str]:
    """The environment of a worker that is to compute on its part of the GPUs.

    Args:
        worker: From 0.
        n_workers: How many there are.
        gpus: GPUs of each: a whole number, or a part of one; 0 leaves all of them to all.

    Raises:
        ResourceError: If there are not so many.
    """
    if not gpus:
        return {}
    there = visible_gpus()
    # As many as share one GPU; their parts of it never add up to more than one.
    sharing = int(1 / gpus) if gpus < 1 else 1
    each = max(int(gpus), 1)
    if -(-n_workers // sharing) * each > len(there):
        raise ResourceError(
            f"{n_workers} workers with {gpus:g} GPUs each do not fit on the {len(there)} of this "
            "machine. Lower --workers or resources.gpus."
        )
    first = worker // sharing * each
    return {VISIBLE: ",".join(there[first : first + each])}


def visible_gpus() -> list[str]:
    """The names under which CUDA knows the GPUs that this process may use."""
    chosen = os.environ.get(VISIBLE)
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    listed = subprocess.run([command, "--list-gpus"], capture_output=True, text=True, check=False)
    lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return [str(number) for number in range(len(lines))]
