# SPDX-License-Identifier: Apache-2.0

"""What the sample configuration generator lists."""

from oslo_config import cfg

from nova_sg import conf

#: Modules of the package with options that a library lists, or nova.
_OF_OTHERS = (conf.database, conf.legacy, conf.libraries)


def list_opts() -> list[tuple[cfg.OptGroup | str, list[cfg.Opt]]]:
    """Return every option of nova_sg, by group.

    oslo.concurrency, oslo.db, oslo.log and oslo.messaging list their own
    under their own entry points.
    """
    groups: dict[cfg.OptGroup | str, list[cfg.Opt]] = {}
    for module in conf.MODULES:
        if module not in _OF_OTHERS:
            for group, options in module.list_opts().items():
                groups.setdefault(group, []).extend(options)
    return list(groups.items())


def set_lib_defaults() -> None:
    """Show our defaults where the options are a library's."""
    from nova_sg.conf import transport

    conf.set_log_defaults()
    conf.database.set_lib_defaults()
    transport.set_lib_defaults()
