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

# Runs where the control plane is, unless the server is there already.
function install_nova_sg_backend {
    local package
    package=$(nova_sg_package) || return
    if [[ -n $package && $NOVA_SG_BACKEND == True ]] && is_service_enabled n-api; then
        install_package "$package"
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

# Each kind of nova's processes has a file of its own there.
function configure_nova_sg_everywhere {
    local file
    for file in "$NOVA_CONF" "${NOVA_CPU_CONF:-}" "$NOVA_CONF_DIR"/nova_cell*.conf; do
        [[ -z $file ]] || configure_nova_sg "$file"
    done
}

if is_service_enabled nova; then
    case "$1 ${2:-}" in
        'stack pre-install') install_nova_sg_backend ;;
        'stack install') install_nova_sg ;;
        'stack post-config') configure_nova_sg_everywhere ;;
    esac
fi
