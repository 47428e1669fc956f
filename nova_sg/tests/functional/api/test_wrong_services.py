# SPDX-License-Identifier: Apache-2.0

"""What must not be asked of os-services."""

from typing import Any

from nova_sg.tests.functional.api import wrong

NOBODY = '00000000-0000-4000-8000-000000000000'
C1 = {'host': 'c1', 'binary': 'nova-compute'}


def update(body: Any, says: str) -> wrong.Wrong:
    path = f'{wrong.SERVICES}/{NOBODY}'
    return wrong.Wrong('PUT', path, says, body, '2.53')


def act(says: str, action: str = 'disable', **values: Any) -> wrong.Wrong:
    path = f'{wrong.SERVICES}/{action}'
    return wrong.Wrong('PUT', path, says, {**C1, **values})


def delete(
    what: str, says: str, version: str = '2.52', status: int = 400
) -> wrong.Wrong:
    path = f'{wrong.SERVICES}/{what}'
    return wrong.Wrong('DELETE', path, says, None, version, status)


class TestIds(wrong.WrongTestCase):
    requests = [
        *(
            wrong.Wrong(
                'PUT', f'{wrong.SERVICES}/{text}', 'Invalid uuid', {}, '2.53'
            )
            for text in (
                NOBODY[:-1],
                f'{NOBODY}0',
                NOBODY.replace('8', 'g'),
                'not-a-uuid',
                '1',
                'None',
                "1'%20OR%20'1'='1",
                '%E2%98%95',
                'a' * 5000,
            )
        ),
        delete('c1', 'Invalid uuid c1', '2.53'),
        delete('1.5', 'id must be an integer'),
        delete('-1', 'id must be an integer'),
        # A digit of another script.
        delete('%D9%A1', 'id must be an integer'),
        delete('9' * 18, 'could not be found', status=404),
    ]


class TestValues(wrong.WrongTestCase):
    requests = [
        *(
            update(body, 'is not of type')
            for body in ([], 'disabled', 1, 1.5, True, [{}], None, b'null')
        ),
        *(
            update({'status': value}, 'status')
            for value in (
                *(None, 1, True, [], {}, 'Enabled', 'UNKNOWN', ''),
                'x' * 100_000,
            )
        ),
        *(
            update({'forced_down': value}, 'forced_down')
            for value in (None, 1, 0, 2.0, [], {}, 'perhaps', '', 'true ')
        ),
        *(
            act('disabled_reason', 'disable-log-reason', disabled_reason=value)
            for value in (None, 1, [], '', 'x' * 256)
        ),
        act(
            'disabled_reason has a NUL',
            'disable-log-reason',
            disabled_reason='a\x00b',
        ),
        *(
            act('host', host=value)
            for value in (
                *(None, 1, [], '', 'x' * 256, 'c 1', 'c1/', 'c1;', "c1'"),
                *('c☕', 'c1\0', '../c1', '%63%31'),
            )
        ),
        *(
            act('binary', binary=value)
            for value in (None, 1, [], '', 'x' * 256)
        ),
    ]


class TestKeys(wrong.WrongTestCase):
    requests = [
        update({'status': 'disabled', 'host': 'c1'}, "'host' was unexpected"),
        update(
            {f'k{number}': 0 for number in range(5000)},
            'Additional properties',
        ),
        act('unexpected', id=1, **{'': 2}),
        wrong.Wrong(
            'GET',
            f'{wrong.SERVICES}?zone=nova',
            "'zone' was unexpected",
            version='2.75',
        ),
    ]
