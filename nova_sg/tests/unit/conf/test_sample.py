# SPDX-License-Identifier: Apache-2.0

"""The sample configuration file."""

import io
import re

from oslo_config import generator
from oslotest import base

from nova_sg import conf
from nova_sg.conf import legacy
from nova_sg.conf import opts
from nova_sg.tests.fixtures import api


class TestSample(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(api.Environment())

    def sample(self):
        text = io.StringIO()
        settings = generator.cfg.ConfigOpts()
        generator.register_cli_opts(settings)
        settings(
            [
                '--namespace',
                'nova_sg',
                '--namespace',
                'oslo.db',
                '--namespace',
                'oslo.log',
                '--namespace',
                'oslo.messaging',
            ]
        )
        generator.generate(settings, text)
        return text.getvalue()

    def test_it_has_every_option_that_is_registered(self):
        sample = self.sample()
        loaded = conf.load([], messaging=True)
        named = set(re.findall(r'^#?(\w+) = ', sample, re.MULTILINE))
        registered = {
            option
            for group in (*opts.own_groups(), 'database')
            for option in loaded[group]
        }
        registered |= {
            name
            for name in loaded
            if not isinstance(loaded[name], conf.cfg.ConfigOpts.GroupAttr)
        }
        # Those are of a command line, or not for a sample by oslo.db's will.
        self.assertEqual(
            {
                'config_dir',
                'config_file',
                'config_source',
                'connection_parameters',
                'shell_completion',
            },
            registered - named - {name for _group, name in legacy._OLD},
        )

    def test_every_option_of_ours_says_what_it_is_for(self):
        for _group, options in opts.list_opts():
            for option in options:
                self.assertTrue((option.help or '').strip(), option.name)

    def test_it_shows_nothing_of_the_machine_it_was_made_on(self):
        sample = self.sample()
        self.assertIn('#state_path = $XDG_STATE_HOME/nova-sg', sample)
        self.assertIn('#host = <current_hostname>', sample)
        self.assertIn(
            '#connection = sqlite:///$XDG_STATE_HOME/nova-sg/nova-sg.sqlite',
            sample,
        )
        self.assertNotIn(conf.paths.default_state_path(), sample)

    def test_it_shows_the_defaults_that_hold(self):
        """Also of options which are a library's."""
        shown = set(self.sample().splitlines())
        loaded = conf.load([], messaging=True)
        for group, name in (
            ('DEFAULT', 'control_exchange'),
            ('DEFAULT', 'default_log_levels'),
            ('oslo_messaging_notifications', 'driver'),
            ('oslo_messaging_notifications', 'retry'),
            ('oslo_messaging_rabbit', 'rabbit_interval_max'),
        ):
            value = (loaded if group == 'DEFAULT' else loaded[group])[name]
            text = ','.join(value) if isinstance(value, list) else value
            self.assertIn(f'#{name} = {text}', shown)

    def test_an_option_is_listed_once(self):
        listed = [
            (str(getattr(group, 'name', group)), option.name)
            for group, options in opts.list_opts()
            for option in options
        ]
        self.assertEqual(sorted(set(listed)), sorted(listed))
