"""What a command works on where it takes a config or a run: a YAML file, or what a run keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstmcast.errors import ConfigError

if TYPE_CHECKING:
    from lstmcast.config.loading import LoadedConfig
    from lstmcast.config.schema import Config
    from lstmcast.runtime.bundle import Bundle


def find_source(
    name: str, runs_dir: Path, overrides: Sequence[str]
) -> tuple[LoadedConfig, Bundle | None]:
    """The config of a file, or that of a run (of no file) and the run, verified.

    Raises:
        ConfigError: If the config is wrong, or fields of a run's are to be overridden.
        BundleError: If the name is that of no file and no run, or the run is damaged.
    """
    from lstmcast.config.loading import LoadedConfig, load_config

    path = Path(name)
    if path.is_file() or path.suffix in (".yaml", ".yml"):
        return load_config(path, overrides=overrides), None
    from lstmcast.runtime.bundle import load_bundle
    from lstmcast.runtime.runs import find_run

    bundle = load_bundle(find_run(name, runs_dir))
    if overrides:
        raise ConfigError(
            f"--set: a run is taken as it was trained. Give the config: {bundle.path}/config.yaml."
        )
    return LoadedConfig(bundle.config, {}), bundle


def with_data(config: Config, data: str | None) -> Config:
    """The config with other data, where they are named.

    Raises:
        ConfigError: If none are known: they were handed over in Python.
    """
    if data is not None:
        section = config.data.model_copy(update={"path": data})
        return config.model_copy(update={"data": section})
    if config.data.path is None:
        raise ConfigError(
            "data.path is null: the data were handed over in Python. Name the file with --data."
        )
    return config
