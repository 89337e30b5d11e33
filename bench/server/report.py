"""Figures as text: the same tables for the terminal and for docs/benchmarks.md."""

import statistics


def table(head, rows, left=1):
    """Markdown; the first `left` columns are text."""
    rule = ["---" if place < left else "---:" for place in range(len(head))]
    cells = [head, rule, *rows]
    widths = [max(len(str(row[place])) for row in cells) for place in range(len(head))]

    def line(row):
        aligned = (
            str(cell).ljust(width) if place < left else str(cell).rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        )
        return f"| {' | '.join(aligned)} |"

    return "\n".join(line(row) for row in cells)


def count(number):
    return f"{number:,.0f}" if number >= 10 or number == 0 else f"{number:.1f}"


def time(microseconds):
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    if microseconds < 100_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1000:.0f} ms" if microseconds < 10_000_000 else f"{microseconds / 1e6:.0f} s"


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms" if value >= 0.1 else f"{value * 1000:.1f} ms"


def pair(ours, theirs, show):
    return f"{show(ours)} / {show(theirs)}"


def ratio(ours, theirs):
    """The median of side-by-side rounds: what disturbs the machine for a while disturbs both of a round."""
    return statistics.median(one / max(1e-9, other) for one, other in zip(ours, theirs, strict=True))


def met(holds):
    return "met" if holds else "MISSED"
