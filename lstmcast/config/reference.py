"""The page that describes every field, made from the fields themselves.

`python -m lstmcast.config.reference > docs/configuration.md` writes it anew.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from lstmcast.config.base import Section
from lstmcast.config.fields import annotation_of, describe, section_type, shape_of
from lstmcast.config.schema import Config

_HEAD = """# The config, field by field

Made by `python -m lstmcast.config.reference`; do not edit. A field without a default must be given.
`--set section.field=value` overrides any of them; `lstmcast config show config.yaml` prints what a
config comes to and where each value came from.
"""


def reference_page() -> str:
    """The page, Markdown."""
    return "\n".join([_HEAD, *_tables(Config, "")])


def _tables(section: type[Section], path: str) -> Iterator[str]:
    """The table of a section's fields, then those of the sections in it."""
    kind = section_type(section)
    title = f"`{path}`" if path else "Top level"
    yield f"## {title}" + (f" of `type: {kind}`" if kind else "") + "\n"
    yield f"{inspect.cleandoc(section.__doc__ or '')}\n"
    yield "| field | default | takes | what it does |\n|---|---|---|---|"
    for name, field in section.model_fields.items():
        if name == "type" and kind:  # the heading says it
            continue
        takes = describe(annotation_of(field)).replace("|", "\\|")
        yield f"| `{name}` | {_default(field)} | {takes} | {field.description or ''} |"
    yield ""
    for name, field in section.model_fields.items():
        shape = shape_of(annotation_of(field))
        nested = [
            *shape.sections,
            *shape_of(shape.items).sections,
            *shape_of(shape.values).sections,
        ]
        for below in nested:
            yield from _tables(below, f"{path}.{name}".lstrip("."))


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**required**"
    if isinstance(field.default, Section):
        return "see below"
    return f"`{json.dumps(field.default)}`"


if __name__ == "__main__":
    print(reference_page(), end="")
