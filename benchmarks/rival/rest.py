# SPDX-License-Identifier: Apache-2.0


"""REST through the whole WSGI pipeline: stock nova's side of it."""

import pathlib
import sys

from paste import deploy
import webob

from benchmarks import answers
from benchmarks import child
from benchmarks.rival import auth
from benchmarks.rival import process as rival

operations = child.Operations()


@operations
def get(process: rival.Process, paths: list[str]) -> child.Work:
    app = deploy.loadapp(f'config:{_pipeline(process)}', name='osapi_compute')

    def ask(path: str) -> bytes:
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

    def work() -> child.Told:
        bodies = [ask(path) for path in paths]
        return lambda: {
            'units': len(paths),
            **answers.found_elsewhere(paths[-1], [bodies[-1]]),
        }

    return work


def _pipeline(process: rival.Process) -> pathlib.Path:
    """Return nova's own pipeline, but that keystone is not asked."""
    shipped = pathlib.Path(sys.prefix, 'etc/nova/api-paste.ini').read_text()
    ours = shipped.replace(
        'keystonemiddleware.auth_token:filter_factory',
        f'{auth.__name__}:{auth.filter_factory.__name__}',
    )
    if ours == shipped:
        raise RuntimeError("nova's pipeline has no auth_token to take out")
    path = pathlib.Path(process.state_path, 'api-paste.ini')
    path.write_text(ours)
    return path
