from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstmcast.errors import ResourceError
from lstmcast.machine import available_cpus
from lstmcast.training import backend
from lstmcast.training.backend import load_keras
from lstmcast.training.kernels import MAX_PARTS
from tests.networks import BACKEND, make_config, make_network


def test_it_loads_the_backend_of_the_config_and_seeds_it() -> None:
    import keras

    training = make_config().training
    load_keras(training, seed=3)
    assert keras.config.backend() == BACKEND
    draws = [np.random.rand()]  # noqa: NPY002
    load_keras(training, seed=3)
    draws.append(np.random.rand())  # noqa: NPY002
    assert draws[0] == draws[1]


def test_it_sets_the_precision_of_the_networks_built_from_then_on() -> None:
    from tests.networks import PLAIN

    load_keras(make_config(precision="mixed_bfloat16").training, seed=0)
    try:
        network = make_network("lstm", PLAIN)
    finally:
        load_keras(make_config().training, seed=0)
    assert network.get_layer("lstm_0").compute_dtype == "bfloat16"


def test_another_backend_than_the_loaded_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"tensorflow": "jax", "jax": "tensorflow"}[BACKEND]
    load_keras(make_config().training, seed=0)
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda name: object())
    with pytest.raises(ResourceError, match=f"already loaded on {BACKEND}.*Start a new process"):
        load_keras(make_config(backend=other).training, seed=0)


def test_a_backend_that_is_not_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=f"{BACKEND}, which is not installed. Install it"):
        load_keras(make_config().training, seed=0)


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_there(kind: str) -> list[object]:
        if BACKEND == "jax":
            raise RuntimeError(f"no {kind}")
        return []

    if BACKEND == "jax":
        monkeypatch.setattr("jax.devices", none_there)
    else:
        monkeypatch.setattr("tensorflow.config.list_physical_devices", none_there)
    with pytest.raises(ResourceError, match=rf"device is gpu, but {BACKEND} finds none"):
        load_keras(make_config(device="gpu").training, seed=0)


def test_blocks_are_kept_between_the_steps_of_jax_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(backend, "keep_large_blocks", lambda: calls.append(True))
    load_keras(make_config().training, seed=0)
    assert len(calls) == (BACKEND == "jax")


@pytest.mark.slow
def test_a_backend_loads_no_other_and_jax_keeps_what_it_compiled(tmp_path: Path) -> None:
    other = {"tensorflow": "jax", "jax": "tensorflow"}[BACKEND]
    script = (
        "import sys\n"
        "from lstmcast.config.schema import Training\n"
        "from lstmcast.training.backend import load_keras\n"
        f"load_keras(Training(backend='{BACKEND}'), seed=3)\n"
        "import keras\n"
        "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        f"print('{other}' in sys.modules)\n"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"]
    assert bool(list(tmp_path.glob("lstmcast/jax-*/*"))) == (BACKEND == "jax")


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert backend.cache_directory() is None


@pytest.mark.skipif(BACKEND != "jax", reason="of JAX")
@pytest.mark.parametrize("said", ["", "1", "3"])
def test_the_cores_are_devices_unless_the_user_has_said_how_many(said: str) -> None:
    code = (
        "import sys; from lstmcast.config.schema import Training; "
        "from lstmcast.training.backend import load_keras; "
        "load_keras(Training(backend='jax'), seed=0); import jax; sys.exit(len(jax.devices()))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "JAX_NUM_CPU_DEVICES"}
    if said:
        environment["JAX_NUM_CPU_DEVICES"] = said
    expected = int(said) if said else min(available_cpus(), MAX_PARTS)
    process = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert process.returncode == expected
