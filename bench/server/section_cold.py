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
asked. "Alone" is the upstream on a new connection, as a cold client asks it. "Alone, open" is the second of two requests in one call of
curl, the first for the other document: as Sekisho asks, whose connection is open from that document. The ratio to "alone" is what a
client notices; the ratio to "alone, open" is what Sekisho itself costs."""


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
        lines += [line(name, row, took) for row, took in documents_taken.items()]
        for against in ("alone", "alone, open"):
            values = {row.title: ratio(took, against) for row, took in documents_taken.items() if took[against]}
            if values:
                text = f"cold, {name}: at most {GOAL} × the upstream {against}"
                page.rows_goal(text, values, lambda value: value <= GOAL)
    head = ["upstream", "document", "alone", "alone, open", "Sekisho", "nginx", "Sekisho adds"]
    head += ["ratio to alone", f"≤ {GOAL}", "ratio to open", f"≤ {GOAL}"]
    page.say(report.table(head, lines, left=2))


def ratio(took, against):
    return report.ratio(took["Sekisho"], took[against])


def line(name, row, took):
    def shown(who):
        return report.time(statistics.median(took[who]) * 1e6) if took[who] else ""

    adds = max(0, statistics.median(took["Sekisho"]) - statistics.median(took["alone"]))
    cells = [name, row.title, *map(shown, ("alone", "alone, open", "Sekisho", "nginx")), report.time(adds * 1e6)]
    for against in ("alone", "alone, open"):
        value = ratio(took, against) if took[against] else None
        cells += ["", ""] if value is None else [f"{value:.2f}", report.met(value <= GOAL)]
    return cells


def local(run, rows, delay):
    """One document at a time: each round starts with empty caches again."""
    origin, taken = run.origin, {}
    made = run.sekisho("cold")
    for row in rows:
        taken[row] = nothing_taken()
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
        taken[row] = nothing_taken()
        # Of the same registry, so that Sekisho has a connection to it.
        other = other_than(row)
        direct, before = (
            asked.path.replace("/npm", registries.npm, 1).replace("/pypi/simple", registries.simple, 1)
            for asked in (row, other)
        )
        for number in range(run.plan.colds):
            progress(f"cold {row.title} of the real registry, round {number + 1}")
            ours = emptied(made)
            until_served(ours, other)
            taken[row]["alone"].append(curl(direct, upstream_headers(row)))
            taken[row]["alone, open"].append(curl_second(before, direct, upstream_headers(row)))
            taken[row]["Sekisho"].append(curl(f"{ours.address}{row.path}", ours.headers(row)))
            ours.stop()
    return taken


def nothing_taken():
    return {"alone": [], "alone, open": [], "Sekisho": [], "nginx": []}


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
    return curl_all([url], headers)[0][0]


def curl_second(before, url, headers):
    """Seconds from the start of the request to the last byte, on the connection that another request opened."""
    seconds, connects = curl_all([before, url], headers)[1]
    expect(connects == 0, f"curl opened a connection for the second request to {url}")
    return seconds


def curl_all(urls, headers):
    """Of each request, one after the other: its seconds, and how many connections it opened."""
    said = "%{http_code} %{time_total} %{num_connects}\\n"
    command = ["taskset", "-c", str(LOAD_CORE), "curl", "-sS", "-w", said, "--max-time", "120"]
    command += [part for item in headers.items() for part in ("-H", ": ".join(item))]
    command += [part for url in urls for part in ("-o", "/dev/null", url)]
    ran = subprocess.run(command, capture_output=True, text=True)
    told = [line.split() for line in ran.stdout.splitlines()]
    good = ran.returncode == 0 and len(told) == len(urls) and all(status == "200" for status, *_ in told)
    expect(good, f"curl: {ran.stdout} {ran.stderr}")
    return [(float(seconds), int(connects)) for _, seconds, connects in told]
