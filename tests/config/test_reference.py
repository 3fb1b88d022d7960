from pathlib import Path

from lstmcast.config.reference import reference_page


def test_the_page_of_fields_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert page.read_text(encoding="utf-8") == reference_page(), (
        "run: python -m lstmcast.config.reference > docs/configuration.md"
    )


def test_every_field_is_described():
    rows = [line for line in reference_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert all(row.split(" | ")[-1].rstrip(" |") for row in rows)
