"""The cost of a restart, and what an idle connection takes."""

import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time

from documents import enlarged
from world import SIMPLE_JSON, Origin, Server, fetched

INSTALL_V1 = "application/vnd.npm.install-v1+json"
BINARY = pathlib.Path(os.environ["BENCH_BINARY"]).resolve()
DOCUMENTS = pathlib.Path(".test/bench/documents")
PACKAGES = [
    ("npm", "express"),
    ("npm", "next"),
    ("npm", "vite"),
    ("npm", "typescript"),
    ("npm", "@types/node"),
    ("pypi", "boto3"),
    ("pypi", "numpy"),
]


def main():
    parts = sys.argv[1:] or ["restart", "idle"]
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            data = pathlib.Path(folder) / part / "data"
            data.mkdir(parents=True)
            {"restart": restart, "idle": idle}[part](data)


def restart(data):
    """How long the first answer takes from disk, with the upstream down."""
    origin = Origin()
    paths = []
    for ecosystem, name in PACKAGES:
        path = f"/npm/{name}" if ecosystem == "npm" else f"/simple/{name}/"
        origin_path = path.replace("@types/", "@types%2f")
        content_type = "application/json" if ecosystem == "npm" else SIMPLE_JSON
        origin.add(origin_path, content_type, fetched(DOCUMENTS, ecosystem, name))
        paths.append((name, path if ecosystem == "npm" else f"/pypi{path}", content_type))
    server = Server(BINARY, data, origin.address)
    forms = []
    for name, path, content_type in paths:
        for accept in [content_type, INSTALL_V1] if path.startswith("/npm") else [content_type]:
            forms.append((name, path, accept))
    print("First answer of each document with gzip, ms: from the upstream; after a restart with the upstream down;")
    print("again (the abbreviated form after the full one)")
    cold = [1000 * server.get(path, Accept=accept, Accept_Encoding="gzip")[3] for _, path, accept in forms]
    time.sleep(3)
    server.stop()
    origin.stop()
    drop = ["sh", "-c", "sync; echo 1 > /proc/sys/vm/drop_caches"]
    subprocess.run(drop, check=False, stderr=subprocess.DEVNULL)
    # At the same address, or the answers that were kept would be another's.
    server = Server(BINARY, data, origin.address, server.port)
    for (name, path, accept), upstream in zip(forms, cold):
        took = []
        for _ in range(2):
            status, headers, body, seconds = server.get(path, Accept=accept, Accept_Encoding="gzip")
            took.append(1000 * seconds)
        form = "abbreviated" if accept == INSTALL_V1 else "full"
        stale = "stale" if "stale" in (headers.get("Cache-Status") or "") else "fresh"
        print(f"  {name:12} {form:12} {upstream:8.1f} {took[0]:8.1f} {took[1]:6.1f}  {status} {stale} {len(body)}", flush=True)
    server.stop()


def idle(data):
    """Connections that were used once and wait."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    count = min(10_000, min(hard, 65536) - 100)
    origin = Origin()
    origin.add("/npm/a", "application/json", enlarged(fetched(DOCUMENTS, "npm", "express"), "a", 0))
    many = {"limits.connections": count + 10, "limits.connections_per_address": count + 10}
    server = Server(BINARY, data, origin.address, **many, **{"limits.header_seconds": 600})
    server.get("/npm/a", Accept=INSTALL_V1, Accept_Encoding="gzip")
    before = server.memory("VmRSS")
    request = b"GET /npm/a HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: gzip\r\n\r\n" % server.port
    kept = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", server.port), 30)
        client.sendall(request)
        kept.append(client)
        while client.recv(1 << 20)[-8:-6] == b"":
            pass
    time.sleep(1)
    grown = server.memory("VmRSS") - before
    print(f"{count} idle connections: {grown:.0f} MiB, {grown * 1024 * 1024 / count:.0f} bytes each")
    server.stop()


if __name__ == "__main__":
    main()
