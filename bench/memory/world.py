"""The server under test and its upstream, both on loopback."""

import hashlib
import http.client
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import zlib

REGISTRY, FILES = "https://registry.example", "https://files.example"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def fetched(folder, ecosystem, name):
    """A real document without its hosts; fetched once."""
    form = "full" if ecosystem == "npm" else "JSON"
    file = folder / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}-{form}.body"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(npm(name) if ecosystem == "npm" else python(name))
    return file.read_bytes()


def read(url, accept):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=300) as answer:
        return answer.read()


def npm(name):
    said = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True, cwd="/")
    base = said.stdout.strip().rstrip("/")
    body = read(f"{base}/{name.replace('/', '%2f')}", "application/json")
    return body.replace(base.encode(), REGISTRY.encode())


def python(name):
    pip = [sys.executable, "-m", "pip"]
    said = subprocess.run([*pip, "config", "get", "global.index-url"], capture_output=True, text=True, cwd="/")
    if said.returncode != 0:
        said = subprocess.run([*pip, "install", "--help"], capture_output=True, text=True, check=True, cwd="/")
    base = re.search(r"(?:default\s+)?(https?://[^\s)]+)", said.stdout).group(1).rstrip("/")
    body = read(f"{base}/{name}/", SIMPLE_JSON)
    hosts = {"{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(file["url"])) for file in json.loads(body)["files"]}
    for host in hosts - {"://"}:
        body = body.replace(host.encode(), FILES.encode())
    return body


class Origin:
    """Serves bodies by path as a public registry does: gzip, a tag, five minutes."""

    def __init__(self):
        self.bodies = {}
        handler = type("Handler", (Handler,), {"origin": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, path, content_type, body):
        for placeholder in REGISTRY, FILES:
            body = body.replace(placeholder.encode(), self.address.encode())
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = packer.compress(body) + packer.flush()
        self.bodies[path] = (content_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"', packed)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origin = None

    def do_GET(self):
        found = self.origin.bodies.get(self.path)
        if found is None:
            return self.send_error(404)
        content_type, tag, body = found
        known = self.headers.get("If-None-Match") == tag
        self.send_response(304 if known else 200)
        self.send_header("ETag", tag)
        self.send_header("Cache-Control", "public, max-age=300")
        if not known:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """The program, over a data folder."""

    def __init__(self, binary, data, upstream, port=None, **settings):
        self.port = port or free_port()
        settings = {
            "listen": f"127.0.0.1:{self.port}",
            "admin_listen": "",
            "data_dir": data,
            "upstream.npm.url": f"{upstream}/npm",
            "upstream.pypi.url": f"{upstream}/simple",
            "limits.anonymous_per_minute": 1_000_000_000,
            "log": "warn",
            **settings,
        }
        command = [binary, "serve", *(part for key, value in settings.items() for part in ("--set", f"{key}={value}"))]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEKISHO_")}
        log = open(pathlib.Path(data).parent / "server.log", "ab")
        self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, env=environment, cwd="/")
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise SystemExit(f"the server did not start; see {log.name}") from None
                time.sleep(0.005)

    def get(self, path, **headers):
        """Status, headers, body and seconds of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, answer.headers, body, time.perf_counter() - started

    def memory(self, field):
        """MiB of a line of its status."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
