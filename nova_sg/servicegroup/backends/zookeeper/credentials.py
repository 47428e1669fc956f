# SPDX-License-Identifier: Apache-2.0

"""The credential of this deployment, and the access lists of its znodes."""

import importlib.util
from typing import Any

from kazoo import security
from oslo_config import cfg

from nova_sg.servicegroup.backends.zookeeper.options import unusable


def configured(options: cfg.ConfigOpts.GroupAttr) -> bool:
    """Return whether this process presents a credential.

    :param options: the group ``[zookeeper]``
    """
    return bool(options.username) or _is_kerberos(options)


def check(options: cfg.ConfigOpts.GroupAttr) -> None:
    """Refuse options that do not make a credential.

    :raises InvalidConfiguration: naming the option
    """
    if not configured(options):
        if options.password:
            raise unusable(
                'username', 'there is a password without a username'
            )
        return
    if options.auth_scheme == 'digest' and ':' in options.username:
        raise unusable('username', 'it may not contain a colon')
    if not options.password and not _is_kerberos(options):
        raise unusable('password', f'{options.username} needs one')
    if options.auth_scheme == 'sasl' and not importlib.util.find_spec(
        'puresasl'
    ):
        raise unusable(
            'auth_scheme', 'sasl needs pure-sasl, not installed here'
        )
    if _is_kerberos(options):
        if not options.sasl_service:
            raise unusable('sasl_service', 'GSSAPI needs one')
        if not importlib.util.find_spec('kerberos'):
            raise unusable(
                'sasl_mechanism', 'GSSAPI needs kerberos, not installed here'
            )


def kazoo_options(options: cfg.ConfigOpts.GroupAttr) -> dict[str, Any]:
    """Return what a KazooClient takes to authenticate, and to set ACLs."""
    arguments: dict[str, Any] = {'default_acl': acl(options)}
    if not configured(options):
        return arguments
    if options.auth_scheme == 'digest':
        credential = f'{options.username}:{options.password}'
        arguments['auth_data'] = [('digest', credential)]
        return arguments
    sasl: dict[str, str] = {'mechanism': options.sasl_mechanism}
    if _is_kerberos(options):
        sasl['service'] = options.sasl_service
        if options.username:
            sasl['principal'] = options.username
    else:
        sasl['username'] = options.username
        sasl['password'] = options.password
    arguments['sasl_options'] = sasl
    return arguments


def acl(options: cfg.ConfigOpts.GroupAttr) -> list[security.ACL]:
    """Return the access list of every znode that is created."""
    if not configured(options):
        return list(security.OPEN_ACL_UNSAFE)
    readers = security.READ_ACL_UNSAFE if options.world_readable else []
    return [*security.CREATOR_ALL_ACL, *readers]


def is_world_writable(acls: list[security.ACL]) -> bool:
    """Return whether any client may do more than read."""
    return any(
        each.id.scheme == 'world' and each.perms & ~security.Permissions.READ
        for each in acls
    )


def _is_kerberos(options: cfg.ConfigOpts.GroupAttr) -> bool:
    return bool(
        options.auth_scheme == 'sasl' and options.sasl_mechanism == 'GSSAPI'
    )
