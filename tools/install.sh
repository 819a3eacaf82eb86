#!/usr/bin/env bash
# tools/install.sh FILE: install what FILE lists into .venv, made where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11 or later is needed, and none was found on the PATH." >&2
    return 1
}

if [ ! -x .venv/bin/python ]; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv .venv
fi
echo "Installing $1"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$1"
