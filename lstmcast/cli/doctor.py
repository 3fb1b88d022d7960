"""`lstmcast doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lstmcast.cli.options import RUNS_DIR, AsJson, Overrides, Quiet
from lstmcast.cli.output import Console, coloured_state

if TYPE_CHECKING:
    from lstmcast.cli.environment import Environment
    from lstmcast.training.kernels import Kernel
    from lstmcast.config.schema import Config

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

    Tells the versions, the backends and their devices, whether networks can be exported, and for a
    config whether the fast cuDNN kernel will run, and if not, why. Exits with 1 on a problem.

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
        kernel = _kernel(loaded, environment)
        checks.append(_kernel_check(kernel))
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


def _disk(free: int) -> Check:
    says = f"{free / 1e9:.1f} GB free where runs are kept"
    if free < _LOW_DISK:
        return Check("note", "disk", f"{says}: make room, or set runs_dir")
    return Check("ok", "disk", says)


def _kernel(config: Config, environment: Environment) -> Kernel:
    from lstmcast.training.kernels import kernel_of

    backends = {backend.name: backend for backend in environment.backends}
    backend = backends.get(config.training.backend)
    return kernel_of(config, has_gpu=backend is not None and backend.has_gpu)


def _kernel_check(kernel: Kernel) -> Check:
    why = f", because {'; '.join(kernel.reasons)}" if kernel.reasons else ""
    says = f"{kernel.says}{why}. Compilation: {kernel.compilation}."
    return Check("note" if kernel.reasons else "ok", "kernel", says)


def _text(checks: list[Check]) -> str:
    width = max(len(check.name) for check in checks)
    return "\n".join(
        f"{coloured_state(check.state)}  {check.name.ljust(width)}  {check.says}"
        for check in checks
    )
