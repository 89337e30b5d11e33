"""The first request for a document that nobody asked before, against the upstream alone."""

import shutil
import statistics
import subprocess

import documents
import report
from nginx import start_nginx
from programs import LOAD_CORE, NotMeasured, expect, until_served
from run import progress

GOAL = 1.3
# Seconds that the local upstream waits in the second part.
DELAY = 0.05
# What stands in for a token's first use and the connection pools: asked before the clock runs.
WARM_UP = next(row for row in documents.ROWS if row.title == "requests, HTML")

INTRO = """\
Sekisho was started with an empty metadata cache and asked for another document first; then one request by curl, with gzip,
to the upstream alone, to Sekisho and to nginx in turn, {rounds} rounds, medians. The local upstream answers at once or waits
50 ms before each answer; it sends documents that are compressed already, so all that Sekisho does to read, check and compress a document once is to be
seen. The real registries are the ones that this machine is set to, over TLS, as they answered that day; the full form is
asked. The upstream alone is asked on a new connection each time, as a cold client does; Sekisho has one open."""


def run(run):
    page = run.page
    page.say("## Cold: the first request for a document")
    page.say(INTRO.format(rounds=run.plan.colds))
    rows = [row for row in documents.ROWS if run.rows in row.title]
    taken = {"local, at once": local(run, rows, 0.0), f"local, {DELAY * 1000:.0f} ms": local(run, rows, DELAY)}
    try:
        taken["real registry"] = real(run, rows)
    except (NotMeasured, OSError) as error:
        page.left_out("cold requests to the real registries", error)
        page.goal(f"cold, real registry: at most {GOAL} × the upstream alone", False, "not measured")
    lines = []
    for name, documents_taken in taken.items():
        values = {row.title: report.ratio(took["Sekisho"], took["alone"]) for row, took in documents_taken.items()}
        lines += [line(name, row, took, values[row.title]) for row, took in documents_taken.items()]
        page.rows_goal(f"cold, {name}: at most {GOAL} × the upstream alone", values, lambda value: value <= GOAL)
    head = ["upstream", "document", "alone", "Sekisho", "nginx", "Sekisho adds", "ratio", f"≤ {GOAL}"]
    page.say(report.table(head, lines, left=2))


def line(name, row, took, ratio):
    alone, ours = statistics.median(took["alone"]), statistics.median(took["Sekisho"])
    nginx = report.time(statistics.median(took["nginx"]) * 1e6) if took["nginx"] else ""
    times = [report.time(alone * 1e6), report.time(ours * 1e6), nginx, report.time(max(0, ours - alone) * 1e6)]
    return [name, row.title, *times, f"{ratio:.2f}", report.met(ratio <= GOAL)]


def local(run, rows, delay):
    """One document at a time: each round starts with empty caches again."""
    origin, taken = run.origin, {}
    made = run.sekisho("cold")
    for row in rows:
        taken[row] = {"alone": [], "Sekisho": [], "nginx": []}
        for number in range(run.plan.colds):
            progress(f"cold {row.title}, {delay * 1000:.0f} ms, round {number + 1}")
            ours, nginx = emptied(made), start_nginx(run.work / "cold-nginx", origin.port)
            for server in (ours, nginx):
                until_served(server, WARM_UP if row.path != WARM_UP.path else other_than(row))
            origin.delay = delay
            try:
                taken[row]["alone"].append(curl(f"{origin.address}{row.path}", upstream_headers(row)))
                taken[row]["Sekisho"].append(curl(f"{ours.address}{row.path}", ours.headers(row)))
                taken[row]["nginx"].append(curl(f"{nginx.address}{row.path}", nginx.headers(row)))
            finally:
                origin.delay = 0.0
            ours.stop()
            nginx.stop()
    return taken


def real(run, rows):
    """The full form of each document: not every registry makes the other."""
    taken, registries = {}, run.registries
    made = run.sekisho("cold-real", **{"upstream.npm.url": registries.npm, "upstream.pypi.url": registries.simple})
    for row in rows:
        if row.derived or row.content_type == "text/html":
            continue
        taken[row] = {"alone": [], "Sekisho": [], "nginx": []}
        direct = row.path.replace("/npm", registries.npm, 1).replace("/pypi/simple", registries.simple, 1)
        for number in range(run.plan.colds):
            progress(f"cold {row.title} of the real registry, round {number + 1}")
            ours = emptied(made)
            until_served(ours, WARM_UP if row.path != WARM_UP.path else other_than(row))
            taken[row]["alone"].append(curl(direct, upstream_headers(row)))
            taken[row]["Sekisho"].append(curl(f"{ours.address}{row.path}", ours.headers(row)))
            ours.stop()
    return taken


def other_than(row):
    return next(other for other in documents.ROWS if other.path != row.path and other.npm == row.npm)


def emptied(made):
    """Started again without what the metadata cache had; the token stays."""
    shutil.rmtree(made.folder / "data" / "cache", ignore_errors=True)
    return made.start()


def upstream_headers(row):
    return {"Accept": row.accept, "Accept-Encoding": "gzip"}


def curl(url, headers):
    """Seconds from the start of connecting to the last byte."""
    command = ["taskset", "-c", str(LOAD_CORE), "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total}"]
    command += ["--max-time", "120", *(part for item in headers.items() for part in ("-H", ": ".join(item))), url]
    said = subprocess.run(command, capture_output=True, text=True)
    expect(said.returncode == 0 and said.stdout.startswith("200 "), f"curl: {said.stdout} {said.stderr}")
    return float(said.stdout.split()[1])
