"""How a fit went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from lstmcast.training.kernels import Kernel
from lstmcast.training.progress import EpochRow, Plan


@dataclass(frozen=True)
class History:
    """How a fit went.

    Attributes:
        rows: One for each epoch.
        best_epoch: From 1, the epoch whose weights the network has now: the one of the lowest
            validation loss where early stopping is on or the fit diverged, else the last.
        stopped: Whether early stopping ended it, the epochs ran out, or it diverged.
        seconds: Wall time of the whole fit; that of the first member holds the compilation.
        plan: What was to be done, and on which kernel.
        diverged: Where, and what the user can do; None of a fit that did not.
    """

    rows: tuple[EpochRow, ...]
    best_epoch: int
    stopped: Literal["early", "epochs", "diverged"]
    seconds: float
    plan: Plan
    diverged: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> History:
        """The inverse of `to_json`."""
        plan, kernel = values["plan"], values["plan"]["kernel"]
        kernel = Kernel(**{**kernel, "reasons": tuple(kernel["reasons"])})
        rows = tuple(EpochRow(**row) for row in values["rows"])
        return cls(**{**values, "rows": rows, "plan": Plan(**{**plan, "kernel": kernel})})
