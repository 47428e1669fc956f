# SPDX-License-Identifier: Apache-2.0

"""A policy file that an operator changes while the service runs."""

import os
import pathlib

import fixtures
from oslo_config import cfg
from oslo_policy import opts as policy_opts
from oslotest import base

from nova_sg import context
from nova_sg import exception
from nova_sg.api import policy

RULE = 'os_compute_api:os-services:list'


class TestChangedFile(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.file = pathlib.Path(directory, 'policy.yaml')
        self.changes = 0
        self.write(f'"{RULE}": "role:reader"\n')
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        policy_opts.set_defaults(conf, policy_file=str(self.file))
        self.enforcer = policy.Enforcer(conf)
        self.reader = context.RequestContext(roles=['reader'], project_id='p')

    def write(self, text: str) -> None:
        self.file.write_text(text)
        # Another time than before, whatever the clock of the files is.
        self.changes += 1
        os.utime(self.file, (self.changes, self.changes))

    def test_a_file_that_gets_broken_is_told_and_changes_nothing(self):
        self.enforcer.authorize(self.reader, RULE)
        self.write(f'"{RULE}": "!')
        error = self.assertRaises(
            exception.InvalidConfiguration,
            self.enforcer.authorize,
            self.reader,
            RULE,
        )
        self.assertIn('[oslo_policy] policy_file', str(error))
        self.assertTrue(error.misconfigured)
        # The rules from before.
        self.enforcer.authorize(self.reader, RULE)
        self.write(f'"{RULE}": "!"\n')
        self.assertRaises(
            exception.PolicyNotAuthorized,
            self.enforcer.authorize,
            self.reader,
            RULE,
        )
