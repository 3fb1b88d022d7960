from lstmcast.cli.results import results_text

SCORES = {"model": {"mae": 2.0, "by_step": {"mae": [2.0]}}}


def text_of(n_series):
    worst = [{"name": f"s{i}", "windows": 1, "model": 9.0 - i} for i in range(n_series)]
    return results_text(
        {
            "metrics": {"test": SCORES},
            "windows": {"test": 3},
            "over_series": {"model": {"mae": {"mean": 4.5, "deviation": 1.0, "series": n_series}}},
            "worst_series": {"metric": "mae", "series": worst},
        }
    )


def test_a_panel_is_shown_with_averages_and_its_five_worst_series():
    text = text_of(8)
    assert "The same, averaged over the series" in text
    assert "worst by MAE" in text
    assert [line.split()[0] for line in text.splitlines() if line.startswith("s")] == [
        "s0", "s1", "s2", "s3", "s4"
    ]  # fmt: skip
    assert "4.500" in text


def test_a_panel_of_one_series_is_its_own_average():
    assert "averaged" not in text_of(1)
