"""YAML as a config means it: plain values, and the line that each stands on.

Scalars follow the YAML 1.2 core schema, not PyYAML's YAML 1.1, so that `1e-3` is a number, only
`true` and `false` are booleans (`no` and `on` are words), `012` is twelve, and `1:30` and dates
are strings. Mapping keys are names, so they are always text. Whatever could surprise is refused:
duplicate keys, merge keys, tags, several documents, files and nesting beyond any config's size.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from lstmcast.config.locations import Location, dotted
from lstmcast.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
MAX_VALUES = 20_000
MAX_DEPTH = 32

# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_SCALARS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"[-+]?[0-9]{1,4000}"), int),
    (re.compile(r"0o[0-7]{1,4000}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,4000}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (
        re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"),
        lambda text: float(text.replace(".", "")),
    ),
)

# An escape may write one of two code units that stand for a character together; nothing prints it.
_NO_TEXT = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values.

    Attributes:
        values: The mapping at the top; of a duplicate key, the first value.
        lines: Line, from 1, of each location: of its key, or of the item in a list.
        problems: What is wrong with keys, which does not keep the rest from being checked.
    """

    values: dict[str, Any]
    lines: dict[Location, int]
    problems: tuple[Problem, ...]


def parse_document(text: str, *, file: str | None = None) -> Document:
    """Read the YAML text of a config.

    Args:
        text: The whole file.
        file: Its name, for messages.

    Raises:
        ConfigError: If it is not one YAML mapping, or holds what a config has no use for.
    """
    try:
        if len(text.encode(errors="replace")) > MAX_BYTES:
            raise _refused(f"must be a YAML file of at most {MAX_BYTES // 1024} KiB.")
        return _build_document(_compose(text))
    except ConfigError as error:
        raise ConfigError(error.problems, file=file) from None
    except yaml.YAMLError as error:
        raise ConfigError([_syntax_problem(error, text)], file=file) from None


def parse_value(text: str) -> Any:
    """Read the value of a `--set`.

    Text that begins with a bracket, a brace or a quote is YAML; anything else is one scalar, as
    it stands, so that `*.csv`, `-` and `%Y-%m-%d` need no quotes of their own.

    Raises:
        ConfigError: If the YAML is wrong.
    """
    stripped = text.strip()
    if not stripped.startswith(("[", "{", '"', "'")):
        return resolve_scalar(stripped)
    builder = _Builder()
    try:
        value = builder.build(_compose(stripped), ())
    except yaml.YAMLError as error:
        raise ConfigError([_syntax_problem(error, stripped)]) from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return value


def resolve_scalar(text: str) -> Any:
    """The value of an unquoted scalar by the YAML 1.2 core schema."""
    for pattern, convert in _SCALARS:
        if pattern.fullmatch(text):
            return convert(text)
    return text


class _Loader(yaml.SafeLoader):
    """Composes nodes; refuses tags and nesting that would exhaust the stack."""

    depth = 0

    def next_event(self) -> yaml.Event:
        """The event to come, left where it is."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        return event

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.next_event()
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _refused(f"must not have tags. Received: {tag}.", event.start_mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _too_deep(event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _compose(text: str) -> yaml.Node:
    loader = _Loader(text)
    try:
        if not loader.check_node():
            raise _empty()
        node = loader.get_node()
        if loader.check_node():
            raise _refused(
                "must be one document. Remove the line `---` that begins a second one.",
                loader.next_event().start_mark,
            )
        return cast(yaml.Node, node)
    finally:
        loader.dispose()


def _build_document(top: yaml.Node) -> Document:
    builder = _Builder(of_file=True)
    values = builder.build(top, ())
    if values is None:
        raise _empty()
    if not isinstance(values, dict):
        message = (
            "must be a mapping of fields at the top, such as `data:`. For the data themselves, "
            "`lstmcast init --from FILE` writes a config."
        )
        raise _refused(message, top.start_mark)
    return Document(values, builder.lines, tuple(builder.problems))


@dataclass
class _Builder:
    """Turns nodes into values, aliases expanded, and notes the lines on the way.

    A command line may hold halves of characters: bytes of a file name that are no text.
    """

    of_file: bool = False
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def build(self, node: yaml.Node, location: Location) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise _refused(
                f"must hold at most {MAX_VALUES:,} values, aliases written out. Write the config "
                "without aliases.",
                node.start_mark,
            )
        # Reached through an alias that stands inside its own anchor, too.
        if len(location) > MAX_DEPTH:
            raise _too_deep(node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*location, i)) for i, item in enumerate(node.value)]
        if self.of_file:
            _refuse_no_text(node)
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return resolve_scalar(node.value) if plain else node.value

    def _item(self, node: yaml.Node, location: Location) -> Any:
        self.lines[location] = _line(node.start_mark)
        return self.build(node, location)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(key.start_mark)
            if self.of_file and isinstance(key, yaml.ScalarNode):
                _refuse_no_text(key)
            if not isinstance(key, yaml.ScalarNode):
                self._complain(location, line, "a key must be a name, not a list or a mapping.")
            elif key.value == "<<" and key.style is None:
                self._complain(
                    location, line, "merge keys (`<<`) are not read. Write the fields out."
                )
            elif key.value in values:
                place = (*location, key.value)
                self._complain(
                    place,
                    line,
                    f"stands twice, first on line {self.lines[place]}. Remove one of the two.",
                )
            else:
                self.lines[*location, key.value] = line
                values[key.value] = self.build(value, (*location, key.value))
        return values

    def _complain(self, location: Location, line: int, message: str) -> None:
        self.problems.append(Problem(dotted(location), message, line))


def _refuse_no_text(node: yaml.Node) -> None:
    if found := _NO_TEXT.search(node.value):
        message = f"holds U+{ord(found[0]):04X}, which is no character of a text."
        raise _refused(message, node.start_mark)


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _refused(message: str, mark: Any = None) -> ConfigError:
    return ConfigError([Problem("", message, None if mark is None else _line(mark))])


def _empty() -> ConfigError:
    return _refused(
        "is empty. Write at least data.path, data.time and data.target; "
        "`lstmcast init` writes a whole file."
    )


def _too_deep(mark: Any) -> ConfigError:
    return _refused(f"must not be nested more than {MAX_DEPTH} levels deep.", mark)


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem("", f"holds a control character, U+{int(error.character):04X}.", line)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return Problem("", f"is not YAML: {error}.")
    lines = text.splitlines()
    written = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return Problem("", "is indented by a tab. YAML takes spaces only.", _line(mark))
    said = [getattr(error, "context", None), getattr(error, "problem", None)]
    what = ", ".join(part for part in said if part)
    return Problem(
        "",
        f"is not YAML at column {mark.column + 1}: {what}.",
        _line(mark),
        "Text that holds `: `, or begins with one of @ % & * ! , needs quotes.",
    )
