#!/usr/bin/env bash
# Prints the path of a Python 3.10 that really starts, or explains how to get one and exits 1.
# Order: PYTHON= as given, python3.10 on the PATH, pyenv's versions, uv's, the default python3.
set -u

is_310() { # a pyenv shim exists without starting anything, so ask the interpreter itself
  [ -n "${1:-}" ] && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1
}

real_path() { "$1" -c 'import sys; print(sys.executable)'; }

if [ -n "${PYTHON:-}" ]; then
  if is_310 "$PYTHON"; then real_path "$PYTHON"; exit 0; fi
  echo "PYTHON=$PYTHON is not a working Python 3.10 (with venv). Point PYTHON to one, or leave it out." >&2
  exit 1
fi

candidates=(python3.10)
roots=("${PYENV_ROOT:-}" "${HOME:-}/.pyenv")
# pyenv's shims stay on the PATH when HOME changes; the versions are beside them.
IFS=: read -ra path_folders <<<"$PATH"
for folder in "${path_folders[@]}"; do
  case "$folder" in */shims) roots+=("${folder%/shims}") ;; esac
done
for root in "${roots[@]}"; do
  [ -n "$root" ] && for found in "$root"/versions/3.10*/bin/python; do candidates+=("$found"); done
done
if command -v pyenv >/dev/null 2>&1; then
  for found in "$(pyenv root 2>/dev/null)"/versions/3.10*/bin/python; do candidates+=("$found"); done
fi
if command -v uv >/dev/null 2>&1; then candidates+=("$(uv python find 3.10 2>/dev/null)"); fi
candidates+=(python3 python)

for candidate in "${candidates[@]}"; do
  if is_310 "$candidate"; then real_path "$candidate"; exit 0; fi
done

cat >&2 <<'MESSAGE'
Schakel needs Python 3.10 (Rasa 3.6 runs on no newer one) and none was found. One of these gets it:
  pyenv install 3.10            https://github.com/pyenv/pyenv
  uv python install 3.10        https://docs.astral.sh/uv
  apt install python3.10-venv   (Ubuntu 22.04)
Or name one yourself:  make setup PYTHON=/path/to/python3.10
MESSAGE
exit 1
