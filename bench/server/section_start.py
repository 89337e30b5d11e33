"""From the start of the program to its first answer, and memory when nothing is asked."""

import statistics
import subprocess
import time

import comparators
import documents
import report
from load import rss_mib
from nginx import start_nginx
from programs import NotMeasured, expect, until_served
from run import progress

RECORDS = 250_000
GOAL_START, GOAL_IDLE = 0.1, 100

INTRO = """\
From starting the process to the last byte of a document out of its cache, answered with 200: `{npm}`, and
`{pypi}` for Python's indexes. {starts} starts, medians. The data folder is the one of an earlier run, and Sekisho's
advisories were compiled by it. Idle: resident memory {idle} s after that answer. proxpi keeps its pages in memory only, so
its first answer asks the local upstream."""
IDLE_SECONDS = 3


def run(run):
    page = run.page
    npm = next(row for row in documents.ROWS if row.title == "express, abbreviated")
    pypi = next(row for row in documents.ROWS if row.title == "requests, HTML")
    page.say("## Start and idle memory")
    page.say(INTRO.format(npm=npm.title, pypi=pypi.title, starts=run.plan.starts, idle=IDLE_SECONDS))
    lines = []
    for title, advisories in (("Sekisho", run.advisories), (f"Sekisho, {RECORDS:,} advisories", feed(run))):
        progress(title)
        took, idle = sekisho(run, npm, advisories)
        lines.append([title, report.seconds(took), f"{idle:.1f} MiB"])
    page.goal(
        f"first answer within 100 ms of the start, {RECORDS:,} advisories", took <= GOAL_START, report.seconds(took)
    )
    page.goal(
        f"idle memory under {GOAL_IDLE} MB, {RECORDS:,} advisories",
        idle * 1.048576 < GOAL_IDLE,
        f"{idle * 1.048576:.0f} MB",
    )
    for name in ("nginx", *comparators.ALL):
        progress(name)
        try:
            took, idle = other(run, name, npm if name == "nginx" or name in comparators.NPM else pypi)
        except NotMeasured as error:
            page.left_out(name, error)
            continue
        lines.append([name, report.seconds(took), f"{idle:.1f} MiB"])
    page.say(report.table(["", "first answer", "idle memory"], lines))


def feed(run):
    """Made once: 250,000 records in the proportions of the public feeds."""
    file = run.work / "feed.zip"
    if not file.exists():
        half = run.work / "feed.part"
        subprocess.run([run.generate, half, str(RECORDS)], check=True, capture_output=True)
        half.rename(file)
    return file


def sekisho(run, row, advisories):
    made = run.sekisho("start", advisories=advisories)
    server = made.start()
    until_served(server, row, 120)
    # The cache's files are written behind the answer.
    time.sleep(2)
    server.stop()
    return timed(run, lambda: made.launch(), row)


def other(run, name, row):
    def start(keep):
        if name == "nginx":
            return start_nginx(run.work / "start-nginx", run.origin.port, keep=keep)
        return comparators.ALL[name](run.work / f"start-{name.lower()}", run.origin.npm, run.origin.simple, keep=keep)

    server = start(False)
    until_served(server, row)
    time.sleep(1)
    server.stop()
    return timed(run, lambda: start(True), row)


def timed(run, start, row):
    took, idle = [], []
    for _ in range(run.plan.starts):
        began = time.monotonic()
        server = start()
        until_served(server, row)
        took.append(time.monotonic() - began)
        time.sleep(IDLE_SECONDS)
        expect(server.process.poll() is None, f"{server.name} ended by itself")
        idle.append(rss_mib(server.pids()))
        server.stop()
    return statistics.median(took), statistics.median(idle)
