# SPDX-License-Identifier: Apache-2.0

"""What must not be asked, and the answer that helps whoever asked it."""

import testscenarios

from nova_sg.tests.functional.api import base

load_tests = testscenarios.load_tests_apply_scenarios

SERVICES = '/v2.1/os-services'
HYPERVISORS = '/v2.1/os-hypervisors'
HOSTS = '/v2.1/os-hosts'
NOBODY = '00000000-0000-4000-8000-000000000000'
C1 = {'host': 'c1', 'binary': 'nova-compute'}

# Name, method, path, version, body, headers; status, a part of the message.
WRONG = {
    'bad uuids': [
        *(
            (
                f'uuid {name}',
                'PUT',
                f'{SERVICES}/{text}',
                '2.53',
                {},
                {},
                400,
                'Invalid uuid',
            )
            for name, text in (
                ('short', NOBODY[:-1]),
                ('long', f'{NOBODY}0'),
                ('with a letter', NOBODY.replace('8', 'g')),
                ('of words', 'not-a-uuid'),
                ('that is a number', '1'),
                ('that is none', 'None'),
                ('with a quote', "1'%20OR%20'1'='1"),
                ('of another alphabet', '%E2%98%95'),
                ('very long', 'a' * 5000),
            )
        ),
        (
            'delete by no uuid',
            'DELETE',
            f'{SERVICES}/c1',
            '2.53',
            None,
            {},
            400,
            'Invalid uuid c1',
        ),
        (
            'show by no uuid',
            'GET',
            f'{HYPERVISORS}/c1',
            '2.53',
            None,
            {},
            400,
            'Invalid uuid c1',
        ),
        (
            'delete by no integer',
            'DELETE',
            f'{SERVICES}/1.5',
            '2.52',
            None,
            {},
            400,
            'id must be an integer',
        ),
        (
            'delete by a negative integer',
            'DELETE',
            f'{SERVICES}/-1',
            '2.52',
            None,
            {},
            400,
            'id must be an integer',
        ),
        (
            'delete by a huge integer',
            'DELETE',
            f'{SERVICES}/{"9" * 18}',
            '2.52',
            None,
            {},
            404,
            'could not be found',
        ),
        (
            'delete by another digit',
            'DELETE',
            f'{SERVICES}/%D9%A1',
            '2.52',
            None,
            {},
            400,
            'id must be an integer',
        ),
        (
            'show by a huge integer',
            'GET',
            f'{HYPERVISORS}/{"9" * 500}',
            '2.52',
            None,
            {},
            404,
            'could not be found',
        ),
    ],
    'wrong types': [
        *(
            (
                f'body {body!r:.20}',
                'PUT',
                f'{SERVICES}/{NOBODY}',
                '2.53',
                body,
                {},
                400,
                'is not of type',
            )
            for body in ([], 'disabled', 1, 1.5, True, [{}])
        ),
        (
            'body of nothing',
            'PUT',
            f'{SERVICES}/{NOBODY}',
            '2.53',
            None,
            {},
            400,
            "None is not of type 'object'",
        ),
        (
            'body of null',
            'PUT',
            f'{SERVICES}/{NOBODY}',
            '2.53',
            b'null',
            {},
            400,
            "None is not of type 'object'",
        ),
        *(
            (
                f'status {value!r:.20}',
                'PUT',
                f'{SERVICES}/{NOBODY}',
                '2.53',
                {'status': value},
                {},
                400,
                'status',
            )
            for value in (None, 1, True, [], {}, 'Enabled', 'UNKNOWN', '')
        ),
        *(
            (
                f'forced_down {value!r:.20}',
                'PUT',
                f'{SERVICES}/{NOBODY}',
                '2.53',
                {'forced_down': value},
                {},
                400,
                'forced_down',
            )
            for value in (None, 1, 0, 2.0, [], {}, 'perhaps', '', 'true ')
        ),
        *(
            (
                f'reason {value!r:.20}',
                'PUT',
                f'{SERVICES}/disable-log-reason',
                None,
                {**C1, 'disabled_reason': value},
                {},
                400,
                'disabled_reason',
            )
            for value in (None, 1, [], '', 'x' * 256)
        ),
        *(
            (
                f'host {value!r:.20}',
                'PUT',
                f'{SERVICES}/disable',
                None,
                {**C1, 'host': value},
                {},
                400,
                'host',
            )
            for value in (
                *(
                    None,
                    1,
                    [],
                    '',
                    'x' * 256,
                    'c 1',
                    'c1/',
                    'c1;',
                    "c1'",
                    'c☕',
                ),
                *('c1\0', '../c1', '%63%31'),
            )
        ),
        *(
            (
                f'binary {value!r:.20}',
                'PUT',
                f'{SERVICES}/disable',
                None,
                {**C1, 'binary': value},
                {},
                400,
                'binary',
            )
            for value in (None, 1, [], '', 'x' * 256)
        ),
        (
            'host status of a boolean',
            'PUT',
            f'{HOSTS}/c1',
            None,
            {'status': True},
            {},
            400,
            'status',
        ),
        (
            'host status of null',
            'PUT',
            f'{HOSTS}/c1',
            None,
            {'maintenance_mode': None},
            {},
            400,
            'maintenance_mode',
        ),
        *(
            (
                f'limit {value}',
                'GET',
                f'{HYPERVISORS}?limit={value}',
                '2.53',
                None,
                {},
                400,
                'limit',
            )
            for value in ('-1', '', 'x', '1.5', '0x10', '1e3', '9' * 5000)
        ),
    ],
    'unknown keys': [
        (
            'an unknown key',
            'PUT',
            f'{SERVICES}/{NOBODY}',
            '2.53',
            {'status': 'disabled', 'host': 'c1'},
            {},
            400,
            "'host' was unexpected",
        ),
        (
            'two unknown keys',
            'PUT',
            f'{SERVICES}/disable',
            '2.11',
            {**C1, 'id': 1, '': 2},
            {},
            400,
            'unexpected',
        ),
        (
            'an unknown parameter',
            'GET',
            f'{SERVICES}?zone=nova',
            '2.75',
            None,
            {},
            400,
            "'zone' was unexpected",
        ),
        (
            'an unknown host key',
            'PUT',
            f'{HOSTS}/c1',
            None,
            {'status': 'enable', 'power': 'on'},
            {},
            400,
            "'power' was unexpected",
        ),
    ],
    'huge bodies': [
        (
            'a huge body',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b' ' * 200_000,
            {},
            413,
            'larger than this service takes',
        ),
        (
            'a deep body',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'[' * 50_000 + b']' * 50_000,
            {},
            400,
            'Malformed request body',
        ),
        (
            'a value too deep to show',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'{"host":%s%s}' % (b'[' * 1000, b']' * 1000),
            {},
            400,
            'nested too deeply',
        ),
        (
            'a long value',
            'PUT',
            f'{SERVICES}/{NOBODY}',
            '2.53',
            {'status': 'x' * 100_000},
            {},
            400,
            'status',
        ),
        (
            'many keys',
            'PUT',
            f'{SERVICES}/{NOBODY}',
            '2.53',
            {f'k{number}': 0 for number in range(5000)},
            {},
            400,
            'Additional properties',
        ),
    ],
    'bad encodings': [
        (
            'no JSON',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'host=c1',
            {},
            400,
            'Malformed request body',
        ),
        (
            'half of it',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'{"host": "c1"',
            {},
            400,
            'Malformed request body',
        ),
        (
            'no UTF-8',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'{"host": "\xff"}',
            {},
            400,
            'Malformed request body',
        ),
        (
            'UTF-16',
            'PUT',
            f'{SERVICES}/disable',
            None,
            '{"host": "c1"}'.encode('utf-16'),
            {},
            400,
            'Malformed request body',
        ),
        (
            'a lone surrogate',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'{"host": "\\ud800", "binary": "nova-compute"}',
            {},
            400,
            'Malformed request body',
        ),
        (
            'NaN',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'{"host": NaN}',
            {},
            400,
            'Malformed request body',
        ),
        (
            'a NUL',
            'PUT',
            f'{SERVICES}/disable-log-reason',
            None,
            {**C1, 'disabled_reason': 'a\x00b'},
            {},
            400,
            'disabled_reason has a NUL',
        ),
        (
            'another content type',
            'PUT',
            f'{SERVICES}/disable',
            None,
            C1,
            {'Content-Type': 'application/xml'},
            415,
            'application/json',
        ),
        (
            'a form',
            'PUT',
            f'{SERVICES}/disable',
            None,
            b'host=c1',
            {'Content-Type': 'application/x-www-form-urlencoded'},
            415,
            'application/json',
        ),
        (
            'a query that is no UTF-8',
            'GET',
            f'{SERVICES}?host=%ff',
            None,
            None,
            {},
            400,
            'the query is not UTF-8',
        ),
        (
            'a path that is no UTF-8',
            'GET',
            f'{HOSTS}/%ff',
            None,
            None,
            {},
            400,
            'the path is not UTF-8',
        ),
    ],
    'path tricks': [
        *(
            (
                f'path {path}',
                'GET',
                f'/v2.1/{path}',
                None,
                None,
                {},
                404,
                'could not be found',
            )
            for path in (
                *('os-services/../os-hosts', '../v2.1/os-services', '%2e%2e/'),
                *('os-services//', '/os-services', 'os-services.json'),
                *('os-services%00', 'OS-SERVICES', 'os-services;x=y'),
                *('abc/def/os-services', 'os-nothing', 'os-hosts/c1/explode'),
                *('xyz/os-services', 'os-hosts/a%2Fb', 'os-hosts/%00'),
                *('os-hosts/..%2f..%2fetc%2fpasswd', f'os-hosts/{"h" * 3000}'),
            )
        ),
        ('another method', 'PATCH', SERVICES, None, {}, {}, 405, 'only: GET'),
        (
            'a method of nobody',
            'BREW',
            SERVICES,
            None,
            None,
            {},
            405,
            'only: GET',
        ),
    ],
    'microversion nonsense': [
        *(
            (
                f'version {text}',
                'GET',
                SERVICES,
                text,
                None,
                {},
                400,
                'Must be of format MajorNum.MinorNum',
            )
            for text in (
                *(
                    'x',
                    '2',
                    '2.',
                    '.1',
                    '2.1.1',
                    '02.1',
                    '2.01',
                    '-2.1',
                    '2,1',
                ),
                *('2.1a', 'newest', '2.x', '٢.١', '9' * 5000),
            )
        ),
        *(
            (
                f'version {text}',
                'GET',
                SERVICES,
                text,
                None,
                {},
                406,
                'Minimum is 2.1 and maximum is 2.104',
            )
            for text in ('2.0', '1.1', '2.105', '3.1', '2.999999999')
        ),
        (
            'a legacy version',
            'GET',
            SERVICES,
            None,
            None,
            {'X-OpenStack-Nova-API-Version': '2.9999'},
            406,
            'maximum is 2.104',
        ),
    ],
}


class TestWrongInputs(base.RestTestCase):
    # A cloud for each kind: nothing of it changes.
    scenarios = [
        (kind.replace(' ', '_'), {'wrong': wrong})
        for kind, wrong in WRONG.items()
    ]

    def test_each_gets_the_documented_answer_with_a_message_that_helps(self):
        for (
            name,
            method,
            path,
            version,
            body,
            headers,
            status,
            says,
        ) in self.wrong:
            response = self.ask(
                method, path, version=version, body=body, headers=headers
            )
            what = f'{name}: {response.text[:300]}'
            self.assertEqual(status, response.status_int, what)
            (fault,) = response.json.values()
            self.assertEqual(status, fault['code'], what)
            self.assertIn(says, fault['message'], what)
            self.assertLess(len(fault['message']), 600, what)
            self.assertNotIn('\n', fault['message'], what)
            self.assertIn('x-openstack-request-id', response.headers, what)
