# SPDX-License-Identifier: Apache-2.0

"""What a request holds: read, and checked against the schemas."""

from collections.abc import Mapping
import re
from typing import Any
import uuid

import jsonschema
import orjson
from oslo_utils import strutils
import webob
import webob.exc

from nova_sg import exception
from nova_sg.servicegroup import record

#: Characters of a message about a value; the value may be much longer.
MESSAGE_LENGTH = 300

Validator: Any = jsonschema.Draft202012Validator

_INTEGER = re.compile(r'[0-9]{1,18}', re.ASCII)


def path_of(request: webob.Request) -> str:
    """Return the path of a request, behind what the application is under.

    :raises InvalidInput: it is not UTF-8
    """
    try:
        path: str = request.path_info
    except UnicodeDecodeError:
        raise exception.InvalidInput(reason='the path is not UTF-8') from None
    return path


def read_body(request: webob.Request) -> bytes:
    """Return the body of a request.

    :raises MalformedRequestBody: it ends too early, or its parts are unlike
        what HTTP has
    """
    try:
        body: bytes = request.body
    except webob.exc.HTTPException:
        # It is too large.
        raise
    except Exception as error:
        # Each WSGI server has an error of its own.
        raise exception.MalformedRequestBody(
            reason='it could not be read to its end'
        ) from error
    return body


def load_body(request: webob.Request) -> Any:
    """Return what the body of a request holds.

    :raises MalformedRequestBody: it is no JSON, or cannot be read
    """
    try:
        return orjson.loads(read_body(request))
    except orjson.JSONDecodeError as error:
        raise exception.MalformedRequestBody(reason=error.msg) from error


def load_query(request: webob.Request) -> Mapping[str, list[str]]:
    """Return every value of each parameter of the query of a request.

    :raises InvalidInput: it is not UTF-8
    """
    if not request.query_string:
        return {}
    try:
        query: Mapping[str, list[str]] = request.GET.dict_of_lists()
    except UnicodeDecodeError:
        raise exception.InvalidInput(reason='the query is not UTF-8') from None
    return query


def check_body(validator: Any, body: Any, *, relaxed: bool) -> None:
    """Refuse a body that is not as its schema says.

    :param validator: of the schema
    :param relaxed: drop keys it does not know instead, as ``/v2`` does
    :raises ValidationError: naming the key and what is wrong with it
    """
    if relaxed and isinstance(body, dict):
        for key in set(body) - set(validator.schema['properties']):
            del body[key]
    _check(validator, body, 'Invalid input for field/attribute')


def check_query(validator: Any, query: Mapping[str, list[str]]) -> None:
    """Refuse a query that is not as its schema says.

    :param validator: of the schema
    :param query: every value of each parameter
    :raises ValidationError: naming the parameter and what is wrong with it
    """
    _check(validator, query, 'Invalid input for query parameters')


def to_uuid(text: str) -> str:
    """Return the uuid in a path, as records spell it.

    :raises ValidationError: it is none
    """
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise exception.ValidationError(
            detail=f'Invalid uuid {text[:MESSAGE_LENGTH]}'
        ) from None


def to_id(text: str) -> int | None:
    """Return the integer id in a path, None where it is no integer.

    :returns: 0, which nothing bears, for what is too large to be an id
    """
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if number <= record.MAX_ID else 0


def to_bool(value: bool | str) -> bool:
    """Return the flag that a schema's ``boolean`` let through."""
    return strutils.bool_from_string(value, strict=True)


def _check(validator: Any, value: Any, where: str) -> None:
    try:
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except RecursionError:
        # Its message shows the value, which JSON let through.
        raise exception.ValidationError(
            detail=f'{where}: it is nested too deeply'
        ) from None
    if error is None:
        return
    message = error.message
    if len(message) > MESSAGE_LENGTH:
        message = f'{message[:MESSAGE_LENGTH]}...'
    if error.path:
        message = f'{where} {error.path[0]}: {message}'
    raise exception.ValidationError(detail=message)
