"""Sekisho beside nginx and beside other proxies, on the same documents. Started by `bench/run`."""

import argparse
import os
import pathlib
import signal
import sys
import time
import traceback

import comparators
import machine
import plan
import programs
import section_artifacts
import section_cold
import section_installs
import section_large
import section_memory
import section_others
import section_start
import section_warm
from page import Page, of_others
from run import Run

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / ".test" / "bench"
# In the order of the page.
SECTIONS = {
    "warm": section_warm.run,
    "artifacts": section_artifacts.run,
    "start": section_start.run,
    "memory": section_memory.run,
    "large": section_large.run,
    "cold": section_cold.run,
    "resolve": section_installs.resolve,
    "install": section_installs.install,
    "others": section_others.run,
}
# Below this load average the machine is ours.
QUIET = 0.5


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this section; may be repeated")
    parser.add_argument("--rows", default="", help="only documents whose title has this text")
    arguments = parser.parse_args()
    if arguments.write and arguments.rows:
        parser.error("--write wants every row of a section")
    # Stopped by hand or not, what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    WORK.mkdir(parents=True, exist_ok=True)
    # The load's core also has what only waits: this program and the local upstream.
    os.sched_setaffinity(0, {programs.LOAD_CORE})

    page, chosen = Page(kept_page(arguments)), plan.chosen()
    binary, generate = (
        (ROOT / os.environ.get(name, f"target/release/{program}")).resolve()
        for name, program in (("BENCH_BINARY", "sekisho"), ("BENCH_GENERATE", "examples/generate"))
    )
    run = Run(binary, generate, WORK, chosen, page, arguments.rows)
    facts = machine.facts(binary, comparators.versions())
    page.where(facts)
    if run.database:
        page.add_fact("PostgreSQL", machine.postgres_version(run.database))
    quiet = int(os.environ.get("BENCH_WAIT", "600")) if chosen is plan.FULL else 0
    load = machine.wait_for_quiet(QUIET, quiet)
    page.add_fact(
        "Load average before",
        f"{load:.2f}" + (", the machine was not quiet: the figures are noisy" if load >= QUIET else ""),
    )
    names = arguments.only or list(SECTIONS)
    for name in names:
        page.begin(name, facts["Sekisho"])
        measured(run, name)
        if arguments.write:
            # After each part: a run that is stopped leaves what it measured.
            write(page)
            print(f"written with {name}: docs/benchmarks.md", file=sys.stderr)
    page.add_fact("Load average after", f"{machine.load_average():.2f}")
    page.show(page.summary(names))
    if arguments.write:
        write(page)


def kept_page(arguments):
    """Where the page's sections are kept; a run of everything begins anew."""
    kept = WORK / "page.json"
    if arguments.write and not arguments.only:
        kept.unlink(missing_ok=True)
    return kept if arguments.write else None


def write(page):
    page.keep()
    path = ROOT / "docs" / "benchmarks.md"
    path.write_text(page.markdown(SECTIONS, of_others(path.read_text())))


def measured(run, name):
    """One part that fails does not take the others with it; what it had started is stopped."""
    began = time.monotonic()
    try:
        SECTIONS[name](run)
    except programs.NotMeasured as error:
        run.page.failed(name, error)
    except Exception as error:
        traceback.print_exc()
        run.page.failed(name, repr(error))
    finally:
        programs.stop_all()
    print(f"\n({name}: {time.monotonic() - began:.0f} s)", file=sys.stderr)


main()
