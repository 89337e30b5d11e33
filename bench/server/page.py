"""Prints the report as it grows, and keeps it for docs/benchmarks.md."""

import sys

import report

HEAD = """\
# Benchmarks

What `make bench` measured; `bench/run --write` writes this page. Every figure is of one machine and one day: compare the
columns of a table with each other, not with other machines.
"""

REPEAT = """\
`make bench` takes about 25 minutes and prints; `bench/run --write` also writes this page; `bench/run --only SECTION`
measures one part (`warm`, `others`, `artifacts`, `start`, `memory`, `cold`, `resolve`, `install`); `BENCH_QUICK=1` takes
about four minutes and is for trying things. What it needs is installed: nginx, wrk and curl as Debian's packages, the
other proxies and the package managers by their names into `.test/bench`. The documents are fetched once from the
registries that this machine is set to and stay there; deleting the folder fetches them anew. PostgreSQL is measured where
`scripts/test-postgres start` has started one. The run waits up to ten minutes for a load average below 0.5.
"""


class Page:
    """The report so far."""

    def __init__(self):
        self.parts = []
        self.goals = []
        self.facts = ""

    def say(self, text):
        """Prints a part and keeps it."""
        self.parts.append(text)
        self.show(text)

    def show(self, text):
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"\n{clear}{text}", flush=True)

    def where(self, facts):
        self.facts = "\n".join(f"- {name}: {value}" for name, value in facts.items())
        self.show(self.facts)

    def add_fact(self, name, value):
        self.facts += f"\n- {name}: {value}"
        self.show(f"- {name}: {value}")

    def goal(self, text, holds, told):
        """One line of the summary."""
        self.goals.append((text, report.met(holds), told))

    def rows_goal(self, text, values, holds):
        """A goal that every row of a table has: how many met it, and which missed it."""
        missed = [f"{title} ({value:.2f})" for title, value in values.items() if not holds(value)]
        told = f"{len(values) - len(missed)} of {len(values)} rows"
        if missed:
            told += f"; missed: {'; '.join(missed[:6])}" + (f" and {len(missed) - 6} more" if len(missed) > 6 else "")
        self.goal(text, not missed, told)

    def left_out(self, what, why):
        self.say(f"Not measured: {what}. {' '.join(str(why).split())[:400]}")

    def invalid(self, named):
        """A row in which a request failed is worth nothing, and is named."""
        failed = [f"- {name}: {sample.errors:.0f} requests failed" for name, sample in named if sample.errors]
        if failed:
            self.say("These rows are not valid:\n\n" + "\n".join(failed))

    def summary(self):
        return report.table(["goal", "", "measured"], self.goals, left=3) if self.goals else "No goal was measured."

    def markdown(self):
        parts = [
            HEAD,
            "## Goals\n\n" + self.summary(),
            *self.parts,
            "## Where\n\n" + self.facts,
            "## To repeat it\n\n" + REPEAT,
        ]
        return "\n\n".join(part.strip() for part in parts) + "\n"
