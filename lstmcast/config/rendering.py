"""A config as YAML text that reads back as the same config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from lstmcast.config.locations import dotted
from lstmcast.config.schema import Config
from lstmcast.config.yaml_document import parse_document, resolve_scalar

# Comments stand in one column, as far as the values leave room for it.
_WIDEST = 60


def to_yaml(config: Config) -> str:
    """The whole config in the order of the schema, lists of scalars on one line."""
    values = _type_first(config.model_dump(mode="json"))
    return yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")
    )


def annotated_yaml(config: Config, sources: Mapping[str, str]) -> str:
    """The same with a comment behind each leaf.

    Args:
        config: The config.
        sources: The comment for each dotted leaf.
    """
    text = to_yaml(config)
    comments = {
        line: sources[dotted(location)]
        for location, line in parse_document(text).lines.items()
        if dotted(location) in sources
    }
    lines = text.splitlines()
    widths = [len(lines[number - 1]) for number in comments]
    column = max((width for width in widths if width <= _WIDEST), default=0)
    for number, comment in comments.items():
        lines[number - 1] = f"{lines[number - 1]:<{column}}  # {comment}"
    return "\n".join(lines) + "\n"


def _type_first(values: Any) -> Any:
    """Put the `type` that chooses a section above what it chose."""
    if isinstance(values, list):
        return [_type_first(item) for item in values]
    if not isinstance(values, dict):
        return values
    head = {"type": values["type"]} if "type" in values and "column" not in values else {}
    return {**head, **{name: _type_first(value) for name, value in values.items()}}


class _Dumper(yaml.SafeDumper):
    """Writes strings so that both YAML 1.1 and YAML 1.2 read them as strings."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML quotes what YAML 1.1 would misread; `1e5` is a number in YAML 1.2 only. A quoted
    # string on one line leaves room for a comment behind it.
    style = '"' if not text.isprintable() or not isinstance(resolve_scalar(text), str) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    flow = not any(isinstance(item, dict) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flow)


_Dumper.add_representer(str, _represent_string)
_Dumper.add_representer(list, _represent_list)
