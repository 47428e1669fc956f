# SPDX-License-Identifier: Apache-2.0

"""Options of nova that nova_sg has by other names.

nova-sg's own commands read a ``nova.conf``, and ignore what they do not know.
An old one with ``servicegroup_driver = zk`` would leave them on SQLite, where
they find no service: they warn of it. Inside a nova these options are nova's.
"""

from oslo_config import cfg
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

_Name = tuple[str, str]

#: By group and name: what has taken the place of an option, None for nothing.
_OLD: dict[_Name, _Name | None] = {
    ('DEFAULT', 'servicegroup_driver'): ('servicegroup', 'driver'),
    ('DEFAULT', 'report_interval'): ('servicegroup', 'report_interval'),
    ('DEFAULT', 'service_down_time'): ('servicegroup', 'service_down_time'),
    ('DEFAULT', 'memcached_servers'): ('memcached', 'servers'),
    ('zookeeper', 'address'): ('zookeeper', 'hosts'),
    ('zookeeper', 'recv_timeout'): ('zookeeper', 'session_timeout'),
    ('zookeeper', 'sg_prefix'): ('zookeeper', 'chroot'),
    ('zookeeper', 'sg_retry_interval'): None,
}


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the old options, of any value: it is shown, not used."""
    for group, name in _OLD:
        conf.register_opt(
            cfg.StrOpt(name), None if group == 'DEFAULT' else group
        )


def warn(conf: cfg.ConfigOpts) -> None:
    """Log a warning for each old option that is set and its new one is not."""
    for old, new in _OLD.items():
        value = _get(conf, old)
        if value is None:
            continue
        if new is None:
            LOG.warning(
                '[%s] %s is an option of nova and has no effect on nova-sg, '
                'which needs none for it.',
                *old,
            )
        elif not _is_set(conf, new) and value != str(_get(conf, new)):
            LOG.warning(
                '[%s] %s = %s is an option of nova and has no effect on '
                'nova-sg: set [%s] %s, which is %s now.',
                *(*old, value, *new, _get(conf, new)),
            )


def _get(conf: cfg.ConfigOpts, name: _Name) -> object:
    group, option = name
    found: object = (conf if group == 'DEFAULT' else conf[group])[option]
    return ','.join(found) if isinstance(found, list) else found


def _is_set(conf: cfg.ConfigOpts, name: _Name) -> bool:
    group, option = name
    location = conf.get_location(option, group)
    return location is not None and location.location.is_user_controlled
