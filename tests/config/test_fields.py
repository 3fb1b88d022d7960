"""What the models say about a location, in words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from lstmcast.config.fields import all_fields, describe, locate
from lstmcast.config.locations import Location
from lstmcast.config.schema import Config, Rolling, Training


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "an integer"),
        (Annotated[int, Field(ge=1)], "an integer of at least 1"),
        (Annotated[float, Field(gt=0, lt=1)], "a number above 0 and below 1"),
        (str | None, "a string or null"),
        (str | list[str], "a string or a list of strings"),
        (float | int | str | None, "a number, an integer, a string or null"),
        (Literal["a", "b"], "one of a, b"),
        (bool | Literal["auto"], "true, false or auto"),
        (list[Literal["a", "b"]], "a list of values out of a, b"),
        (Annotated[list[int], Field(min_length=1)], "a non-empty list of integers"),
        (
            list[Annotated[list[str], Field(min_length=2, max_length=2)]],
            "a list of lists of 2 strings",
        ),
        (dict[str, list[int]], "a mapping from columns to lists of integers"),
        (dict[str, Rolling], "a mapping from columns to mappings of fields"),
        (Training, "a mapping of fields"),
        (Annotated[str, Field(min_length=1, max_length=1)], "a string of one character"),
        (Annotated[str, Field(min_length=1)], "a string that is not empty"),
        (Annotated[str, Field(pattern="^a$")], "a string that matches ^a$"),
    ],
)
def test_an_annotation_is_described_in_words(annotation: Any, words: str) -> None:
    assert describe(annotation) == words


def test_every_field_can_be_described() -> None:
    for location in all_fields():
        assert describe(locate(location)[1])


def test_every_field_has_a_description() -> None:
    def without(schema: dict[str, Any]) -> list[str]:
        # pydantic leaves out a description that is that of the section itself.
        fields = schema["properties"].items()
        return [name for name, field in fields if not {"description", "$ref"} & set(field)]

    schema = Config.model_json_schema()
    for name, section in {"Config": schema, **schema["$defs"]}.items():
        missing = [field for field in without(section) if field != "type"]
        assert not missing, f"{name}: {missing}"


@pytest.mark.parametrize(
    ("loc", "location"),
    [
        (("model", "lstm", "units", 0), ("model", "units", 0)),
        (("model", "units"), ("model", "units")),
        (("data", "target", "list[str]", 1), ("data", "target")),
        (("data", "past_covariates", 0, "column"), ("data", "past_covariates", 0, "column")),
        (
            ("training", "steps_per_execution", "constrained-int"),
            ("training", "steps_per_execution"),
        ),
        (("training", "early_stopping", "patience"), ("training", "early_stopping", "patience")),
        (("features", "lags", "price", 0), ("features", "lags", "price", 0)),
        (("features", "rolling", "price", "window"), ("features", "rolling", "price", "window")),
        (("nonsense",), ("nonsense",)),
    ],
)
def test_the_parts_that_pydantic_adds_are_dropped(
    loc: tuple[str | int, ...], location: Location
) -> None:
    assert locate(loc)[0] == location
