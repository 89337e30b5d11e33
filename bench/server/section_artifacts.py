"""Artifact answers whose row is on disk before they leave, and tarballs out of the artifact cache."""

import base64
import hashlib
import json
import os
import random

import documents
import machine
import report
from load import median, wrk
from nginx import start_nginx
from plan import CONNECTIONS
from programs import NotMeasured, expect, until_served
from run import progress
from sekisho import knows

GOAL_ANSWERS, GOAL_BYTES = 25_000, 1e9
CACHED_GOAL = "cached tarballs at least 1 GB/s"
BIG = documents.Row("bench-big, full", "/npm/bench-big", "application/json", "application/json")
BIG_BYTES = 4 << 20

INTRO = """\
Each answer is a redirect (`artifacts.mode` `redirect`) that leaves after its row is synced; {files:,} different files in turn.
This disk takes {append:.0f} us (median; p99 {append99:.0f} us) to append 4 KiB and `fdatasync`, and SQLite {commit:.0f} us (median; p99
{commit99:.0f} us) for a synced commit of 64 rows: {rows:,.0f} rows a second, one commit after the other."""

CACHED = """\
### Tarballs out of the artifact cache

`artifacts.mode` `cache`, one file of 4 MiB in the cache, each answer after its row is synced; nginx sends its kept file with
`sendfile` and records nothing."""


def run(run):
    page = run.page
    page.say("## Artifact answers with a durable ledger")
    rows = [row for row in documents.ROWS if row.title in ("express, full", "next, full")]
    paths = []
    for row in rows:
        plain = run.origin.bodies[row.path][row.accept][2]
        paths += [f"{row.path}/-/{file}" for file in documents.tarballs(plain)]
    random.Random(1).shuffle(paths)
    listed = run.work / "paths"
    listed.write_text("\n".join(paths) + "\n")
    append, append99 = machine.sync_latency(run.work, run.plan.seconds)
    commit, commit99 = machine.commit_latency(run.work, run.plan.seconds)
    page.say(
        INTRO.format(
            files=len(paths), append=append, append99=append99, commit=commit, commit99=commit99, rows=64e6 / commit
        )
    )
    lines = []
    for name, more in (("SQLite", {}), ("PostgreSQL", {"database.url": run.database})):
        if name == "PostgreSQL" and not run.database:
            continue
        server = run.sekisho("ledger", **more).start()
        for row in rows:
            until_served(server, row)
        token = {"Authorization": f"Bearer {server.token}"}
        status, answer, body = server.get(paths[0], **token)
        expect(status == 302 and "Location" in answer, f"{paths[0]}: {status} {body[:500]}")
        for connections in CONNECTIONS:
            progress(f"artifacts on {name}, {connections} connections")
            wrk(server, paths[0], token, connections, 1, listed)
            taken = median(
                [wrk(server, paths[0], token, connections, run.plan.seconds, listed) for _ in range(run.plan.rounds)]
            )
            lines.append([name, connections, *cells(taken)])
            page.invalid([(f"{name}, {connections}", taken)])
            if name == "SQLite" and connections == 256:
                page.goal(
                    f"at least {GOAL_ANSWERS:,} durable artifact answers/s on SQLite, 256 connections",
                    taken.per_second >= GOAL_ANSWERS,
                    f"{taken.per_second:,.0f}",
                )
        server.stop()
    head = ["ledger on", "conns", "answers/s", "p50", "p99", "CPU us/answer", "server core %", "load core %", "MiB"]
    page.say(report.table(head, lines))
    page.say(
        "PostgreSQL is not bound to a core: it shares both with the server and the load."
        if run.database
        else "No PostgreSQL was running."
    )
    if knows(run.binary, "artifacts.mode"):
        try:
            cached(run)
        except NotMeasured as error:
            page.left_out("tarballs out of the artifact cache", error)
            page.goal(CACHED_GOAL, False, "not measured")


def cells(taken):
    times = [report.time(taken.p50), report.time(taken.p99)]
    shares = [report.count(taken.server_core), report.count(taken.load_core), report.count(taken.rss_mib)]
    return [report.count(taken.per_second), *times, f"{taken.cpu:.1f}", *shares]


def cached(run):
    """A package with one big file, on both sides out of the cache."""
    page, path = run.page, f"{BIG.path}/-/bench-big-1.0.0.tgz"
    body = os.urandom(BIG_BYTES)
    run.origin.files[path] = body
    run.origin.add(BIG, packument(run.origin, path, body))
    ours = run.sekisho("cached", **{"artifacts.mode": "cache"}).start()
    nginx = start_nginx(run.work / "cached-nginx", run.origin.port)
    lines, best = [], 0.0
    for server in (ours, nginx):
        until_served(server, BIG)
        for _ in range(2):
            status, _, got = server.get(path, Authorization=f"Bearer {server.token}")
            expect(status == 200 and got == body, f"{server.name} did not send the file: {status} {got[:300]}")
    for connections in CONNECTIONS:
        progress(f"cached tarball, {connections} connections")
        samples = {ours.name: [], nginx.name: []}
        for _ in range(run.plan.rounds):
            for server in (ours, nginx):
                token = {"Authorization": f"Bearer {server.token}"}
                samples[server.name].append(wrk(server, path, token, connections, run.plan.seconds + 1))
        mine, theirs = median(samples["Sekisho"]), median(samples["nginx"])
        rates = [sample.per_second * sample.bytes / 1e9 for sample in (mine, theirs)]
        best = max(best, rates[0])
        lines.append(
            [connections, *(f"{rate:.2f}" for rate in rates), report.pair(mine.rss_mib, theirs.rss_mib, report.count)]
        )
        page.invalid(((f"cached, {connections}, Sekisho", mine), (f"cached, {connections}, nginx", theirs)))
    page.say(CACHED)
    page.say(report.table(["conns", "Sekisho GB/s", "nginx GB/s", "MiB"], lines, left=0))
    page.goal(CACHED_GOAL, best * 1e9 >= GOAL_BYTES, f"{best:.2f} GB/s")
    ours.stop()
    nginx.stop()


def packument(origin, path, body):
    digest = base64.b64encode(hashlib.sha512(body).digest()).decode()
    dist = {
        "tarball": f"{origin.address}{path}",
        "integrity": f"sha512-{digest}",
        "shasum": hashlib.sha1(body).hexdigest(),
    }
    version = {"name": "bench-big", "version": "1.0.0", "dist": dist}
    made = {"name": "bench-big", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    return json.dumps({**made, "time": {"1.0.0": "2026-01-01T00:00:00.000Z"}}).encode()
