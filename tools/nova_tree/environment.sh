# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# A stock nova from the package index, for the scripts which source this.
# They set `top`, the root of the checkout.
#
# Everything is kept in .nova-tree/VERSION of the checkout, or where
# NOVA_SG_TREE says:
#
#   source   the unpacked sdist: nova's tests and the samples they read
#   venv     nova and nova-sg
#   plain    nova alone, as it is before the upgrade

# The releases of nova there are, by the number their versions begin with: the
# version, the release of OpenStack, the version of its placement, and what
# nova-compute runs on where nobody says otherwise.
declare -A nova_releases=(
    [31]='31.3.1 2025.1 13.0.1 eventlet'
    [32]='32.2.1 2025.2 14.0.0 eventlet'
    [33]='33.0.2 2026.1 15.0.0 eventlet'
    [34]='34.0.0 2026.2 16.0.0 threading'
)

# nova_choose NUMBER: the functions below are for this release of nova.
nova_choose() {
    local placement
    nova_number=$1
    read -r nova_version nova_openstack placement nova_concurrency \
        <<<"${nova_releases[$1]}"
    nova_tree=$(realpath -m -- "${NOVA_SG_TREE:-$top/.nova-tree}")
    nova_tree+=/$nova_version
    # What OpenStack pins for this release, or, before it does, what an
    # environment was resolved to.
    nova_constraints=$top/tools/constraints/$nova_openstack.txt
    [[ -e $nova_constraints ]] ||
        nova_constraints=$top/tools/nova_tree/constraints.txt
    # What nova's tests import beside nova's own requirements, and the client
    # and the placement which a deployment needs. nova's test fixture takes
    # the deprecations of SQLAlchemy 2.1 for failures.
    nova_packages=(
        "nova==$nova_version" "openstack-placement==$placement"
        'SQLAlchemy>=2.0,<2.1' stestr ddt fixtures oslotest requests-mock
        testtools testscenarios testresources wsgi-intercept osprofiler
        PyMySQL psycopg2-binary python-barbicanclient hacking
        python-openstackclient gunicorn pymemcache hypothesis time-machine
    )
}

# nova_is_release NUMBER: whether it is one of them; says what there is.
nova_is_release() {
    [[ -n ${nova_releases[${1:-none}]:-} ]] && return
    echo "error: --nova is one of 31, 32, 33 and 34" >&2
    return 1
}

# nova_is_beats VALUE: whether it is a way of heartbeats; says what there is.
nova_is_beats() {
    [[ ${1:-} == @(nova|grouped) ]] && return
    echo 'error: --beats is nova or grouped' >&2
    return 1
}

nova_choose 34

# nova_python: prints the path of a Python that is new enough.
nova_python() {
    local candidate
    local candidates=(python3 python3.13 python3.12 python3.11)
    [[ -z ${NOVA_SG_PYTHON:-} ]] || candidates=("$NOVA_SG_PYTHON")
    for candidate in "${candidates[@]}"; do
        # A name on the PATH may be a shim with nothing behind it.
        "$candidate" -c 'import ensurepip, sys
assert sys.version_info >= (3, 11)
print(sys.executable)' 2>/dev/null && return
    done
    echo 'error: no Python 3.11 or later that can make virtual environments' \
        >&2
    return 1
}

# nova_pip VENV ARGUMENT...: says what went wrong, and nothing else.
nova_pip() {
    local venv=$1 log=$nova_tree/pip.log
    shift
    if ! "$venv/bin/python" -m pip "$@" \
        -c "$nova_constraints" >"$log" 2>&1; then
        echo "error: pip $1 failed:" >&2
        { grep -i '^error' "$log" || tail -n 5 "$log"; } >&2
        return 1
    fi
}

# nova_venv NAME KEY PACKAGE...: makes it, unless it is there for this KEY.
nova_venv() {
    local venv=$nova_tree/$1 stamp=$nova_tree/$1/.nova-sg-stamp key
    key="$2 $(cat "$nova_constraints" "$top/tools/nova_tree/environment.sh" |
        sha256sum)"
    shift 2
    [[ ! -e $stamp || $(<"$stamp") != "$key" ]] || return 0
    echo "-- installing ${venv#"$top/"}"
    rm -f -- "$stamp"
    [[ -x $venv/bin/python ]] || "$nova_python" -m venv "$venv"
    # Most of its modules are never imported.
    nova_pip "$venv" install --no-compile "$@"
    echo "$key" >"$stamp"
}

nova_source() {
    [[ ! -e $nova_tree/source/setup.cfg ]] || return 0
    echo "-- unpacking the sdist of nova $nova_version"
    rm -rf -- "$nova_tree/source" "$nova_tree/sdist"
    nova_pip "$nova_tree/venv" download -q --no-deps \
        --no-binary nova -d "$nova_tree/sdist" "nova==$nova_version"
    mkdir -- "$nova_tree/sdist/unpacked"
    tar -C "$nova_tree/sdist/unpacked" -xf "$nova_tree/sdist"/nova-*.tar.gz
    mv -- "$nova_tree/sdist/unpacked"/nova-* "$nova_tree/source"
    rm -rf -- "$nova_tree/sdist"
}

# nova_locked COMMAND...: of two runs at once one installs, the other waits.
nova_locked() {
    mkdir -p -- "$nova_tree"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    {
        flock 9
        "$@"
    } 9>"$nova_tree/lock"
}

nova_with_us() {
    local version=$1
    nova_venv venv "$version $top $(sha256sum <"$top/pyproject.toml")" \
        "${nova_packages[@]}" psutil \
        -e "$top[zookeeper,memcached,mysql,postgresql,api]"
    nova_source
}

# nova_environment: makes nova and nova-sg, and unpacks the source.
nova_environment() {
    local nova_python
    nova_python=$(nova_python)
    nova_locked nova_with_us "$("$nova_python" -VV)"
}

# nova_alone: makes nova alone, as it is before the upgrade.
nova_alone() {
    local nova_python
    nova_python=$(nova_python)
    nova_locked nova_venv plain "$("$nova_python" -VV)" "${nova_packages[@]}"
}

# nova_enter: makes the environment the one of this process, and forgets the
# options of the caller (OS_SERVICEGROUP__DRIVER and the like).
nova_enter() {
    local name
    if [[ ! -x $nova_tree/venv/bin/nova-sg-run ||
        ! -e $nova_tree/source/setup.cfg ]]; then
        echo "error: there is no nova in $nova_tree; run without" \
            '--no-install first' >&2
        return 1
    fi
    export PATH=$nova_tree/venv/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin
    export LC_ALL=C.UTF-8
    unset PYTHON PYTHONPATH PYTHONHOME
    # What a process has compiled is kept for the next one.
    unset PYTHONDONTWRITEBYTECODE
    for name in $(compgen -e OS_); do
        [[ $name != *__* ]] || unset "$name"
    done
}
