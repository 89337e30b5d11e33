"""The same documents from the proxies that people use: few and short rows, because some answer a few times a second."""

import comparators
import documents
import report
from load import wrk
from nginx import start_nginx
from programs import NotMeasured, until_served
from run import progress

TITLES = ("express, abbreviated", "next, abbreviated", "requests, HTML")

INTRO = """\
Each from its package, on the server's core with one worker process, after its cache was filled; wrk asks for gzip, {seconds} s
a row, one round. A row without an answer in that time says so. Not every proxy compresses or shortens: the bytes of an
answer are printed, because who sends more has more to do. One that asked the upstream while it was measured says so: then
the local upstream, which is slow, is part of its figure."""


def run(run):
    page, lines = run.page, []
    page.say("## Other proxies, warm")
    page.say(INTRO.format(seconds=run.plan.slow_seconds))
    rows = [row for row in documents.ROWS if row.title in TITLES and run.rows in row.title]
    for name in ("Sekisho", "nginx", *comparators.ALL):
        try:
            server = start(run, name, False)
        except NotMeasured as error:
            page.left_out(name, error)
            continue
        for row in rows:
            if not serves(name, row):
                continue
            try:
                until_served(server, row)
            except NotMeasured as error:
                page.left_out(f"{name}, {row.title}", error)
                continue
            for connections in run.plan.connections:
                progress(f"{name}, {row.title}, {connections} connections")
                before = run.origin.asked
                taken = wrk(server, server.path(row), server.headers(row), connections, run.plan.slow_seconds)
                cached = run.origin.asked - before <= 1
                lines.append((rows.index(row), [row.title, name, connections, *cells(taken), "" if cached else "yes"]))
                if name in comparators.ALL and connections > 1:
                    # It still works off what nobody waits for any more, and the next row would pay for it.
                    server.stop(patience=1)
                    server = start(run, name, True)
                    until_served(server, row)
        server.stop()
    lines.sort(key=lambda line: line[0])
    head = [
        "document",
        "proxy",
        "conns",
        "requests/s",
        "p50",
        "p99",
        "CPU ms/request",
        "MiB",
        "bytes/answer",
        "failed",
        "asks upstream",
    ]
    page.say(report.table(head, [line for _, line in lines], left=2))


def start(run, name, keep):
    if name == "Sekisho":
        return run.sekisho("sekisho").start()
    if name == "nginx":
        return start_nginx(run.work / "nginx", run.origin.port)
    return comparators.ALL[name](run.work / name.lower(), run.origin.npm, run.origin.simple, keep=keep)


def serves(name, row):
    if name in ("Sekisho", "nginx"):
        return True
    return name in (comparators.NPM if row.npm else comparators.PYPI)


def cells(taken):
    answered = taken.per_second > 0
    return [
        report.count(taken.per_second) if answered else "none",
        report.time(taken.p50) if answered else "",
        report.time(taken.p99) if answered else "",
        f"{taken.cpu / 1000:.3f}" if answered else "",
        report.count(taken.rss_mib),
        report.count(taken.bytes) if answered else "",
        report.count(taken.errors) if taken.errors else "",
    ]
