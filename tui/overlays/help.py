"""The keys of a pane."""

from __future__ import annotations

from tui.commands import COMMANDS, commands_of
from tui.lines import line
from tui.overlays.palette import command_line
from tui.styles import BOLD, PLAIN, TITLE


def help_lines(pane: str) -> list[object]:
    """The keys of a pane, its own first, then those that work everywhere."""
    everywhere = [c for c in COMMANDS if len(c.panes) > 2]
    own = [c for c in commands_of(pane) if c not in everywhere]
    lines: list[object] = [line((f"in {pane}", TITLE))]
    lines += [command_line(command, PLAIN) for command in own]
    if pane in {"hardware", "workload"}:
        lines.append(
            line(("  digits          ", BOLD), "type over the value; 4K, 1.5s, 70B are read")
        )
    lines.append(line(("1 to 6           ", BOLD), "to a pane; again gives it the whole screen"))
    lines.append(line(("everywhere", TITLE)))
    lines += [command_line(command, PLAIN) for command in everywhere]
    lines.append(line(("esc", BOLD), "  closes, clears or cancels; it never quits"))
    return lines
