# SPDX-License-Identifier: Apache-2.0

"""The page itself: static files of this package, which tell nothing."""

import gzip
import hashlib
from importlib import resources

import webob

#: The page, which has no name of its own in the address.
INDEX = 'index.html'

#: At ``/dashboard/``, since the addresses in the page are relative ones. A
#: header ``Location`` would be absolute: behind a proxy that ends TLS or adds
#: a prefix it would lead elsewhere.
SLASH = b"""\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Services</title>
<meta http-equiv="refresh" content="0; url=../dashboard"></head>
<body><p><a href="../dashboard">Services</a></p></body></html>
"""

_TYPES = {
    'css': 'text/css',
    'html': 'text/html',
    'js': 'text/javascript',
    'svg': 'image/svg+xml',
}


class File:
    """One of the files, as it is sent.

    :param name: of the file
    :param body: what is in it
    """

    def __init__(self, name: str, body: bytes) -> None:
        self.body = body
        self.packed = gzip.compress(body, 9, mtime=0)
        self.content_type = _TYPES[name.rpartition('.')[2]]
        self.etag = hashlib.blake2b(body, digest_size=12).hexdigest()


class Files:
    """All of them, read once."""

    def __init__(self) -> None:
        directory = resources.files('nova_sg.api.dashboard') / 'static'
        self._files = {
            each.name: File(each.name, each.read_bytes())
            for each in directory.iterdir()
            if each.name.rpartition('.')[2] in _TYPES
        }

    def get(self, name: str, request: webob.Request) -> webob.Response | None:
        """Return the answer to a request for a file, None without one."""
        found = self._files.get(name)
        if found is None:
            return None
        response = answer(
            request, found.body, found.packed, found.etag, found.content_type
        )
        response.headers['Cache-Control'] = 'no-cache'
        return response


def answer(
    request: webob.Request,
    body: bytes,
    packed: bytes,
    revision: str,
    content_type: str,
) -> webob.Response:
    """Return a body as a request takes it: compressed, or not at all.

    :param packed: the same body, compressed
    :param revision: of the body; a request that names it gets 304
    """
    etag = f'"{revision}"'
    asked = request.headers.get('If-None-Match', '')
    # A proxy that compresses makes a weak one of it.
    if etag in (each.strip().removeprefix('W/') for each in asked.split(',')):
        response = webob.Response(status=304)
    else:
        # WebOb takes a request that names none for one that takes any.
        zipped = (
            'Accept-Encoding' in request.headers
            and 'gzip' in request.accept_encoding
        )
        response = webob.Response(
            body=packed if zipped else body,
            content_type=content_type,
            charset='utf-8' if content_type.startswith('text/') else None,
        )
        if zipped:
            response.content_encoding = 'gzip'
    response.headers['ETag'] = etag
    response.headers['Vary'] = 'Accept-Encoding'
    return response
