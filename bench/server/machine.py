"""What the figures depend on: the machine, its disk, and the versions of everything."""

import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import time


def first_match(pattern, text, otherwise="unknown"):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else otherwise


def said(*command):
    try:
        ran = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return ran.stdout + ran.stderr


def facts(binary, installed):
    """Name and value of everything that the figures depend on."""
    cpu = first_match(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(first_match(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), "0"))
    system = first_match(r'^PRETTY_NAME="(.+)"', pathlib.Path("/etc/os-release").read_text())
    revision = said("git", "rev-parse", "--short", "HEAD").strip()
    edited = said("git", "status", "--porcelain", "--", "crates", "Cargo.toml", "Cargo.lock").strip()
    changed = " with changes" if edited else ""
    found = {
        "Date": time.strftime("%Y-%m-%d"),
        "Processor": f"{cpu}, {os.cpu_count()} cores",
        "Memory": f"{memory / 2**20:.1f} GiB",
        "System": f"{system}, Linux {os.uname().release.split('-')[0]}",
        "Sekisho": f"{said(str(binary), '--version').split()[-1]}, commit {revision}{changed}",
        "Rust": first_match(r"rustc (\S+)", said("rustc", "--version")),
        "nginx": first_match(r"nginx/(\S+)", said("nginx", "-v")),
        "wrk": first_match(r"wrk \S*?(\d[\w.+-]*)", said("wrk", "-v")),
        "Python": sys.version.split()[0],
        "Others": ", ".join(f"{name} {version}" for name, version in installed.items()) or "none",
    }
    return found


def postgres_version(database):
    return first_match(r"(\d+\.\d+)", said("psql", database, "-Atc", "SHOW server_version"))


def load_average():
    return os.getloadavg()[0]


def wait_for_quiet(limit, seconds):
    """Waits until others leave the machine alone; gives the load average that it then has."""
    until = time.monotonic() + seconds
    while load_average() >= limit and time.monotonic() < until:
        if sys.stderr.isatty():
            waiting = f"waiting for a quiet machine: load {load_average():.2f}"
            print(f"\r{waiting}  ", end="", file=sys.stderr, flush=True)
        time.sleep(5)
    return load_average()


def sync_latency(folder, seconds):
    """Microseconds for 4 KiB appended and synced: the median and the 99th percentile."""
    file = folder / "sync-latency"
    block = os.urandom(4096)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def append():
        os.write(descriptor, block)
        os.fdatasync(descriptor)

    try:
        return repeated(append, seconds)
    finally:
        os.close(descriptor)
        file.unlink()


def commit_latency(folder, seconds):
    """Microseconds for a synced SQLite commit of 64 rows as long as the ledger's: the median and the 99th percentile."""
    file = folder / "commit-latency.db"
    clean(file)
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT)")
    rows = [("x" * 200,)] * 64

    def commit():
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO kept (text) VALUES (?)", rows)
        database.execute("COMMIT")

    try:
        return repeated(commit, seconds)
    finally:
        database.close()
        clean(file)


def clean(file):
    for name in (file, f"{file}-wal", f"{file}-shm"):
        pathlib.Path(name).unlink(missing_ok=True)


def repeated(action, seconds):
    taken = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(taken) < 100:
        before = time.perf_counter()
        action()
        taken.append((time.perf_counter() - before) * 1e6)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]
