#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# DevStack's plugin: installs nova-sg beside nova, and switches it on there by
# nova.conf alone. DevStack reads it in each of its phases.

# The functions with other prefixes are DevStack's.

# nova_sg_package: prints the Debian package of the backend's server.
function nova_sg_package {
    case $NOVA_SG_DRIVER in
        zk) echo zookeeperd ;;
        mc) echo memcached ;;
        db) ;;
        *) die $LINENO "NOVA_SG_DRIVER is zk, mc or db: $NOVA_SG_DRIVER" ;;
    esac
}

# nova_sg_extra: prints the extra that the driver needs, if it needs one.
function nova_sg_extra {
    case $NOVA_SG_DRIVER in
        zk) echo zookeeper ;;
        mc) echo memcached ;;
    esac
}

# nova_sg_has_backend: whether the backend's server is a matter of this host.
function nova_sg_has_backend {
    [[ $NOVA_SG_BACKEND == True ]] && is_service_enabled n-api
}

function install_nova_sg_backend {
    local package
    package=$(nova_sg_package) || return
    if [[ -n $package ]] && nova_sg_has_backend; then
        install_package "$package"
    fi
}

# DevStack has just made nova's databases anew. What ZooKeeper still holds is
# of the run before.
function forget_nova_sg_records {
    if [[ $NOVA_SG_DRIVER == zk ]] && nova_sg_has_backend; then
        # Without such a node it fails.
        "$NOVA_SG_ZKCLI" -server "$NOVA_SG_ZOOKEEPER" deleteall /nova-sg || true
    fi
}

function install_nova_sg {
    local extra
    extra=$(nova_sg_extra)
    setup_develop "$NOVA_SG_DIR" "$extra"
}

# configure_nova_sg FILE: switches nova-sg on for the processes that read it.
function configure_nova_sg {
    local file=$1
    [[ -e $file ]] || return 0
    if ! iniget_multiline "$file" oslo_messaging_notifications driver |
        tr ' ' '\n' | grep -qx nova_sg; then
        iniadd "$file" oslo_messaging_notifications driver nova_sg
    fi
    iniset "$file" servicegroup driver "$NOVA_SG_DRIVER"
    case $NOVA_SG_DRIVER in
        zk) iniset "$file" zookeeper hosts "$NOVA_SG_ZOOKEEPER" ;;
        mc) iniset "$file" memcached servers "$NOVA_SG_MEMCACHED" ;;
    esac
}

# Each kind of nova's processes has a file of its own there. DevStack makes
# that of nova-compute later, as a copy of the first.
function configure_nova_sg_everywhere {
    local file
    for file in "$NOVA_CONF" "$NOVA_CONF_DIR"/nova_cell*.conf; do
        configure_nova_sg "$file"
    done
}

# nova_sg_cell NUMBER: prints the uuid of a cell.
function nova_sg_cell {
    local cell=$NOVA_SG_CELL
    if is_service_enabled n-api; then
        cell=$("$NOVA_BIN_DIR/nova-manage" --config-file "$NOVA_CONF" cell_v2 list_cells |
            awk -F'|' -v name="cell$1" '{ gsub(/ /, "") } $2 == name { print $3 }')
    fi
    [[ -n $cell ]] || die $LINENO "There is no cell$1 here: set NOVA_SG_CELL"
    echo "$cell"
}

# With zk, records lie under the cell of a process. That of nova.conf is cell0,
# unless there is one conductor.
function configure_nova_sg_cells {
    local cell number
    [[ $NOVA_SG_DRIVER == zk ]] || return 0
    if [[ $CELLSV2_SETUP == singleconductor ]]; then
        cell=$(nova_sg_cell 1) || return
        iniset "$NOVA_CONF" servicegroup cell "$cell"
        return
    fi
    if is_service_enabled n-cond; then
        for ((number = 1; number <= NOVA_NUM_CELLS; number++)); do
            cell=$(nova_sg_cell "$number") || return
            iniset "$NOVA_CONF_DIR/nova_cell$number.conf" servicegroup cell "$cell"
        done
    fi
    if is_service_enabled n-cpu; then
        cell=$(nova_sg_cell "$NOVA_CPU_CELL") || return
        nova_sg_compute_cell "$cell"
    fi
}

# nova_sg_compute_cell UUID: by the environment of its units, for their file is
# that of the API. DevStack puts it in the place of the PATH.
function nova_sg_compute_cell {
    local number unit units=(n-cpu)
    if [[ $VIRT_DRIVER == fake ]]; then
        units=()
        for ((number = 1; number <= NUMBER_FAKE_NOVA_COMPUTE; number++)); do
            units+=("n-cpu-$number")
        done
    fi
    for unit in "${units[@]}"; do
        : "${SYSTEMD_ENV_VARS[$unit]:="\"PATH=$NOVA_BIN_DIR:$PATH\""}"
        # shellcheck disable=SC2004  # DevStack declares a map.
        SYSTEMD_ENV_VARS[$unit]+=" \"OS_SERVICEGROUP__CELL=$1\""
    done
}

if is_service_enabled nova; then
    case "$1 ${2:-}" in
        'stack pre-install') install_nova_sg_backend ;;
        'stack install') install_nova_sg ;;
        'stack post-config')
            forget_nova_sg_records
            configure_nova_sg_everywhere
            configure_nova_sg_cells
            ;;
    esac
fi
