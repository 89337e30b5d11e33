"""Runs package managers as on a fresh machine: a folder, a home and caches of their own, thrown away after each run."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import time
import urllib.parse

from comparators import MODULES, PYTHON
from programs import LOAD_CORE, NotMeasured, environment, expect, fresh

TIMEOUT = 300


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a package manager is pointed at: an npm registry, a simple index, and a token if it wants one."""

    name: str
    npm: str | None
    simple: str | None
    token: str = ""

    def index(self):
        """The index's address with the token as password."""
        if not self.token:
            return self.simple
        parts = urllib.parse.urlsplit(self.simple)
        return parts._replace(netloc=f"token:{self.token}@{parts.netloc}").geturl()


@dataclasses.dataclass(frozen=True)
class Task:
    """A package manager, what it is asked to do, and with which packages."""

    title: str
    client: str
    packages: tuple
    npm: bool

    def address(self, target):
        return target.npm if self.npm else target.simple

    def run(self, folder: pathlib.Path, target: Target):
        """Seconds that one cold client took."""
        fresh(folder)
        env = home(folder)
        command = (npm_command if self.npm else python_command)(self, folder, target)
        # Pinned as the load is, and `direct` too: all columns have the same processor for the client.
        command = ["taskset", "-c", str(LOAD_CORE), *map(str, command)]
        log = folder / "client.log"
        began = time.monotonic()
        try:
            with open(log, "wb") as out:
                done = subprocess.run(
                    command,
                    cwd=folder / "project",
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    timeout=TIMEOUT,
                )
        except subprocess.TimeoutExpired:
            raise NotMeasured(f"{self.title} through {target.name} took more than {TIMEOUT} s") from None
        took = time.monotonic() - began
        told = log.read_text(errors="replace")[-400:]
        expect(done.returncode == 0, f"{self.title} through {target.name} failed: {without(told, target)}")
        self.prove(folder, told)
        shutil.rmtree(folder)
        return took

    def prove(self, folder, told):
        """That it did what it was timed for."""
        made = {
            "pnpm --lockfile-only": "project/pnpm-lock.yaml",
            "uv pip compile": "project/requirements.txt",
            "npm": f"project/node_modules/{self.packages[0]}/package.json",
            "pnpm": f"project/node_modules/{self.packages[0]}/package.json",
            "uv": f"project/into/{self.packages[0]}",
            "pip": f"project/into/{self.packages[0]}",
        }[self.client]
        expect((folder / made).exists(), f"{self.title} made no {made}: {told}")


def without(text, target):
    """No host and no token in the report."""
    for address in (target.npm, target.simple):
        if address:
            text = text.replace(urllib.parse.urlsplit(address).netloc, target.name)
    return text.replace(target.token, "…") if target.token else text


def home(folder):
    """The surroundings of one run."""
    (folder / "project").mkdir()
    (folder / "home").mkdir()
    return environment(
        HOME=str(folder / "home"),
        XDG_CACHE_HOME=str(folder / "cache"),
        XDG_DATA_HOME=str(folder / "data"),
        XDG_CONFIG_HOME=str(folder / "config"),
        PATH=f"{MODULES / '.bin'}:{MODULES / 'node' / 'bin'}:{os.environ['PATH']}",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        CI="1",
    )


def npm_command(task, folder, target):
    registry = f"{target.npm}/"
    settings = [f"registry={registry}", f"store-dir={folder / 'store'}", f"cache={folder / 'npm-cache'}", "audit=false"]
    settings += ["fund=false", "update-notifier=false", "ignore-scripts=true"]
    if target.token:
        settings.append(f"//{registry.split('//', 1)[1]}:_authToken={target.token}")
    (folder / "project" / ".npmrc").write_text("\n".join(settings) + "\n")
    wanted = ", ".join(f'"{name}": "*"' for name in task.packages)
    (folder / "project" / "package.json").write_text(
        f'{{"name": "bench", "private": true, "dependencies": {{{wanted}}}}}'
    )
    # An age gate asks for documents again in full; it is a choice of the user's and not of the proxy's.
    return {
        "pnpm --lockfile-only": ["pnpm", "install", "--lockfile-only", "--config.minimumReleaseAge=0"],
        "pnpm": ["pnpm", "install", "--config.minimumReleaseAge=0"],
        "npm": ["npm", "install"],
    }[task.client]


def python_command(task, folder, target):
    project, index = folder / "project", ["--default-index", target.index()]
    if task.client == "uv pip compile":
        (project / "requirements.in").write_text("\n".join(task.packages) + "\n")
        return [PYTHON / "uv", "pip", "compile", "--quiet", "requirements.in", "-o", "requirements.txt", *index]
    if task.client == "uv":
        return [PYTHON / "uv", "pip", "install", "--quiet", "--target", "into", *index, *task.packages]
    return [PYTHON / "pip", "install", "--quiet", "--target", "into", "--index-url", target.index(), *task.packages]
