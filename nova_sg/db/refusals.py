# SPDX-License-Identifier: Apache-2.0

"""What a database and its driver mean by an error, in one line.

First of all what only a person can mend of ``[database]``.

A driver refuses a parameter with whatever error its code runs into, and a
server refuses a password with the error it has for a failed connection. Both
are told from a server that cannot be reached: that one comes back by itself.
No line holds a part of a password.
"""

import re
from typing import Any

from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception

CONNECTION = '[database] connection'

#: The driver and the extra of a URL that names a database only.
_DRIVERS = {
    'psycopg': ('postgresql+psycopg2', 'postgresql'),
    'psycopg2': ('postgresql+psycopg2', 'postgresql'),
    'MySQLdb': ('mysql+pymysql', 'mysql'),
    'pymysql': ('mysql+pymysql', 'mysql'),
}

#: MySQL's errors for a refused login, an unknown database, character set or
#: collation, and a server without TLS.
_MYSQL = frozenset({1044, 1045, 1049, 1115, 1251, 1273, 1698, 2026})
#: Its error for the value of a variable, which is ``mysql_sql_mode``, and for
#: a statement that is none, which may be ``init_command``.
_WRONG_VALUE = 1231
_SYNTAX = 1064

#: Its error for a text which a column's character set does not have.
_ILLEGAL_MIX = 1267

#: PostgreSQL's and MySQL's errors for a table that is not there.
_UNDEFINED_TABLE = '42P01'
_NO_SUCH_TABLE = 1146

#: PostgreSQL's and MySQL's errors for what a user has no right to do.
_NO_RIGHT = '42501'
_NO_RIGHT_MYSQL = 1142

#: PostgreSQL's error, and MySQL's, for a write to a server that takes none, as
#: after a failover. MySQL has one of them for other options, too.
_READ_ONLY = '25006'
_READ_ONLY_MYSQL = 1792, 1836
_OPTION = 1290

#: What libpq, PostgreSQL and PgBouncer say; their errors while connecting
#: have no code.
_POSTGRESQL = re.compile(
    r'authentication failed'
    r'|no password supplied'
    r'|(database|role) "[^"]*" (does not exist|is not permitted)'
    r'|no such (database|user)'
    r'|no pg_hba\.conf entry'
    r'|permission denied for database'
    r'|invalid \w+ value'
    r'|invalid (integer )?value (.* )?for (connection option|parameter)'
    r'|invalid (connection option|port number|dsn)'
    r'|unrecognized configuration parameter'
    r'|unsupported startup parameter'
    r'|certificate file .* does not exist'
    r'|could not (read|load|open) .*(certificate|private key)'
    r'|private key file .* (does not exist|has group|must)'
    r'|server certificate for .* does not match'
    r'|server does not support SSL, but SSL was required'
    r'|definition of service .* not found'
)

#: What SQLite says of a parameter.
_SQLITE = re.compile(r'no such (access mode|cache mode|vfs)')

#: What Python's driver for SQLite says of a text that is none.
_SQLITE_TEXT = 'Could not decode to UTF-8'

#: What Python and OpenSSL say of a server with an untrusted certificate.
_TLS = re.compile(r'certificate verify failed', re.IGNORECASE)

_SECRETS = frozenset(
    {'password', 'passwd', 'sslpassword', 'ssl_key_password', 'passfile'}
)

#: Characters of a secret below which it may be a part of any message.
_SHORT = 4


def unusable(
    reason: str, option: str = CONNECTION
) -> exception.InvalidConfiguration:
    return exception.InvalidConfiguration(option=option, reason=reason)


def of_url(
    error: Exception,
    url: sa.URL | None = None,
    option: str = CONNECTION,
    parameter: str | None = None,
) -> exception.InvalidConfiguration:
    """Return what says that a URL cannot be used.

    :param error: what SQLAlchemy or the driver raised for it, before it
        reached a server
    :param url: the URL, where it could be parsed
    :param parameter: the parameter of it that the driver refuses, if known
    """
    if isinstance(error, ImportError):
        reason = f'{error.name} is not installed'
        if error.name in _DRIVERS:
            driver, extra = _DRIVERS[error.name]
            reason += f': use {driver}:// and install nova-sg[{extra}]'
            if error.name == 'MySQLdb':
                reason += ', or install nova-sg[mysqlclient]'
    elif isinstance(error, UnicodeError):
        # It has the whole password.
        reason = 'the driver cannot send a character of it'
    elif url is None:
        # The message of SQLAlchemy may quote the URL with its password.
        reason = 'this is no database URL of a driver that is installed'
    else:
        which = f'its parameter {parameter}' if parameter else 'it'
        reason = f'the driver refuses {which}'
        if not isinstance(error, AttributeError | LookupError):
            # Those tell of the code of the driver, and not of the value.
            reason += f': {_text(error, url)}'
    return unusable(reason, option)


def by_server(
    error: BaseException, url: sa.URL
) -> exception.InvalidConfiguration | None:
    """Return what says what a person must mend, None for an outage.

    :param error: what was raised for the first connection of a process,
        as oslo.db or SQLAlchemy wrapped it
    """
    cause = cause_of(error)
    code = cause.args[0] if cause.args else None
    if code == _WRONG_VALUE:
        return unusable(_text(cause, url), '[database] mysql_sql_mode')
    text = str(cause)
    match url.get_backend_name():
        case 'mysql' | 'mariadb':
            final = code in _MYSQL or (
                code == _SYNTAX and 'init_command' in url.query
            )
        case 'postgresql':
            final = _POSTGRESQL.search(text) is not None
        case _:
            final = _SQLITE.search(text) is not None
    if final or _TLS.search(text):
        return unusable(_text(cause, url))
    return None


def cause_of(error: BaseException) -> BaseException:
    """Return what the driver raised, from under what wraps it."""
    cause = getattr(error, 'inner_exception', None)
    if not isinstance(cause, BaseException):
        # oslo.db raises some with a text, or with nothing.
        cause = error
    return getattr(cause, 'orig', None) or cause


def refuses_value(error: BaseException) -> bool:
    """Return whether an error is about a value, where oslo.db cannot tell."""
    wrapped = getattr(error, 'inner_exception', None) or error
    cause = cause_of(error)
    return (
        isinstance(wrapped, sa.exc.DataError)
        # The driver itself refuses: NUL in a text, a number too large.
        or isinstance(cause, ValueError | OverflowError)
        or cause.args[:1] == (_ILLEGAL_MIX,)
    )


def cannot_read(error: BaseException, dbapi: Any) -> bool:
    """Return whether a driver cannot make out a value of a row.

    :param error: what the driver raised
    :param dbapi: the module of the driver
    """
    return isinstance(
        error, dbapi.DataError | ValueError | OverflowError
    ) or _SQLITE_TEXT in str(error)


def of_value(error: BaseException) -> exception.ValueRefused:
    """Return what says that a value cannot be stored."""
    return exception.ValueRefused(
        reason=f'the database refuses a value: {reason_of(error)}'
    )


def lacks_table(error: BaseException) -> bool:
    """Return whether a table is not there, where oslo.db cannot tell."""
    return _has_code(cause_of(error), _UNDEFINED_TABLE, _NO_SUCH_TABLE)


def lacks_right(error: BaseException) -> bool:
    """Return whether the user may not do it: make or alter a table."""
    return _has_code(cause_of(error), _NO_RIGHT, _NO_RIGHT_MYSQL)


def keeps_out(error: BaseException) -> bool:
    """Return whether a table is not there for the user, or not at all."""
    return (
        isinstance(error, db_exc.DBNonExistentTable)
        or lacks_table(error)
        or lacks_right(error)
    )


def is_read_only(cause: BaseException) -> bool:
    """Return whether a server refuses a write because it takes none.

    :param cause: what the driver raised
    """
    if cause.args[:1] == (_OPTION,):
        return 'read-only' in str(cause)
    return _has_code(cause, _READ_ONLY, *_READ_ONLY_MYSQL)


def _has_code(cause: BaseException, postgresql: str, *mysql: int) -> bool:
    """Return whether what a driver raised is one of these errors."""
    return getattr(cause, 'pgcode', None) == postgresql or any(
        cause.args[:1] == (code,) for code in mysql
    )


def reason_of(error: BaseException) -> str:
    """Return the driver's own words, in one line and without the SQL."""
    cause = cause_of(error)
    if cause.args[:1] == (_ILLEGAL_MIX,):
        return 'it has a character which the column that is looked at cannot'
    arguments = getattr(cause, 'args', ()) or (cause,)
    return ' '.join(str(arguments[-1]).split()) or type(cause).__name__


def _text(error: BaseException, url: sa.URL) -> str:
    """Return the driver's own words, in one line and without a secret."""
    said: Any = error.args[-1] if error.args else error
    if isinstance(error, OSError) and error.strerror:
        said = ': '.join(filter(None, (error.filename, error.strerror)))
    text = ' '.join(str(said).split())
    if secrets := '|'.join(map(_pattern, _secrets(url))):
        text = re.sub(secrets, '***', text)
    return text or type(error).__name__


def _pattern(secret: str) -> str:
    """Return an expression for a secret where a message quotes it.

    A short one is also a part of words: it counts as a value only.
    """
    pattern = re.escape(secret)
    if len(secret) < _SHORT:
        return rf'(?<=[\'"=:]){pattern}(?!\w)'
    return pattern


def _secrets(url: sa.URL) -> list[str]:
    """Return the secrets of a URL, the longest first."""
    values = [
        value
        for name, values in url.normalized_query.items()
        if name in _SECRETS
        for value in values
    ]
    if url.password:
        values.append(str(url.password))
    return sorted(filter(None, values), key=len, reverse=True)
