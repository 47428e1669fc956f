# SPDX-License-Identifier: Apache-2.0

"""What must not be asked of os-hosts and os-hypervisors."""

from nova_sg.tests.functional.api import wrong

C1 = f'{wrong.HOSTS}/c1'


class TestHosts(wrong.WrongTestCase):
    requests = [
        wrong.Wrong('PUT', C1, 'status', {'status': True}),
        wrong.Wrong('PUT', C1, 'maintenance_mode', {'maintenance_mode': None}),
        wrong.Wrong(
            *('PUT', C1, "'power' was unexpected"),
            {'status': 'enable', 'power': 'on'},
        ),
    ]


class TestHypervisors(wrong.WrongTestCase):
    requests = [
        wrong.Wrong(
            *('GET', f'{wrong.HYPERVISORS}/c1', 'Invalid uuid c1'),
            version='2.53',
        ),
        wrong.Wrong(
            *('GET', f'{wrong.HYPERVISORS}/{"9" * 500}', 'could not be found'),
            version='2.52',
            status=404,
        ),
        *(
            wrong.Wrong(
                *('GET', f'{wrong.HYPERVISORS}?limit={value}', 'limit'),
                version='2.53',
            )
            for value in ('-1', '', 'x', '1.5', '0x10', '1e3', '9' * 5000)
        ),
    ]
