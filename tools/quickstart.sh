#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Shows nova-sg at work on this machine, from a bare clone; --help says how.

set -euo pipefail

usage() {
    cat <<'EOF'
Usage: tools/quickstart.sh [--keep]

Installs nova-sg from this checkout into a virtual environment of its own,
registers this machine and three simulated hosts in a new SQLite database,
serves the REST API, and shows their list while they come up, one is disabled,
and one is killed.

Then you are at a prompt to try more; when you leave it, all that was started
and made is gone, but for the virtual environment, which the next run uses
again. Without a terminal there is no prompt.

  --keep      leave everything running, and say how to stop it
  -h, --help  show this text

Environment:

  NOVA_SG_PYTHON          the interpreter to use, instead of one found
  NOVA_SG_QUICKSTART_DIR  where everything is kept, instead of
                          ${XDG_CACHE_HOME:-~/.cache}/nova-sg/quickstart
EOF
}

keep=false
while (($#)); do
    case $1 in
        --keep) keep=true ;;
        -h | --help) usage; exit 0 ;;
        *)
            echo "quickstart.sh: unknown argument: $1 (see --help)" >&2
            exit 2
            ;;
    esac
    shift
done

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
base=${NOVA_SG_QUICKSTART_DIR:-${XDG_CACHE_HOME:-~/.cache}/nova-sg/quickstart}
base=$(realpath -m -- "$base")
venv=$base/venv
run=
pids=()

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
unset PYTHONPATH PYTHONHOME
# The caller's options (OS_SERVICEGROUP__DRIVER and the like) are not ours.
for name in $(compgen -e OS_); do
    [[ $name != *__* ]] || unset "$name"
done

say() { printf '\n== %s\n' "$*"; }

die() {
    printf 'quickstart.sh: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '    %s\n' "$@" >&2
    exit 1
}

# -- The end ------------------------------------------------------------------

stop_processes() {
    local pid deadline=$((SECONDS + 5))
    ((${#pids[@]})) || return 0
    kill "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do
        while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
}

finish() {
    local code=$?
    trap - EXIT
    # A second Ctrl-C must not keep us from this.
    trap '' INT TERM HUP
    if ((code)) || ! $keep; then
        stop_processes
        if [[ -n $run ]]; then
            if ((code && code <= 128)); then
                for log in agents api; do
                    [[ -s $run/$log.log ]] || continue
                    echo "At the end of $log.log:" >&2
                    tail -n 5 "$run/$log.log" >&2
                done
            fi
            rm -rf -- "$run"
        fi
    fi
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# -- Python -------------------------------------------------------------------

# Prints the path of a Python that is new enough. A name on the PATH may be a
# shim with nothing behind it, so each is asked.
find_python() {
    local candidate
    local candidates=(python3 python3.13 python3.12 python3.11 python3.14)
    [[ -z ${NOVA_SG_PYTHON:-} ]] || candidates=("$NOVA_SG_PYTHON")
    for candidate in "${candidates[@]}"; do
        "$candidate" 2>/dev/null - <<'EOF' && return
import sys

assert sys.version_info >= (3, 11)
print(sys.executable)
EOF
    done
    return 1
}

# apt_install WHY PACKAGE...
apt_install() {
    local why=$1 root=()
    shift
    local command=(apt-get install --yes --no-install-recommends "$@")
    command -v apt-get >/dev/null ||
        die "$why" 'This is no Debian: install it with its own means.'
    if ((EUID)); then
        if sudo -n true 2>/dev/null; then
            root=(sudo -n)
        elif command -v sudo >/dev/null && [[ -t 0 && -t 2 ]]; then
            root=(sudo)
        else
            die "$why" 'Installing it needs root or sudo:' "${command[*]}"
        fi
    fi
    say "Installing $* with apt-get"
    command=("${root[@]}" env DEBIAN_FRONTEND=noninteractive "${command[@]}")
    "${command[@]}" -qq >"$base/apt.log" 2>&1 && return
    # The lists of packages may be old, or not there yet.
    "${root[@]}" apt-get update -qq >>"$base/apt.log" 2>&1 || true
    "${command[@]}" -qq >>"$base/apt.log" 2>&1 ||
        die "$why" 'apt-get did not bring it:' "$(tail -n 3 "$base/apt.log")"
}

need_python() {
    local version why='Python 3.11 or newer is missing.'
    if ! python=$(find_python); then
        [[ -z ${NOVA_SG_PYTHON:-} ]] ||
            die "NOVA_SG_PYTHON=$NOVA_SG_PYTHON is no Python 3.11 or newer."
        if ! command -v python3 >/dev/null; then
            apt_install "$why" python3 python3-venv
        else
            apt_install "$why" python3.11 python3.11-venv
        fi
        python=$(find_python) || die "$why" 'Debian 12 and Ubuntu 24.04 have it.'
    fi
    # Debian keeps what `python -m venv` needs in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        apt_install "$python cannot make virtual environments." \
            "python$version-venv"
    fi
}

# -- The installation ---------------------------------------------------------

# Installed is a copy: the checkout may be another user's, or not writable,
# and the build leaves files beside what it builds.
copy_source() {
    local key archive=$base/source.tar
    # Hidden are git's own, caches, and environments of many hundred megabytes.
    tar -C "$top" -cf "$archive" --sort=name --exclude='./.[!.]*' \
        --exclude=./doc/build --exclude='*.egg-info' --exclude=__pycache__ .
    key=$(sha256sum <"$archive")
    # Agents of a run with --keep may be using what is there.
    if [[ ! -e $base/source.sum || $(<"$base/source.sum") != "$key" ]]; then
        rm -rf -- "$base/source" "$base/source.sum"
        mkdir -- "$base/source"
        tar -C "$base/source" -xf "$archive" --no-same-owner
        echo "$key" >"$base/source.sum"
    fi
    rm -f -- "$archive"
}

# pbr makes the version from the history of the clone, or from what an sdist
# brings. There is neither in the archive of a branch.
set_version() {
    export GIT_CONFIG_COUNT=1
    # A clone of another user, which git would refuse.
    export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$top
    if [[ -e $top/.git ]] && command -v git >/dev/null &&
        git -C "$top" rev-parse -q --verify HEAD >/dev/null; then
        GIT_DIR=$(git -C "$top" rev-parse --absolute-git-dir)
        export GIT_DIR GIT_WORK_TREE=$base/source
    elif [[ ! -e $top/PKG-INFO ]]; then
        export PBR_VERSION=${PBR_VERSION:-0.0.1}
    fi
}

fill_venv() {
    local stamp=$venv/.nova-sg-stamp key
    key=$(cd "$top" && cat pyproject.toml setup.cfg constraints.txt | sha256sum)
    key="$key $("$python" -VV) $python"
    if [[ -e $stamp && $(<"$stamp") == "$key" ]] &&
        "$venv/bin/nova-sg-api" --version >/dev/null 2>&1; then
        return
    fi
    say "Installing nova-sg into $venv: this takes a minute"
    rm -f -- "$stamp"
    "$python" -m venv --clear "$venv"
    (
        set_version
        # Editable: code that changes is there with the next copy.
        "$venv/bin/python" -m pip install -c "$top/constraints.txt" \
            -e "$base/source[api,metrics]" python-openstackclient \
            >"$base/pip.log" 2>&1
    ) || die 'pip could not install nova-sg:' \
        "$(grep -i '^error' "$base/pip.log" || tail -n 5 "$base/pip.log")" \
        "The whole story is in $base/pip.log"
    echo "$key" >"$stamp"
}

# -- The show -----------------------------------------------------------------

# Where the services of this run are. Whoever reads the file is there too;
# what /etc/nova-sg/nova-sg.conf may say of another deployment does not count.
write_environment() {
    local quoted
    {
        # shellcheck disable=SC2016
        printf 'export PATH=%q:"$PATH"\n' "$venv/bin"
        while IFS='=' read -r name value; do
            printf -v quoted %q "$value"
            echo "export $name=$quoted"
        done <<EOF
OS_API__AUTH_STRATEGY=noauth2
OS_API__PORT=$port
OS_API__WORKERS=1
OS_DASHBOARD__ENABLED=true
OS_DASHBOARD__NAME=quickstart
OS_DEFAULT__STATE_PATH=$run
OS_DATABASE__CONNECTION=sqlite:///$run/nova-sg.sqlite
OS_INVENTORY__BACKEND=sql
OS_MONITORING__PORTS=nova-sg-api:$metrics_port
OS_SERVICEGROUP__DRIVER=db
OS_SERVICEGROUP__REPORT_INTERVAL=1
OS_SERVICEGROUP__SERVICE_DOWN_TIME=4
EOF
    } >"$run/environment"
    # shellcheck disable=SC1091
    . "$run/environment"
}

# Prints a command as somebody would type it.
typed() {
    local word
    printf '\nnova-sg>'
    for word in "$@"; do
        [[ $word =~ ^[[:alnum:]./_=-]+$ ]] || word="'$word'"
        printf ' %s' "$word"
    done
    echo
}

shown() {
    typed "$@"
    "$@"
}

# Agents have a session of their own: Ctrl-C is for us, and we stop them.
start_agent() {
    typed nova-sg-agent "$@"
    setsid nova-sg-agent "$@" >>"$run/agents.log" 2>&1 </dev/null &
    pids+=($!)
}

# free_port NUMBER: prints a port of the loopback interface that nobody has,
# this one or the next that is free.
free_port() {
    "$venv/bin/python" - "$1" <<'EOF'
import socket
import sys

for port in range(int(sys.argv[1]), 10_000):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            continue
    print(port)
    break
EOF
}

start_api() {
    local deadline=$((SECONDS + 60))
    typed nova-sg-api
    setsid nova-sg-api >>"$run/api.log" 2>&1 </dev/null &
    pids+=($!)
    until ask_api /healthcheck >/dev/null 2>&1; do
        kill -0 "${pids[-1]}" 2>/dev/null || die 'nova-sg-api has ended'
        ((SECONDS < deadline)) || die 'nova-sg-api does not answer after 60 s'
        sleep 0.2
    done
}

ask_api() {
    fetch "http://127.0.0.1:$port$1"
}

# Does what curl does, which may not be installed.
fetch() {
    "$venv/bin/python" - "$1" <<'EOF'
import sys
import urllib.request

request = urllib.request.Request(sys.argv[1])
request.add_header('X-Auth-Token', 'admin')
with urllib.request.urlopen(request, timeout=10) as answer:
    print(answer.read().decode())
EOF
}

# How to ask the API, from any shell.
curl_line() {
    echo "curl -H 'X-Auth-Token: admin'" \
        "http://127.0.0.1:$port/v2.1/os-services"
}

page_line() {
    echo "http://127.0.0.1:$port/dashboard"
}

metrics_line() {
    echo "curl http://127.0.0.1:$metrics_port/metrics"
}

openstack_line() {
    printf '%q --os-auth-type admin_token --os-token admin ' \
        "$venv/bin/openstack"
    echo "--os-endpoint http://127.0.0.1:$port/v2.1 compute service list"
}

# watch_list DONE: shows the list each time a state in it changes, until the
# states, sorted, are DONE.
watch_list() {
    local done=$1 table states last='' deadline=$((SECONDS + 60))
    while ((SECONDS < deadline)); do
        table=$(nova-sg-manage service list)
        # The columns Host, Status and State, which show what happens.
        states=$(awk -F'|' '/nova-/ {print $4, $6, $7}' <<<"$table")
        if [[ $states != "$last" ]]; then
            typed nova-sg-manage service list
            echo "$table"
            last=$states
        fi
        states=$(awk '{print $3}' <<<"$states" | sort | xargs)
        [[ $states != "$done" ]] || return 0
        sleep 0.2
    done
    die "the services are \"$states\" instead of \"$done\" after 60 s"
}

show() {
    say 'A new deployment: no services yet'
    shown nova-sg-manage service list
    say 'An agent for this machine, and one for three simulated hosts'
    start_agent --host "$host"
    start_agent --host sim --count 3 --zone lab
    watch_list 'up up up up'
    shown nova-sg-manage service describe-resource "$host"
    say 'The REST API, as nova serves it; its clients cannot tell the difference'
    start_api
    printf '\nnova-sg> %s\n' "$(curl_line)"
    ask_api /v2.1/os-services
    printf '\nnova-sg> %s\n' "$(openstack_line)"
    # The line is quoted for a shell.
    eval "$(openstack_line)"
    say 'One of them gets no new instances any more'
    shown nova-sg-manage service disable --reason 'new disks' \
        sim-0001 nova-compute
    say "The agent of this machine dies; after 4 s without a beat it is down"
    shown kill -KILL "${pids[0]}"
    wait "${pids[0]}" 2>/dev/null || true
    pids=("${pids[@]:1}")
    watch_list 'down up up up'
    say 'What Prometheus is told of all services'
    printf '\nnova-sg> %s\n' "$(metrics_line)"
    fetch "http://127.0.0.1:$metrics_port/metrics" | grep '^nova_sg_services{'
    say 'All of it in a browser: sign in as admin'
    printf '\n%s\n' "$(page_line)"
}

next_steps() {
    cat <<EOF
nova-sg-agent --host $host &
nova-sg-manage service list --long
nova-sg-manage service watch
nova-sg-manage service enable sim-0001 nova-compute
nova-sg-manage service force-down sim-0002 nova-compute
nova-sg-manage service force-down --unset sim-0002 nova-compute
nova-sg-manage --help
$(curl_line)
$(metrics_line)
$(openstack_line)
# in a browser on this machine, as admin: $(page_line)
EOF
}

prompt() {
    cat >"$run/bashrc" <<EOF
. $(printf %q "$run/environment")
PS1='nova-sg> '
HISTFILE=
# What is started here ends here.
trap 'kill \$(jobs -p) 2>/dev/null; wait' EXIT
EOF
    say 'Your turn; exit or Ctrl-D ends it and cleans up. You may try:'
    printf '\n%s\n\n' "$(next_steps)"
    bash --rcfile "$run/bashrc" -i || true
}

mkdir -p -- "$base"
python=
need_python
{
    # Of two runs at once one installs, and the other waits for it.
    flock 9
    copy_source
    fill_venv
} 9>"$base/lock"

run=$(mktemp -d -- "$base/run.XXXXXX")
host=$(uname -n)
port=$(free_port 8774)
metrics_port=$(free_port $((port + 1)))
write_environment
show
if $keep; then
    say 'Everything goes on. In a shell of yours:'
    printf '\n. %q\n%s\n' "$run/environment" "$(next_steps)"
    say 'To stop it and clean up:'
    printf '\nkill %s; rm -rf %q\n' "${pids[*]}" "$run"
elif [[ -t 0 && -t 1 ]]; then
    prompt
else
    say 'That was it; everything is cleaned up. To go on with it running:'
    printf '\n%q --keep\n' "$top/tools/quickstart.sh"
    say 'Or to begin a deployment of your own, in your state directory:'
    # shellcheck disable=SC2016
    printf '\nexport PATH=%q:"$PATH"\n%s\n' "$venv/bin" \
        "nova-sg-agent &
nova-sg-manage service list"
fi
