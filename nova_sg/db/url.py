# SPDX-License-Identifier: Apache-2.0

"""What is made of ``[database]`` before anything connects.

An operator gives a URL and oslo.db's options. What is made of them keeps
every call within the report interval, and what cannot be used is refused in
one line that names the option.
"""

from typing import Any

from oslo_config import cfg
from oslo_db.sqlalchemy import enginefacade
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import patience
from nova_sg.db import sqlite

#: The driver and the extra of a URL that names a database only.
_DRIVERS = {
    'psycopg': ('postgresql+psycopg2', 'postgresql'),
    'psycopg2': ('postgresql+psycopg2', 'postgresql'),
    'MySQLdb': ('mysql+pymysql', 'mysql'),
    'pymysql': ('mysql+pymysql', 'mysql'),
}


def usable(conf: cfg.ConfigOpts) -> sa.URL:
    """Return the URL to connect with.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: ``[database] connection`` cannot be used
    """
    try:
        url = _tuned(sa.make_url(conf.database.connection), conf)
        url.get_dialect().import_dbapi()
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        raise refused(error) from error
    if not url.database and url.get_backend_name() != 'sqlite':
        raise _unusable('it names no database')
    return url


def facade(url: sa.URL, conf: cfg.ConfigOpts) -> Any:
    """Return an enginefacade of oslo.db; it connects at first use.

    :param url: what :func:`usable` returned
    :param conf: a loaded configuration
    :raises InvalidConfiguration: the URL cannot be used
    """
    made = enginefacade.transaction_context()
    options = dict(conf.database.items())
    options['connection'] = url.render_as_string(hide_password=False)
    options['slave_connection'] = None
    if url.get_backend_name() == 'sqlite':
        # No pool, and oslo.db does not take the option away.
        options['pool_timeout'] = None
    elif options['pool_timeout'] is None:
        options['pool_timeout'] = conf.servicegroup.report_interval
    made.configure(**options)
    return made


def refused(error: Exception) -> exception.InvalidConfiguration:
    """Return what says that a URL cannot be used, without quoting it.

    :param error: what SQLAlchemy or the driver raised for it
    """
    match error:
        case ImportError():
            reason = f'{error.name} is not installed'
            if error.name in _DRIVERS:
                driver, extra = _DRIVERS[error.name]
                reason += f': use {driver}:// and install nova-sg[{extra}]'
        case TypeError():
            reason = f'the driver refuses a parameter of it: {error}'
        case _:
            # The message of SQLAlchemy may quote the URL with its password.
            reason = 'this is no database URL of a driver that is installed'
    return _unusable(reason)


def _tuned(url: sa.URL, conf: cfg.ConfigOpts) -> sa.URL:
    """Add to a URL what keeps a call within the report interval."""
    seconds = conf.servicegroup.report_interval
    # Twice within the interval: to find a connection dead, and to make one.
    limit = max(2, seconds // 2)
    match url.get_backend_name():
        case 'postgresql':
            patience.install()
            options = ' '.join(url.normalized_query.get('options', ()))
            url = url.update_query_dict(
                {'options': patience.limited(options, limit * 1000)}
            )
            query = {'connect_timeout': str(limit)}
        case 'mysql' | 'mariadb':
            query = {
                'charset': 'utf8mb4',
                'connect_timeout': str(limit),
                'read_timeout': str(limit),
                'write_timeout': str(limit),
            }
        case 'sqlite':
            query = {'timeout': str(seconds), 'plugin': sqlite.PLUGIN}
        case _:
            query = {}
    missing = {k: v for k, v in query.items() if k not in url.query}
    return url.update_query_dict(missing)


def _unusable(reason: str) -> exception.InvalidConfiguration:
    return exception.InvalidConfiguration(
        option='[database] connection', reason=reason
    )
