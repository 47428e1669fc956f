# SPDX-License-Identifier: Apache-2.0

"""Each option of ours, with values that are none."""

from oslo_config import types

from nova_sg import conf
from nova_sg import exception
from nova_sg import rpc
from nova_sg.tests.fixtures import api
from nova_sg.tests.unit.conf import test_load

NONSENSE = 'hush nonsense'

#: Types that take any text; a driver looks at what it names.
_TEXTS = (types.String, types.List)


class TestEachOption(test_load.ConfTestCase):
    def refused_value(self, group, name, value):
        """See that a value is refused in one line with the option's name."""
        says = self.refused(self.file(f'[{group}]\n{name} = {value}\n'))
        self.assertTrue(says.startswith(f'[{group}] {name}: '), says)

    def test_one_that_has_a_default_is_not_empty(self):
        for group, option in conf.own_options():
            if option.default:
                self.refused_value(group, option.name, '')

    def test_one_that_is_no_text_is_not_just_any(self):
        for group, option in conf.own_options():
            kind = option.type
            if not isinstance(kind, _TEXTS) or (
                getattr(kind, 'choices', None) or getattr(kind, 'regex', None)
            ):
                self.refused_value(group, option.name, NONSENSE)

    def test_a_number_is_in_its_range(self):
        for group, option in conf.own_options():
            kind = option.type
            if isinstance(kind, types.Number):
                self.refused_value(group, option.name, '1' + '0' * 20)
                if kind.min is not None:
                    self.refused_value(group, option.name, kind.min - 1)

    def test_the_name_of_a_host_has_its_length(self):
        self.refused_value('DEFAULT', 'host', 'h' * 256)


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
            self.assertNotIn('hush', says)
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
