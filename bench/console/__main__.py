"""The console's pages: their bytes and their time, beside many rows. Started by `bench/console/run`."""

import argparse
import contextlib
import math
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import databases
import machine
import programs
import report
from pages import every
from people import Person
from sekisho import Sekisho

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / ".test" / "bench" / "console"
BINARY = (ROOT / os.environ["BENCH_BINARY"]).resolve()
FILLER = (ROOT / os.environ["BENCH_FILLER"]).resolve()
MILLIONS = os.environ.get("BENCH_MILLIONS", "1")
# Times that each page is asked.
TIMES = 30
# The goals: bytes of a page, and milliseconds on the server.
BYTES, MOMENT = 60 * 1024, 50
BEGIN, END = "<!-- bench/console -->", "<!-- end of bench/console -->"
# Below this load average the machine is ours.
QUIET = 0.5


class Sample:
    """One page on one engine."""

    def __init__(self, person, path, server):
        person.reconnect()
        before = processor(server)
        answers = [person.get(path) for _ in range(TIMES)]
        self.cpu = (processor(server) - before) / TIMES
        self.statuses = sorted({answer.status for answer in answers})
        self.bytes = max(len(answer.body) for answer in answers)
        self.wire = max(answer.wire for answer in answers)
        took = sorted(answer.took for answer in answers)
        self.p50, self.p99 = statistics.median(took), took[math.ceil(0.99 * TIMES) - 1]


def processor(server):
    """Milliseconds that the server has had of processors. Unlike times, they say little of what else the machine does."""
    spent = 0
    for thread in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        with contextlib.suppress(OSError):
            spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e6


def main():
    parser = argparse.ArgumentParser(prog="bench/console/run")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    parser.add_argument("--only", default="", help="only pages whose name has this text")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write wants every page")
    # Stopped by hand or not, what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {programs.LOAD_CORE})
    engines = {"SQLite": None}
    if address := databases.postgres():
        engines["PostgreSQL"] = address
    else:
        print("PostgreSQL is left out: there is none", file=sys.stderr)
    measured, loads = {}, []
    for engine, address in engines.items():
        for name, sample, load in engine_measured(engine, address, arguments.only):
            measured.setdefault(name, {})[engine] = sample
            loads.append(load)
    text = section(list(engines), measured, loads)
    print(f"\n{text}")
    if arguments.write:
        write(text)


def engine_measured(engine, address, only):
    """Name, figures and load average of each page."""
    folder = WORK / engine.lower()
    more = {"database.url": address} if address else {}
    settings = {"feed.sources": "[]", "ledger.retention_days": 3650, **more}
    closed = "http://127.0.0.1:9"
    sekisho = Sekisho(BINARY, folder, f"{closed}/npm", f"{closed}/simple", "", **settings)
    data = folder / "data"
    data.mkdir()
    began = time.monotonic()
    filled(engine, address or str(data))
    print(f"{engine}: the data was made in {time.monotonic() - began:.0f} s", file=sys.stderr)
    machine.wait_for_quiet(QUIET, int(os.environ.get("BENCH_WAIT", "600")))
    server = programs.wait_for(sekisho.launch(), folder / "server.log")
    owner = Person(server).sign_in("owner@example.com", BINARY, data)
    reader = Person(server).sign_in("user0000@example.com", BINARY, data)
    for name, person, path in every(owner, reader, Person(server)):
        if only not in name:
            continue
        sample = Sample(person, path, server)
        print(f"{engine}: {name}: {sample.bytes} bytes, {sample.p50:.1f} / {sample.p99:.1f} / {sample.cpu:.1f} ms, {path}", file=sys.stderr)
        yield name, sample, machine.load_average()
    server.stop()


def filled(engine, place):
    """Rows that end now, so that the last 30 days have some."""
    environment = programs.environment(LEDGER_AT=place, LEDGER_UNTIL=str(int(time.time() * 1000)))
    command = [str(FILLER), "postgres" if engine == "PostgreSQL" else "sqlite", MILLIONS, "console"]
    subprocess.run(command, env=environment, stdout=sys.stderr, check=True)


def times(sample):
    return f"{sample.p50:.1f} / {sample.p99:.1f} / {sample.cpu:.1f} ms" if sample else ""


def section(engines, measured, loads):
    head = ["page", "bytes", "on the wire", *(f"{engine}, p50 / p99 / CPU" for engine in engines), "60 KB", "50 ms"]
    rows, missed = [], []
    for name, samples in measured.items():
        of = list(samples.values())
        statuses = sorted({status for sample in of for status in sample.statuses})
        title = name if statuses == [200] else f"{name} ({', '.join(map(str, statuses))})"
        size, wire = max(sample.bytes for sample in of), max(sample.wire for sample in of)
        small, quick = size < BYTES, all(sample.p50 < MOMENT for sample in of)
        told = report.met(quick)
        if quick and any(sample.p99 >= MOMENT for sample in of):
            told = "met, not by p99"
        columns = (times(samples.get(engine)) for engine in engines)
        rows.append([title, report.count(size), report.count(wire), *columns, report.met(small), told])
        if not small or told != "met":
            missed.append(name)
    facts = machine.facts(BINARY, {})
    where = ", ".join(facts[name] for name in ("Date", "Processor", "Memory", "Sekisho"))
    verdict = f"All {len(rows)} pages met both goals." if not missed else f"Of {len(rows)} pages these did not meet a goal: {'; '.join(missed)}."
    return f"""{BEGIN}
## The console's pages

`make bench-console`: every page of the console beside {MILLIONS} million rows of 400 days (four in five of the organisation that is looked at, one in
ten of its owner's own account), 10,000 tokens, 50 members, 12 bots, 20,000 rows of the audit log and an own list of 200
entries. Each is asked {TIMES} times over one kept connection, a place in a list by the links that lead there; the time is that to the last byte, and p99 of {TIMES} is
the slowest. CPU is the server's own, without PostgreSQL's. Goals of each page: under 60 KB, and under 50 ms by p50.
{where}; load average {min(loads):.1f} to {max(loads):.1f}.

{verdict}

{report.table(head, rows)}
{END}"""


def write(text):
    """Puts the section in the place of the one before, or before the page's last sections."""
    path = ROOT / "docs" / "benchmarks.md"
    page = path.read_text()
    if BEGIN in page and END in page:
        before, after = page.split(BEGIN, 1)[0], page.split(END, 1)[1]
        path.write_text(before + text + after)
    else:
        path.write_text(page.replace("\n## Where\n", f"\n{text}\n\n## Where\n", 1))
    print("written: docs/benchmarks.md", file=sys.stderr)


main()
