"""The config as JSON Schema, for editors (yaml-language-server) and other tools."""

from __future__ import annotations

from typing import Any

from lstmcast.config.schema import DEFAULT_TYPES, SECTIONS, Config

_COVARIATES = ("past_covariates", "future_covariates", "static_covariates")


def config_json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of the YAML file, shorthand included."""
    schema = Config.model_json_schema()
    definitions = schema["$defs"]
    for role in _COVARIATES:
        _allow_names(definitions["Data"]["properties"][role])
    for section, default in DEFAULT_TYPES.items():
        _allow_no_type(schema["properties"][section], definitions, default)
    for section in SECTIONS:
        schema["properties"][section] = _or_null(schema["properties"][section])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lstmcast config",
        **{name: value for name, value in schema.items() if name != "title"},
    }


def _allow_names(field: dict[str, Any]) -> None:
    """Take `[price]` for `[{column: price}]`."""
    field["items"] = {"anyOf": [{"type": "string", "minLength": 1}, field["items"]]}


def _allow_no_type(field: dict[str, Any], definitions: dict[str, Any], default: str) -> None:
    """Let only the default section go without its `type`, so that exactly one fits."""
    mapping = field.pop("discriminator")["mapping"]
    for kind, reference in mapping.items():
        if kind != default:
            definition = definitions[reference.rsplit("/", 1)[-1]]
            definition["required"] = ["type", *definition.get("required", [])]


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    """An empty section (`training:` with all its lines commented out) is null in YAML."""
    said = {name: value for name, value in field.items() if name in ("default", "description")}
    rest = {name: value for name, value in field.items() if name not in said}
    return {**said, "anyOf": [rest, {"type": "null"}]}
