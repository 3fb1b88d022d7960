"""`seq2seq`: an LSTM encoder reads the lookback, an LSTM decoder the horizon."""

from __future__ import annotations

from typing import Literal

from lstmcast.models.parameters import RecurrentParameters


class Parameters(RecurrentParameters):
    """Encoder-decoder; the decoder reads the future covariates step by step."""

    type: Literal["seq2seq"] = "seq2seq"
