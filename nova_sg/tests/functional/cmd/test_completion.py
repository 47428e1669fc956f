# SPDX-License-Identifier: Apache-2.0

"""What shells offer for a word, asked of the shells themselves."""

import os
import pathlib
import shlex
import subprocess
import sys

from nova_sg.tests.functional.cmd import base

#: Each prints the candidates that its shell would offer, a line each.
_BASH = """
COMP_WORDS=(nova-sg-manage {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_nova_sg_manage nova-sg-manage
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# compinit needs a terminal: these two are what it would have made.
_ZSH_BEFORE = """
compdef() {{ : }}
compadd() {{ print -l -- ${{(P)2}} }}
"""
_ZSH = """
words=(nova-sg-manage {words})
CURRENT=${{#words}}
_nova_sg_manage
"""
_FISH = """
complete -C {line}
"""


class TestCompletion(base.CommandTestCase):
    def setUp(self):
        super().setUp()
        self.compute = self.service('c1')
        self.service('c2')
        self.service('ctl', 'nova-scheduler', 'scheduler')

    def offered(self, shell, before, after, **fields):
        """Return what a shell offers that has loaded our script.

        :param before: what the shell runs before it
        :param after: what it runs then
        """
        script = self.done('complete', '--shell', shell).out
        program = f'{before}\n{script}\n{after.format(**fields)}'
        scripts = pathlib.Path(sys.executable).parent
        done = subprocess.run(
            [shell, '-c', program],
            env={
                **os.environ,
                'PATH': f'{scripts}{os.pathsep}{os.environ["PATH"]}',
                'HOME': self.directory,
            },
            capture_output=True,
            text=True,
            timeout=base.PATIENCE,
            check=False,
        )
        self.assertEqual('', done.stderr)
        return done.stdout.split()

    def assert_offers(self, expected, *words):
        """Each shell offers this for the last word."""
        quoted = ' '.join(shlex.quote(each) for each in words)
        line = shlex.quote(' '.join(['nova-sg-manage', *words]))
        for shell, found in (
            ('bash', self.offered('bash', '', _BASH, words=quoted)),
            (
                'zsh',
                self.offered('zsh', _ZSH_BEFORE.format(), _ZSH, words=quoted),
            ),
            ('fish', self.offered('fish', '', _FISH, line=line)),
        ):
            self.assertEqual(expected, found, shell)

    def test_each_shell_offers_commands_and_hosts(self):
        self.assert_offers(['disable'], 'service', 'dis')
        self.assert_offers(['c1', 'c2', 'ctl'], 'service', 'disable', 'c')

    def candidates(self, *words):
        """Return what our command tells the shells."""
        text = ''.join(f'{each}\n' for each in words)
        process = self.spawn('complete', '--candidates', stdin=subprocess.PIPE)
        out, err = process.communicate(text, timeout=base.PATIENCE)
        self.assertEqual((0, ''), (process.returncode, err))
        return out.split()

    def test_what_a_value_may_be_is_read_from_the_deployment(self):
        for expected, *words in (
            (['c1', 'c2', 'ctl'], 'service', 'list', '--host', ''),
            (
                ['nova-compute', 'nova-scheduler'],
                *('service', 'disable', '--reason', 'x', 'c1', ''),
            ),
            ([self.compute.uuid], 'service', 'delete', self.compute.uuid[:9]),
            (['internal', 'nova'], 'service', 'list', '--zone', ''),
        ):
            self.assertEqual(expected, self.candidates(*words), words)

    def test_a_backend_that_is_unreachable_offers_nothing(self):
        self.option('SERVICEGROUP__DRIVER', 'nonesuch')
        self.assertEqual([], self.candidates('service', 'disable', ''))

    def test_the_configuration_is_that_of_the_line(self):
        self.configure('[servicegroup]\ndriver = nonesuch\n')
        directory = os.path.dirname(self.config_file)
        for option in (
            ('--config-file', self.config_file),
            # As zsh and fish tell it, and as bash does.
            (f'--config-file={self.config_file}',),
            ('--config-file', '=', self.config_file),
            ('--config-dir', directory),
        ):
            line = (*option, 'service', 'enable', '')
            self.assertEqual([], self.candidates(*line), option)
        self.assertNotEqual([], self.candidates('service', 'enable', ''))
