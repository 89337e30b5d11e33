"""The upstream of all servers: the kept documents, served as a public registry serves them, at once or after a delay."""

import hashlib
import http.server
import json
import threading
import time
import zlib

from documents import FILES, INDEX, REGISTRY, SIMPLE_JSON


def gzip(body: bytes):
    """As public registries do: zlib's default level. The report prints both sides' sizes, because they differ a little."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


class Origin:
    """Listens on a free loopback port from the start; documents are added."""

    def __init__(self):
        self.bodies = {}
        self.files = {}
        # Requests so far: who asks while its cache is warm is told from who does not.
        self.asked = 0
        # Seconds before each answer.
        self.delay = 0.0
        handler = type("Handler", (Handler,), {"origin": self})
        self.server = Listener(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.npm, self.simple = f"{self.address}/npm", f"{self.address}/pypi/simple"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, row, body: bytes):
        for placeholder, own in (REGISTRY, self.npm), (INDEX, self.address), (FILES, self.address):
            body = body.replace(placeholder.encode(), own.encode())
        tag = hashlib.sha256(body).hexdigest()[:32]
        self.bodies.setdefault(row.path, {})[row.accept] = (row.content_type, tag, body, gzip(body))

    def sizes(self, row):
        """Length of the body, plain and compressed."""
        _, _, plain, packed = self.bodies[row.path][row.accept]
        return len(plain), len(packed)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # As many as are measured may come at once.
    request_queue_size = 1024

    def handle_error(self, *_):
        """A proxy that was stopped in the middle of a request is nothing to print."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in as few packets as they need.
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    origin = None

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        self.origin.asked += 1
        time.sleep(self.origin.delay)
        path = self.path.replace("%2f", "/")
        if path in self.origin.files:
            return self.send("application/octet-stream", self.origin.files[path])
        forms = self.origin.bodies.get(path)
        if forms is None and f"{path}/" in self.origin.bodies:
            return self.moved(f"{path}/")
        if path == "/pypi/simple/":
            return self.send(SIMPLE_JSON, self.projects())
        if forms is None:
            return self.send_error(404)
        accept = self.headers.get("Accept", "")
        # The form that is named first; otherwise the first that there is.
        named = sorted((accept.index(form), form) for form in forms if form in accept)
        content_type, tag, plain, packed = forms[named[0][1] if named else next(iter(forms))]
        takes_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        body, tag = (packed, f'"{tag}-gzip"') if takes_gzip else (plain, f'"{tag}"')
        self.send(content_type, body, tag, takes_gzip)

    def moved(self, to):
        self.send_response(301)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def projects(self):
        """The root of the index: some proxies ask it first."""
        names = [path.split("/")[3] for path in self.origin.bodies if path.startswith("/pypi/simple/")]
        listed = {"meta": {"api-version": "1.0"}, "projects": [{"name": name} for name in names]}
        return json.dumps(listed).encode()

    def send(self, content_type, body, tag=None, packed=False):
        known = tag is not None and self.headers.get("If-None-Match") == tag
        self.send_response(304 if known else 200)
        if tag:
            self.send_header("ETag", tag)
        self.send_header("Cache-Control", "public, max-age=300")
        self.send_header("Vary", "Accept, Accept-Encoding")
        if not known:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if not known and self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass
