# SPDX-License-Identifier: Apache-2.0

"""Each option of ours, with values that are none.

What is refused is written down here once more: a limit that was read from the
option itself would be missed by no test.
"""

from oslo_config import types

from nova_sg import conf
from nova_sg import exception
from nova_sg import rpc
from nova_sg.conf import opts
from nova_sg.tests.fixtures import api
from nova_sg.tests.unit.conf import test_load

NONSENSE = 'hush nonsense'

#: Types that take any text; a driver looks at what it names.
_TEXTS = (types.String, types.List)

#: The least and the most of each number; None for what no number is over.
LIMITS = {
    ('api', 'port'): (0, 65535),
    ('api', 'workers'): (1, None),
    ('api', 'threads'): (1, None),
    ('api', 'max_limit'): (1, None),
    ('conductor', 'workers'): (1, None),
    ('conductor', 'threads'): (1, None),
    ('conductor', 'beat_spacing'): (0, 5),
    ('conductor', 'beats_waiting'): (500, None),
    ('conductor', 'beats_per_ping'): (0, None),
    ('conductor', 'graceful_shutdown_timeout'): (1, None),
    ('history', 'interval'): (1, 3600),
    ('history', 'entries'): (2, 1000),
    ('history', 'days'): (1, 3650),
    ('memcached', 'connect_timeout'): (0.05, 60),
    ('memcached', 'timeout'): (0.05, 60),
    ('memcached', 'member_format'): (1, 2),
    ('servicegroup', 'report_interval'): (1, None),
    ('servicegroup', 'service_down_time'): (1, None),
    ('zookeeper', 'session_timeout'): (0.5, 86400),
    ('zookeeper', 'request_timeout'): (0.1, 86400),
    ('zookeeper', 'max_retries'): (0, None),
}

#: Texts that are not just any, and what is nearly one of them.
WRONG = {
    ('DEFAULT', 'default_availability_zone'): ('z' * 256,),
    ('DEFAULT', 'host'): ('h' * 256,),
    ('DEFAULT', 'internal_service_availability_zone'): ('z' * 256,),
    ('api', 'auth_strategy'): ('noauth', 'keystone2'),
    ('inventory', 'backend'): ('sqlite', 'None'),
    ('memcached', 'key_prefix'): ('p' * 101, 'a b', 'ü', 'a\tb'),
    ('notifications', 'notification_format'): ('version', 'all'),
    ('servicegroup', 'beats'): ('group', 'novas'),
    ('servicegroup', 'cell'): (
        'cell1',
        '00000000-0000-0000-0000-00000000000',
        '00000000-0000-0000-0000-0000000000000',
        '000000000000000000000000000000000000',
        'g0000000-0000-0000-0000-000000000000',
    ),
    ('upgrade_levels', 'conductor'): ('1', '1.', '1.0.0', 'v1.0', 'automatic'),
    ('zookeeper', 'auth_scheme'): ('digests', 'kerberos'),
    ('zookeeper', 'sasl_mechanism'): ('MD5', 'PLAIN'),
}


class TestEachOption(test_load.ConfTestCase):
    def refused_value(self, group, name, value):
        """See that a value is refused in one line with the option's name."""
        says = self.refused(self.file(f'[{group}]\n{name} = {value}\n'))
        self.assertTrue(says.startswith(f'[{group}] {name}: '), says)

    def test_one_that_has_a_default_is_not_empty(self):
        for group, option in opts.own_options():
            if option.default:
                self.refused_value(group, option.name, '')

    def test_one_that_is_no_text_is_not_just_any(self):
        for group, option in opts.own_options():
            kind = option.type
            if not isinstance(kind, _TEXTS) or (
                getattr(kind, 'choices', None) or getattr(kind, 'regex', None)
            ):
                self.refused_value(group, option.name, NONSENSE)

    def test_a_number_is_in_its_range(self):
        for group, option in opts.own_options():
            if isinstance(option.type, types.Number):
                least, most = LIMITS[group, option.name]
                self.refused_value(group, option.name, least - 0.01)
                self.refused_value(group, option.name, least - 1)
                for more in ('1' + '0' * 20, 'inf', 'nan'):
                    self.refused_value(group, option.name, more)
                if most is not None:
                    self.refused_value(group, option.name, most + 1)

    def test_a_number_at_the_end_of_its_range_is_one(self):
        others = '[servicegroup]\nreport_interval = 1\n'
        for (group, name), limits in LIMITS.items():
            for value in limits:
                if (name, value) == ('service_down_time', 1):
                    # No report_interval is less.
                    continue
                if value is not None:
                    path = self.file(f'{others}[{group}]\n{name} = {value}\n')
                    self.assertEqual(value, conf.load([path])[group][name])

    def test_a_text_that_is_not_just_any_is_looked_at(self):
        for (group, name), values in WRONG.items():
            for value in values:
                self.refused_value(group, name, value)

    def test_each_limit_of_a_text_is_among_these(self):
        limited = {
            (group, option.name)
            for group, option in opts.own_options()
            # A driver that another test has brought along.
            if group != 'toy'
            and any(
                getattr(option.type, limit, None)
                for limit in ('choices', 'regex', 'max_length')
            )
        }
        self.assertEqual(set(WRONG), limited)


class TestTransportUrl(test_load.ConfTestCase):
    """Each part of ``[DEFAULT] transport_url``."""

    def test_a_part_that_is_none_is_refused_in_one_line(self):
        for url in (
            '',
            'hush',
            'bunny://u:hush@h//',
            'kafka://u:hush@h//',
            'rabbit://u:hush@//',
            'rabbit://u:hush@h,u:hush@:5672//',
            'rabbit://u:hush@h:abc//',
            'rabbit://u:hush@h:0//',
            'rabbit://u:hush@h:99999//',
            'rabbit://u:hush@[::1//',
            'rabbit://u:hu/sh@h//',
            'rabbit://u:hu#sh@h//',
            'rabbit://u:hush@h/v?ssl=maybe',
            'rabbit://u:hush@h/v?heartbeat_rate=often',
            'rabbit://u:hush@h/v?no_such_option=1',
        ):
            loaded = self.useFixture(
                api.Configuration(DEFAULT={'transport_url': url})
            ).conf
            error = self.assertRaises(
                exception.InvalidConfiguration, rpc.transport, loaded
            )
            says = str(error)
            self.assertTrue(says.startswith('[DEFAULT] transport_url: '), says)
            # No part of the password either.
            self.assertNotIn('hu', says)
            self.assertNotIn('\n', says)

    def test_a_driver_of_notifications_that_is_not_there_is_refused(self):
        loaded = self.useFixture(
            api.Configuration(
                DEFAULT={'transport_url': 'fake://'},
                oslo_messaging_notifications={'driver': ['messagingv3']},
            )
        ).conf
        error = self.assertRaises(
            exception.InvalidConfiguration, rpc.notification_transport, loaded
        )
        self.assertIn('[oslo_messaging_notifications] driver: ', str(error))
