from pathlib import Path

import pandas as pd
import pytest

from lstmcast.config.schema import CsvFormat
from lstmcast.data.inspection.sniffing import sniff_format, words_for_missing
from lstmcast.data.reading.sources import Source
from tests.builders import write_text


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("a,b\n1,2.5\n", "utf-8", {}),
        ("a;b\n1;2,5\n", "utf-8", {"delimiter": ";", "decimal": ","}),
        ("a;b\n1;1.234,5\n", "utf-8", {"delimiter": ";", "decimal": ",", "thousands": "."}),
        ("a\tb\n1,5\t2.5\n", "utf-8", {"delimiter": "\t"}),
        ("a|b\n1|é\n", "latin-1", {"delimiter": "|", "encoding": "cp1252"}),
        ("a,b\n1,2\n", "utf-16", {"encoding": "utf-16"}),
        ('a,b\n"x;y;z",2\n', "utf-8", {}),
    ],
)
def test_how_a_file_is_written_is_sniffed(
    tmp_path: Path, text: str, encoding: str, expected: dict[str, str]
) -> None:
    file = write_text(tmp_path / "data.csv", text, encoding=encoding)
    assert sniff_format(Source(str(file), file)) == CsvFormat(**expected)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1", "2", "?", "-", None], ["?", "-"]),
        (["1", "2", "a"], []),
        (["1", "?", "?", "?"], []),
    ],
)
def test_words_for_missing_stand_among_mostly_numbers(
    values: list[str | None], words: list[str]
) -> None:
    assert words_for_missing(pd.Series(values, dtype="str")) == words
