from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from lstmcast.cli.output import Console, coloured, print_json, show_path, text_table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"r2": float("nan")})


def test_an_answer_is_either_text_or_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    Console("models").answer("lstm", models=["lstm"])
    assert capsys.readouterr().out == "lstm\n"
    Console("models", as_json=True).answer("lstm", models=["lstm"])
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "command": "models",
        "status": "ok",
        "models": ["lstm"],
    }


@pytest.mark.parametrize("console", [Console("x", quiet=True), Console("x", as_json=True)])
def test_hints_keep_silent_but_warnings_do_not(
    console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    console.suggest("lstmcast predict latest", "forecast")
    console.warn(["the split is empty"])
    captured = capsys.readouterr()
    assert captured.err == "warning: the split is empty\n"
    assert captured.out == ""


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured("error:", "red", Terminal()) == "\x1b[31merror:\x1b[0m"
    assert coloured("error:", "red", io.StringIO()) == "error:"
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("error:", "red", Terminal()) == "error:"


def test_a_path_is_shown_the_shorter_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert show_path(tmp_path / "runs" / "a") == str(Path("runs/a"))
    assert show_path(Path("/a")) == str(Path("/a"))


def test_table_columns_are_aligned() -> None:
    table = text_table(("run", "MASE"), [("a", "0.5"), ("long", "12.25")], right="lr")
    assert table == "run    MASE\na       0.5\nlong  12.25"


def test_a_table_may_have_no_rows() -> None:
    assert text_table(("run", "MASE"), []) == "run  MASE"
