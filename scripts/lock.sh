#!/usr/bin/env bash
# Compiles requirements/*.in to pinned files with hashes and without any address in them.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in app dev bootstrap; do
  .venv/bin/uv pip compile --quiet --python .venv/bin/python --universal --python-version 3.10 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "requirements/$name.in" -o "requirements/$name.txt"
done
