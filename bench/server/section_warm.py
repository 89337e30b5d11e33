"""Warm documents: Sekisho beside nginx, each on one core, on the same documents."""

import time

import report
from documents import ROWS
from load import measure, median
from run import body_lengths, progress

GOAL_RATIO, GOAL_P99 = 0.9, 1.5
# A core above this share is full: it, and not the server, sets the number.
FULL = 97

INTRO = """\
Sekisho answers a personal token, with 20,000 advisories in force, the limiter counting each request (its number is
raised), metrics on, and its cache warm. nginx is a caching proxy with one worker (`bench/server/nginx.conf`), and every
answer comes out of its cache. wrk asks both for gzip over kept connections. One core for the server, one for the load;
{seconds} s a run after 1 s of warm-up, the two in turns, {rounds} rounds: medians, and the medians of each round's ratios.
CPU is user and system time of the server's processes; nginx's kept pages are not in its memory.

The upstream compresses at zlib's level 6; Sekisho compresses itself, once per revision. Bytes of the bodies:"""

NOTE = """\
`*`: on at least one side the load's core was full before the server's was, so wrk bounds this ratio. It says less than the
CPU ratio: how many requests a core's time is enough for, against nginx."""


def run(run):
    rows = [row for row in ROWS if run.rows in row.title]
    ours, nginx = run.warm_pair()
    page = run.page
    page.say("## Warm documents")
    page.say(INTRO.format(seconds=run.plan.seconds, rounds=run.plan.rounds))
    # The first answers are compressed quickly, and better behind them.
    for row in rows:
        body_lengths(ours, row)
    time.sleep(3)
    sizes = [[row.title, *map(report.count, body_lengths(ours, row) + body_lengths(nginx, row))] for row in rows]
    page.say(report.table(["", "Sekisho plain", "Sekisho gzip", "nginx plain", "nginx gzip"], sizes))

    lines, met_ratio, met_p99 = [], {}, {}
    for row in rows:
        for connections in run.plan.connections:
            progress(f"{row.title}, {connections} connections")
            taken = measure([ours, nginx], row, connections, run.plan)
            line, title = Line(taken["Sekisho"], taken["nginx"]), f"{row.title}, {connections}"
            lines.append([row.title, connections, *line.cells()])
            met_ratio[title], met_p99[title] = line.ratio, line.p99
            page.invalid(((f"{title}, Sekisho", line.ours), (f"{title}, nginx", line.theirs)))
    head = [
        "Sekisho / nginx",
        "conns",
        "requests/s",
        "ratio",
        "p50",
        "p99",
        "p99 ratio",
        "CPU us/request",
        "CPU ratio",
        "MiB",
    ]
    page.say(report.table([*head, f"≥ {GOAL_RATIO}, p99 ≤ {GOAL_P99}"], lines))
    page.say(NOTE)
    page.rows_goal(
        f"warm rows at least {GOAL_RATIO} of nginx's requests/s", met_ratio, lambda value: value >= GOAL_RATIO
    )
    page.rows_goal(f"warm rows' p99 at most {GOAL_P99} × nginx's", met_p99, lambda value: value <= GOAL_P99)
    ours.stop()
    nginx.stop()


class Line:
    """One document with one number of connections, on both servers."""

    def __init__(self, ours, theirs):
        self.ours, self.theirs = median(ours), median(theirs)
        self.ratio = report.ratio([s.per_second for s in ours], [s.per_second for s in theirs])
        self.p99 = report.ratio([s.p99 for s in ours], [s.p99 for s in theirs])
        # Requests that a core's time is enough for, against nginx: the load's own limit is not in it.
        self.cpu = report.ratio([s.cpu for s in theirs], [s.cpu for s in ours])
        self.load_bound = any(s.load_core >= FULL > s.server_core for s in (self.ours, self.theirs))

    def cells(self):
        ours, theirs = self.ours, self.theirs
        return [
            report.pair(ours.per_second, theirs.per_second, report.count),
            f"{self.ratio:.2f}{'*' if self.load_bound else ''}",
            report.pair(ours.p50, theirs.p50, report.time),
            report.pair(ours.p99, theirs.p99, report.time),
            f"{self.p99:.2f}",
            report.pair(ours.cpu, theirs.cpu, lambda cpu: f"{cpu:.1f}"),
            f"{self.cpu:.2f}",
            report.pair(ours.rss_mib, theirs.rss_mib, report.count),
            f"{report.met(self.ratio >= GOAL_RATIO)}, {report.met(self.p99 <= GOAL_P99)}",
        ]
