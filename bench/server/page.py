"""Prints the report as it grows, and keeps it for docs/benchmarks.md."""

import json
import sys

import report

HEAD = """\
# Benchmarks

What `make bench` measured; `bench/run --write` writes this page. Every figure is of one machine and one day: compare the
columns of a table with each other, not with other machines.
"""

REPEAT = """\
`make bench` takes about 30 minutes and prints; `bench/run --write` also writes this page; `bench/run --only SECTION`
measures one part (`warm`, `others`, `artifacts`, `start`, `memory`, `large`, `cold`, `resolve`, `install`), with `--write` into the
page of the last whole run on that machine; `BENCH_QUICK=1` takes about four minutes and is for trying things. What it needs is installed: nginx, wrk and curl as Debian's packages, the
other proxies and the package managers by their names into `.test/bench`. The documents are fetched once from the
registries that this machine is set to and stay there; deleting the folder fetches them anew. PostgreSQL is measured where
`scripts/test-postgres start` has started one. The run waits up to ten minutes for a load average below 0.5.
"""


class Page:
    """The report so far, by sections."""

    def __init__(self, kept=None):
        """`kept`: the file in which sections wait for a run that measures the others."""
        self.kept = kept
        # Of each section: what it said, its goals, and the commit that it measured.
        self.sections = json.loads(kept.read_text()) if kept and kept.exists() else {}
        self.section = None
        self.facts = {}

    def begin(self, name, commit):
        """What is said from here on is said by this section."""
        self.section = self.sections[name] = {"parts": [], "goals": [], "commit": commit}

    def say(self, text):
        """Prints a part and keeps it."""
        self.section["parts"].append(text)
        self.show(text)

    def show(self, text):
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"\n{clear}{text}", flush=True)

    def where(self, facts):
        self.facts = dict(facts)
        self.show(listed(self.facts))

    def add_fact(self, name, value):
        self.facts[name] = value
        self.show(listed({name: value}))

    def goal(self, text, holds, told):
        """One line of the summary."""
        self.section["goals"].append((text, report.met(holds), told))

    def rows_goal(self, text, values, holds):
        """A goal that every row of a table has: how many met it, and which missed it."""
        missed = [f"{title} ({value:.2f})" for title, value in values.items() if not holds(value)]
        told = f"{len(values) - len(missed)} of {len(values)} rows"
        if missed:
            told += f"; missed: {'; '.join(missed[:6])}" + (f" and {len(missed) - 6} more" if len(missed) > 6 else "")
        self.goal(text, not missed, told)

    def left_out(self, what, why):
        self.say(f"Not measured: {what}. {' '.join(str(why).split())[:400]}")

    def failed(self, section, why):
        """A part that did not come to its end: what it measured of its goals may be missing in the summary, and this says so."""
        self.left_out(section, why)
        self.section["goals"].append((f"the goals of `{section}`", "MISSED", "not measured, or not all: see there"))

    def invalid(self, named):
        """A row in which a request failed is worth nothing, and is named."""
        failed = [f"- {name}: {sample.errors:.0f} requests failed" for name, sample in named if sample.errors]
        if failed:
            self.say("These rows are not valid:\n\n" + "\n".join(failed))

    def summary(self, names):
        goals = [goal for name in names for goal in self.sections.get(name, {"goals": []})["goals"]]
        return report.table(["goal", "", "measured"], goals, left=3) if goals else "No goal was measured."

    def keep(self):
        """So that a later run of one section can write the whole page."""
        self.kept.write_text(json.dumps(self.sections))

    def markdown(self, names, others=""):
        """The page, with these sections in this order; `others` is what other programs measured and stays."""
        sections = {name: self.sections[name] for name in names if name in self.sections}
        commits = {name: section["commit"] for name, section in sections.items()}
        facts = self.facts
        if len(set(commits.values())) > 1:
            facts = facts | {"Commits of the sections": ", ".join(f"{name} {commit}" for name, commit in commits.items())}
        parts = [
            HEAD,
            "## Goals\n\n" + self.summary(names),
            *(part for section in sections.values() for part in section["parts"]),
            *([others] if others else []),
            "## Where\n\n" + listed(facts),
            "## To repeat it\n\n" + REPEAT,
        ]
        return "\n\n".join(part.strip() for part in parts) + "\n"


def of_others(page):
    """The parts of the page that other programs measured: between their marks, with them."""
    parts = []
    for name in ("bench/ledger", "bench/console"):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if begin in page and end in page:
            parts.append(begin + page.split(begin, 1)[1].split(end, 1)[0] + end)
    return "\n\n".join(parts)


def listed(facts):
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())
