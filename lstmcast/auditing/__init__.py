"""Proof that nothing leaks: later values are changed, and what came before must stay to the bit."""

from lstmcast.auditing.audit import Audit, Settings, audit
from lstmcast.auditing.checks import Check
from lstmcast.auditing.columns import Finding

__all__ = ["Audit", "Check", "Finding", "Settings", "audit"]
