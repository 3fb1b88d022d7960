from __future__ import annotations

import pytest

from lstmcast.interrupts import ask_to_end, end_if_asked


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
