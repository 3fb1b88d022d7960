import math

import pytest

from lstmcast.reporting.wording import (
    count,
    epochs_trained,
    format_number,
    listing,
    members_named,
    short_time,
    shorten,
    step_length,
    utc_moment,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.5, "0.5000"),
        (1, "1.000"),
        (26.496, "26.50"),
        (-0.88123, "-0.8812"),
        (999.96, "1,000"),
        (9.99996, "10.00"),
        (1234.5678, "1,235"),
        (123456.7, "123,457"),
        (0.00012345, "0.0001234"),
        (0.000012345, "1.234e-05"),
        (1.5e12, "1.500e+12"),
    ],
)
def test_a_number_has_four_significant_digits(value, text):
    assert format_number(value) == text


def test_the_number_of_digits_may_be_chosen():
    assert format_number(2.345, digits=2) == "2.3"


@pytest.mark.parametrize(
    ("freq", "text"),
    [
        ("h", "1 hour"),
        ("15min", "15 minutes"),
        ("W-SAT", "1 week"),
        ("2MS", "2 months"),
        ("QS-OCT", "1 quarter"),
        ("bh", "bh"),
        ("1D12h", "1D12h"),
    ],
)
def test_a_step_is_said_in_words(freq, text):
    assert step_length(freq) == text


def test_long_names_lose_their_middle():
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert shorten("abcdefghijk", 10) == "abcde…hijk"


def test_long_lists_are_cut():
    assert listing(["a", "b", "c"], most=3) == "a, b, c"
    assert listing(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


def test_nouns_are_counted():
    assert [count(1, "window"), count(2000, "window")] == ["1 window", "2,000 windows"]


@pytest.mark.parametrize(
    ("time", "short"),
    [
        ("2001-12-29T00:00:00.000000", "2001-12-29"),
        ("2001-12-29T08:00:00.000000", "2001-12-29 08:00"),
        ("2001-12-29 08:30:15", "2001-12-29 08:30:15"),
    ],
)
def test_a_time_is_shown_without_its_zeros(time: str, short: str) -> None:
    assert short_time(time) == short


def test_a_stamp_says_that_it_is_in_utc() -> None:
    assert utc_moment("2026-01-31T12:00:07Z") == "2026-01-31 12:00:07 UTC"


def test_the_epochs_of_a_network_and_of_the_members_of_an_ensemble():
    metrics = {"epochs": 12, "best_epoch": 9}
    assert epochs_trained(metrics) == "12, the best was 9"
    members = {"seeds": [7, 8, 9], "epochs": [12, 15, 11], "best_epoch": [9, 9, 9]}
    ensemble = {**metrics, "members": members}
    assert epochs_trained(ensemble) == "11 to 15 a member, the best was 9"
    assert members_named(ensemble) == "3 members of seeds 7 to 9"
