# SPDX-License-Identifier: Apache-2.0


"""REST through the whole WSGI pipeline: nova_sg's side of it."""

from typing import Any

import webob

from benchmarks import answers
from benchmarks import child
from benchmarks.ours import process as ours
from nova_sg.api import deploy

operations = child.Operations()


def ask(app: Any, path: str) -> bytes:
    """Return the body of an answer.

    :raises RuntimeError: it is not 200
    """
    request = webob.Request.blank(
        f'/v2.1{path}',
        headers={
            'X-Auth-Token': 'admin',
            'OpenStack-API-Version': answers.MICROVERSION,
        },
    )
    response = request.get_response(app)
    if response.status_int != 200:
        raise RuntimeError(f'{path}: {response.status} {response.text}')
    body: bytes = response.body
    return body


@operations
def get(process: ours.Process, paths: list[str]) -> child.Work:
    app = deploy.loadapp(process.api.conf)

    def work() -> child.Told:
        bodies = [ask(app, path) for path in paths]
        return lambda: {
            'units': len(paths),
            **answers.facts(paths[-1], bodies[-1]),
        }

    return work
