# What the scripts share: where things are kept, what the machine has. Sourced, never run; it changes nothing.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${ICUSYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/icusync}

# The oldest versions that are accepted.
postgres_oldest=15
node_oldest=22.19
python_oldest=3.11
deny_version=0.20.2

# The version that the gate runs with.
rust_version=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# A machine that cannot fetch a toolchain may have this very one under another name, such as stable.
rust_by_name() { (cd "$root" && rustc --version) >/dev/null 2>&1; }
if have rustup && ! rust_by_name; then
    for name in $(rustup toolchain list --quiet); do
        if [[ $(rustc "+$name" --version 2>/dev/null) == "rustc $rust_version "* ]]; then
            export RUSTUP_TOOLCHAIN=$name
            break
        fi
    done
fi

# A hash of files and words that identifies a set-up.
digest() {
    if have sha256sum; then sha256sum | cut -c1-16; else shasum -a 256 | cut -c1-16; fi
}

# at_least 22.19 22.23.3: whether the second version is no older than the first.
at_least() {
    local -a want got
    IFS=. read -ra want <<<"$1"
    IFS=. read -ra got <<<"$2"
    local i
    for i in 0 1; do
        local w=${want[i]:-0} g=${got[i]:-0}
        ((g > w)) && return 0
        ((g < w)) && return 1
    done
    return 0
}

# The folder with initdb and postgres, as src/postgres/binaries.rs finds it: PATH, pg_config, the usual places.
find_postgres() {
    local dir binary version
    local -a dirs
    IFS=: read -ra dirs <<<"$PATH"
    have pg_config && dirs+=("$(pg_config --bindir 2>/dev/null || true)")
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
        /usr/local/opt/postgresql@*/bin /Applications/Postgres.app/Contents/Versions/*/bin /usr/local/pgsql/bin; do
        dirs+=("$dir")
    done
    for dir in "${dirs[@]}"; do
        binary=$dir/postgres
        [ -x "$binary" ] && [ -x "$dir/initdb" ] || continue
        version=$("$binary" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/') || continue
        if [ -n "$version" ] && [ "$version" -ge "$postgres_oldest" ]; then
            # The links on PATH may not have psql next to them.
            (cd -- "$(dirname -- "$(readlink -f -- "$binary" 2>/dev/null || echo "$binary")")" && pwd -P)
            return
        fi
    done
    return 1
}

find_chromium() {
    local name
    for name in "${ICUSYNC_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
        [ -n "$name" ] && have "$name" && { command -v "$name"; return; }
    done
    return 1
}

# A Node that is new enough: the machine's, otherwise the one in the cache.
find_node() {
    local name version
    for name in "${ICUSYNC_NODE:-}" node "$(node_home)"/node_modules/node-linux-*/bin/node; do
        [ -n "$name" ] && have "$name" || continue
        version=$("$name" --version 2>/dev/null) || continue
        at_least "$node_oldest" "${version#v}" && { command -v "$name"; return; }
    done
    return 1
}

find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        have "$name" && "$name" - "$python_oldest" >/dev/null 2>&1 <<'PYTHON' && { command -v "$name"; return; }
import ensurepip, sys, venv
sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))
PYTHON
    done
    return 1
}

# Folders in the cache, each named after the lock file that filled it: another lock makes another folder.
node_home() { printf '%s/node-%s' "$cache" "$(digest <"$root/tests/clients/node-runtime/package-lock.json")"; }
node_packages() { printf '%s/clients-node-%s' "$cache" "$(digest <"$root/tests/clients/node/package-lock.json")"; }
postgres_next_home() { printf '%s/postgres-next-%s' "$cache" "$(digest <"$root/tests/clients/postgres-next/package-lock.json")"; }
python_home() { printf '%s/clients-python-%s' "$cache" "$(digest <"$root/tests/clients/python/requirements.lock")"; }
deny_home() { printf '%s/cargo-deny-%s' "$cache" "$deny_version"; }

# The record of a finished set-up: what was found, and where. A change to these scripts or a lock needs a new set-up.
record() {
    local key
    key=$(cat "$root"/scripts/setup "$root"/scripts/common.sh "$root"/tests/clients/*/package-lock.json \
        "$root/tests/clients/python/requirements.lock" | digest)
    printf '%s/setup/%s-%s' "$cache" "$1" "$key"
}
