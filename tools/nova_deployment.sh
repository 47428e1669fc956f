#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Starts a small real nova with nova-sg on this machine; --help says how.

set -euo pipefail

usage() {
    cat <<'EOT'
Usage: tools/nova_deployment.sh [OPTION]...

Starts RabbitMQ, MariaDB, placement, and from a stock nova of the package
index nova-conductor, nova-scheduler, three nova-computes with nova's fake
virt driver, and the compute API without keystone, for this machine alone.
Shows in `openstack compute service list` that all are up, that one is
disabled, and how soon one is down that was killed, one whose loop is stopped,
and one that was stopped in good order, which starts again; that one whose unit
has ended is down within two seconds, by the ExecStopPost of its drop-in; and
what is in the table `services`.

Everything is in a temporary directory, ends with the script, and needs
neither a hypervisor nor root. The exit code is 0 only where all of it is as
it should be.

  --nova N      the release of nova: 31, 32, 33, or 34 (the default), with the
                versions of everything that OpenStack pins for it
  --driver D    [servicegroup] driver: db, zk (the default), or mc with its
                records in memcached
  --beats B     [servicegroup] beats: nova (the default) or grouped, with
                --driver db
  --faults      instead: with grouped heartbeats, the clocks of hosts are an
                hour off, and conductors, the broker and the database fail
  --conf        switch nova-sg on by nova.conf alone, not with nova-sg-run
  --off         nova as it is, without nova-sg
  --upgrade     instead: the driver is db, and processes with and without
                nova-sg serve each other while nova is upgraded
  --move        instead: a nova that runs with driver = db is moved to zk, or
                to mc with --driver mc
  --from N      with --upgrade: nova with nova-sg is upgraded from this
                release to that of --nova while zk or mc is in use, or grouped
                heartbeats with --driver db --beats grouped
  --eventlet    all of nova under eventlet
  --threading   all of nova on native threads (not 31)
  -h, --help    show this text

Each process runs as its release runs it by default, on native threads or
under eventlet, unless --eventlet or --threading says otherwise.

Environment:

  NOVA_SG_PYTHON  the interpreter to use, instead of the first one found
  NOVA_SG_TREE    where nova is installed, instead of .nova-tree
EOT
}

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$top"
# shellcheck source=tools/nova_tree/environment.sh
. tools/nova_tree/environment.sh

module=show plain='' from='' driver='' beats='' number=34 arguments=()
unset OS_NOVA_DISABLE_EVENTLET_PATCHING
while (($#)); do
    case $1 in
        --nova)
            nova_is_release "${2:-}" || exit 2
            number=$2
            shift
            ;;
        --from)
            nova_is_release "${2:-}" || exit 2
            from=$2
            shift
            ;;
        --driver)
            [[ ${2:-} =~ ^(db|zk|mc)$ ]] || {
                echo 'nova_deployment.sh: --driver is db, zk or mc' >&2
                exit 2
            }
            driver=$2
            arguments+=(--driver "$2")
            shift
            ;;
        --beats)
            nova_is_beats "${2:-}" || exit 2
            beats=$2
            arguments+=("$1" "$2")
            shift
            ;;
        --conf) arguments+=(--switch conf) ;;
        --off) arguments+=(--off) ;;
        --upgrade) module=upgrade plain=plain ;;
        --move) module=move ;;
        --faults) module=grouped plain=plain ;;
        --eventlet) export OS_NOVA_DISABLE_EVENTLET_PATCHING=false ;;
        --threading) export OS_NOVA_DISABLE_EVENTLET_PATCHING=true ;;
        -h | --help) usage; exit 0 ;;
        *)
            echo "nova_deployment.sh: unknown argument: $1 (see --help)" >&2
            exit 2
            ;;
    esac
    shift
done
if [[ -n $from ]]; then
    module+=" ${driver:-zk} ${beats:-nova}"
    case $module in
        'upgrade zk nova' | 'upgrade mc nova') module=releases plain='' ;;
        'upgrade db grouped') module=grouped_releases arguments=() ;;
        *)
            echo 'nova_deployment.sh: --from goes with --upgrade and zk or' \
                'mc, or with --driver db --beats grouped' >&2
            exit 2
            ;;
    esac
elif [[ $module == upgrade ]] && ((${#arguments[@]})); then
    echo 'nova_deployment.sh: --upgrade without --from has no other option' \
        'but --nova, --eventlet and --threading' >&2
    exit 2
fi

if [[ $module == move && ${arguments[*]} == *@(--off|--switch|db)* ]]; then
    echo 'nova_deployment.sh: --move goes with --driver zk or mc only' >&2
    exit 2
fi

if [[ -n $from ]]; then
    nova_choose "$from"
    nova_environment
    arguments+=("$nova_tree/venv")
fi
nova_choose "$number"
nova_environment
[[ -z $plain ]] || nova_alone
nova_enter
[[ -z $plain ]] || {
    [[ -n $from ]] || arguments=()
    arguments+=("$nova_tree/plain")
}
exec python -m "nova_sg.tests.nova_deployment.$module" "${arguments[@]}"
