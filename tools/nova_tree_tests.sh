#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Runs nova's own tests in a tree whose nova has nova-sg inside; --help says
# how.

set -euo pipefail

usage() {
    cat <<'EOT'
Usage: tools/nova_tree_tests.sh [OPTION]... [MODULE...]

Installs a stock nova from the package index into an environment of its own,
with no file of it changed, and runs nova's tests there with nova-sg switched
on. Without a MODULE, those which have much to do with services; else the
given modules or packages of nova.tests: unit.test_service, functional.

Prints for every module how many tests passed, failed, were skipped, and
failed as they are allowed to (nova_sg/tests/nova_suite/allowed.yaml), and how
many SQL statements named the table `services`. The exit code is 0 only where
the failures are exactly those allowed, and, with zk or mc, no statement named
the table. Where a few tests fail, they are run once more, for some of nova's
race with other threads; one that passes then is named, and has passed.

  --nova N         the release of nova: 31, 32, 33, or 34 (the default), with
                   the versions of everything that OpenStack pins for it
  --driver D       [servicegroup] driver: db, zk (the default), or mc with its
                   records in memcached
  --beats B        [servicegroup] beats: nova (the default) or grouped, with
                   --driver db
  --threading      nova on native threads (the default of 34; 31 cannot)
  --eventlet       nova under eventlet (the default of 31, 32 and 33)
  --off            nova without nova-sg: it has to name the table, or whoever
                   counts is blind, and the exit code is 1
  --exclude REGEX  leave out tests
  --concurrency N  run tests in N processes, instead of one for each processor
  --csv FILE       write the table into a file, too
  --no-install     install nothing; use the environment as it is
  -h, --help       show this text

Environment:

  NOVA_SG_PYTHON  the interpreter to use, instead of the first one found
  NOVA_SG_TREE    where nova is installed, instead of .nova-tree
EOT
}

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=tools/nova_tree/environment.sh
. "$top/tools/nova_tree/environment.sh"

arguments=() install=true concurrency=''
while (($#)); do
    case $1 in
        --nova)
            nova_is_release "${2:-}" || exit 2
            nova_choose "$2"
            shift
            ;;
        --driver)
            [[ ${2:-} =~ ^(db|zk|mc)$ ]] || {
                echo 'nova_tree_tests.sh: --driver is db, zk or mc' >&2
                exit 2
            }
            arguments+=("$1" "$2")
            shift
            ;;
        --beats)
            nova_is_beats "${2:-}" || exit 2
            arguments+=("$1" "$2")
            shift
            ;;
        --exclude | --csv)
            (($# > 1)) || {
                echo "nova_tree_tests.sh: $1 needs a value" >&2
                exit 2
            }
            arguments+=("$1" "$2")
            shift
            ;;
        --concurrency)
            [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || {
                echo 'nova_tree_tests.sh: --concurrency is a number' >&2
                exit 2
            }
            arguments+=("$1" "$2")
            shift
            ;;
        --threading | --eventlet) concurrency=${1#--} ;;
        --no-install) install=false ;;
        --off) arguments+=("$1") ;;
        -h | --help) usage; exit 0 ;;
        -*)
            echo "nova_tree_tests.sh: unknown argument: $1 (see --help)" >&2
            exit 2
            ;;
        *) arguments+=("$1") ;;
    esac
    shift
done

if [[ ${concurrency:=$nova_concurrency} == threading &&
    $nova_number == 31 ]]; then
    echo 'nova_tree_tests.sh: nova 31 runs under eventlet only' >&2
    exit 2
fi
[[ $concurrency == threading ]] || arguments+=(--eventlet)

if $install; then
    nova_environment
fi
nova_enter
exec python -m nova_sg.tests.nova_suite --source "$nova_tree/source" \
    "${arguments[@]}"
