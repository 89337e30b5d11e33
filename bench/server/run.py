"""What every section of a run has at hand."""

import dataclasses
import functools
import json
import pathlib
import sys
import zipfile

import databases
import documents
from nginx import start_nginx
from origin import Origin
from programs import expect, until_served
from sekisho import Sekisho

ADVISORIES = 20_000


@dataclasses.dataclass
class Run:
    """The program under test, the local upstream, the report, and where files lie."""

    binary: pathlib.Path
    generate: pathlib.Path
    work: pathlib.Path
    plan: object
    page: object
    # Only rows whose title has this text.
    rows: str = ""

    @functools.cached_property
    def origin(self):
        """The local upstream with all documents: the abbreviated ones are made by Sekisho, not every registry has them."""
        origin = Origin()
        for row, body in documents.kept(self.work / "documents").items():
            origin.add(row, body)
        folder = self.work / "documents"
        missing = [row for row in documents.ROWS if row.derived and not (folder / row.file).exists()]
        if missing:
            server = self.sekisho("derive", origin).start()
            for row in missing:
                until_served(server, row)
                _, _, body = server.get(row.path, Accept=row.accept, Authorization=f"Bearer {server.token}")
                (folder / row.file).write_bytes(
                    body.replace(f"{server.address}/npm".encode(), documents.REGISTRY.encode())
                )
            server.stop()
        for row in documents.ROWS:
            if row.derived:
                origin.add(row, (folder / row.file).read_bytes())
        return origin

    @functools.cached_property
    def advisories(self):
        return write_advisories(self.work / "advisories.zip")

    @functools.cached_property
    def database(self):
        return databases.postgres()

    @functools.cached_property
    def registries(self):
        return documents.registries()

    def sekisho(self, folder, origin=None, advisories=None, **more):
        """Sekisho on the local upstream, not started yet."""
        origin = origin or self.origin
        return Sekisho(
            self.binary, self.work / folder, origin.npm, origin.simple, advisories or self.advisories, **more
        )

    def warm_pair(self):
        """Sekisho and nginx, both with every document in their caches."""
        pair = self.sekisho("sekisho").start(), start_nginx(self.work / "nginx", self.origin.port)
        for server in pair:
            for row in documents.ROWS:
                until_served(server, row)
        return pair


def body_lengths(server, row):
    """Fills the cache with both encodings, and proves that the answer is the document and comes from the cache."""
    lengths = []
    for encoding in ("identity", "gzip"):
        asked = {**server.headers(row), "Accept-Encoding": encoding}
        for _ in range(2):
            status, answer, body = server.get(server.path(row), **asked)
            expect(status == 200, f"{server.name}, {row.title}: {status} {body[:500]}")
            expect(row.content_type in answer["Content-Type"], f"{server.name} sent {answer['Content-Type']}")
            sent = answer.get("Content-Encoding", "identity")
            expect(sent == encoding, f"{server.name} did not send {encoding}")
        if server.name == "nginx":
            expect(answer["X-Cache-Status"] == "HIT", f"{row.title}: nginx said {answer['X-Cache-Status']}")
        lengths.append(len(body))
    return lengths


def write_advisories(file):
    """Records that block other packages, in the form of the public feeds: looked up on every request."""
    if not file.exists():
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(ADVISORIES):
                package = {"ecosystem": ("npm", "PyPI")[number % 5 == 0], "name": f"bench-blocked-{number}"}
                events = [{"introduced": "0"}]
                affected = [{"package": package, "ranges": [{"type": "SEMVER", "events": events}]}]
                if package["ecosystem"] == "PyPI":
                    affected = [{"package": package, "versions": ["1.0", "1.1"]}]
                record = {"id": f"MAL-2026-{number}", "modified": "2026-01-01T00:00:00Z", "affected": affected}
                archive.writestr(f"{record['id']}.json", json.dumps(record))
    return file


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
