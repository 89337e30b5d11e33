"""A PostgreSQL database of our own for one run, where there is a server for tests."""

import atexit
import os
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "test-postgres"


def postgres():
    """The address of a new, empty database, dropped at the end; `None` without a server.

    The server is `SEKISHO_TEST_POSTGRES`, or the one that `scripts/test-postgres start` started."""
    server = os.environ.get("SEKISHO_TEST_POSTGRES") or running()
    if not server or not ask(server, "SELECT 1"):
        return None
    name = f"sekisho_bench_{os.getpid()}"
    if not ask(server, f"CREATE DATABASE {name}"):
        return None
    atexit.register(ask, server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return f"{server.rsplit('/', 1)[0]}/{name}"


def running():
    said = subprocess.run([SCRIPT, "url"], capture_output=True, text=True)
    return said.stdout.strip() if said.returncode == 0 else None


def ask(server, statement):
    try:
        return subprocess.run(["psql", "-q", server, "-c", statement], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
