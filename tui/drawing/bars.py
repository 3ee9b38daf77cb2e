"""Bars of blocks, to an eighth of a cell. Pure."""

from __future__ import annotations

_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bar(share: float, width: int) -> str:
    """A bar of ``share`` (0 to 1) of ``width`` cells; something that is not nothing shows."""
    if not share > 0 or width <= 0:
        return ""
    eighths = max(round(min(share, 1.0) * width * 8), 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]


def signed_bar(change: float, most: float, width: int) -> str:
    """A bar from the middle of ``width`` cells: to the right for a gain, to the left for a loss,
    full at ``most``."""
    half = width // 2
    if not most > 0 or change == 0 or change != change or half < 1:
        return " " * half + "│" + " " * half
    size = max(round(min(abs(change) / most, 1.0) * half), 1)
    blocks = "█" * size
    if change > 0:
        return " " * half + "│" + blocks.ljust(half)
    return blocks.rjust(half) + "│" + " " * half
