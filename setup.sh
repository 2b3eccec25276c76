# shellcheck shell=sh
# What ./run and ./test share: `set_up DIRECTORY [PYTHON]` makes a virtual environment, or brings
# one up to date, if it is not already. It talks on stderr, so that a command's output stays its own.

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
unset VIRTUAL_ENV PYTHONHOME

say() { printf '%s\n' "$*" >&2; }

set_up() {
    if is_ready "$1"; then return; fi
    lock "$1.lock"
    if ! is_ready "$1"; then # nobody made it while we waited
        if ! is_sound "$1"; then rm -rf "$1"; fi
        make_with_uv "$1" "${2:-}" || make_with_pip "$1" "${2:-}" || give_up
        fingerprint "$1" >"$1/amphibus-stamp" 2>&1
    fi
    unlock
}

is_ready() {
    [ -f "$1/amphibus-stamp" ] && [ "$(cat "$1/amphibus-stamp")" = "$(fingerprint "$1" 2>&1)" ]
}

# What an environment was made from: the locks, its Python, and the place, which its scripts hold.
fingerprint() {
    (cd "$ROOT" && cksum uv.lock requirements.lock runtime/pyproject.toml) &&
        "$1/bin/python" -V && echo "$ROOT"
}

# Whether it can be brought up to date in place: its Python runs, and its scripts point into it
# (a copied or moved folder brings an environment that points to where it was).
is_sound() {
    "$1/bin/python" -c '' 2>/dev/null && grep -qF "$1/bin/python" "$1/bin/amphibus" 2>/dev/null
}

# One set-up at a time. The lock is a symbolic link to a process id, as that is made in one step.
lock() {
    if ! [ -w "$ROOT" ]; then
        say "Cannot set up: $(id -un) may not write to $ROOT."
        say "Type once, as its owner: '$ROOT/run' version"
        exit 1
    fi
    LOCK=$1 waiting=
    until ln -s "$$" "$LOCK" 2>/dev/null; do
        owner=$(readlink "$LOCK") || continue
        if ! kill -0 "$owner" 2>/dev/null; then
            rm -f "$LOCK"
            continue
        fi
        if [ -z "$waiting" ]; then say "Waiting for process $owner, which is setting up."; fi
        waiting=yes
        sleep 1
    done
    trap unlock EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

unlock() {
    rm -f "$LOCK"
    trap - EXIT INT TERM
}

# --frozen takes uv.lock as it is and never writes it, whatever index the environment names. Our own
# package is built by the back end from the lock, so that nothing else is asked for.
make_with_uv() {
    uv --version >/dev/null 2>&1 || return 1
    say "Setting up $1 with uv."
    (
        cd "$ROOT" || exit 1
        export UV_PROJECT_ENVIRONMENT="$1" UV_PYTHON_DOWNLOADS=never
        [ -w "${HOME:-/nonexistent}" ] || [ -n "${UV_CACHE_DIR:-}" ] || export UV_NO_CACHE=1
        uv sync --frozen --quiet --no-install-workspace ${2:+--python "$2"} &&
            uv pip install --quiet --python "$1" --no-deps --no-build-isolation --editable runtime
    ) >&2 || { say "uv could not do it; trying venv and pip."; return 1; }
}

# pip cannot read uv.lock; requirements.lock says the same, and brings the same back end.
make_with_pip() {
    python=${2:-$(find_python ensurepip)} || python=$(install_python) ||
        python=$(find_python venv) || return 1
    say "Setting up $1 with $python, venv and pip (a minute or so)."
    pip_in "$1" --version >/dev/null 2>&1 || make_empty "$1" "$python" || return 1
    pip_in "$1" install --require-hashes --requirement "$ROOT/requirements.lock" &&
        pip_in "$1" install --no-deps --no-build-isolation --editable "$ROOT/runtime" &&
        return
    say "Cannot set up: the packages could not be installed, for the reason above."
    exit 1
}

# With the pip that Python has brought along, or with one that is fetched where it has brought none.
make_empty() {
    if "$2" -c 'import ensurepip' 2>/dev/null; then
        "$2" -m venv --clear "$1" >&2
        return
    fi
    say "$2 has come without pip; fetching it."
    "$2" -m venv --clear --without-pip "$1" >&2 && "$1/bin/python" "$ROOT/setup_pip.py" >&2
}

pip_in() {
    environment=$1
    shift
    PIP_USER=no "$environment/bin/python" -m pip -qq --disable-pip-version-check --no-input "$@" >&2
}

# The first Python new enough that has venv and a module besides.
find_python() {
    able="import sys, venv, $1; sys.exit(sys.version_info < (3, 11))"
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c "$able" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

# Debian and Ubuntu ship venv apart, and some releases have a newer Python under its own name only.
install_python() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    for package in python3-venv python3.13-venv python3.12-venv python3.11-venv; do
        say "Installing $package with apt-get."
        apt_install "$package" 2>/dev/null ||
            { apt-get -qq update >&2 && apt_install "$package"; } ||
            continue
        if find_python ensurepip; then return; fi
    done
    return 1
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$1" >/dev/null
}

give_up() {
    newest=none
    for name in python3 python3.11 python3.12 python3.13; do
        if found=$("$name" -V 2>/dev/null); then newest=$found; fi
    done
    say "Cannot set up: this needs Python 3.11 or newer (found: $newest), with venv or with uv."
    case $newest in none | "Python 3.1"[1-9]*) apt_helps=yes ;; *) apt_helps= ;; esac
    if [ "$(id -u)" = 0 ]; then apt_helps=; fi # we have just tried
    if command -v uv >/dev/null; then
        say "Type: uv python install 3.13"
    elif command -v brew >/dev/null; then
        say "Type: brew install python@3.13"
    elif [ "$apt_helps" ] && command -v apt-get >/dev/null; then
        say "Type: sudo apt-get update && sudo apt-get install python3-venv"
    else
        say "Install Python 3.13 or uv, then type the command again."
    fi
    exit 1
}
