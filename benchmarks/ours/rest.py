# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


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
