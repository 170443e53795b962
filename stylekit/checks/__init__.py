"""Checks for exercises that say what an answer did, not only that it is wrong."""

from stylekit.checks.cuts import check_cut
from stylekit.checks.engine import check
from stylekit.checks.values import check_value
from stylekit.checks.verdict import Verdict

__all__ = ["Verdict", "check", "check_cut", "check_value"]
