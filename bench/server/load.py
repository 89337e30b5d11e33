"""Load by wrk from one core, and what it cost the server on the other."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess

from programs import HERE, LOAD_CORE, SERVER_CORE, NotMeasured

TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Sample:
    """One run, or the medians of several. Times are in microseconds, shares in per cent."""

    per_second: float
    p50: float
    p99: float
    cpu: float
    server_core: float
    load_core: float
    rss_mib: float
    bytes: float
    errors: float


def median(samples):
    fields = (field.name for field in dataclasses.fields(Sample))
    middle = {name: statistics.median(getattr(sample, name) for sample in samples) for name in fields}
    # An error in any round is told.
    return Sample(**{**middle, "errors": sum(sample.errors for sample in samples)})


def proc_texts(pids, name):
    """A file of each process below /proc. One that ended meanwhile is left out: nginx's cache loader does after a minute."""
    for pid in pids:
        try:
            yield pid, pathlib.Path(f"/proc/{pid}/{name}").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue


def cpu_seconds(pids):
    """User and system time of each process, all its threads."""
    used = {}
    for pid, text in proc_texts(pids, "stat"):
        fields = text.rsplit(")", 1)[1].split()
        used[pid] = (int(fields[11]) + int(fields[12])) / TICK
    return used


def rss_mib(pids):
    """What is in memory; a process that ended meanwhile has nothing."""
    status = proc_texts(pids, "status")
    return sum(int(text.split("VmRSS:")[1].split()[0]) for _, text in status if "VmRSS:" in text) / 1024


def core_ticks(core):
    """Busy and all ticks of one core."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            ticks = [int(part) for part in line.split()[1:9]]
            return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
    raise SystemExit(f"there is no core {core}: one is needed for the server and one for the load")


def busy(core, before):
    after = core_ticks(core)
    return 100 * (after[0] - before[0]) / max(1, after[1] - before[1])


def wrk(server, path, headers, connections, seconds, paths=None):
    """One run; `paths` is a file with a path on each line, asked in turn."""
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s"]
    command += ["--timeout", "30s", "-s", str(HERE / "report.lua")]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command.append(f"http://127.0.0.1:{server.port}{path}")
    command += ["--", str(paths)] if paths else []
    pids = server.pids()
    cores = core_ticks(SERVER_CORE), core_ticks(LOAD_CORE)
    before = cpu_seconds(pids)
    said = subprocess.run(command, capture_output=True, text=True)
    if said.returncode != 0:
        raise NotMeasured(f"wrk failed: {said.stdout}{said.stderr}")
    used = sum(seconds - before[pid] for pid, seconds in cpu_seconds(before).items())
    server_core, load_core = busy(SERVER_CORE, cores[0]), busy(LOAD_CORE, cores[1])
    result = json.loads(said.stdout.splitlines()[-1])
    requests = max(1, result["requests"])
    return Sample(
        per_second=result["requests"] * 1e6 / result["microseconds"],
        p50=result["p50"],
        p99=result["p99"],
        cpu=used * 1e6 / requests,
        server_core=server_core,
        load_core=load_core,
        rss_mib=rss_mib(pids),
        bytes=result["bytes"] / requests,
        errors=result["refused"] + result["broken"],
    )


def measure(servers, row, connections, plan):
    """The servers take turns, warmed up before the first round; the samples of each."""
    samples = {server.name: [] for server in servers}
    for server in servers:
        wrk(server, server.path(row), server.headers(row), connections, 1)
    for _ in range(plan.rounds):
        for server in servers:
            taken = wrk(server, server.path(row), server.headers(row), connections, plan.seconds)
            samples[server.name].append(taken)
    return samples
