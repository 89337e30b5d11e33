"""How long and how often everything is measured."""

import dataclasses
import os

CONNECTIONS = (1, 32, 256)


@dataclasses.dataclass(frozen=True)
class Plan:
    """One value for the full run and one for the quick one."""

    # Open connections at once on documents.
    connections: tuple
    # Rounds and seconds of a row of Sekisho beside nginx.
    rounds: int
    seconds: int
    # Seconds of a row of the slow comparators, one round.
    slow_seconds: int
    # Restarts of each server, cold requests of each document, and timed runs of each package manager.
    starts: int
    colds: int
    installs: int
    # Whether package managers go through the slow comparators too.
    slow_clients: bool


FULL = Plan(CONNECTIONS, rounds=3, seconds=2, slow_seconds=4, starts=3, colds=5, installs=5, slow_clients=True)
QUICK = Plan((32,), rounds=1, seconds=1, slow_seconds=1, starts=1, colds=1, installs=1, slow_clients=False)


def chosen():
    return QUICK if os.environ.get("BENCH_QUICK") == "1" else FULL
