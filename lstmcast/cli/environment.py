"""What is installed here and what the machine offers, found without loading Keras."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstmcast.files import free_bytes
from lstmcast.machine import available_cpus, available_memory

CORE = (
    "keras",
    "tensorflow",
    "numpy",
    "pandas",
    "scikit-learn",
    "pydantic",
    "onnx",
    "onnxruntime",
    "safetensors",
    "matplotlib",
)
OPTIONAL = {
    "holidays": "features.holidays (pip install 'lstmcast[holidays]')",
    "jax": "training.backend: jax (pip install 'lstmcast[jax]')",
    "statsforecast": "backtest.statistical (pip install 'lstmcast[stats]')",
    "pyarrow": "Parquet files (pip install 'lstmcast[parquet]')",
    "ray": "--ray (pip install 'lstmcast[ray]')",
}
_BACKENDS = ("tensorflow", "jax")
# Asked in a process of its own: loading a backend takes seconds and prints to standard error.
_ASK = {
    "tensorflow": "import json, tensorflow as tf; "
    "print(json.dumps([d.name for d in tf.config.list_physical_devices()]))",
    "jax": "import json, jax; print(json.dumps([str(d) for d in jax.devices()]))",
}
_PATIENCE = 120.0


@dataclass(frozen=True)
class Backend:
    """A backend of Keras.

    Attributes:
        name: `tensorflow` or `jax`.
        devices: What it sees, by its own names.
        error: Why it does not load; None where it does.
    """

    name: str
    devices: tuple[str, ...] = ()
    error: str | None = None

    @property
    def has_gpu(self) -> bool:
        """Whether it sees a GPU."""
        return any("gpu" in name.lower() or "cuda" in name.lower() for name in self.devices)


@dataclass(frozen=True)
class Environment:
    """What is installed and what the machine offers.

    Attributes:
        python: Version.
        system: Operating system and machine.
        packages: Version of each package that lstmcast knows, None where it is not installed.
        backends: Those that are installed.
        cpus: Cores that this process may use.
        memory: Bytes that it may use; None where that is unknown.
        disk: Free bytes where runs go; None where that is unknown.
    """

    python: str
    system: str
    packages: dict[str, str | None]
    backends: tuple[Backend, ...]
    cpus: int
    memory: int | None
    disk: int | None

    @property
    def can_export(self) -> bool:
        """Whether a training can write its network as ONNX."""
        return self.packages["onnx"] is not None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        backends = [
            {"name": each.name, "devices": list(each.devices), "error": each.error}
            for each in self.backends
        ]
        return {
            "python": self.python,
            "system": self.system,
            "packages": self.packages,
            "backends": backends,
            "can_export": self.can_export,
            "cpus": self.cpus,
            "memory_bytes": self.memory,
            "free_disk_bytes": self.disk,
        }


def look_around(runs_dir: Path) -> Environment:
    """Look at this machine; takes some seconds, for each backend is loaded once.

    Args:
        runs_dir: Where runs go; it need not be there yet.
    """
    return Environment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        packages={name: _version(name) for name in (*CORE, *OPTIONAL)},
        backends=tuple(_ask(name) for name in _BACKENDS if importlib.util.find_spec(name)),
        cpus=available_cpus(),
        memory=available_memory(),
        disk=free_bytes(runs_dir),
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _ask(backend: str) -> Backend:
    """Load a backend in a process of its own and let it name its devices."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _ASK[backend]],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Backend(backend, error=f"did not load within {_PATIENCE:g} s")
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        return Backend(backend, error=lines[-1] if lines else f"exit code {answer.returncode}")
    return Backend(backend, devices=tuple(json.loads(answer.stdout.splitlines()[-1])))
