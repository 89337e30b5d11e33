"""Sekisho beside nginx on the same documents, and artifact answers with a durable ledger. Started by `bench/run`."""

import argparse
import atexit
import dataclasses
import json
import os
import pathlib
import random
import signal
import sys
import time
import zipfile

import databases
import documents
import load
import machine
import page
import programs
import report
from origin import Origin

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / ".test" / "bench"
CONNECTIONS = (1, 32, 256)
ADVISORIES = 20_000


@dataclasses.dataclass(frozen=True)
class Plan:
    """How long and how often."""

    rounds: int
    seconds: int
    warm_up: int = 1


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", default="", help="only rows whose title has this text; `artifacts` for the ledger")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write wants every row")
    quick = os.environ.get("BENCH_QUICK") == "1"
    plan = Plan(rounds=1, seconds=1) if quick else Plan(rounds=3, seconds=int(os.environ.get("BENCH_SECONDS", "3")))
    binary = (ROOT / os.environ.get("BENCH_BINARY", "target/release/sekisho")).resolve()
    # Stopped by hand or not, what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    WORK.mkdir(parents=True, exist_ok=True)
    # The load's core also has what only waits: this program and the origin.
    os.sched_setaffinity(0, {programs.LOAD_CORE})

    origin = Origin()
    for row, body in documents.kept(WORK / "documents").items():
        origin.add(row, body)
    advisories = write_advisories(WORK / "advisories.zip")
    database = databases.postgres()
    out = page.Page(machine.facts(binary, database), plan)
    out.load("before", machine.load_average() if quick else machine.wait_for_quiet(page.QUIET, int(os.environ.get("BENCH_WAIT", "600"))))

    if "artifacts" not in arguments.only:
        rows = [row for row in documents.ROWS if arguments.only in row.title]
        compare(out, rows, plan, binary, origin, advisories)
    if arguments.only in ("", "artifacts"):
        take_artifacts(out, plan, binary, origin, advisories, database)
    out.load("after", machine.load_average())
    if arguments.write:
        (ROOT / "docs" / "benchmarks.md").write_text(out.markdown())
        print("\nwritten: docs/benchmarks.md", file=sys.stderr)


def compare(out, rows, plan, binary, origin, advisories):
    ours = started(programs.start_sekisho(binary, WORK / "sekisho", origin, advisories))
    wait_until_loaded(ours)
    for row in documents.ROWS:
        if row.derived:
            origin.add(row, abbreviated(ours, row))
    nginx = started(programs.start_nginx(WORK / "nginx", origin))
    out.sizes([(row.title, *warm(ours, nginx, row)) for row in rows])
    small = {row.title for row in rows if origin.sizes(row)[1] <= report.SMALL}
    compared = []
    for row in rows:
        for connections in CONNECTIONS:
            progress(f"{row.title}, {connections} connections")
            got = load.measure([ours, nginx], row.path, lambda _: headers(ours, row), connections, plan)
            compared.append(report.Compared(row.title, connections, got[ours.name], got[nginx.name]))
    out.comparison(compared, small)
    stop(ours)
    stop(nginx)


def headers(ours, row):
    """The same request to both: nginx passes over the token."""
    return {"Authorization": f"Bearer {ours.token}", "Accept": row.accept, "Accept-Encoding": "gzip"}


def abbreviated(ours, row):
    """The short form, with the registry's links instead of the server's."""
    status, _, body = ours.get(row.path, Accept=row.accept, Authorization=f"Bearer {ours.token}")
    expect(status == 200, f"{row.title}: {status} {body[:500]}")
    return body.replace(f"http://127.0.0.1:{ours.port}/npm".encode(), documents.REGISTRY.encode())


def warm(ours, nginx, row):
    """Fills both caches with both encodings, proves that nginx then answers from its own; gives the bodies' lengths."""
    lengths = []
    for server in (ours, nginx):
        for encoding in ("identity", "gzip"):
            asked = {**headers(ours, row), "Accept-Encoding": encoding}
            for _ in range(2):
                status, answer, body = server.get(row.path, **asked)
                expect(status == 200, f"{server.name}, {row.title}: {status} {body[:500]}")
                expect(row.content_type in answer["Content-Type"], f"{server.name} sent {answer['Content-Type']}")
                expect(answer.get("Content-Encoding", "identity") == encoding, f"{server.name} did not send {encoding}")
            if server is nginx:
                expect(answer["X-Cache-Status"] == "HIT", f"{row.title}: nginx said {answer['X-Cache-Status']}")
            lengths.append(len(body))
    return lengths


def take_artifacts(out, plan, binary, origin, advisories, database):
    """Every answer is a redirect whose row is on disk; the files of two packages in turn, in a mixed order."""
    paths = []
    for row in documents.ROWS[:3:2]:
        plain = origin.bodies[row.path][row.accept][2]
        paths += [f"{row.path}/-/{file}" for file in documents.tarballs(plain)]
    random.Random(1).shuffle(paths)
    listed = WORK / "paths"
    listed.write_text("\n".join(paths) + "\n")

    taken = []
    latency = machine.sync_latency(WORK, min(plan.seconds, 3))
    for name, url in (("SQLite", None), ("PostgreSQL", database)):
        if name == "PostgreSQL" and not database:
            continue
        server = started(programs.start_sekisho(binary, WORK / "ledger", origin, advisories, url))
        wait_until_loaded(server)
        token = {"Authorization": f"Bearer {server.token}"}
        for path in ("/npm/express", "/npm/next"):
            server.get(path, **token)
        status, answer, body = server.get(paths[0], **token)
        expect(status == 302 and "Location" in answer, f"{paths[0]}: {status} {body[:500]}")
        for connections in CONNECTIONS:
            progress(f"artifacts on {name}, {connections} connections")
            got = load.measure([server], paths[0], lambda _: token, connections, plan, listed)
            taken.append((name, connections, got[server.name]))
        stop(server)
    out.artifacts(taken, latency, len(paths))


def wait_until_loaded(server):
    """Until the advisories are in force nothing passes, and the first packument has to be fetched."""
    for _ in range(100):
        status, _, body = server.get("/npm/express", Authorization=f"Bearer {server.token}")
        if status == 200:
            return
        time.sleep(0.1)
    raise SystemExit(f"{server.name} does not serve: {status} {body[:500]}")


def write_advisories(file):
    """Records that block other packages, in the form of the public feeds: looked up on every request."""
    if not file.exists():
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(ADVISORIES):
                package = {"ecosystem": ("npm", "PyPI")[number % 5 == 0], "name": f"bench-blocked-{number}"}
                events = [{"introduced": "0"}]
                affected = [{"package": package, "ranges": [{"type": "SEMVER", "events": events}]}]
                if package["ecosystem"] == "PyPI":
                    affected = [{"package": package, "versions": ["1.0", "1.1"]}]
                record = {"id": f"MAL-2026-{number}", "modified": "2026-01-01T00:00:00Z", "affected": affected}
                archive.writestr(f"{record['id']}.json", json.dumps(record))
    return file


def expect(holds, otherwise):
    if not holds:
        raise SystemExit(f"This would not be a fair comparison. {otherwise}")


def started(server):
    atexit.register(stop, server)
    return server


def stop(server):
    if server.process.poll() is None:
        server.stop()


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


main()
