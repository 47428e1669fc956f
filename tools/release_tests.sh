#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Installs nova-sg under the versions that releases of OpenStack pin, and runs
# tests there. --help says how.

set -euo pipefail

usage() {
    cat <<'END'
Usage: tools/release_tests.sh [OPTION]... [RELEASE]... [-- STESTR_ARGUMENT...]

RELEASE is a list in tools/constraints: 2025.1, 2025.2, 2026.1. Without one:
all to be resolved, the oldest and the newest to be tested.

  --resolve     only see whether nova of the release and nova-sg with its
                extras resolve together; a quarter of a minute each
  --test        only run tests, in an environment of its own (.venv-RELEASE)
  -h, --help    show this text

The tests are the unit tests, the conformance of db (SQLite) and zk to what a
record store, a membership and a verdict promise, and what meets libraries:
RPC, REST and the processes. They take about three minutes a release; what
follows -- goes to `stestr run` instead of that choice.

Environment:

  NOVA_SG_PYTHON  the interpreter to use (python3)
END
}

resolve=true tests=true releases=() stestr_args=()
while (($#)); do
    case $1 in
        --resolve) tests=false ;;
        --test) resolve=false ;;
        -h | --help) usage; exit 0 ;;
        --) shift; stestr_args=("$@"); break ;;
        -*) echo "release_tests.sh: unknown argument: $1" >&2; exit 2 ;;
        *) releases+=("$1") ;;
    esac
    shift
done
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$top"
exec </dev/null
for release in "${releases[@]}"; do
    if [[ ! -e tools/constraints/$release.txt ]]; then
        echo "release_tests.sh: no tools/constraints/$release.txt" >&2
        exit 2
    fi
done

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export LC_ALL=C.UTF-8 OS_TEST_TIMEOUT=${OS_TEST_TIMEOUT:-300}
python=${NOVA_SG_PYTHON:-python3}
work=$(mktemp -d)
chmod 711 "$work"
trap 'rm -rf "$work"' EXIT
failed=()

all_lists() { basename -s .txt -a tools/constraints/*.txt; }

resolves() {
    local list=tools/constraints/$1.txt nova
    nova=$(sed -n 's/^nova==//p' "$list")
    "$work/venv/bin/python" -m pip install -q --dry-run -c "$list" \
        "nova==$nova" '.[zookeeper,memcached,mysql,postgresql,api]' || return
    echo "nova $nova and nova-sg resolve under $1"
}

if $resolve; then
    # An empty one: what is installed would count.
    "$python" -m venv "$work/venv"
    mapfile -t lists < <(all_lists)
    for release in "${releases[@]:-${lists[@]}}"; do
        resolves "$release" || failed+=("$release does not resolve")
    done
fi

make_venv() {
    local venv=.venv-$1 list=tools/constraints/$1.txt key
    key=$(cat pyproject.toml setup.cfg setup.py "$list" | sha256sum)
    [[ ! -e $venv/stamp || $(<"$venv/stamp") != "$key" ]] || return 0
    "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install -q 'pip>=25.1'
    "$venv/bin/python" -m pip install -q -c "$list" -e '.[all]' --group test
    echo "$key" >"$venv/stamp"
}

# Where a library's ways differ between releases.
conformance='test_conformance_(db_sqlite|zk)'
conformance+='\.Test(Records|Lookups|Membership|Verdicts|Objects|Marker)\.'
libraries='conductor\.test_(errors|life|wire)|objects\.'
libraries+='|api\.test_(auth|middleware|process|trouble)|cmd\.test_usage'
chosen="tests\.unit\.|functional\.(servicegroup\.$conformance|$libraries)"

if $tests; then
    mapfile -t lists < <(all_lists | sed -n '1p;$p')
    ((${#stestr_args[@]})) || stestr_args=("$chosen")
    for release in "${releases[@]:-${lists[@]}}"; do
        echo "== $release"
        make_venv "$release"
        rm -rf "$work/tests"
        mkdir -m 711 "$work/tests"
        TMPDIR=$work/tests OS_TEST_PATH=./nova_sg/tests \
            PATH=$PWD/.venv-$release/bin:$PATH timeout -k 30 1800 \
            stestr run --concurrency "$(nproc)" "${stestr_args[@]}" \
            >"$work/log" 2>&1 || failed+=("$release fails tests")
        # All that is told of what fails, and the numbers.
        sed -n '/^Failed [0-9]* tests/,$p' "$work/log" | grep -v ' DEBUG ' |
            head -n 500
        grep -E '^ - (Passed|Failed|Skipped)' "$work/log" || tail "$work/log"
    done
fi

((${#failed[@]} == 0)) || printf 'FAILED: %s\n' "${failed[@]}"
((${#failed[@]} == 0))
