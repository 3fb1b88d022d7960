import pytest

from lstmcast.data.times.formats import fitting_formats


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["31.12.2020", "1.1.2021"], ["%d.%m.%Y"]),
        (["Jan 2020"], ["%b %Y"]),
        (["202001", "202012"], ["%Y%m"]),
        (["31/12/2020 1:00 PM"], ["%d/%m/%Y %I:%M %p"]),
        (["nothing"], []),
        ([], []),
    ],
)
def test_formats_that_fit_are_found(texts: list[str], expected: list[str]) -> None:
    assert fitting_formats(texts) == expected
