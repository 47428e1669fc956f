# SPDX-License-Identifier: Apache-2.0

"""What must not be asked of any resource."""

from typing import Any

from nova_sg.tests.functional.api import wrong

MALFORMED = 'Malformed request body'


def put(body: Any, says: str = MALFORMED, **more: Any) -> wrong.Wrong:
    return wrong.Wrong('PUT', f'{wrong.SERVICES}/disable', says, body, **more)


def get(path: str, says: str, **more: Any) -> wrong.Wrong:
    return wrong.Wrong('GET', path, says, **more)


class TestBodies(wrong.WrongTestCase):
    requests = [
        put(b' ' * 200_000, 'larger than this service takes', status=413),
        put(b'[' * 50_000 + b']' * 50_000),
        put(
            b'{"host":%s%s}' % (b'[' * 1000, b']' * 1000),
            'nested too deeply',
        ),
        put(b'host=c1'),
        put(b'{"host": "c1"'),
        put(b'{"host": "\xff"}'),
        put('{"host": "c1"}'.encode('utf-16')),
        # A lone surrogate.
        put(b'{"host": "\\ud800", "binary": "nova-compute"}'),
        put(b'{"host": NaN}'),
        *(
            put(
                b'host=c1',
                'application/json',
                status=415,
                headers={'Content-Type': content_type},
            )
            for content_type in (
                'application/xml',
                'application/x-www-form-urlencoded',
            )
        ),
    ]


class TestPaths(wrong.WrongTestCase):
    requests = [
        *(
            get(f'/v2.1/{path}', 'could not be found', status=404)
            for path in (
                *('os-services/../os-hosts', '../v2.1/os-services', '%2e%2e/'),
                *('os-services//', '/os-services', 'os-services.json'),
                *('os-services%00', 'OS-SERVICES', 'os-services;x=y'),
                *('abc/def/os-services', 'os-nothing', 'os-hosts/c1/explode'),
                *('xyz/os-services', 'os-hosts/a%2Fb', 'os-hosts/%00'),
                *('os-hosts/..%2f..%2fetc%2fpasswd', f'os-hosts/{"h" * 3000}'),
            )
        ),
        get(f'{wrong.SERVICES}?host=%ff', 'the query is not UTF-8'),
        get(f'{wrong.HOSTS}/%ff', 'the path is not UTF-8'),
        # Under no version, and asked without a token as well.
        get('/%ff', 'the path is not UTF-8'),
        *(
            wrong.Wrong(method, wrong.SERVICES, 'only: GET', body, status=405)
            for method, body in (('PATCH', {}), ('BREW', None))
        ),
    ]


class TestVersions(wrong.WrongTestCase):
    requests = [
        *(
            get(
                wrong.SERVICES,
                'Must be of format MajorNum.MinorNum',
                version=text,
            )
            for text in (
                *('x', '2', '2.', '.1', '2.1.1', '02.1', '2.01', '-2.1'),
                *('2,1', '2.1a', 'newest', '2.x', '٢.١', '9' * 5000),
            )
        ),
        *(
            get(
                wrong.SERVICES,
                'Minimum is 2.1 and maximum is 2.104',
                version=text,
                status=406,
            )
            for text in ('2.0', '1.1', '2.105', '3.1', '2.999999999')
        ),
        get(
            wrong.SERVICES,
            'maximum is 2.104',
            status=406,
            headers={'X-OpenStack-Nova-API-Version': '2.9999'},
        ),
    ]
