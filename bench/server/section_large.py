"""Memory while many clients ask for one large packument at once, in every form."""

import pathlib
import socket
import threading
import time

import report
from documents import INSTALL_V1, Row, enlarged
from load import rss_mib
from programs import expect
from run import progress

BIG = Row("large, full", "/npm/large", "application/json", "application/json")
BIG_BYTES = 40_000_000
CLIENTS = 32
GOAL_MB = 150

INTRO = """\
### A packument of {size:.0f} MB

The versions of `next`, more than once under other numbers. {clients} clients ask at once, each with a connection of its own: for
the full and the abbreviated form, with gzip and without; every fourth reads 256 KiB each 20 ms. The most resident memory
meanwhile, above what the server has before anybody asked."""


def run(run):
    real = run.origin.bodies["/npm/next"]["application/json"][2]
    body = enlarged(real, "large", BIG_BYTES)
    run.origin.add(BIG, body)
    server = run.sekisho("large").start()
    time.sleep(2)
    idle, lines, most = rss_mib(server.pids()), [], 0.0
    for title, encodings in (("cold", ("gzip", "identity")), ("warm", ("gzip", "identity")), ("warm", ("identity",))):
        progress(f"large packument, {title}, {' and '.join(encodings)}")
        held, sent = storm(server, encodings)
        above = (held - idle) * 2**20 / 1e6
        most = max(most, above)
        lines.append([f"{title}, {' and '.join(encodings)}", f"{above:.0f} MB", f"{sent / 1e6:,.0f} MB"])
    server.stop()
    del run.origin.bodies[BIG.path]
    run.page.say(INTRO.format(size=len(body) / 1e6, clients=CLIENTS))
    run.page.say(report.table(["", "most above idle", "sent"], lines))
    run.page.goal(
        f"a packument of {BIG_BYTES / 1e6:.0f} MB, {CLIENTS} clients at once: peak memory under {GOAL_MB} MB above idle",
        most < GOAL_MB,
        f"{most:.0f} MB",
    )


def storm(server, encodings):
    """Clients of every kind at once. The most memory held meanwhile, in MiB, and the bytes that they got."""
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    results = []
    kinds = [(accept, encoding) for accept in (BIG.accept, INSTALL_V1) for encoding in encodings]
    clients = [
        threading.Thread(target=ask, args=(server, *kinds[n % len(kinds)], (n // len(kinds)) % 4 == 3, results))
        for n in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    good = sum(ok for ok, _ in results)
    expect(good == CLIENTS, f"{good} of {CLIENTS} clients got the large packument")
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024, sum(total for _, total in results)


def ask(server, accept, encoding, slow, results):
    """One client."""
    client = socket.create_connection(("127.0.0.1", server.port), 300)
    if slow:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    head = f"GET {BIG.path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAccept: {accept}\r\nConnection: close\r\n"
    client.sendall(f"{head}Authorization: Bearer {server.token}\r\nAccept-Encoding: {encoding}\r\n\r\n".encode())
    total, first = 0, client.recv(64)
    while chunk := client.recv(256 << 10):
        total += len(chunk)
        if slow:
            time.sleep(0.02)
    client.close()
    results.append((first.split(b" ")[1] == b"200", total))
