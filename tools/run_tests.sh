#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Runs every check and test of nova-sg from a bare clone; --help says how.
# Needs no terminal, may be run from any directory, and leaves no process.

set -euo pipefail

usage() {
    cat <<'EOF'
Usage: tools/run_tests.sh [OPTION]... [-- ARGUMENT...]

Without an option: everything, that is lint, docs and all tests. What the
tests need is installed first: the Debian packages of bindep.txt that are
missing (as root or with sudo), a virtual environment, and more of them with a
stock nova, and with the versions that releases of OpenStack pin.

  --lint          the style checks of .pre-commit-config.yaml
  --docs          the documentation, the API reference, the release notes
  --unit          the unit tests
  --functional    the functional tests, which start real servers
  --long          more of the tests of faults and migrations, and more
                  generated requests: more rounds, more ways; twenty minutes
                  or so; and the container image (tools/image_test.py); each
                  command is a new interpreter, and no fork of one
  --nova-tree     a selection of nova's own tests, with nova-sg in a stock
                  nova: 34 on native threads with db and zk, 33 under eventlet
                  with mc, and a part of them without nova-sg, to see that the
                  watcher sees; with --long each release with each driver
                  (tools/nova_tree_tests.sh runs more of them)
  --releases      whether nova-sg resolves with nova 31, 32 and 33, and a part
                  of the tests under the versions pinned for the first and the
                  last of them; with --long more of the tests, and with the
                  lowest versions (tools/release_tests.sh)
  --all-pythons   the tests with every Python >= 3.11 on the PATH, not one
  --verbose       print all that the stages print, and a line for each test
  --no-install    install nothing; use the virtual environment as it is
  -h, --help      show this text

What follows -- chooses tests: regular expressions, of which one has to match
a part of the name:

  tools/run_tests.sh --unit -- test_policies

Environment:

  NOVA_SG_PYTHON  the interpreter to use, instead of the first one found
  NOVA_SG_VENV    the virtual environment, instead of .venv-test
  NOVA_SG_TEST_LIMIT  seconds after which the tests are killed (3600)
  OS_DEBUG            the level of what tests log into test-results (WARNING)
  NOVA_SG_TEST_WORKERS  how many tests run at a time (two for each core, at
                  most 12): most of them wait

Prints a line for each stage and each group of tests, and what failed. What
the stages printed, with a line for each test, is kept in test-results/.

The last line is `N passed, N failed, N skipped`; the exit code is 0 only
where every stage succeeded, and 2 where the arguments make no sense.
EOF
}

lint=false docs=false unit=false functional=false nova_tree=false
releases=false
all_pythons=false install=true long=false verbose=false
chosen=()
while (($#)); do
    case $1 in
        --lint) lint=true ;;
        --docs) docs=true ;;
        --unit) unit=true ;;
        --functional) functional=true ;;
        --long) long=true ;;
        --nova-tree) nova_tree=true ;;
        --releases) releases=true ;;
        --all-pythons) all_pythons=true ;;
        --no-install) install=false ;;
        --verbose) verbose=true ;;
        -h | --help) usage; exit 0 ;;
        --) shift; chosen=("$@"); break ;;
        *) echo "run_tests.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
    shift
done
if ! $lint && ! $docs && ! $unit && ! $functional && ! $nova_tree &&
    ! $releases; then
    lint=true docs=true unit=true functional=true nova_tree=true releases=true
fi

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv_base=$(realpath -m -- "${NOVA_SG_VENV:-$top/.venv-test}")
cd "$top"
# Standard input may be closed; nothing here reads it.
exec </dev/null

base_path=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
export PATH=$base_path LC_ALL=C.UTF-8
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export OS_TEST_TIMEOUT=${OS_TEST_TIMEOUT:-300}
# Without a level oslotest keeps each message of every library.
export OS_DEBUG=${OS_DEBUG:-WARNING}
test_limit=${NOVA_SG_TEST_LIMIT:-3600}
workers=$((2 * $(nproc)))
workers=${NOVA_SG_TEST_WORKERS:-$((workers < 12 ? workers : 12))}
unset NOVA_SG_LONG_TESTS
! $long || export NOVA_SG_LONG_TESTS=1 NOVA_SG_NEW_INTERPRETERS=1
unset PYTHONPATH PYTHONHOME
# What a process has compiled is kept for the next one.
unset PYTHONDONTWRITEBYTECODE
# The caller's options (OS_SERVICEGROUP__DRIVER and the like) are not ours.
for name in $(compgen -e OS_); do
    [[ $name != *__* ]] || unset "$name"
done
# A checkout of another user, as in a container: git refuses it, and pbr needs
# git for the version.
if command -v git >/dev/null && ! git rev-parse >/dev/null 2>&1; then
    export GIT_CONFIG_COUNT=1
    export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$top
fi

# -- Stages -------------------------------------------------------------------

work=$(mktemp -d)
results=$top/test-results
rm -rf "$results"
mkdir "$results"
# Files, for some stages run beside others: lines about each stage, and the
# names of those that failed.
touch "$work/summary" "$work/failed"
beside=()
passed=0 failed=0 skipped=0

# stage NAME COMMAND...: runs it in a subshell where an error ends it. What it
# prints is kept, and shown where it fails. What it writes to descriptor 3 is
# shown in any case.
stage() {
    local name=$1 began=$SECONDS code log=$results/${1//[ ,]/-}.log
    shift
    printf '== %s\n' "$name"
    set +e
    if $verbose; then
        (set -e; "$@") 3>&1 2>&1 | tee "$log"
        code=${PIPESTATUS[0]}
    else
        (set -e; "$@") 3>&1 >"$log" 2>&1
        code=$?
    fi
    set -e
    local took=$((SECONDS - began)) verdict=ok
    if ((code)); then
        verdict=FAILED
        echo "$name" >>"$work/failed"
        printf '== %s failed\n' "$name"
        $verbose || tail -n 60 "$log"
        echo "The whole of it: ${log#"$top/"}"
    fi
    printf '%-18s %-6s %4d s\n' "$name" "$verdict" "$took" >>"$work/summary"
    return "$code"
}

# together FUNCTION...: runs functions of stages beside each other: what
# installs packages keeps one processor busy. With --verbose, where all that
# they print would be mixed, one after the other.
together() {
    local each
    for each in "$@"; do
        if $verbose; then
            "$each"
        else
            # In a process group of its own, which can be ended.
            set -m
            (set +m; "$each") &
            beside+=("$!")
            set +m
        fi
    done
    # Interrupted by a signal.
    for each in "${beside[@]}"; do
        wait "$each"
    done
    beside=()
}

finish() {
    local code=$?
    local each names
    trap - EXIT
    for each in "${beside[@]}"; do
        kill -TERM -- "-$each" 2>/dev/null || true
        wait "$each" || true
    done
    if [[ -s $work/summary ]]; then
        printf '\n== summary\n'
        cat "$work/summary"
    fi
    mapfile -t names <"$work/failed"
    if ((${#names[@]})); then
        printf 'failed: %s\n' "${names[*]}"
        ((code)) || code=1
    fi
    rm -rf "$work"
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# -- Python -------------------------------------------------------------------

# Prints "X.Y PROGRAM" for a usable interpreter. A name on the PATH may be a
# shim with nothing behind it, so each is asked.
python_version() {
    "$1" -c 'import sys; v = sys.version_info
assert v >= (3, 11)
print("%d.%d" % v[:2], sys.executable)' 2>/dev/null
}

find_pythons() {
    local seen=' ' candidate version program
    local candidates=(python3 python3.13 python3.12 python3.11 python3.14)
    [[ -z ${NOVA_SG_PYTHON:-} ]] || candidates=("$NOVA_SG_PYTHON")
    for candidate in "${candidates[@]}"; do
        read -r version program < <(python_version "$candidate") || continue
        [[ $seen != *" $version "* ]] || continue
        seen+="$version "
        echo "$version $program"
    done
}

# -- Debian packages ----------------------------------------------------------

# Run as root. While a policy-rc.d answers 101, the installation of a server
# does not start it. A hook that was there before comes back in any case; one
# that a killed run left is known by its mark.
# shellcheck disable=SC2016
apt_script='
set -eu
export DEBIAN_FRONTEND=noninteractive
hook=/usr/sbin/policy-rc.d saved=/usr/sbin/policy-rc.d.nova-sg-saved
mark="# nova-sg: no server starts while its package is installed"
restore() {
    if [ -e "$saved" ]; then mv -f "$saved" "$hook"; else rm -f "$hook"; fi
}
exec 9</usr/sbin
flock 9
if [ -e "$hook" ] && ! grep -qxF "$mark" "$hook"; then
    mv -f "$hook" "$saved"
fi
trap restore EXIT
trap "exit 1" HUP INT TERM
printf "#!/bin/sh\n%s\nexit 101\n" "$mark" >"$hook"
chmod 755 "$hook"
get() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 9<&-; }
add() { get install -y --no-install-recommends "$@"; }
if ! add "$@"; then
    echo "Trying again with fresh package lists."
    get update
    add "$@"
fi
'

apt_install() {
    local root=() command="apt-get install --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        echo "Missing system packages: $*"
        echo 'This is no Debian; install them with its own package manager.'
        return 1
    fi
    if ((EUID)); then
        if sudo -n true 2>/dev/null; then
            root=(sudo -n)
        elif command -v sudo >/dev/null && [[ -t 2 && -z ${CI:-} ]]; then
            root=(sudo)
        else
            echo "Missing Debian packages: $*"
            echo 'Installing them needs root or sudo. Ask an administrator:'
            echo "    $command"
            return 1
        fi
    fi
    echo "$command"
    "${root[@]}" bash -c "$apt_script" apt_script "$@"
}

install_packages() {
    local missing
    [[ -x $venv/bin/bindep ]] ||
        "$venv/bin/python" -m pip install -q -c constraints.txt bindep
    if missing=$("$venv/bin/bindep" -b test); then
        echo 'nothing is missing'
    elif [[ -n $missing ]]; then
        # shellcheck disable=SC2086
        apt_install $missing
    else
        "$venv/bin/bindep" test
    fi
}

# -- Virtual environment ------------------------------------------------------

make_venv() {
    if [[ -x $venv/bin/python && -x $venv/bin/pip ]] &&
        [[ $(python_version "$venv/bin/python") == "$version "* ]]; then
        echo "$venv is there"
        return
    fi
    if ! $install; then
        echo "There is no $venv; run without --no-install first."
        return 1
    fi
    # Debian keeps what `python -m venv` needs in a package of its own.
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        apt_install "python$version-venv"
    fi
    echo "making $venv with $python"
    "$python" -m venv --clear "$venv"
}

fill_venv() {
    local stamp=$venv/.nova-sg-stamp key
    key=$(cat pyproject.toml setup.cfg setup.py constraints.txt | sha256sum)
    key="$key $top"
    if [[ -e $stamp && $(<"$stamp") == "$key" ]]; then
        echo 'nothing has changed'
        return
    fi
    if ! command -v git >/dev/null; then
        echo 'git is missing: pbr takes the version of the package from it.'
        return 1
    fi
    rm -f "$stamp"
    # --group came with pip 25.1.
    "$venv/bin/python" -m pip install -q 'pip>=25.1'
    # Most modules of the libraries are never imported.
    "$venv/bin/python" -m pip install -q --no-compile -c constraints.txt \
        -e '.[all,mysqlclient]' \
        --group test --group lint --group doc
    echo "$key" >"$stamp"
}

# -- Lint and documentation ---------------------------------------------------

run_lint() {
    local entry failures=0 entries
    mapfile -t entries < <(python - <<'EOF'
import yaml

with open('.pre-commit-config.yaml') as config:
    for repo in yaml.safe_load(config)['repos']:
        for hook in repo['hooks']:
            print(hook['entry'])
EOF
    )
    ((${#entries[@]})) || return 1
    for entry in "${entries[@]}"; do
        echo "-- $entry"
        bash -c "$entry" || failures=$((failures + 1))
    done
    ((failures == 0))
}

run_docs() {
    # -E: a warning of an earlier build is shown again.
    sphinx-build -E -W --keep-going -q -b html doc/source doc/build/html
    sphinx-build -E -W --keep-going -q -b html \
        api-ref/source api-ref/build/html
    reno -q lint
    if [[ $(git rev-parse --is-shallow-repository) == true ]]; then
        echo 'Release notes not built: reno reads the whole history, and this'
        echo 'clone is shallow. They pass reno lint.'
        return
    fi
    sphinx-build -E -W --keep-going -q -b html \
        releasenotes/source releasenotes/build/html
}

# -- Tests --------------------------------------------------------------------

# The servers die with the test process that started them: gives the kernel a
# moment, and ends what is left, so that the next run does not meet it. A
# process is of this run where its command, directory or environment names $1.
no_leftovers() {
    python - "$1" <<'EOF'
import os
import pathlib
import signal
import sys
import time

DIRECTORY = sys.argv[1].encode()


def traces(process):
    for trace in ('cmdline', 'environ'):
        try:
            yield (process / trace).read_bytes()
        except OSError:
            pass
    try:
        yield os.readlink(process / 'cwd').encode()
    except OSError:
        pass


def left():
    return [
        process
        for process in pathlib.Path('/proc').glob('[0-9]*')
        if process.name != str(os.getpid())
        and any(DIRECTORY in trace for trace in traces(process))
    ]


deadline = time.monotonic() + 5
while (processes := left()) and time.monotonic() < deadline:
    time.sleep(0.1)
for process in processes:
    try:
        command = (process / 'cmdline').read_bytes().replace(b'\0', b' ')
        os.kill(int(process.name), signal.SIGKILL)
    except OSError:
        continue
    print('Left behind by the tests, ended now:', process.name,
          command.decode(errors='replace'))
sys.exit(bool(processes))
EOF
}

run_tests() {
    local path=nova_sg.tests codes left=0
    $functional || path+=.unit
    $unit || path+=.functional
    # Servers that refuse root run as another user, who must get through.
    mkdir -m 711 "$work/tests"
    local report=(--log "$results/tests.txt" --count "$work/count")
    ! $verbose || report+=(--verbose)
    local run=(--workers "$workers" "${chosen[@]/#/--match=}")
    set +e
    # OS_TEST_TIMEOUT cannot end a test that is stuck in a C library; the
    # limit over all can.
    TMPDIR=$work/tests timeout --foreground -k 30 "$test_limit" \
        python -m nova_sg.tests.workers "${run[@]}" "$path" |
        python tools/test_report.py "${report[@]}" >&3
    codes=("${PIPESTATUS[@]}")
    set -e
    if [[ ! -e $work/count || $(<"$work/count") == '0 0 0' ]]; then
        # No success either.
        echo 'No test ran: none matches, or they cannot be loaded.' >&3
        echo '0 1 0' >"$work/count"
    fi
    if ((codes[0] == 124 || codes[0] == 137)); then
        echo "The tests did not end within $test_limit s and were killed." >&3
    fi
    no_leftovers "$work/tests" || left=1
    rm -rf "$work/tests"
    ((codes[0] == 0 && codes[1] == 0 && left == 0))
}

test_stage() {
    local p=0 f=0 s=0
    rm -f "$work/count"
    stage "$1" run_tests || true
    [[ ! -e $work/count ]] || read -r p f s <"$work/count"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# -- nova's own tests --------------------------------------------------------

# What meets every takeover.
nova_modules=(
    functional.api_sample_tests.test_services
    functional.notification_sample_tests.test_service
    functional.test_service
    functional.wsgi.test_services
)
# nova's own two drivers: no run of another driver differs there.
nova_drivers=unit.servicegroup

# Runs a script of ours with the interpreter of this run, and a limit.
script() {
    local arguments=() script=$1
    shift
    $install || arguments+=(--no-install)
    NOVA_SG_PYTHON=$python timeout --foreground -k 30 "$test_limit" \
        "$script" "${arguments[@]}" "$@"
}

# nova_stage RELEASE DRIVER MODULE...
nova_stage() {
    local number=$1 driver=$2
    shift 2
    stage "nova $number, $driver" script tools/nova_tree_tests.sh \
        --nova "$number" --driver "$driver" "$@" || true
}

# On native threads.
newest_nova_stages() {
    local first=1
    ! $long || first=0
    nova_stage 34 zk "${nova_modules[@]}" "$nova_drivers"
    # The samples, which are the first of them, are the same with each driver.
    nova_stage 34 db "${nova_modules[@]:first}"
    ! $long || nova_stage 34 mc "${nova_modules[@]}"
    stage 'nova 34 without' script tools/nova_tree_tests.sh --off \
        functional.test_service || true
}

# Under eventlet.
older_nova_stages() {
    local number driver
    if ! $long; then
        nova_stage 33 mc "${nova_modules[@]:1}"
        return
    fi
    for number in 31 32 33; do
        for driver in zk mc db; do
            nova_stage "$number" "$driver" "${nova_modules[@]}" \
                "$nova_drivers"
        done
    done
}

# -- The versions of releases -------------------------------------------------

release_stages() {
    local release arguments=(--test) lists=(2025.1 2026.1)
    if $long; then
        lists+=(lowest)
    else
        arguments+=(--short)
    fi
    ! $install || stage 'resolve' script tools/release_tests.sh --resolve ||
        true
    for release in "${lists[@]}"; do
        stage "versions, $release" script tools/release_tests.sh \
            "${arguments[@]}" "$release" || true
    done
}

# -- The run ------------------------------------------------------------------

chmod 711 "$work"
mapfile -t pythons < <(find_pythons)
if ((${#pythons[@]} == 0)) && $install && [[ -z ${NOVA_SG_PYTHON:-} ]]; then
    stage python apt_install python3 || exit 1
    mapfile -t pythons < <(find_pythons)
fi
if ((${#pythons[@]} == 0)); then
    echo 'No Python 3.11 or later found on the PATH; install python3, or name'
    echo 'one: NOVA_SG_PYTHON=/path/to/python3.11 tools/run_tests.sh'
    echo python >>"$work/failed"
    exit 1
fi
$all_pythons || pythons=("${pythons[0]}")

style_stages() {
    ! $lint || stage lint run_lint || true
    ! $docs || stage docs run_docs || true
}

first=true
for each in "${pythons[@]}"; do
    version=${each%% *} python=${each#* } suffix=
    venv=$venv_base
    if $all_pythons; then
        venv+=-$version suffix=" $version"
    fi

    stage "venv$suffix" make_venv || exit 1
    stages=()
    if $install; then
        if $first &&
            { $unit || $functional || $nova_tree || $releases; }; then
            stage packages install_packages || true
        fi
        stage "install$suffix" fill_venv || exit 1
    fi
    export PATH=$venv/bin:$base_path
    if $first; then
        # All before the tests, for the nova that is installed is where some
        # of them run.
        ! { $lint || $docs; } || stages+=(style_stages)
        ! $nova_tree || stages+=(newest_nova_stages older_nova_stages)
        ! $releases || stages+=(release_stages)
        together "${stages[@]}"
        ! { $functional && $long && $install; } ||
            stage image python tools/image_test.py || true
    fi
    if $unit || $functional; then
        test_stage "tests$suffix"
    fi
    first=false
done
