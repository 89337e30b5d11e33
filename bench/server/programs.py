"""Starts and stops the two servers, each on the server's core, in folders of their own."""

import dataclasses
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

SERVER_CORE, LOAD_CORE = 0, 1
HERE = pathlib.Path(__file__).parent
# Not reached, but each request is counted against it.
LIMIT = 1_000_000_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Server:
    """A program that runs and listens."""

    name: str
    port: int
    process: subprocess.Popen
    token: str = ""

    def pids(self):
        """The process and its children: nginx works in a child."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def get(self, path, **headers):
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def pinned(command, log, **more):
    with open(log, "ab") as out:
        return subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *map(str, command)], stdout=out, stderr=out, **more)


def wait_for(server, log):
    until = time.monotonic() + 30
    while time.monotonic() < until and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return server
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{server.name} did not start:\n{pathlib.Path(log).read_text()[-2000:]}")


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def start_nginx(folder, origin):
    fresh(folder)
    port = free_port()
    conf = (HERE / "nginx.conf").read_text()
    # As root, nginx would give its worker to another user, who may not be let into the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    for name, value in {"USER": user, "DIR": folder, "PORT": port, "ORIGIN": origin.port}.items():
        conf = conf.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(conf)
    log = folder / "start.log"
    process = pinned(["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"], log)
    return wait_for(Server("nginx", port, process), log)


def start_sekisho(binary, folder, origin, advisories, database=None):
    """With a personal token, the limiter's number raised, metrics on, and advisories in force."""
    fresh(folder)
    port = free_port()
    settings = {
        "listen": f"127.0.0.1:{port}",
        "admin_listen": f"127.0.0.1:{free_port()}",
        "data_dir": folder / "data",
        "upstream.npm.url": f"{origin.address}/npm",
        "upstream.pypi.url": f"{origin.address}/pypi/simple",
        "feed.sources": json.dumps([str(advisories)]),
        "limits.personal_per_minute": LIMIT,
        "limits.anonymous_per_minute": LIMIT,
        "log": "warn",
    }
    if database:
        settings["database.url"] = database
    command = [binary, "serve", *(part for key, value in settings.items() for part in ("--set", f"{key}={value}"))]
    log = folder / "server.log"
    server = Server("Sekisho", port, pinned(command, log, env=environment(), cwd=folder))
    wait_for(server, log)
    server.token = personal_token(server, binary, folder / "data")
    return server


def environment():
    """A setting that happens to be in our environment must not change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SEKISHO_")}


def personal_token(server, binary, data):
    """Registers an address, and reads the key out of the mail as a person would."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    body = json.dumps({"email": "bench@example.com"})
    connection.request("POST", "/api/v1/tokens", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 202:
        raise SystemExit(f"registering was answered with {answer.status}: {answer.read().decode()}")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        show = [str(binary), "--data", str(data), "mailbox", "show"]
        said = subprocess.run(show, capture_output=True, text=True, cwd=data, env=environment())
        found = re.search(r"tg_anon_[0-9A-Za-z]{36}", said.stdout)
        if found:
            return found.group()
        time.sleep(0.1)
    raise SystemExit(f"no key came by mail: {said.stderr}")
