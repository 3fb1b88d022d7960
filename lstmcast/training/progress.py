"""What a fit tells while it runs, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lstmcast.training.kernels import Kernel


@dataclass(frozen=True)
class Plan:
    """What a fit is about to do.

    Attributes:
        epochs: How many there can be.
        batches: How many each has.
        kernel: What the recurrent layers run on.
        memory: Bytes that it needs beside the data and the libraries, about.
        seed: What the first weights, the shuffling and the dropout follow from.
        member: Which of the networks that are fitted it is, from 0: the members of an ensemble, or
            those of each series.
        members: How many these are; 1 for a network alone.
        series: Id of the series that the network is of; None for one of all.
        done: Epochs that the same fit had done before it was interrupted.
        done_batches: Batches that it had done of the next epoch.
    """

    epochs: int
    batches: int
    kernel: Kernel
    memory: int
    seed: int
    member: int = 0
    members: int = 1
    series: str | None = None
    done: int = 0
    done_batches: int = 0


@dataclass(frozen=True)
class EpochRow:
    """One line of the training history.

    Attributes:
        epoch: From 1.
        loss: Mean training loss of the windows in network units, penalties left out; each window
            as it was when its batch came, dropout included.
        val_loss: Mean loss of the validation windows after the epoch; None where there are none.
        learning_rate: That the epoch ran with.
        seconds: Wall time, validation included.
    """

    epoch: int
    loss: float
    val_loss: float | None
    learning_rate: float
    seconds: float


class Progress(Protocol):
    """Follows a fit, or those of an ensemble's members, one after the other.

    The methods are called in the thread that trains, so they must be quick.
    """

    def fit_begins(self, plan: Plan) -> None:
        """Before the first epoch."""

    def batches_done(self, batches: int) -> None:
        """So many batches of the running epoch are done; called every few batches."""

    def epoch_done(self, row: EpochRow) -> None:
        """An epoch and its validation are done."""

    def fit_ends(self) -> None:
        """After the last epoch, also where the fit ends in an error."""


class SilentProgress:
    """Tells nobody."""

    def fit_begins(self, plan: Plan) -> None:
        """Nothing."""

    def batches_done(self, batches: int) -> None:
        """Nothing."""

    def epoch_done(self, row: EpochRow) -> None:
        """Nothing."""

    def fit_ends(self) -> None:
        """Nothing."""
