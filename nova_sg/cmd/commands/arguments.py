# SPDX-License-Identifier: Apache-2.0


"""Arguments which several commands take, and what may stand in them."""

import argparse
from collections.abc import Callable
import datetime
import math
import re
from typing import Any
import uuid as uuidlib

from nova_sg import exception
from nova_sg.cmd import common
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import migration
from nova_sg.servicegroup import record

#: The longest name of a zone: the column of an aggregate's name.
ZONE_MAX_LENGTH = 255

#: How often something may be looked at.
SECONDS_MIN = 0.1
SECONDS_MAX = 86400


def field(name: str) -> Callable[[str], str]:
    """Return a type for an argument that becomes a field of a record.

    :param name: the field with the rules that apply
    """

    def check(text: str) -> str:
        try:
            record.check_values({name: text}, record.CREATE_FIELDS)
        except exception.InvalidInput as error:
            raise argparse.ArgumentTypeError(error.kwargs['reason']) from error
        return text

    return check


def uuid(text: str) -> str:
    """Return the uuid a user gave, as records spell it.

    :raises ArgumentTypeError: it is none
    """
    try:
        return str(uuidlib.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is no uuid') from None


def invocation(text: str) -> str:
    """Return the invocation of a unit, as members carry it.

    :raises ArgumentTypeError: it is none
    """
    try:
        return sg_invocation.normal(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no invocation: 32 hexadecimal digits'
        ) from None


def place(text: str) -> migration.Place:
    """Return where services are, or go, as a user names it.

    :raises ArgumentTypeError: the text does not name it
    """
    try:
        return migration.Place.parse(text)
    except exception.InvalidInput as error:
        raise argparse.ArgumentTypeError(error.kwargs['reason']) from error


def zone(text: str) -> str:
    """Return the name of an availability zone, if it may be one.

    A colon separates zone, host and node where a server is asked for, and a
    comma the zones of a host that is in several.
    """
    if not 1 <= len(text) <= ZONE_MAX_LENGTH:
        raise argparse.ArgumentTypeError(
            f'a zone must have 1 to {ZONE_MAX_LENGTH} characters, not '
            f'{len(text)}'
        )
    # What was no UTF-8 on the command line is not printable either.
    if set(':,') & set(text) or not text.isprintable() or text != text.strip():
        raise argparse.ArgumentTypeError(
            f'{text!r} cannot be a zone: it has a colon, a comma, a character '
            'that cannot be printed, or a space around it'
        )
    return text


def seconds(text: str) -> float:
    """Return a number of seconds, a tenth at least and a day at most.

    :raises ArgumentTypeError: it is none
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    # No comparison with what is not a number is true.
    if not SECONDS_MIN <= number <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no number of seconds from {SECONDS_MIN:g} to '
            f'{SECONDS_MAX:g}'
        )
    return number


#: The seconds of each unit that a span of time may have.
_UNITS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}


def moment(text: str) -> datetime.datetime:
    """Return a moment in the past that a user names, in UTC.

    :param text: a span back from now, such as ``90m``, ``12h`` or ``3d``; or
        a time of ISO 8601, of UTC where it names no zone
    :raises ArgumentTypeError: it is none
    """
    now = datetime.datetime.now(datetime.UTC)
    span = re.fullmatch(r'(\d{1,9})([smhd])', text, re.ASCII)
    try:
        if span is not None:
            seconds = int(span[1]) * _UNITS[span[2]]
            return now - datetime.timedelta(seconds=seconds)
        named = datetime.datetime.fromisoformat(text)
        if named.tzinfo is None:
            return named.replace(tzinfo=datetime.UTC)
        return named.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f'{text!r} is neither a span of time, as 90m, 12h and 3d are, nor '
            'a time, as 2026-03-14T15:09 is'
        ) from None


def number(least: int, most: int) -> Callable[[str], int]:
    """Return a type for a whole number with these bounds."""

    def check(text: str) -> int:
        found = int(text) if re.fullmatch(r'\d{1,9}', text, re.ASCII) else -1
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(
                f'{text!r} is no number from {least} to {most}'
            )
        return found

    return check


def add_host(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Add the positional argument HOST."""
    parser.add_argument('host', metavar='HOST', type=field('host'), **options)


def add_host_and_binary(
    parser: argparse.ArgumentParser, *, old_spelling: bool = False
) -> None:
    """Add the positional arguments HOST and BINARY.

    :param old_spelling: take nova-manage's --host and --service too; then
        :func:`settle_host_and_binary` must be called
    """
    options: dict[str, Any] = {'nargs': '?'} if old_spelling else {}
    add_host(parser, help='the host of the service', **options)
    parser.add_argument(
        'binary',
        metavar='BINARY',
        type=field('binary'),
        help='its binary, such as nova-compute',
        **options,
    )
    if old_spelling:
        parser.add_argument(
            '--host',
            metavar='HOST',
            dest='old_host',
            type=field('host'),
            help='the same as HOST',
        )
        parser.add_argument(
            '--service',
            '--binary',
            metavar='BINARY',
            dest='old_binary',
            type=field('binary'),
            help='the same as BINARY',
        )


def settle_host_and_binary(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the host and the binary, whichever way they were spelled.

    :raises BadUsage: one is absent, or given twice
    """
    given = (arguments.host, arguments.binary)
    old = (arguments.old_host, arguments.old_binary)
    if None not in given and old == (None, None):
        return given
    if None not in old and given == (None, None):
        return old
    raise common.BadUsage(
        reason='a service is HOST BINARY, or --host HOST --service BINARY'
    )
