from __future__ import annotations

import pytest

from lstmcast.interrupts import ask_to_end, end_if_asked, is_asked, waiting, waits


def test_what_was_left_is_raised_until_it_is_taken_back() -> None:
    end_if_asked()
    ask_to_end(KeyboardInterrupt)
    try:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                end_if_asked()
    finally:
        ask_to_end(None)
    end_if_asked()


def test_a_request_waits_for_whoever_looks_and_for_the_end_at_the_latest() -> None:
    assert not waits()
    try:
        with pytest.raises(KeyboardInterrupt), waiting():
            assert waits()
            ask_to_end(KeyboardInterrupt)
            reached = is_asked()
        assert reached
        assert not waits()
    finally:
        ask_to_end(None)
