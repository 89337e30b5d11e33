"""Starts and stops servers, each on the server's core, in folders of their own."""

import atexit
import dataclasses
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

SERVER_CORE, LOAD_CORE = 0, 1
HERE = pathlib.Path(__file__).parent
RUNNING = []


class NotMeasured(Exception):
    """A part could not be measured, or its comparison would not be fair; the report says why."""


def expect(holds, otherwise):
    if not holds:
        raise NotMeasured(otherwise)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Server:
    """A program that runs and listens; `npm` and `simple` say where it serves each ecosystem."""

    name: str
    port: int
    process: subprocess.Popen
    npm: str = "/npm"
    simple: str = "/pypi/simple"
    token: str = ""

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def path(self, row):
        """Where this server serves a row's document."""
        return row.path.replace("/npm", self.npm, 1) if row.npm else row.path.replace("/pypi/simple", self.simple, 1)

    def headers(self, row):
        """What a client asks with; only Sekisho has a token."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**own, "Accept": row.accept, "Accept-Encoding": "gzip"}

    def pids(self):
        """The process and all that it started: nginx and gunicorn work in children."""
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            try:
                children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
            except OSError:
                continue
            found.append(pid)
            left += map(int, children.split())
        return found

    def get(self, path, timeout=120, **headers):
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def stop(self, patience=10):
        """Each server leads a group of its own: a slow one that still works off its queue is ended with its children."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(name, command, log, port, core=SERVER_CORE, env=None, **more):
    """Starts a program on a core without waiting; it is stopped at the end of its section at the latest."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env=env or environment(),
            start_new_session=True,
            cwd=pathlib.Path(log).parent,
        )
    server = Server(name, port, process, **more)
    RUNNING.append(server)
    return server


@atexit.register
def stop_all():
    """Whatever happened, what was started is stopped."""
    while RUNNING:
        RUNNING.pop().stop()


def wait_for(server, log, seconds=30):
    """Until it accepts connections."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return server
        except OSError:
            time.sleep(0.01)
    server.stop()
    raise NotMeasured(f"{server.name} did not start: {pathlib.Path(log).read_text(errors='replace')[-500:]}")


def until_served(server, row, seconds=60):
    """Asks until the document comes; gives the seconds that it took."""
    began = time.monotonic()
    told = ""
    while time.monotonic() - began < seconds:
        try:
            status, _, body = server.get(server.path(row), **server.headers(row))
            if status == 200:
                return time.monotonic() - began
            told = f"{status} {body[:300]}"
        except OSError as error:
            told = str(error)
        time.sleep(0.002)
    raise NotMeasured(f"{server.name} does not serve {row.title}: {told}")


def environment(**more):
    """Settings that happen to be in our environment must not change what is measured; certificates stay."""
    ours = ("SEKISHO_", "NORA_", "PROXPI_", "VERDACCIO_", "DEVPI", "UV_", "PIP_", "NPM_CONFIG_", "PNPM_")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}
    return {**kept, **{name: value for name, value in os.environ.items() if name == "PIP_CERT"}, **more}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
