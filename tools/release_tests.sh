#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Installs nova-sg under the versions that releases of OpenStack pin, and runs
# tests there. --help says how.

set -euo pipefail

usage() {
    cat <<'END'
Usage: tools/release_tests.sh [OPTION]... [RELEASE]... [-- REGEX...]

RELEASE is a list in tools/constraints, 2025.1, 2025.2 or 2026.1; to be
tested, also `lowest`: the lowest versions that pyproject.toml names. Without
one: all lists are resolved, the oldest and the newest are tested.

  --resolve     only see whether nova of the release and nova-sg with its
                extras resolve together
  --test        only run tests, in an environment of its own (.venv-RELEASE)
  --short       run fewer tests
  --no-install  install nothing; use the environments as they are
  -h, --help    show this text

The tests are the unit tests, the conformance of db (SQLite) and zk to what a
record store, a membership and a verdict promise, and what meets libraries:
RPC, REST and the processes. With --short they are the unit tests and the
conformance of records, memberships and objects. What follows -- is a choice
of one's own, as for run_tests.sh.

Environment:

  NOVA_SG_PYTHON  the interpreter to use (python3)
END
}

resolve=true tests=true install=true short=false releases=() chosen=()
while (($#)); do
    case $1 in
        --resolve) tests=false ;;
        --test) resolve=false ;;
        --short) short=true ;;
        --no-install) install=false ;;
        -h | --help) usage; exit 0 ;;
        --) shift; chosen=("$@"); break ;;
        -*) echo "release_tests.sh: unknown argument: $1" >&2; exit 2 ;;
        *) releases+=("$1") ;;
    esac
    shift
done
if ! $resolve && ! $tests; then
    resolve=true tests=true
fi
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$top"
exec </dev/null
for release in "${releases[@]}"; do
    [[ $release != lowest ]] || ! $resolve || {
        echo 'release_tests.sh: lowest goes with --test only' >&2
        exit 2
    }
    if [[ $release != lowest && ! -e tools/constraints/$release.txt ]]; then
        echo "release_tests.sh: no tools/constraints/$release.txt" >&2
        exit 2
    fi
done

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export LC_ALL=C.UTF-8 OS_TEST_TIMEOUT=${OS_TEST_TIMEOUT:-300}
unset PYTHONPATH PYTHONHOME
# What a process has compiled is kept for the next one.
unset PYTHONDONTWRITEBYTECODE
# The caller's options (OS_SERVICEGROUP__DRIVER and the like) are not ours.
for name in $(compgen -e OS_); do
    [[ $name != *__* ]] || unset "$name"
done
python=${NOVA_SG_PYTHON:-python3}
work=$(mktemp -d)
# Servers that refuse root run as another user, who must get through.
chmod 711 "$work"
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
failed=()

all_lists() { basename -s .txt -a tools/constraints/*.txt; }

# list_of RELEASE: prints the path of its constraints.
list_of() {
    if [[ $1 == lowest ]]; then
        "$python" tools/lowest_versions.py >"$work/lowest.txt"
        echo "$work/lowest.txt"
    else
        echo "tools/constraints/$1.txt"
    fi
}

# resolves WHEEL RELEASE
resolves() {
    local list=tools/constraints/$2.txt nova
    nova=$(sed -n 's/^nova==//p' "$list")
    "$work/venv/bin/python" -m pip install -q --dry-run -c "$list" \
        "nova==$nova" "$1[zookeeper,memcached,mysql,postgresql,api]" || return
    echo "nova $nova and nova-sg resolve under $2"
}

if $resolve; then
    # An empty one: what is installed would count.
    "$python" -m venv "$work/venv"
    "$work/venv/bin/python" -m pip wheel -q --no-deps -w "$work/wheel" .
    wheel=("$work"/wheel/*.whl)
    mapfile -t lists < <(all_lists)
    ((${#releases[@]} == 0)) || lists=("${releases[@]}")
    declare -A resolving=()
    for release in "${lists[@]}"; do
        resolves "${wheel[0]}" "$release" >"$work/$release" 2>&1 &
        resolving[$release]=$!
    done
    for release in "${lists[@]}"; do
        wait "${resolving[$release]}" ||
            failed+=("$release does not resolve")
        cat "$work/$release"
    done
fi

# make_venv RELEASE: makes it, unless it is there for this list.
make_venv() {
    local venv=.venv-$1 list key
    list=$(list_of "$1") || return
    key=$(cat pyproject.toml setup.cfg setup.py "$list" | sha256sum) || return
    key+="$("$python" -VV) $top"
    [[ ! -e $venv/stamp || $(<"$venv/stamp") != "$key" ]] || return 0
    if ! $install; then
        echo "There is no $venv for these versions; run without --no-install."
        return 1
    fi
    echo "installing $venv"
    "$python" -m venv --clear "$venv" &&
        "$venv/bin/python" -m pip install -q 'pip>=25.1' &&
        "$venv/bin/python" -m pip install -q --no-compile -c "$list" \
            -e '.[all]' --group test &&
        echo "$key" >"$venv/stamp"
}

# Where a library's ways differ between releases. `loaded` is what is imported
# and searched for them.
loaded=(nova_sg.tests)
backends='functional\.servicegroup\.test_conformance_(db_sqlite|zk)'
if $short; then
    # Not those of the servers which tests start, nor of our own arithmetic.
    unit='tests\.unit\.(?!benchmarks\.|fixtures\.|install\.|policies\.)'
    ours=("$unit" "$backends\.Test(Records|Membership|Objects)\.")
    ((${#chosen[@]})) || loaded=(
        nova_sg.tests.unit
        nova_sg.tests.functional.servicegroup.test_conformance_{db_sqlite,zk}
    )
else
    suites='Records|Lookups|Membership|Verdicts|Objects|Marker'
    ours=(
        'tests\.unit\.'
        "$backends\.Test($suites)\."
        'functional\.conductor\.test_(errors|operations)'
        'functional\.objects\.'
        'functional\.api\.test_(auth|middleware|process|trouble)'
        'functional\.cmd\.test_usage'
    )
fi
((${#chosen[@]})) || chosen=("${ours[@]}")

# run RELEASE: runs its tests; prints all that is told of what fails, and the
# numbers.
run() {
    rm -rf "$work/tests"
    mkdir -m 711 "$work/tests"
    # eventlet looks up names by dnspython, which imports what selenium needs
    # and an eventlet of a release cannot bear.
    TMPDIR=$work/tests EVENTLET_NO_GREENDNS=yes \
        PATH=$PWD/.venv-$1/bin:$PATH timeout -k 30 1800 \
        python -m nova_sg.tests.workers --workers "$(nproc)" \
        "${chosen[@]/#/--match=}" "${loaded[@]}" 2>"$work/log" |
        "$PWD/.venv-$1/bin/python" tools/test_report.py \
            --log "$work/tests.txt" --count "$work/count" && return
    tail "$work/log"
    return 1
}

if $tests; then
    mapfile -t lists < <(all_lists | sed -n '1p;$p')
    for release in "${releases[@]:-${lists[@]}}"; do
        echo "== $release"
        if ! make_venv "$release"; then
            failed+=("$release cannot be installed")
        elif ! run "$release"; then
            failed+=("$release fails tests")
        fi
    done
fi

((${#failed[@]} == 0)) || printf 'FAILED: %s\n' "${failed[@]}"
((${#failed[@]} == 0))
