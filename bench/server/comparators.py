"""Starts the other proxies, each installed by its package name (`bench/tools`) and set up as its documentation says."""

import base64
import http.client
import json
import pathlib
import re
import subprocess

from programs import environment, expect, free_port, fresh, start, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".test" / "bench" / "tools"
PYTHON = TOOLS / "py" / "bin"
MODULES = TOOLS / "npm" / "node_modules"
NODE = MODULES / "node" / "bin" / "node"

VERDACCIO = """\
storage: {folder}/storage
web: {{ enable: false }}
uplinks: {{ upstream: {{ url: "{npm}", maxage: 2h, timeout: 120s, max_fails: 100, fail_timeout: 1s }} }}
packages: {{ "**": {{ access: $all, proxy: upstream }} }}
log: {{ type: stdout, level: error }}
"""


def ready(folder, program, keep):
    expect(program.exists(), f"{program.name} is not installed")
    if keep:
        return folder
    return fresh(folder)


def verdaccio(folder, npm, _, keep=False):
    ready(folder, MODULES / "verdaccio" / "bin" / "verdaccio", keep)
    port = free_port()
    (folder / "config.yaml").write_text(VERDACCIO.format(folder=folder, npm=npm))
    command = [
        NODE,
        MODULES / "verdaccio" / "bin" / "verdaccio",
        "-c",
        folder / "config.yaml",
        "-l",
        f"127.0.0.1:{port}",
    ]
    return wait_for(start("Verdaccio", command, folder / "log", port, npm="", simple=None), folder / "log")


def nora(folder, npm, simple, keep=False):
    ready(folder, TOOLS / "nora" / "bin" / "nora", keep)
    port = free_port()
    settings = environment(
        NORA_HOST="127.0.0.1",
        NORA_PORT=str(port),
        NORA_PUBLIC_URL=f"http://127.0.0.1:{port}",
        NORA_STORAGE_MODE="local",
        NORA_STORAGE_PATH=str(folder / "storage"),
        NORA_REGISTRIES_ENABLE="npm,pypi",
        NORA_NPM_PROXY=npm,
        NORA_NPM_PROXY_TIMEOUT="180",
        NORA_NPM_METADATA_TTL="7200",
        NORA_PYPI_PROXY=simple,
        NORA_PYPI_PROXY_TIMEOUT="180",
        NORA_RATE_LIMIT_ENABLED="false",
        RUST_LOG="error",
    )
    command = [TOOLS / "nora" / "bin" / "nora", "serve"]
    return wait_for(
        start("NORA", command, folder / "log", port, env=settings, npm="/npm", simple="/simple"), folder / "log"
    )


def proxpi(folder, _, simple, keep=False):
    """By gunicorn with one worker and threads, as its image does it."""
    ready(folder, PYTHON / "gunicorn", keep)
    port = free_port()
    settings = environment(
        PROXPI_INDEX_URL=f"{simple}/",
        PROXPI_INDEX_TTL="7200",
        PROXPI_CACHE_DIR=str(folder / "files"),
        PROXPI_LOGGING_LEVEL="ERROR",
    )
    (folder / "files").mkdir(exist_ok=True)
    command = [PYTHON / "gunicorn", "--preload", "--workers", "1", "--threads", "32", "--timeout", "300"]
    command += ["--bind", f"127.0.0.1:{port}", "proxpi.server:app"]
    return wait_for(
        start("proxpi", command, folder / "log", port, env=settings, npm=None, simple="/index"), folder / "log"
    )


def devpi(folder, _, simple, keep=False):
    ready(folder, PYTHON / "devpi-server", keep)
    if not keep:
        command = [PYTHON / "devpi-init", "--serverdir", folder / "data", "--no-root-pypi"]
        made = subprocess.run(command, capture_output=True, text=True, env=environment())
        expect(made.returncode == 0, f"devpi-init: {made.stderr[-500:]}")
    port = free_port()
    command = [PYTHON / "devpi-server", "--serverdir", folder / "data", "--host", "127.0.0.1", "--port", port]
    command += ["--connection-limit", 4000, "--mirror-cache-expiry", 7200, "--request-timeout", 60]
    server = start("devpi", command, folder / "log", port, npm=None, simple="/root/mirror/+simple")
    wait_for(server, folder / "log", 60)
    if not keep:
        add_mirror(server, simple)
    return server


def add_mirror(server, simple):
    def call(method, path, body, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        told = answer.read()
        expect(answer.status in (200, 201), f"devpi {path}: {answer.status} {told[:300]}")
        return json.loads(told)

    password = call("POST", "/+login", {"user": "root", "password": ""})["result"]["password"]
    auth = base64.b64encode(f"root:{password}".encode()).decode()
    index = {"type": "mirror", "mirror_url": f"{simple}/", "mirror_no_project_list": True, "mirror_cache_expiry": 7200}
    call("PUT", "/root/mirror", index, **{"X-Devpi-Auth": auth})


# Name, how to start it, and what it serves.
ALL = {"Verdaccio": verdaccio, "NORA": nora, "proxpi": proxpi, "devpi": devpi}
NPM, PYPI = ("Verdaccio", "NORA"), ("NORA", "proxpi", "devpi")


def versions():
    """What is installed, by name."""
    found = {}
    for name in ("verdaccio", "node", "npm", "pnpm"):
        package = MODULES / name / "package.json"
        if package.exists():
            found[name] = json.loads(package.read_text())["version"]
    for name in ("devpi_server", "proxpi", "gunicorn", "uv", "pip"):
        for folder in TOOLS.glob(f"py/lib/python*/site-packages/{name}-*.dist-info"):
            found[name.replace("_", "-")] = folder.name.removesuffix(".dist-info").rsplit("-", 1)[1]
    kept = TOOLS / "nora" / ".crates.toml"
    told = re.search(r'"nora-registry (\S+) ', kept.read_text()) if kept.exists() else None
    if told:
        found["nora-registry"] = told.group(1)
    return found
