"""Memory by open connections: each makes one request and stays open."""

import http.client
import resource
import socket
import time

import report
from documents import ROWS
from load import rss_mib
from programs import expect
from run import progress

COUNTS = (1, 256, 2000)
# What a connection may cost: its buffers, and nothing that grows with the document. The number is our own: no server has open
# connections for nothing, so "does not grow" needs one. It is room for a socket's buffers and a task, and a small part of the
# document, which would be seen here at once if each connection held it.
GOAL_KIB = 32

INTRO = """\
Each connection asks once for `{title}` and then stays open without asking. Resident memory of the server's processes. The bound of
{goal} KiB for a connection is our own: an open one has buffers in any server, and that is room for them and far less than the document."""


def run(run):
    row = next(row for row in ROWS if row.title == "next, abbreviated")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    lines, grown = [], {}
    pair = run.warm_pair()
    for server in pair:
        held = []
        used = []
        for wanted in COUNTS:
            progress(f"{server.name}, {wanted} open connections")
            while len(held) < wanted:
                held.append(ask(server, row))
            time.sleep(1)
            expect(all(map(is_open, held)), f"{server.name} closed connections: opening them took longer than it waits")
            used.append(rss_mib(server.pids()))
        grown[server.name] = (used[-1] - used[0]) * 1024 / (COUNTS[-1] - COUNTS[0])
        lines.append([server.name, *(f"{mib:.1f} MiB" for mib in used), f"{grown[server.name]:.1f} KiB"])
        for connection in held:
            connection.close()
    for server in pair:
        server.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    run.page.say("## Memory by open connections")
    run.page.say(INTRO.format(title=row.title, goal=GOAL_KIB))
    run.page.say(report.table(["", *(f"{wanted:,} open" for wanted in COUNTS), "a connection"], lines))
    ours = grown["Sekisho"]
    run.page.goal(
        f"memory does not grow with connections (at most {GOAL_KIB} KiB for one that is open)",
        ours <= GOAL_KIB,
        f"{ours:.1f} KiB, nginx {grown['nginx']:.1f} KiB",
    )


def ask(server, row):
    """An open connection whose one answer was read."""
    connection = socket.create_connection(("127.0.0.1", server.port), 30)
    head = "".join(f"{name}: {value}\r\n" for name, value in server.headers(row).items())
    connection.sendall(f"GET {server.path(row)} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    body = answer.read()
    expect(answer.status == 200 and body, f"{server.name} answered {answer.status} to an open connection")
    return connection


def is_open(connection):
    """The server has not closed it, and has sent no more than was read."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
