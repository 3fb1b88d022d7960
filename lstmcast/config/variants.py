"""A config with some fields changed, as a search changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.locations import Location, read_dotted
from lstmcast.config.overrides import assign, resolve
from lstmcast.config.schema import DEFAULT_TYPES, Config
from lstmcast.errors import ConfigError, Problem


def find_field(path: str, config: Config) -> Location:
    """The field that a dotted path means.

    Raises:
        ConfigError: If there is no such field.
    """
    parts, rest = read_dotted(path)
    if not parts or rest:
        raise ConfigError([Problem(path, "is not a dotted path such as model.units.")])
    return resolve(parts, config.model_dump(mode="json"))


def vary(config: Config, changes: Mapping[str, Any]) -> Config:
    """A config with other values at some dotted paths.

    What the config does not say itself follows its defaults again. Where the `type` of a section
    changes, the section's other fields are those of the new type: its defaults, and what `changes`
    says of them.

    Raises:
        ConfigError: If a path is not a field, or what comes of it is not a valid config.
    """
    values = config.model_dump(mode="json", exclude_unset=True)
    for section in DEFAULT_TYPES:
        kind = changes.get(f"{section}.type")
        if kind is not None and kind != getattr(config, section).type:
            values[section] = {}
    for path, value in changes.items():
        assign(values, find_field(path, config), value)
    return config_from_mapping(values).config
