"""A YAML file or a mapping becomes a `Config`, with every problem in one error."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lstmcast.config.checks import findings
from lstmcast.config.draft import FROM_OVERRIDE, OVERRIDE, Draft, leaf_sources
from lstmcast.config.fields import locate
from lstmcast.config.hints import did_you_mean, near
from lstmcast.config.locations import Location, remove
from lstmcast.config.overrides import apply_overrides
from lstmcast.config.problems import in_file_order, problem_at, problems_of
from lstmcast.config.rendering import annotated_yaml, to_yaml
from lstmcast.config.schema import Config
from lstmcast.config.yaml_document import MAX_BYTES, parse_document
from lstmcast.errors import ConfigError, Problem

# Stand in for columns that are missing or wrong, so that the rest can still be judged.
_STAND_IN = {"time": "time", "target": "target"}


@dataclass(frozen=True)
class LoadedConfig:
    """A valid config and where its values came from.

    Attributes:
        config: Every field, defaults filled in, `data.path` absolute.
        sources: For each dotted leaf `default`, `--set`, a file and line such as `co2.yaml:12`,
            or `given` for a mapping in Python.
        file: The YAML file, as it was named; None without one.
    """

    config: Config
    sources: dict[str, str]
    file: str | None = None


def load_config(path: Path | str, *, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Read a YAML file.

    Args:
        path: The file. A relative `data.path` in it starts from its directory.
        overrides: Each `a.b=value`, as `--set` takes them; a relative `data.path` among them
            starts from the working directory.

    Raises:
        ConfigError: If the file cannot be read, or anything in it or in the overrides is wrong.
            A file must hold `data.path`; null says that the data are handed over in Python.
    """
    path, file = Path(path), str(path)
    document = parse_document(_read(path), file=file)
    draft, problems = apply_overrides(Draft.from_document(document, file=path.name), overrides)
    problems += document.problems
    data = draft.values.get("data")
    if data is None or (isinstance(data, dict) and "path" not in data):
        message = "is missing. A file, a glob or a list of them; `-` reads standard input."
        problems.append(problem_at(("data", "path"), message, draft))
    return _validated(draft.with_absolute_paths(path.parent), problems, file=file)


def config_from_mapping(
    values: Mapping[str, Any], *, overrides: Sequence[str] = (), base: Path | None = None
) -> LoadedConfig:
    """Make a config of values in Python.

    Args:
        values: As the YAML would hold them.
        overrides: Each `a.b=value`.
        base: Directory that a relative `data.path` starts from; None is the working directory.

    Raises:
        ConfigError: If anything in the values or in the overrides is wrong.
    """
    draft, problems = apply_overrides(Draft.from_mapping(values), overrides)
    return _validated(draft.with_absolute_paths(base or Path.cwd()), problems)


@contextmanager
def placed(loaded: LoadedConfig) -> Iterator[None]:
    """Say where a field stands, if what is done with a config shows that it is wrong.

    Whether there is a frequency of that name, or a time at which to cut, is not told by the file
    alone.
    """
    try:
        yield
    except ConfigError as error:
        if error.file is not None or not all(problem.path for problem in error.problems):
            raise
        problems = [_placed(problem, loaded.sources) for problem in error.problems]
        raise ConfigError(problems, file=loaded.file) from error


def _placed(problem: Problem, sources: Mapping[str, str]) -> Problem:
    """A problem with its line, where one is known of its field or of one inside it."""
    labels = [
        label
        for path, label in sources.items()
        if path == problem.path or path.startswith(f"{problem.path}.")
    ]
    if OVERRIDE in labels:
        return replace(problem, message=f"{problem.message} {FROM_OVERRIDE}")
    lines = [int(label.rpartition(":")[2]) for label in labels if ":" in label]
    return replace(problem, line=min(lines, default=None))


def dump_config(config: Config) -> str:
    """The whole config as YAML, in the order of the schema; loading it gives an equal config."""
    return to_yaml(config)


def show_config(loaded: LoadedConfig) -> str:
    """The whole config as YAML, each value followed by a comment that says where it came from."""
    return annotated_yaml(loaded.config, loaded.sources)


def config_to_json(loaded: LoadedConfig) -> dict[str, Any]:
    """The whole config and its sources as plain JSON values."""
    config = loaded.config.model_dump(mode="json")
    return {"file": loaded.file, "config": config, "sources": dict(loaded.sources)}


def _validated(
    draft: Draft, problems: Iterable[Problem], *, file: str | None = None
) -> LoadedConfig:
    """The config of a draft, or one error with everything that is wrong."""
    config, found = _judge(draft)
    found += problems
    if found or config is None:
        raise ConfigError(in_file_order(dict.fromkeys(found)), file=file)
    return LoadedConfig(config, leaf_sources(config, draft), file)


def _judge(draft: Draft) -> tuple[Config | None, list[Problem]]:
    try:
        config = Config.model_validate(draft.values)
    except ValidationError as error:
        mended, wrong = _mended(draft.values, error)
        between = [] if mended is None else _problems_between(mended, draft, wrong)
        return None, problems_of(error, draft) + between
    return config, _problems_between(config, draft, set())


def _mended(
    values: Mapping[str, Any], error: ValidationError
) -> tuple[Config | None, set[Location]]:
    """The config without what is wrong in it, so that the rest can still be judged.

    Returns:
        The config, None where nothing helps, and the fields that were taken out of it.
    """
    mended, wrong = copy.deepcopy(dict(values)), set[Location]()
    while True:
        before = copy.deepcopy(mended)
        for entry in error.errors():
            location, _ = locate(entry["loc"])
            unknown = entry["type"] == "extra_forbidden"
            place = location if unknown else location[:2]
            remove(mended, place)
            wrong |= set() if unknown else {place}
        mended["data"] = {**_STAND_IN, **(mended.get("data") or {})}
        try:
            return Config.model_validate(mended), wrong
        except ValidationError as again:
            if mended == before:
                return None, wrong
            error = again


def _problems_between(config: Config, draft: Draft, wrong: Collection[Location]) -> list[Problem]:
    return [
        problem_at(finding.location, finding.message, draft, hint=finding.hint)
        for finding in findings(config, wrong=wrong)
    ]


def _read(path: Path) -> str:
    """The text of a file, never more than a config may hold.

    Raises:
        ConfigError: If there is no such file, or it is not a readable text.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(_no_such_file(path), file=file) from None
    except IsADirectoryError:
        raise ConfigError("is a directory. Name the YAML file in it.", file=file) from None
    except PermissionError:
        raise ConfigError("may not be read. Change its permissions.", file=file) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}.", file=file) from error
    if len(content) > MAX_BYTES:
        message = f"must be a YAML file of at most {MAX_BYTES // 1024} KiB."
        raise ConfigError(message, file=file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8. Save it in that encoding."
        raise ConfigError([Problem("", message, line)], file=file) from None


def _no_such_file(path: Path) -> str:
    siblings = path.parent.glob("*.y*ml") if path.parent.is_dir() else ()
    closest = near(path.name, (sibling.name for sibling in siblings))
    hint = did_you_mean(str(path.with_name(closest))) if closest else None
    return f"no such file. {hint or '`lstmcast init` writes a config to start from.'}"
