import numpy as np

from lstmcast.data.encoding import encode, fit_vocabulary, one_hot

LEVELS = ("dry", "rain", "snow")


def codes(*values):
    return np.array(values, dtype=np.int32)


def test_the_vocabulary_holds_the_levels_that_occur_sorted_and_no_missing_one():
    assert fit_vocabulary(codes(2, 0, -1, 2), LEVELS) == ("dry", "snow")
    assert fit_vocabulary(codes(-1, -1), LEVELS) == ()
    assert fit_vocabulary(codes(), LEVELS) == ()


def test_ids_count_from_one_and_zero_is_unknown_or_missing():
    assert encode(codes(0, 1, 2, -1), LEVELS, ("dry", "snow")).tolist() == [1, 0, 2, 0]
    assert encode(codes(0, -1), ("fog",), ("dry", "snow")).tolist() == [0, 0]
    assert encode(codes(-1), (), ("dry",)).tolist() == [0]
    assert encode(codes(0), LEVELS, ()).tolist() == [0]


def test_the_id_of_a_level_does_not_depend_on_the_codes_of_the_file():
    other = ("snow", "fog", "dry")
    assert encode(codes(0, 2), other, ("dry", "snow")).tolist() == [2, 1]


def test_one_hot_has_a_column_for_each_level_and_zeros_for_an_unknown_one():
    columns = dict(one_hot(codes(1, 0, 2), "weather", ("dry", "snow")))
    assert {name: values.tolist() for name, values in columns.items()} == {
        "weather=dry": [1, 0, 0],
        "weather=snow": [0, 0, 1],
    }
