"""Makes fuzz/seeds/{packument,simple_json,simple_html} anew from real documents: asks the registries that npm and pip name,
trims what comes, takes people out, and puts example hosts in place of real ones. Names and paths of these documents become seeds
of names, npm_paths and pypi_paths, beside the numbered ones there, which are written by hand as the others are.

    python3 fuzz/fetch_seeds.py
"""

import json
import os
import pathlib
import re
import subprocess
import urllib.parse
import urllib.request

SEEDS = pathlib.Path(__file__).parent / "seeds"
NPM = ["express", "@types/node", "left-pad", "typescript", "JSONStream", "esbuild", "vite", "@babel/core"]
PYPI = ["six", "requests", "numpy", "flask-login", "pyyaml", "pandas", "zope-interface", "setuptools"]
FULL, ABBREVIATED = "application/json", "application/vnd.npm.install-v1+json"
JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"
# People, and what is long and decides nothing.
LEFT_OUT = {"readme", "maintainers", "author", "contributors", "_npmUser", "users", "bugs", "description", "gitHead",
            "_npmOperationalInternal", "keywords", "homepage", "repository", "_attachments", "devDependencies"}


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def get(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def trim_packument(text):
    document = json.loads(text)
    versions = list(document["versions"])
    kept = {*versions[:2], *versions[-2:], *document["dist-tags"].values()}
    kept = [version for version in versions if version in kept][:8]
    document["versions"] = {version: document["versions"][version] for version in kept}
    document["dist-tags"] = {tag: to for tag, to in document["dist-tags"].items() if to in kept}
    if "time" in document:
        document["time"] = {k: v for k, v in document["time"].items() if k in (*kept, "created", "modified")}
    for part in (document, *document["versions"].values()):
        for key in LEFT_OUT:
            part.pop(key, None)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def trim_json(text):
    page = json.loads(text)
    page["files"] = page["files"][:3] + page["files"][-6:]
    page["versions"] = page.get("versions", [])[:4] + page.get("versions", [])[-4:]
    return json.dumps(page, ensure_ascii=False, separators=(",", ":"))


def trim_html(text):
    links = [line for line in text.splitlines() if "<a " in line]
    kept = {*links[:3], *links[-6:]}
    return "\n".join(line for line in text.splitlines() if "<a " not in line or line in kept)


def file_name(url):
    return urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1]


def npm_seeds(text):
    """The name, and paths of the npm front: the package's, and those of its first and last tarball."""
    document = json.loads(text)
    name = document["name"]
    versions = list(document["versions"].values())
    tarballs = [file_name(version["dist"]["tarball"]) for version in (versions[0], versions[-1])]
    encoded = name.replace("/", "%2f")
    return name, [encoded, *(f"{encoded}/-/{file}" for file in dict.fromkeys(tarballs))]


def pypi_seeds(text):
    """The name, and paths of the Python front: the page's, those of its first and last file, and of one with core metadata."""
    page = json.loads(text)
    name = page["name"]
    paths = [f"simple/{name}/"]
    with_metadata = [file for file in page["files"] if file.get("core-metadata")]
    for file in (page["files"][0], page["files"][-1], *with_metadata[-1:]):
        # As the link has it: a local version's `+` is written `%2B`.
        path = f"files/{name}/{file_name(file['url'])}"
        paths += [path, f"{path}.metadata"] if file.get("core-metadata") else [path]
    return name, list(dict.fromkeys(paths))


class Hosts:
    """Replaces the hosts of the registries, and of where their links lead."""

    def __init__(self):
        self.example = {}

    def learn(self, url, example):
        self.example.setdefault(urllib.parse.urlsplit(url).netloc, example)

    def replace(self, text):
        for host in sorted(self.example, key=len, reverse=True):
            text = text.replace(host, self.example[host])
        return text


def main():
    npm = said("npm", "config", "get", "registry").rstrip("/")
    index = said("python3", "-m", "pip", "config", "get", "global.index-url")
    if not index:
        index = re.search(r"https?://[^ )]+", said("python3", "-m", "pip", "install", "--help"))[0]
    index = index.rstrip("/")
    # What is built into npm, where this machine is set to another one: its links may lead there.
    public = said("env", "-i", f"PATH={os.environ['PATH']}", "HOME=/nonexistent", "npm", "config", "get", "registry")
    hosts = Hosts()
    for url, example in ((npm, "registry.example"), (public, "registry.example"), (index, "index.example")):
        if url:
            hosts.learn(url, example)
    found = []
    for name in NPM:
        for form, accept in (("full", FULL), ("abbreviated", ABBREVIATED)):
            text = trim_packument(get(f"{npm}/{name.replace('/', '%2f')}", accept))
            found.append(("packument", f"{name.replace('/', '+').lstrip('@')}-{form}", text))
    for name in PYPI:
        found.append(("simple_json", name, trim_json(get(f"{index}/{name}/", JSON))))
        found.append(("simple_html", name, trim_html(get(f"{index}/{name}/", HTML))))
    for kind, label, text in found[:]:
        if kind == "simple_html" or label.endswith("-abbreviated"):
            # The other form of a document that is here too.
            continue
        front, seeds = ("npm", npm_seeds) if kind == "packument" else ("pypi", pypi_seeds)
        (name, paths), label = seeds(text), label.removesuffix("-full")
        found.append(("names", f"{front}-{label}", name))
        found += [(f"{front}_paths", f"{label}-{number}", path) for number, path in enumerate(paths)]
    for kind, _, text in found:
        for url in re.findall(r'https?://[^"\'<>\s\\]+\.(?:whl|tar\.gz|zip|egg|tgz|provenance)', text):
            hosts.learn(url, "registry.example" if kind == "packument" else "files.example")
        for url in re.findall(r'https?://[^"\'<>\s\\]+/provenance', text):
            hosts.learn(url, "index.example")
    for kind, name, text in found:
        folder = SEEDS / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(hosts.replace(text))
    for full in (SEEDS / "packument").glob("*-full"):
        # A mirror may have one form only.
        if full.read_text() == full.with_name(full.name.replace("-full", "-abbreviated")).read_text():
            full.unlink()
    print(f"{len(found)} seeds")


if __name__ == "__main__":
    main()
