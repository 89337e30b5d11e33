"""What a developer waits for: resolving and installing with real package managers, direct and through each proxy."""

import statistics

import comparators
import report
from clients import Target, Task
from nginx import start_before_registries
from programs import NotMeasured
from run import progress
from sekisho import knows

GOAL_RESOLVE = 1.2

RESOLVES = (
    Task("pnpm, npm packages", "pnpm --lockfile-only", ("express", "next", "typescript", "eslint", "jest"), True),
    Task("uv, Python packages", "uv pip compile", ("django", "pandas", "boto3", "jupyter"), False),
)
INSTALLS = (
    Task("npm", "npm", ("express", "eslint"), True),
    Task("pnpm", "pnpm", ("express", "eslint"), True),
    Task("uv", "uv", ("flask", "boto3"), False),
    Task("pip", "pip", ("flask", "boto3"), False),
)

HOW = """\
A cold client (fresh home, caches and store) and a warm proxy: the first run through each is not counted. The client has the
load's core, also in `direct`; a proxy has the server's core. All ask the real registries that this machine is set to.
{rounds} rounds in which direct, Sekisho and nginx take turns, medians, and the medians of each round's ratios; the other
proxies are timed {others}. Sekisho answers a personal token. Its `artifacts.mode` is `redirect`, the default: files come from
the registry; in the column `cache`, where there is one, it keeps them. Goals are of `redirect`.
nginx is set up as fast as it gets (`bench/server/registries.conf`): documents are rewritten and compressed once, before they
are cached, so that packuments, pages and files all come out of its cache. It passes the registry's packuments as they are."""


def resolve(run):
    times = timed(run, "Resolving", RESOLVES)
    for task in RESOLVES:
        goal(run.page, f"resolving with {task.title}: at most {GOAL_RESOLVE} × nginx", times[task], "nginx", GOAL_RESOLVE)


def install(run):
    times = timed(run, "Installing", INSTALLS)
    for task in INSTALLS:
        goal(run.page, f"a warm install with {task.title} not slower than direct", times[task], "direct", 1)


def goal(page, text, times, other, most):
    """Sekisho's time against another's: a side that failed does not take the goal off the page."""
    if not times.get("Sekisho") or not times.get(other):
        return page.goal(text, False, "not measured")
    ratio = report.ratio(times["Sekisho"], times[other])
    told = f"{ratio:.2f} of {other} ({report.seconds(statistics.median(times['Sekisho']))})"
    page.goal(text, round(ratio, 2) <= most, told)


def timed(run, title, tasks):
    page, real = run.page, run.registries
    page.say(f"## {title}")
    page.say(
        HOW.format(rounds=run.plan.installs, others="once" if run.plan.slow_clients else "not at all in this quick run")
    )
    page.say("\n".join(f"- {task.title}: `{task.client}` of {', '.join(task.packages)}" for task in tasks))
    nginx, relay = start_before_registries(run.work / "registries", real)
    sides = [Target("direct", real.npm, real.simple), *sekishos(run, real)]
    sides.append(Target("nginx", f"{nginx.address}/npm", f"{nginx.address}/simple"))
    times = {task: {} for task in tasks}
    for task in tasks:
        take_turns(run, task, sides, times[task])
    names = [side.name for side in sides]
    if run.plan.slow_clients:
        names += others(run, tasks, relay, times)
    shown = [[task.title, *(cell(times[task].get(name)) for name in names), *ratios(times[task])] for task in tasks]
    page.say(report.table(["", *names, "Sekisho / direct", "Sekisho / nginx"], shown))
    return times


def sekishos(run, real):
    """In the default mode, and keeping files itself where this version can."""
    upstreams = {"upstream.npm.url": real.npm, "upstream.pypi.url": real.simple}
    modes = [("Sekisho", "installs", {})]
    if knows(run.binary, "artifacts.mode"):
        modes.append(("Sekisho, cache", "installs-cache", {"artifacts.mode": "cache"}))
    for name, folder, mode in modes:
        try:
            server = run.sekisho(folder, **upstreams, **mode).start()
        except NotMeasured as error:
            run.page.left_out(name, error)
            continue
        yield Target(name, f"{server.address}/npm", f"{server.address}/pypi/simple", server.token)


def take_turns(run, task, sides, times):
    """A side that fails is told and left out; the others go on."""
    left = []
    for side in sides:
        try:
            progress(f"{task.title} through {side.name}, not counted")
            task.run(run.work / "client", side)
            left.append(side)
            times[side.name] = []
        except NotMeasured as error:
            run.page.left_out(f"{task.title} through {side.name}", error)
    for number in range(run.plan.installs):
        for side in list(left):
            progress(f"{task.title} through {side.name}, round {number + 1}")
            try:
                times[side.name].append(task.run(run.work / "client", side))
            except NotMeasured as error:
                run.page.left_out(f"{task.title} through {side.name}", error)
                left.remove(side)
                del times[side.name]


def others(run, tasks, relay, times):
    """Each behind the relay, because not all of them take this machine's certificates; warm runs need no upstream."""
    names = []
    for name, start in comparators.ALL.items():
        try:
            server = start(run.work / f"installs-{name.lower()}", f"{relay}/npm", f"{relay}/simple")
        except NotMeasured as error:
            run.page.left_out(name, error)
            continue
        names.append(name)
        npm = None if server.npm is None else f"{server.address}{server.npm}"
        simple = None if server.simple is None else f"{server.address}{server.simple}"
        side = Target(name, npm, simple)
        for task in tasks:
            if task.address(side) is None:
                continue
            try:
                for number in range(2):
                    progress(f"{task.title} through {name}, round {number}")
                    took = task.run(run.work / "client", side)
                times[task][name] = [took]
            except NotMeasured as error:
                run.page.left_out(f"{task.title} through {name}", error)
        server.stop()
    return names


def ratios(times):
    """Sekisho's time against direct and against nginx."""
    return [
        f"{report.ratio(times['Sekisho'], times[other]):.2f}" if times.get("Sekisho") and times.get(other) else ""
        for other in ("direct", "nginx")
    ]


def cell(took):
    return report.seconds(statistics.median(took)) if took else ""
