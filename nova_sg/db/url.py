# SPDX-License-Identifier: Apache-2.0

"""What is made of ``[database]`` before anything connects.

An operator gives a URL and oslo.db's options. What is made of them keeps
every call within the report interval, whatever they say, and what a driver
cannot use is refused in one line that names the option.
"""

import inspect
import os
import ssl
from typing import Any
from urllib import parse
import warnings

from oslo_config import cfg
from oslo_db.sqlalchemy import enginefacade
import sqlalchemy as sa

from nova_sg import concurrency
from nova_sg.db import autocommit
from nova_sg.db import patience
from nova_sg.db import refusals
from nova_sg.db import sqlite

_PARAMETERS = '[database] connection_parameters'

#: Parameters of libpq that are numbers.
_POSTGRESQL_NUMBERS = {
    'connect_timeout',
    'keepalives',
    'keepalives_count',
    'keepalives_idle',
    'keepalives_interval',
    'tcp_user_timeout',
}

#: What SQLAlchemy hands to sqlite3. 2.1 warns of anything else, and 2.0 drops
#: it without a word.
_SQLITE = {
    'cached_statements',
    'check_same_thread',
    'detect_types',
    'isolation_level',
    'timeout',
    'uri',
}


def usable(conf: cfg.ConfigOpts) -> sa.URL:
    """Return the URL to connect with.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: ``[database] connection``, or what
        ``connection_parameters`` adds to it, cannot be used
    """
    try:
        url = sa.make_url(conf.database.connection)
        url.get_dialect().import_dbapi()
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        raise refusals.of_url(error) from error
    if url.get_driver_name() == 'mysqldb' and concurrency.under_eventlet():
        raise refusals.unusable(
            'mysqlclient waits outside of eventlet, and would stop all green '
            'threads meanwhile: use mysql+pymysql://'
        )
    seconds = conf.servicegroup.report_interval
    option = refusals.CONNECTION
    if conf.database.connection_parameters:
        _check(_tuned(url, seconds), option)
        option = _PARAMETERS
        url = url.update_query_pairs(
            parse.parse_qsl(conf.database.connection_parameters), append=True
        )
    tuned = _tuned(url, seconds)
    _check(tuned, option)
    return tuned


def facade(url: sa.URL, conf: cfg.ConfigOpts) -> Any:
    """Return an enginefacade of oslo.db; it connects at first use.

    :param url: what :func:`usable` returned
    :param conf: a loaded configuration
    """
    made = enginefacade.transaction_context()
    made.configure(**_options(url, conf))
    return made


def _options(url: sa.URL, conf: cfg.ConfigOpts) -> dict[str, Any]:
    """Return oslo.db's options, as far as an operator may set them.

    All of them are given: oslo.db reads others from the global
    configuration.
    """
    options = dict(conf.database.items())
    options['connection'] = url.render_as_string(hide_password=False)
    # They are in the URL.
    options['connection_parameters'] = ''
    # The lag of a replica would look like missed beats.
    options['slave_connection'] = None
    # oslo.db would wait for an unreachable database, for ever with -1.
    options['max_retries'] = 0
    # A yield to other green threads, of which a native process has none.
    options['thread_checkin'] = concurrency.under_eventlet()
    interval = conf.servicegroup.report_interval
    if url.get_backend_name() == 'sqlite':
        # No pool, and oslo.db does not take the option away.
        options['pool_timeout'] = None
    else:
        options['pool_timeout'] = min(
            interval, options['pool_timeout'] or interval
        )
    return options


def _tuned(url: sa.URL, seconds: int) -> sa.URL:
    """Add to a URL what keeps a call within the report interval.

    :param seconds: the report interval
    """
    # Twice within the interval: to find a connection dead, and to make one.
    limit = max(2, seconds // 2)
    own = [autocommit.PLUGIN]
    match url.get_backend_name(), url.get_driver_name():
        case 'postgresql', 'psycopg2':
            patience.install()
            own.append(patience.PLUGIN)
            query = {
                'connect_timeout': str(limit),
                patience.LIMIT: str(limit * 1000),
            }
        case 'postgresql', _:
            query = {'connect_timeout': str(limit)}
        case (('mysql' | 'mariadb'), _):
            query = {
                'charset': 'utf8mb4',
                'connect_timeout': str(limit),
                'read_timeout': str(limit),
                'write_timeout': str(limit),
            }
        case 'sqlite', _:
            own.append(sqlite.PLUGIN)
            query = {'timeout': str(seconds)}
        case _:
            query = {}
    missing = {k: v for k, v in query.items() if k not in url.query}
    # DevStack has one of its own.
    url = url.update_query_pairs(
        [('plugin', each) for each in own], append=True
    )
    return url.update_query_dict(missing)


def _check(url: sa.URL, option: str) -> None:
    """Have the driver look at a URL without connecting.

    :raises InvalidConfiguration: it cannot be used
    """
    default_files = url.normalized_query.get('read_default_file', ())
    if (
        not (url.database or default_files)
        and url.get_backend_name() != 'sqlite'
    ):
        raise refusals.unusable('it names no database')
    if url.port is not None and not 0 < url.port < 65536:
        raise refusals.unusable(f'{url.port} is no port')
    error = _refusal(url)
    if error is not None:
        alone = [
            name
            for name in url.query
            if _refusal(url.difference_update_query([name])) is None
        ]
        parameter = alone[0] if len(alone) == 1 else None
        raise refusals.of_url(error, url, option, parameter) from error


def _refusal(url: sa.URL) -> Exception | None:
    """Return what a driver raises for a URL, None for nothing."""
    try:
        for path in url.normalized_query.get('read_default_file', ()):
            # PyMySQL pays no heed to a file that is not there.
            with open(os.path.expanduser(path), 'rb'):
                pass
        with warnings.catch_warnings():
            # Of a parameter that SQLite does not have.
            warnings.simplefilter('error', sa.exc.SAWarning)
            _words, parameters = url.get_dialect()().create_connect_args(
                url.difference_update_query(['plugin', patience.LIMIT])
            )
        _look_at(url, parameters)
    except Exception as error:
        # It raises whatever its code runs into.
        return error
    return None


def _look_at(url: sa.URL, parameters: dict[str, Any]) -> None:
    """Hand parameters to a driver that can look at them by itself.

    What others refuse they say at the first connection.
    """
    match url.get_driver_name():
        case 'psycopg2':
            from psycopg2 import extensions

            extensions.make_dsn(**parameters)
            for name in _POSTGRESQL_NUMBERS & parameters.keys():
                # libpq does not look at them when it does not wait itself.
                int(parameters[name])
        case 'pymysql':
            import pymysql

            inspect.signature(pymysql.connect).bind(**parameters)
            tls = parameters.get('ssl')
            if isinstance(tls, dict) and tls.get('cert'):
                # Else OpenSSL asks on the terminal for the key's password.
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
                    tls['cert'], tls.get('key'), tls.get('password') or str
                )
            pymysql.connect(**parameters, defer_connect=True)
        case 'pysqlite' if not parameters.get('uri'):
            given = url.query.keys() - {'plugin', patience.LIMIT}
            if unknown := given - _SQLITE:
                raise ValueError(f'sqlite3 has no {min(unknown)}')
