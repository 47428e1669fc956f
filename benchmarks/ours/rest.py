# SPDX-License-Identifier: Apache-2.0


"""REST through the whole WSGI pipeline: nova_sg's side of it."""

from collections.abc import Mapping
from typing import Any

import webob

from benchmarks import answers
from benchmarks import child
from benchmarks.ours import process as ours
from nova_sg.api import deploy

operations = child.Operations()


#: So many requests of a client that has the list.
POLLS = 200


def request(
    app: Any, path: str, headers: Mapping[str, str] | None = None
) -> webob.Response:
    """Return an answer; its body is there as a server would send it."""
    asked = webob.Request.blank(
        f'/v2.1{path}',
        headers={
            'X-Auth-Token': 'admin',
            'OpenStack-API-Version': answers.MICROVERSION,
            **(headers or {}),
        },
    )
    return asked.get_response(app)


def ask(app: Any, path: str) -> list[bytes]:
    """Return the body of an answer, in the parts that a server sends.

    :raises RuntimeError: it is not 200
    """
    response = request(app, path)
    if response.status_int != 200:
        raise RuntimeError(f'{path}: {response.status} {response.text}')
    return list(response.app_iter)


@operations
def get(process: ours.Process, paths: list[str]) -> child.Work:
    app = deploy.loadapp(process.api.conf)

    def work() -> child.Told:
        bodies = [ask(app, path) for path in paths]
        return lambda: {
            'units': len(paths),
            **answers.found_elsewhere(paths[-1], bodies[-1]),
        }

    return work


@operations
def get_unchanged(process: ours.Process, paths: list[str]) -> child.Work:
    """Ask as a client does that has the list: for what has changed."""
    app = deploy.loadapp(process.api.conf)
    (path,) = paths

    def work() -> child.Facts:
        etag, changed = '""', 0
        for _ in range(POLLS):
            response = request(app, path, {'If-None-Match': etag})
            if 'ETag' not in response.headers:
                raise RuntimeError(f'{response.status} without an ETag')
            changed += response.status_int != 304
            etag = response.headers['ETag']
        if changed > POLLS / 10:
            raise RuntimeError(f'{changed} of {POLLS} answers were new')
        return {'units': POLLS}

    return work
