# SPDX-License-Identifier: Apache-2.0

"""Errors as answers, in the format of the compute API."""

import logging

from keystoneauth1 import exceptions as ks_exceptions
import orjson
import webob
import webob.exc

from nova_sg import exception

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
    413: 'The body is larger than [oslo_middleware] max_request_body_size '
    'of the service allows.',
}

NOT_FOUND = 'The resource could not be found.'
UNEXPECTED = (
    'Unexpected API error: it is in the log of the service, under the '
    'request id of this answer.'
)


def fault(code: int, message: str) -> webob.Response:
    """Return an answer that says what went wrong.

    :param code: the HTTP status
    :param message: says what to do about it; it becomes one line, whatever
        was in the request that it repeats
    """
    name = NAMES.get(code, 'computeFault')
    line = ' '.join(_printable(message).split())
    body = {name: {'code': code, 'message': line}}
    response = webob.Response(
        body=orjson.dumps(body), status=code, content_type='application/json'
    )
    if code == 503:
        response.retry_after = RETRY_AFTER
    return response


def _printable(text: str) -> str:
    return ''.join(each if each.isprintable() else ' ' for each in text)


def of(error: Exception) -> webob.Response:
    """Return the answer to a request that failed with an error."""
    match error:
        case exception.NovaSgException():
            code = error.code
            if isinstance(error, exception.MISCONFIGURED):
                code = 503
            if code >= 500 and code != 501:
                LOG.error('%s', error)
            return fault(code, str(error))
        case ks_exceptions.ClientException():
            LOG.error('The identity service cannot be asked: %s', error)
            return fault(503, 'The identity service cannot be asked.')
        case webob.exc.HTTPException():
            response = fault(error.code, error.detail or error.explanation)
            allow = error.headers.get('Allow')
            if allow:
                response.headers['Allow'] = allow
            return response
        case _:
            LOG.exception('Unexpected error')
            return fault(500, UNEXPECTED)
