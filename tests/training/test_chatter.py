from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from lstmcast.training.chatter import captured_chatter


def test_everything_on_standard_error_is_captured() -> None:
    with captured_chatter() as chatter:
        os.write(2, b"from C++\n")
        print("from Python", file=sys.stderr)
        subprocess.run([sys.executable, "-c", "import os; os.write(2, b'from a child\\n')"])
        assert chatter.text == ""
    assert chatter.text.splitlines() == ["from C++", "from Python", "from a child"]


def test_the_stream_reaches_the_real_standard_error_and_nothing_else_does() -> None:
    code = (
        "import os, sys, warnings\n"
        "from lstmcast.training.chatter import captured_chatter\n"
        "with captured_chatter() as chatter:\n"
        "    os.write(2, b'hidden\\n'); warnings.warn('hidden too')\n"
        "    print('seen', file=chatter.stderr)\n"
        "print('after', file=sys.stderr)\n"
        "os.write(2, b'after\\n')\n"
        "assert 'hidden\\n' in chatter.text and 'UserWarning: hidden too' in chatter.text\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "seen\nafter\nafter\n")


def test_an_exception_passes_and_what_was_said_before_it_is_kept() -> None:
    before = sys.stderr
    with pytest.raises(ValueError, match="broken"), captured_chatter() as chatter:
        os.write(2, b"last words")
        raise ValueError("broken")
    assert chatter.text == "last words"
    assert sys.stderr is before


def test_a_replaced_standard_error_is_what_the_user_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = io.StringIO()
    monkeypatch.setattr(sys, "stderr", notebook)
    with captured_chatter() as chatter:
        print("hidden", file=sys.stderr)
        print("seen", file=chatter.stderr)
    print("after", file=sys.stderr)
    assert notebook.getvalue() == "seen\nafter\n"
    assert chatter.text == "hidden\n"


def test_a_stream_that_a_library_has_kept_still_works_afterwards(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with captured_chatter():
        kept = sys.stderr
    kept.write("later")
    kept.flush()
    assert capfd.readouterr().err == "later"


def test_bytes_that_are_no_text_do_not_break_the_capture() -> None:
    with captured_chatter() as chatter:
        os.write(2, b"\xff\xfe ok")
    assert chatter.text.endswith(" ok")
