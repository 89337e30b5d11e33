"""The documents that are compared: fetched once from the registries that this machine is set to, kept without hosts."""

import dataclasses
import html
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

INSTALL_V1 = "application/vnd.npm.install-v1+json"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
# The hosts of kept documents; the origin puts its own address in their place.
REGISTRY, INDEX, FILES = "https://registry.example", "https://index.example", "https://files.example"


@dataclasses.dataclass(frozen=True)
class Row:
    """One document in one form."""

    title: str
    path: str
    accept: str
    content_type: str

    @property
    def file(self):
        return re.sub(r"\W+", "-", self.title) + ".body"

    @property
    def npm(self):
        return self.path.startswith("/npm/")

    @property
    def derived(self):
        """Abbreviated packuments are asked from the server under test: not every registry makes them."""
        return self.accept == INSTALL_V1


ROWS = [
    *(
        row
        for name in ("express", "next")
        for row in (
            Row(f"{name}, full", f"/npm/{name}", "application/json", "application/json"),
            Row(f"{name}, abbreviated", f"/npm/{name}", INSTALL_V1, INSTALL_V1),
        )
    ),
    *(
        row
        for name in ("requests", "numpy")
        for row in (
            Row(f"{name}, JSON", f"/pypi/simple/{name}/", SIMPLE_JSON, SIMPLE_JSON),
            Row(f"{name}, HTML", f"/pypi/simple/{name}/", "text/html", "text/html"),
        )
    ),
]


def kept(folder: pathlib.Path):
    """Body by row, without the derived ones; what is not in `folder` is fetched into it."""
    folder.mkdir(parents=True, exist_ok=True)
    bodies = {}
    for row in ROWS:
        if row.derived:
            continue
        file = folder / row.file
        if not file.exists():
            print(f"fetching {row.title}", file=sys.stderr)
            file.write_bytes(fetch(row))
        bodies[row] = file.read_bytes()
    return bodies


def fetch(row):
    base = npm_registry() if row.npm else python_index()
    name = row.path.rstrip("/").rsplit("/", 1)[1]
    url = f"{base}/{name}" if row.npm else f"{base}/{name}/"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": row.accept}), timeout=120) as answer:
        body = answer.read()
    return without_hosts(body, row, base)


def without_hosts(body, row, base):
    root = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(base))
    if row.npm:
        return body.replace(base.encode(), REGISTRY.encode())
    if row.accept == SIMPLE_JSON:
        links = [file["url"] for file in json.loads(body)["files"]]
    else:
        links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', body.decode())]
    hosts = {"{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(link)) for link in links if "://" in link}
    for host in hosts - {root}:
        body = body.replace(host.encode(), FILES.encode())
    return body.replace(root.encode(), INDEX.encode())


def npm_registry():
    said = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True, cwd="/")
    return said.stdout.strip().rstrip("/")


def python_index():
    """What pip is set to, else the default that its own help names."""
    pip = [sys.executable, "-m", "pip"]
    said = subprocess.run([*pip, "config", "get", "global.index-url"], capture_output=True, text=True, cwd="/")
    if said.returncode == 0:
        return said.stdout.strip().rstrip("/")
    said = subprocess.run([*pip, "install", "--help"], capture_output=True, text=True, check=True, cwd="/")
    return re.search(r"\(default\s+(https?://[^\s)]+)", said.stdout).group(1).rstrip("/")


@dataclasses.dataclass(frozen=True)
class Registries:
    """The real ones, as this machine is set to them: the npm registry, the simple index, and where that one's files lie."""

    npm: str
    simple: str
    files: str


def registries():
    """Asked from the package managers and from one of the index's pages."""
    simple = python_index()
    asked = urllib.request.Request(f"{simple}/six/", headers={"Accept": SIMPLE_JSON})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        page = answer.read()
    link = json.loads(page)["files"][0]["url"]
    parts = urllib.parse.urlsplit(urllib.parse.urljoin(f"{simple}/six/", link))
    return Registries(npm_registry(), simple, f"{parts.scheme}://{parts.netloc}")


def tarballs(packument: bytes):
    """The file names of a packument's tarballs, in its order."""
    versions = json.loads(packument)["versions"].values()
    return [version["dist"]["tarball"].rsplit("/", 1)[1] for version in versions]


def enlarged(packument, name, size):
    """A packument of at least `size` bytes: the versions of a real one, again under higher numbers."""
    document = json.loads(packument)
    document["name"] = name
    real = [(version, entry | {"name": name}) for version, entry in document["versions"].items()]
    document["versions"] = dict(real)
    compact = lambda value: json.dumps(value, separators=(",", ":"))
    length, number = len(compact(document)), 0
    while length < size:
        version, entry = real[number % len(real)]
        more = f"{1000 + number}.0.0"
        entry = json.loads(compact(entry).replace(f"-{version}.tgz", f"-{more}.tgz")) | {"version": more}
        document["versions"][more] = entry
        length += len(compact(entry)) + len(more) + 4
        number += 1
    return compact(document).encode()
