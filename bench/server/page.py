"""Prints the report as it grows, and keeps it for docs/benchmarks.md."""

import sys

import report

HEAD = """\
# Benchmarks

`make bench` measures what this page shows and prints it; `bench/run --write` also writes this page; `BENCH_QUICK=1` takes
two minutes and is for trying things. It installs nginx and wrk (Debian's packages) if they are missing, builds the server
in release mode, and fetches the documents once from the registries that this machine is set to; they stay in
`.test/bench`, and deleting that folder fetches them anew. A PostgreSQL is measured where `scripts/test-postgres start`
has started one.

- One core for the server, one for the load: `taskset -c 0` and `taskset -c 1`. wrk with one thread asks for gzip over
  kept connections; {seconds} s a run after {warm_up} s of warm-up; the two servers take turns, {rounds} rounds, medians.
- nginx is a caching proxy with one worker (`bench/server/nginx.conf`), and every answer comes out of its cache. Both
  servers have the same upstream, which compresses at zlib's level 6; Sekisho compresses itself, once per revision, at
  level 7, and the sizes of both are below. The abbreviated packuments of the
  upstream are the ones that Sekisho makes, because not every registry makes them.
- Sekisho answers a personal token, with 20,000 advisories in force, the limiter counting each request (its number is
  raised), metrics on, and its cache warm.
- Both get the same requests. CPU is user and system time of the server's processes (nginx's kept pages are not in its RSS).
- Goals: at least {ratio} of nginx's requests a second on every row; p99 under {p99} ms at 32 connections for documents of
  at most {small} KiB compressed; at least {artifacts:,} artifact answers a second at 256 connections on SQLite.
"""

NOTES = """\
`*`: on at least one side the load's core was full before the server's was, so this row's ratio is bounded by wrk and says
less than its CPU ratio: how many requests a core's time is enough for, against nginx."""


# Below this load average the machine is ours.
QUIET = 0.5


class Page:
    """The report so far."""

    def __init__(self, facts, plan):
        self.text = HEAD.format(
            seconds=plan.seconds,
            warm_up=plan.warm_up,
            rounds=plan.rounds,
            ratio=report.GOAL_RATIO,
            p99=report.GOAL_P99 // 1000,
            small=report.SMALL // 1024,
            artifacts=report.GOAL_ARTIFACTS,
        )
        self.say("## Where")
        self.say("\n".join(f"- {name}: {value}" for name, value in facts.items()))

    def say(self, text, above="\n"):
        """Prints a part and keeps it; `above` is what stands between it and the part before."""
        self.text += f"{above}{text}\n"
        print(f"{above}\r\x1b[K{text}" if sys.stderr.isatty() else f"{above}{text}", flush=True)

    def load(self, when, average):
        busy = average >= QUIET and when == "before"
        noisy = ": others were working on this machine, and the figures are noisy" if busy else ""
        self.say(f"- Load average {when}: {average:.2f}{noisy}", above="" if when == "before" else "\n")

    def sizes(self, rows):
        self.say("## Warm documents")
        self.say(report.sizes(rows))

    def comparison(self, rows, small):
        self.say(report.comparison(rows, small))
        self.say(NOTES)
        self.errors((f"{row.title}, {row.connections}, {side}", sample)
                    for row in rows for side, sample in (("Sekisho", row.ours), ("nginx", row.nginx)))

    def artifacts(self, rows, latency, files):
        self.say("## Artifact answers with a durable ledger")
        self.say(
            f"Each answer is a redirect that leaves after its row is synced; {files:,} different files in turn. This disk takes "
            f"{latency[0]:.0f} us (median; p99 {latency[1]:.0f} us) to append 4 KiB and `fdatasync`: "
            f"{1e6 / latency[0]:,.0f} a second, one after the other."
        )
        self.say(report.artifacts(rows))
        databases = {name for name, _, _ in rows}
        if "PostgreSQL" in databases:
            self.say("PostgreSQL is not bound to a core: it shares both with the server and the load.")
        else:
            self.say("No PostgreSQL was running.")
        self.errors((f"{name}, {connections}", sample) for name, connections, sample in rows)

    def errors(self, named):
        failed = report.errors(named)
        if failed:
            self.say("These rows are not valid:\n" + "\n".join(f"- {line}" for line in failed))

    def markdown(self):
        return self.text
