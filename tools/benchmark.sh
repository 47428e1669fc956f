#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0


# Measures nova-sg beside stock nova; --help says how.

set -euo pipefail

usage() {
    cat <<'END'
Usage: tools/benchmark.sh [--quick] [--check] [OPTION]... [NAME]...

Measures nova-sg beside stock nova, and beside the least that each case can
cost: all cases, or those named. Before each sample all services beat and ten
are disabled, and the sides take turns in the same run. What is needed is
installed first: what the tests need, and stock nova from the package index,
into an environment of its own.

  --quick             1,000 services and few samples: to see that it works
  --targets           only what the targets are taken from
  --check             exit with 1 where a target is missed, with 2 where none
                      is taken from what was measured
  --backend BACKEND   only on sqlite, postgresql, mariadb, mc, zk or rpc (a
                      conductor of each kind); may be given several times
  --size N            only for N services, and all cases for so many; may be
                      given several times. Without it, 100,000 are measured
                      only where a target is taken from that
  --output DIRECTORY  where results are kept (benchmark-results, and with
                      --quick its directory quick): JSON, tables and plots. A
                      run renews those of the cases it measures.
  --names             list the names of the cases
  -h, --help          show this text

All of it takes some 90 minutes on two cores, --targets and --quick some
twenty minutes each; let nothing else run meanwhile.

Environment:

  NOVA_SG_PYTHON  the interpreter to use, instead of the first one found
  NOVA_SG_VENV    the virtual environment, instead of .venv-test
  NOVA_SG_TREE    where stock nova is kept, instead of .nova-tree
END
}

case " $* " in
    *' -h '* | *' --help '*) usage; exit 0 ;;
esac

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$top"
# shellcheck source=tools/nova_tree/environment.sh
. tools/nova_tree/environment.sh
venv=$(realpath -m -- "${NOVA_SG_VENV:-.venv-test}")
log=$(mktemp)
trap 'rm -f -- "$log"' EXIT

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export LC_ALL=C.UTF-8
unset PYTHONPATH PYTHONHOME
# The caller's options (OS_SERVICEGROUP__DRIVER and the like) are not ours.
for name in $(compgen -e OS_); do
    [[ $name != *__* ]] || unset "$name"
done

# run WHAT COMMAND...: says what went wrong, and nothing else.
run() {
    local what=$1
    shift
    echo "-- $what" >&2
    if ! "$@" >"$log" 2>&1 </dev/null; then
        echo "benchmark.sh: error: $what failed:" >&2
        tail -n 15 -- "$log" >&2
        exit 1
    fi
}

# What a run of the tests installs, a benchmark needs, too.
run 'installing what the tests need' tools/run_tests.sh --unit -- test_exception
run 'installing what plots need' "$venv/bin/python" -m pip install \
    -c constraints.txt --group benchmark
nova_alone >&2

# The trap is not called any more.
rm -f -- "$log"
exec "$venv/bin/python" -m benchmarks --nova "$nova_tree/plain/bin/python" "$@"
