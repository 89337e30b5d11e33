"""The figures as text: the same tables for the terminal and for docs/benchmarks.md."""

import dataclasses

# At least this share of nginx's requests per second.
GOAL_RATIO = 0.7
# For small documents at 32 connections, in microseconds.
GOAL_P99 = 5000
# Compressed documents up to this many bytes are small.
SMALL = 64 * 1024
# Artifact answers a second at 256 connections.
GOAL_ARTIFACTS = 10_000
# A core above this share is full: it, and not the server, sets the number.
FULL = 97


@dataclasses.dataclass
class Compared:
    """One document with one number of connections, on both servers."""

    title: str
    connections: int
    ours: object
    nginx: object

    @property
    def ratio(self):
        return self.ours.per_second / max(1e-9, self.nginx.per_second)

    @property
    def cpu_ratio(self):
        """Requests that a core's time is enough for, against nginx: the load's own limit is not in it."""
        return self.nginx.cpu / max(1e-9, self.ours.cpu)

    @property
    def load_bound(self):
        """The core of the load was full and the server's was not, on either side."""
        return any(s.load_core >= FULL and s.server_core < FULL for s in (self.ours, self.nginx))


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
    return f"{number:,.0f}"


def time(microseconds):
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    return f"{microseconds / 1000:.1f} ms" if microseconds < 100_000 else f"{microseconds / 1000:.0f} ms"


def pair(ours, theirs, show):
    return f"{show(ours)} / {show(theirs)}"


def met(holds):
    return "met" if holds else "MISSED"


def goal(row, small):
    told = [met(row.ratio >= GOAL_RATIO)]
    if small and row.connections == 32:
        told.append(f"p99 {met(row.ours.p99 < GOAL_P99)}")
    return ", ".join(told)


def sizes(rows):
    """`rows`: title, then plain and compressed lengths of ours and of nginx's."""
    head = ["body in bytes", "Sekisho plain", "Sekisho gzip", "nginx plain", "nginx gzip"]
    return table(head, [[title, *map(count, lengths)] for title, *lengths in rows])


def comparison(rows, small_titles):
    head = ["Sekisho / nginx", "conns", "requests/s", "ratio", "p50", "p99", "CPU us/request", "CPU ratio"]
    head += ["server core %", "load core %", "RSS MiB", f"goal {GOAL_RATIO}"]
    lines = []
    for row in rows:
        ours, nginx = row.ours, row.nginx
        lines.append([
            row.title,
            row.connections,
            pair(ours.per_second, nginx.per_second, count),
            f"{row.ratio:.2f}{'*' if row.load_bound else ''}",
            pair(ours.p50, nginx.p50, time),
            pair(ours.p99, nginx.p99, time),
            pair(ours.cpu, nginx.cpu, lambda cpu: f"{cpu:.1f}"),
            f"{row.cpu_ratio:.2f}",
            pair(ours.server_core, nginx.server_core, count),
            pair(ours.load_core, nginx.load_core, count),
            pair(ours.rss_mib, nginx.rss_mib, count),
            goal(row, row.title in small_titles),
        ])
    return table(head, lines)


def artifacts(rows):
    """`rows`: database, connections and sample."""
    head = ["ledger on", "conns", "answers/s", "p50", "p99", "CPU us/answer", "server core %", "load core %", "RSS MiB"]
    head += [f"goal {GOAL_ARTIFACTS:,}"]
    return table(head, [
        [
            database,
            connections,
            count(s.per_second),
            time(s.p50),
            time(s.p99),
            f"{s.cpu:.1f}",
            count(s.server_core),
            count(s.load_core),
            count(s.rss_mib),
            met(s.per_second >= GOAL_ARTIFACTS) if connections == 256 and database == "SQLite" else "",
        ]
        for database, connections, s in rows
    ])


def errors(named):
    """A line for each sample in which a request failed: such a figure is worth nothing."""
    return [f"{name}: {sample.errors:.0f} requests failed" for name, sample in named if sample.errors]
