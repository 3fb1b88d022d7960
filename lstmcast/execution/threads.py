"""Sharing the cores of a machine out, so that what runs side by side does not fight for them."""

from __future__ import annotations

import os

from lstmcast.machine import available_cpus

# What the libraries read when they are loaded: OpenMP (pyarrow and `available_cpus` go by it, too),
# three kinds of BLAS, TensorFlow, and XLA under JAX (the last but one is what older versions read).
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "NPROC",
    "PJRT_NPROC",
)


def thread_limits(cpus: int) -> dict[str, str]:
    """The environment of a process that is to compute with so many threads."""
    # Operations that do not depend on each other would be as many threads again.
    return {**dict.fromkeys(_VARIABLES, str(cpus)), "TF_NUM_INTEROP_THREADS": "1"}


def cpus_of_each(n_workers: int) -> int:
    """How many cores each of some workers gets, where this machine is shared out; at least 1."""
    return max(available_cpus() // n_workers, 1)


def cores_of(worker: int, n_workers: int, *, cpus: int) -> list[int]:
    """The cores that a worker stays on, which are no other's.

    Each gets an equal part, also where it uses fewer: which of them are idle, the system knows.

    Args:
        worker: From 0.
        n_workers: How many there are.
        cpus: How many cores each is to use.

    Returns:
        The numbers of the cores; none where there are too few for that, or where the system does
        not tell them.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))
    part = len(cores) // n_workers
    return cores[worker * part : (worker + 1) * part] if part >= cpus else []
