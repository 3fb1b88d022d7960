"""The form of `preparation.json`: the keys and the types that `Preparation.to_json` writes.

The file comes with a run, and may be anybody's, so nothing is made of it before it has this form.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_Number: TypeAlias = float | None
_Rows: TypeAlias = list[list[float]]
# As NumPy writes them; of others it takes some only with a warning.
_Time: TypeAlias = Annotated[str, Field(pattern=r"^-?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")]
_Date: TypeAlias = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


class _Column(_Form):
    name: str
    role: Literal["target", "past", "future", "static"]
    kind: Literal["number", "category", "label"]
    delay: Annotated[int, Field(ge=0)] = 0


class _Schema(_Form):
    time: Annotated[list[str], Field(min_length=1)]
    series: str | None
    columns: Annotated[list[_Column], Field(min_length=1)]
    freq: str
    season_length: Annotated[int, Field(ge=1)]
    tz: str | None = None


class _Cuts(_Form):
    series: list[str]
    times: list[list[_Time]]


class _Scaler(_Form):
    centre: _Rows
    scale: _Rows


class _Feature(_Form):
    name: str
    ahead: bool
    scaled: bool


class _Holidays(_Form):
    first: int
    last: int
    dates: list[_Date]


class _Preparation(_Form):
    schema_: Annotated[_Schema, Field(alias="schema")]
    series: list[str]
    cuts: _Cuts
    bounds: list[list[list[_Number]]]
    means: list[list[_Number]]
    indicators: list[str]
    vocabularies: dict[str, list[str]]
    exponents: list[_Number]
    target_scaler: _Scaler
    features: list[_Feature]
    feature_scaler: _Scaler
    static_scaler: _Scaler
    # Runs of earlier versions do not say.
    trained: list[str] = []
    holidays: _Holidays | None = None


def check_values(values: Any) -> None:
    """Refuse JSON values that are none of a preparation.

    Raises:
        ValueError: Naming the first place that is not as it is written.
    """
    try:
        _Preparation.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise ValueError(f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
