"""What this machine lets the process use."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import math
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE_BLOCK, _SMALL_BLOCK = 2**30, 2**20


def available_cpus() -> int:
    """Cores that the process may use: by its affinity, its container's quota, OMP_NUM_THREADS."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _cgroup("cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cpus = min(cpus, math.ceil(int(quota) / int(period)))
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit():
        cpus = min(cpus, int(threads))
    return max(cpus, 1)


def available_memory() -> int | None:
    """Bytes that the process may use: the machine's, or its container's; None where unknown."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    limit = _cgroup("memory.max")
    return min(memory, int(limit)) if limit.isdigit() else memory


def processor_key() -> str:
    """Some letters that differ between processors that cannot run each other's code."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = ("model name", "flags", "Features", "CPU part")
        told = [line for line in lines if line.partition("\t")[0].strip() in names]
        return hashlib.sha256("".join(sorted(set(told))).encode()).hexdigest()[:12]
    return hashlib.sha256(platform.processor().encode()).hexdigest()[:12]


def processor_name() -> str:
    """What the processor calls itself, as far as it is known."""
    with suppress(OSError):
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in told.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def hardware() -> dict[str, str | int]:
    """What results may depend on in their last bits, as plain JSON values."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cpus": available_cpus(),
    }


def release_memory() -> None:
    """Give memory that is no longer used back to the machine.

    Objects that refer to each other (a Keras model and its parts) are freed only when they are
    looked for, and allocators keep what is freed: glibc its small pieces, pyarrow what a whole file
    took. It would add to what comes next.
    """
    gc.collect()
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_large_blocks() -> None:
    """Let glibc use large blocks again that were freed, until `release_memory`.

    Left alone, it maps a block of more than 32 MB anew each time it is asked for, and unmaps it
    when it is freed. A compiled gradient step on many windows asks for such blocks, and touching
    their new pages takes it as long as computing. Outside the main thread, blocks of more than
    64 MB are mapped anew all the same. Other C libraries are left as they are.
    """
    _keep_blocks_up_to(_LARGE_BLOCK)


def keep_no_large_blocks() -> None:
    """Undo `keep_large_blocks`, for what comes after the gradient steps.

    Large arrays of different sizes leave holes between each other that fit none of the next.
    """
    _keep_blocks_up_to(_SMALL_BLOCK)


def _keep_blocks_up_to(n_bytes: int) -> None:
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, n_bytes)
        mallopt(_M_TRIM_THRESHOLD, n_bytes)


def megabytes(size: int) -> str:
    """Bytes as a reader wants them, such as `3.1 MB`."""
    if size < 1e5:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def _cgroup(name: str) -> str:
    """A setting of the container, of Linux' second kind of control groups; empty without one."""
    try:
        return (_CGROUP / name).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
