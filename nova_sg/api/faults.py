# SPDX-License-Identifier: Apache-2.0

"""Errors as answers, in the format of the compute API.

An answer tells a user what to do, and nothing of hosts, databases and options
of the deployment. Those are in the log, under the request id that the answer
names.
"""

from collections.abc import Mapping
import logging
from typing import Any

from keystoneauth1 import exceptions as ks_exceptions
import orjson
from oslo_middleware import request_id
import webob
import webob.exc

from nova_sg import exception
from nova_sg import texts

LOG = logging.getLogger(__name__)

#: The key of an error's body, by status; nova's.
NAMES = {
    400: 'badRequest',
    401: 'unauthorized',
    403: 'forbidden',
    404: 'itemNotFound',
    405: 'badMethod',
    409: 'conflictingRequest',
    413: 'overLimit',
    415: 'badMediaType',
    501: 'notImplemented',
    503: 'serviceUnavailable',
}

#: Seconds after which a client may ask again.
RETRY_AFTER = 10

#: What oslo.middleware and others say less well.
MESSAGES = {
    413: 'The body is larger than this service takes.',
}

NOT_FOUND = 'The resource could not be found.'


def fault(code: int, message: str) -> webob.Response:
    """Return an answer that says what went wrong.

    :param code: the HTTP status
    :param message: says what to do about it; it becomes one line, whatever
        was in the request that it repeats
    """
    name = NAMES.get(code, 'computeFault')
    body = {name: {'code': code, 'message': texts.one_line(message)}}
    response = webob.Response(
        body=orjson.dumps(body), status=code, content_type='application/json'
    )
    if code == 503:
        response.retry_after = RETRY_AFTER
    return response


def of(error: Exception, environ: Mapping[str, Any]) -> webob.Response:
    """Return the answer to a request that failed with an error.

    :param environ: of the request
    """
    match error:
        case exception.NovaSgException():
            code = 503 if error.misconfigured else error.code
            if code < 500 or code == 501:
                return fault(code, error.public_message)
            LOG.error('%s', texts.one_line(str(error)))
            response = _failed(code, error.public_message, environ)
            if isinstance(error, exception.OutcomeUnknown):
                # To send it again is what a client should not do.
                response.retry_after = None
            return response
        case ks_exceptions.ClientException():
            LOG.error(
                'The identity service is unreachable: %s',
                texts.one_line(str(error)),
            )
            text = 'The identity service is unreachable.'
            return _failed(503, text, environ)
        case webob.exc.HTTPException():
            response = fault(error.code, error.detail or error.explanation)
            allow = error.headers.get('Allow')
            if allow:
                response.headers['Allow'] = allow
            return response
        case _:
            LOG.exception('Unexpected error')
            return _failed(500, exception.UNEXPECTED, environ)


def _failed(
    code: int, message: str, environ: Mapping[str, Any]
) -> webob.Response:
    """Return the answer that says under which id the log has the reason."""
    identity = environ.get(request_id.ENV_REQUEST_ID)
    return fault(code, f'{message} ({identity})' if identity else message)
