# SPDX-License-Identifier: Apache-2.0

"""The one owner of every service: records, membership, and the rules.

A process sets the API up once, from its configuration; the versioned objects
reach it from here.
"""

from typing import Any

from oslo_config import cfg

from nova_sg.servicegroup.api import API

__all__ = ['API', 'get', 'setup']

_api: API | None = None


def setup(conf: cfg.ConfigOpts, **parts: Any) -> API:
    """Make the API of this process, replacing one made before.

    :param conf: a loaded configuration
    :param parts: what is not to be as configured; see :class:`API`
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    global _api
    _api = API(conf, **parts)
    return _api


def get() -> API:
    """Return the API of this process.

    :raises RuntimeError: :func:`setup` was not called
    """
    if _api is None:
        raise RuntimeError('nova_sg.servicegroup.setup() was not called')
    return _api
