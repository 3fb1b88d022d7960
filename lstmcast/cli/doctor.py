"""`lstmcast doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lstmcast.cli.options import RUNS_DIR, AsJson, Overrides, Quiet
from lstmcast.cli.output import Console, coloured_state
from lstmcast.machine import megabytes

if TYPE_CHECKING:
    from lstmcast.cli.environment import Environment
    from lstmcast.config.schema import Config
    from lstmcast.data.dataset import Dataset
    from lstmcast.training.kernels import Kernel

_LOW_DISK = 1_000_000_000
PROBLEM_EXIT = 1


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        state: `ok`, a `note` (works, but not as well as it could), or a `problem`.
        name: What was looked at.
        says: What was found, what it means, and what to do.
    """

    state: Literal["ok", "note", "problem"]
    name: str
    says: str


def doctor(
    config: Annotated[
        Path | None, typer.Argument(help="Also say which kernel this config will run on.")
    ] = None,
    overrides: Overrides = None,
    *,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check the installation and the machine.

    Tells the versions, the backends and their devices, and whether networks can be exported. For a
    config, which kernel will run and why not a faster one, whether XLA compiles it, and the memory
    that the training takes. Exits with 1 on a problem.

    \b
    lstmcast doctor
    lstmcast doctor config.yaml
    """
    from lstmcast.cli.environment import look_around

    console = Console("doctor", as_json=as_json, quiet=quiet)
    loaded = _load(config, overrides)
    console.note("Loading each backend once …")
    environment = look_around(RUNS_DIR if loaded is None else Path(loaded.runs_dir))
    checks = list(_checks(environment))
    fields = {}
    if loaded is not None:
        dataset, trouble = _dataset(loaded)
        kernel = _kernel(loaded, environment, dataset)
        checks += [
            _kernel_check(kernel),
            *_faster_backend(loaded, environment),
            _memory_check(loaded, dataset, trouble, kernel, environment.memory),
        ]
        fields["kernel"] = asdict(kernel)
    problems = [check for check in checks if check.state == "problem"]
    outcome = {"status": "error", "exit_code": PROBLEM_EXIT} if problems else {}
    console.answer(
        _text(checks),
        **outcome,
        checks=[asdict(check) for check in checks],
        environment=environment.to_json(),
        **fields,
    )
    if problems:
        raise typer.Exit(PROBLEM_EXIT)
    console.suggest(f"lstmcast train {config or 'CONFIG'}", "all that it needs is there")


def _load(path: Path | None, overrides: list[str] | None) -> Config | None:
    from lstmcast.config.loading import load_config
    from lstmcast.errors import ConfigError

    if path is not None:
        return load_config(path, overrides=overrides or ()).config
    if overrides:
        raise ConfigError("--set goes with a CONFIG. Name the file.")
    return None


def _checks(environment: Environment) -> Iterator[Check]:
    from lstmcast.cli.environment import CORE, OPTIONAL

    yield Check("ok", "python", f"{environment.python} on {environment.system}")
    for name in CORE:
        yield _package(name, environment.packages[name])
    for name, purpose in OPTIONAL.items():
        version = environment.packages[name]
        yield Check("ok" if version else "note", name, version or f"not installed; for {purpose}")
    yield from _devices(environment)
    if environment.can_export:
        yield Check("ok", "export", "networks are written as ONNX; predict runs without Keras")
    else:
        yield Check("note", "export", "not possible: predict loads Keras, and takes seconds")
    yield _cpu(environment)
    yield _disk(environment.disk)


def _package(name: str, version: str | None) -> Check:
    if version:
        return Check("ok", name, version)
    return Check("problem", name, f"not installed. pip install {name}")


def _devices(environment: Environment) -> Iterator[Check]:
    for backend in environment.backends:
        if backend.error:
            message = f"does not load: {backend.error}. Install it again."
            yield Check("problem", f"{backend.name} devices", message)
        elif backend.has_gpu:
            yield Check("ok", f"{backend.name} devices", ", ".join(backend.devices))
        else:
            message = "CPU only: fine for small data; a GPU needs a driver and 'lstmcast[gpu]'"
            yield Check("note", f"{backend.name} devices", message)


def _cpu(environment: Environment) -> Check:
    memory = f", {environment.memory / 1e9:.0f} GB of memory" if environment.memory else ""
    return Check("ok", "machine", f"{environment.cpus} CPU cores{memory}")


def _disk(free: int | None) -> Check:
    if free is None:
        return Check("note", "disk", "how much is free where runs are kept is unknown")
    says = f"{free / 1e9:.1f} GB free where runs are kept"
    if free < _LOW_DISK:
        return Check("note", "disk", f"{says}: make room, or set runs_dir")
    return Check("ok", "disk", says)


def _dataset(config: Config) -> tuple[Dataset | None, str | None]:
    """The windows of a config, or why there are none."""
    from lstmcast.data.dataset import build_dataset, load_panel
    from lstmcast.errors import LstmcastError

    try:
        return build_dataset(config, load_panel(config)), None
    except LstmcastError as error:
        return None, str(error)


def _kernel(config: Config, environment: Environment, dataset: Dataset | None) -> Kernel:
    from lstmcast.training.kernels import kernel_of

    n_batches = None
    if dataset is not None:
        n_batches = -(-len(dataset.fitted_starts.train) // config.training.batch_size)
    has_gpu = any(
        backend.has_gpu
        for backend in environment.backends
        if backend.name == config.training.backend
    )
    return kernel_of(config, has_gpu=has_gpu, n_batches=n_batches)


def _kernel_check(kernel: Kernel) -> Check:
    why = f", because {'; '.join(kernel.reasons)}" if kernel.reasons else ""
    says = f"{kernel.says}{why}. XLA: {kernel.compilation}."
    return Check("note" if kernel.name == "generic" else "ok", "kernel", says)


def _faster_backend(config: Config, environment: Environment) -> Iterator[Check]:
    """What another backend would bring; which one a config uses is for its author to say."""
    if config.training.backend == "jax" or any(b.has_gpu for b in environment.backends):
        return
    says = "on a CPU, jax starts and trains small networks faster than tensorflow: "
    if environment.packages["jax"] is None:
        says += "pip install 'lstmcast[jax]', then "
    yield Check("note", "backend", f"{says}set training.backend to jax")


def _memory_check(
    config: Config,
    dataset: Dataset | None,
    trouble: str | None,
    kernel: Kernel,
    available: int | None,
) -> Check:
    from lstmcast.training.memory import fit_memory

    if dataset is None:
        return Check("note", "memory", f"not known, for the data cannot be read: {trouble}")
    arrays, starts = dataset.prepared.arrays, dataset.fitted_starts
    needed = fit_memory(config, arrays, starts, parts=kernel.parts)
    says = f"training needs about {megabytes(needed)} beside the data and the libraries"
    if available is not None and needed > available:
        return Check(
            "problem",
            "memory",
            f"{says}, and there are {megabytes(available)}: lower training.batch_size, "
            "window.lookback or model.units",
        )
    return Check("ok", "memory", says)


def _text(checks: list[Check]) -> str:
    width = max(len(check.name) for check in checks)
    return "\n".join(
        f"{coloured_state(check.state)}  {check.name.ljust(width)}  {check.says}"
        for check in checks
    )
