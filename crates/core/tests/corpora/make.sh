#!/bin/sh
# Makes npm.tsv and pypi.tsv by the reference implementations: npm's `semver` and Python's `packaging`.
# Both are installed by name into a temporary folder. The cases come from a seeded generator, so that a run with the
# same reference versions gives the same files.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npm install --silent --no-audit --no-fund --prefix "$work" semver
NODE_PATH="$work/node_modules" node "$here/npm.js" >"$here/npm.tsv"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet packaging
"$work/venv/bin/python" "$here/pypi.py" >"$here/pypi.tsv"

wc -l "$here/npm.tsv" "$here/pypi.tsv"
