# SPDX-License-Identifier: Apache-2.0

"""A release of a library that is not as expected is refused in one line."""

from unittest import mock

import fixtures
from oslo_config import cfg
import oslo_messaging
from oslotest import base
import testscenarios

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg import private

load_tests = testscenarios.load_tests_apply_scenarios


class TestPieces(base.BaseTestCase):
    scenarios = [
        (f'{part}: {piece.where}', {'part': part, 'piece': piece})
        for part, pieces in private.PIECES.items()
        for piece in pieces
    ]

    def setUp(self) -> None:
        super().setUp()
        private.check.cache_clear()
        self.addCleanup(private.check.cache_clear)

    def test_what_is_installed_is_as_expected(self):
        private.check(self.part)

    def test_another_signature_is_refused(self):
        self.replace(lambda nothing, of, the, kind: None)

    def test_what_is_gone_is_refused(self):
        self.replace(None)

    def replace(self, value):
        place = self.piece.where.replace(':', '.')
        with mock.patch(place, value):
            error = self.assertRaises(
                exception.UnexpectedLibrary, private.check, self.part
            )
        self.assertIn(self.piece.library, str(error))
        self.assertIn(self.piece.where, str(error))


class TestMessaging(base.BaseTestCase):
    """Groups that oslo.messaging reads and registers elsewhere."""

    def test_all_that_it_reads_are_known(self):
        assert oslo_messaging
        conf = sg_conf.load([], messaging=True)
        read = {each for each in cfg.CONF if each.startswith('oslo_messaging')}
        self.assertEqual(set(), read - set(conf))
        self.assertFalse(conf.oslo_messaging_metrics.metrics_enabled)

    def test_a_new_one_is_refused(self):
        mine = cfg.ConfigOpts()
        mine.register_opt(cfg.StrOpt('x'), 'oslo_messaging_new')
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.conf.transport.cfg.CONF', mine)
        )
        error = self.assertRaises(
            exception.UnexpectedLibrary, sg_conf.load, [], messaging=True
        )
        self.assertIn('oslo.messaging', str(error))
        self.assertIn('[oslo_messaging_new]', str(error))

    def test_a_private_module_that_moved_is_refused(self):
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.conf.transport._UNREGISTERED',
                {'oslo_messaging_metrics': 'oslo_messaging._gone'},
            )
        )
        error = self.assertRaises(
            exception.UnexpectedLibrary, sg_conf.load, [], messaging=True
        )
        self.assertIn('oslo_messaging._gone', str(error))
