"""Choosing and loading the Keras backend, once a process."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from lstmcast.config.schema import Training
from lstmcast.errors import ResourceError
from lstmcast.machine import available_cpus, keep_large_blocks, processor_key
from lstmcast.training.kernels import MAX_PARTS

# Of compiled code; what was used least goes first.
CACHE_BYTES = 500_000_000
INSTALL = {"tensorflow": "pip install tensorflow", "jax": "pip install 'lstmcast[jax]'"}


def load_keras(training: Training, *, seed: int) -> None:
    """Import Keras on the backend, device and precision that a config asks for, and seed it.

    Must come before anything else imports Keras. The precision stays Keras' default for the
    networks that are built from then on. Determinism is for the rest of the process: TensorFlow
    cannot take it back.

    Args:
        training: Its `backend`, `device`, `deterministic` and `precision`.
        seed: Of Python's, NumPy's and the backend's generators.

    Raises:
        ResourceError: If the backend is not installed, another one is already loaded, or the device
            is not there.
    """
    _check_backend(training.backend)
    _set_environment(training)
    # TensorFlow takes JAX with it, wherever it is installed, for a converter of its own.
    with _without("jax") if training.backend == "tensorflow" else nullcontext():
        import keras

    if training.backend == "tensorflow":
        _set_up_tensorflow(training)
    else:
        _set_up_jax(training)
    keras.config.set_dtype_policy(training.precision)
    # Keras seeds TensorFlow, too, wherever it is installed, and loads it for that.
    with _without("tensorflow") if training.backend == "jax" else nullcontext():
        keras.utils.set_random_seed(seed)


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Imports of a package that is not loaded yet fail inside: it would take seconds.

    Where `sys.modules` has None for a name, importing it is a `ModuleNotFoundError` (The Python
    Language Reference, 5.3.1), as if it were not installed.
    """
    modules: dict[str, Any] = sys.modules
    if package in modules:
        yield
        return
    modules[package] = None
    try:
        yield
    finally:
        del modules[package]


def _check_backend(backend: str) -> None:
    """That the backend can be had in this process."""
    if importlib.util.find_spec(backend) is None:
        raise ResourceError(
            f"training.backend is {backend}, which is not installed. Install it "
            f"({INSTALL[backend]}) or choose another backend."
        )
    if "keras" in sys.modules:
        import keras

        loaded = keras.config.backend()
        if loaded != backend:
            raise ResourceError(
                f"training.backend is {backend}, but Keras is already loaded on {loaded} in this "
                f"process and cannot change. Start a new process, or set training.backend to "
                f"{loaded}."
            )


def _set_environment(training: Training) -> None:
    """What the libraries read when they are imported."""
    os.environ["KERAS_BACKEND"] = training.backend
    # Errors only; a user who wants more has set it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if training.backend == "jax":
        if training.device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
        if training.deterministic:
            flags = os.environ.get("XLA_FLAGS", "")
            os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()


def _set_up_tensorflow(training: Training) -> None:
    """Device and determinism of TensorFlow."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if training.device == "gpu" and not gpus:
        raise _no_gpu("tensorflow")
    if training.device == "cpu" and gpus:
        try:
            tf.config.set_visible_devices([], "GPU")
        except RuntimeError as error:
            raise ResourceError(
                "training.device: cpu comes too late: TensorFlow already uses a GPU in this "
                "process. Start a new process."
            ) from error
    for gpu in gpus:
        # Else the first process takes all the memory of the GPU. A caller who has already put
        # TensorFlow to work has settled that.
        with suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    if training.deterministic:
        tf.config.experimental.enable_op_determinism()


def _set_up_jax(training: Training) -> None:
    """Devices of JAX, where it keeps what it compiled, and the memory of its steps."""
    import jax

    keep_large_blocks()
    _keep_compiled(jax.config)
    _take_cores_for_devices(jax.config)
    if training.device == "gpu":
        try:
            jax.devices("gpu")
        except RuntimeError as error:
            raise _no_gpu("jax") from error


def _take_cores_for_devices(options: Any) -> None:
    """Let JAX see several devices on a CPU, among which a batch can be divided.

    Unless the user has said how many; where a caller has already put JAX to work it is too late.
    """
    if options.jax_num_cpu_devices >= 0:
        return
    with suppress(RuntimeError):
        options.update("jax_num_cpu_devices", min(available_cpus(), MAX_PARTS))


def _keep_compiled(options: Any) -> None:
    """Let JAX find what it compiled in an earlier process, unless the user has said where.

    Its own bound of a second would leave out nearly all that a small network takes to compile.
    """
    directory = cache_directory()
    if options.jax_compilation_cache_dir is not None or directory is None:
        return
    # What is compiled for one processor may not run on another that shares the home directory.
    path = directory / f"jax-{processor_key()}"
    options.update("jax_compilation_cache_dir", str(path))
    options.update("jax_compilation_cache_max_size", CACHE_BYTES)
    options.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def cache_directory() -> Path | None:
    """Where what can be made again is kept between runs; None for a user without a home.

    `$XDG_CACHE_HOME/lstmcast`, or `~/.cache/lstmcast`.
    """
    if home := os.environ.get("XDG_CACHE_HOME"):
        return Path(home) / "lstmcast"
    with suppress(RuntimeError):
        return Path.home() / ".cache" / "lstmcast"
    return None


def sees_gpu(training: Training) -> bool:
    """Whether the backend, loaded by `load_keras`, computes on a GPU."""
    if training.backend == "jax":
        import jax

        return bool(jax.default_backend() == "gpu")
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def _no_gpu(backend: str) -> ResourceError:
    return ResourceError(
        f"training.device is gpu, but {backend} finds none. Check the driver and the package "
        "(pip install 'lstmcast[gpu]' for TensorFlow), or set training.device to auto."
    )
