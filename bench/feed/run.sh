#!/bin/sh
# 250,000 records in the feed's proportions: how long compiling and loading take, look-ups a second, memory.
# Goals: compiled in under 5 s, loaded in tens of milliseconds, under 100 MB.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release -p sekisho-feed --examples
examples=${CARGO_TARGET_DIR:-target}/release/examples
"$examples/generate" "$work/feed.zip" "${1:-250000}"
echo "== compile, store, load"
"$examples/measure" "$work/feed.zip" "$work/data"
echo "== load only, as at a start"
"$examples/measure" "$work/feed.zip" "$work/data" load
