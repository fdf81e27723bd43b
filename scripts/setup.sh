#!/usr/bin/env bash
# Makes .venv with everything in requirements/*.txt (hashes checked). Does nothing when that is already done.
# Usage: scripts/setup.sh [dev]   (dev adds what tests and checks need)
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=(requirements/bootstrap.txt requirements/app.txt)
stamp=.venv/.installed-app
if [ "${1:-}" = dev ]; then wanted+=(requirements/dev.txt); stamp=.venv/.installed-dev; fi
fingerprint=$(cat "${wanted[@]}" | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ]; then exit 0; fi

if [ -x .venv/bin/python ] && ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null; then
  echo ".venv holds another Python than 3.10; making it anew." >&2
  rm -rf .venv
fi
if [ ! -x .venv/bin/python ]; then
  python=$(bash scripts/find_python.sh)
  "$python" -m venv .venv
fi

echo "Installing the packages of ${wanted[*]} into .venv ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
files=()
for file in "${wanted[@]}"; do files+=(-r "$file"); done
# pip's variable for a mirror also counts for uv, which reads its own only.
UV_INDEX_URL=${UV_INDEX_URL:-${PIP_INDEX_URL:-}}
if [ -n "$UV_INDEX_URL" ]; then export UV_INDEX_URL; else unset UV_INDEX_URL; fi
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes "${files[@]}"
# The command `rasa` of this environment also imports only what it uses (rasa_patches/console.py).
.venv/bin/python - "$PWD" <<'PY'
import site, sys
from pathlib import Path
Path(site.getsitepackages()[0], "schakel.pth").write_text(f"{sys.argv[1]}\nimport rasa_patches.console\n")
PY
if [ "${1:-}" = dev ]; then cat requirements/bootstrap.txt requirements/app.txt | sha256sum | cut -d' ' -f1 > .venv/.installed-app; fi
echo "$fingerprint" > "$stamp"
