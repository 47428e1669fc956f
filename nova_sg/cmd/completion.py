# SPDX-License-Identifier: Apache-2.0

"""What a shell may offer for the last word of a command line.

The shells ask ``nova-sg-manage complete --candidates``, so that commands,
options and the hosts of the deployment come from one place for all of them.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
from typing import Any

#: For each shell, what has it ask for candidates. The words go through
#: standard input: on the command line --version would be an option.
SCRIPTS = {
    'bash': """\
_nova_sg_manage() {
    local IFS=$'\\n'
    COMPREPLY=($(printf '%s\\n' "${COMP_WORDS[@]:1:COMP_CWORD}" |
        "$1" complete --candidates 2>/dev/null))
}
complete -o default -F _nova_sg_manage nova-sg-manage
""",
    'zsh': """\
#compdef nova-sg-manage
_nova_sg_manage() {
    local -a candidates
    candidates=(${(f)"$(printf '%s\\n' "${(@)words[2,CURRENT]}" |
        $words[1] complete --candidates 2>/dev/null)"})
    compadd -a candidates || _files
}
compdef _nova_sg_manage nova-sg-manage
""",
    'fish': """\
function __nova_sg_manage
    set -l words (commandline -opc) (commandline -ct)
    set -l found (printf '%s\\n' $words[2..] |
        $words[1] complete --candidates 2>/dev/null)
    or return
    if test -n "$found"
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c nova-sg-manage -f -a '(__nova_sg_manage)'
""",
}

#: What a value of this metavar may be, of a service.
_ATTRIBUTES: Mapping[str, Sequence[str]] = {
    'HOST': ['host'],
    'BINARY': ['binary'],
    'SERVICE': ['host', 'uuid'],
    'UUID': ['uuid'],
    'ZONE': ['availability_zone'],
}


class Completion:
    """Finds the candidates.

    :param options: the parser of the options before the command
    :param commands: the names of all commands
    :param parser_of: returns the parser of a command
    :param services: returns the services of the deployment; it is called
        where a host or the like is to be completed, and may fail
    """

    def __init__(
        self,
        options: argparse.ArgumentParser,
        commands: Iterable[str],
        parser_of: Callable[[str], argparse.ArgumentParser],
        services: Callable[[], Iterable[Any]],
    ) -> None:
        self._options = options
        self._commands = [each.split() for each in commands]
        self._parser_of = parser_of
        self._services = services

    def candidates(self, words: Sequence[str]) -> list[str]:
        """Return what the last word may become, sorted.

        :param words: those after the program's name; the last one is being
            typed and may be empty
        """
        *before, last = _parted(words or [''])
        # A quote that is still open; the shell closes it.
        last = last.lstrip('\'"')
        option, equals, value = last.partition('=')
        if option.startswith('--') and equals:
            before, last = [*before, option], value
        else:
            option = equals = ''
        found = {
            f'{option}{equals}{each}'
            for each in self._all(before, last)
            # A shell would take it for several words.
            if each.startswith(last) and each.isprintable() and ' ' not in each
        }
        return sorted(found)

    def _all(self, before: list[str], last: str) -> Iterable[str]:
        """Return candidates, also some that do not begin as the word does."""
        taken, wanting = _after_options(self._options, before)
        if wanting is not None:
            # A file: the shell knows those.
            return ()
        command = before[taken:]
        if command[:1] == ['help']:
            command = command[1:]
        for name in self._commands:
            if command[: len(name)] == name:
                parser = self._parser_of(' '.join(name))
                return self._of_command(parser, command[len(name) :], last)
        if last.startswith('-'):
            return _spellings(self._options)
        return {
            name[len(command)]
            for name in self._commands
            if name[: len(command)] == command
        }

    def _of_command(
        self, parser: argparse.ArgumentParser, before: list[str], last: str
    ) -> Iterable[str]:
        wanting = None
        positionals = [
            each for each in _actions(parser) if not each.option_strings
        ]
        while before:
            taken, wanting = _after_options(parser, before)
            if taken < len(before):
                # Of a positional; one more than there are stays unknown.
                positionals = positionals[1:]
                taken += 1
            before = before[taken:]
        if wanting is not None:
            return self._values(wanting)
        if last.startswith('-'):
            return _spellings(parser)
        return self._values(positionals[0]) if positionals else ()

    def _values(self, action: argparse.Action) -> Iterable[str]:
        if action.choices is not None:
            return [str(each) for each in action.choices]
        names = _ATTRIBUTES.get(str(action.metavar), ())
        found: set[str] = set()
        if names:
            # A shell shows nothing of an error; the command itself will.
            with contextlib.suppress(Exception):
                for service in self._services():
                    found.update(str(getattr(service, name)) for name in names)
        return found


def given(words: Sequence[str], option: str) -> list[str]:
    """Return the values that an option has on a command line."""
    words = _parted(words)
    after = [
        word
        for before, word in zip(words, words[1:], strict=False)
        if before == option
    ]
    within = [
        word.removeprefix(f'{option}=')
        for word in words
        if word.startswith(f'{option}=')
    ]
    return after + within


def _parted(words: Sequence[str]) -> list[str]:
    """Return words without the equals signs of options.

    bash takes each for a word of its own: ``--host``, ``=``, ``c``.
    """
    parted = list(words)
    for place in range(len(words) - 1, 0, -1):
        if words[place] == '=' and words[place - 1].startswith('--'):
            # Its value may not have begun.
            parted[place : place + 1] = [] if words[place + 1 :] else ['']
    return parted


def _after_options(
    parser: argparse.ArgumentParser, words: Sequence[str]
) -> tuple[int, argparse.Action | None]:
    """Return how many words are options with their values.

    :returns: and the option whose value the next word is, None where it is
        of none
    """
    by_spelling = {
        spelling: action
        for action in _actions(parser)
        for spelling in action.option_strings
    }
    taken = 0
    while taken < len(words) and words[taken].startswith('-'):
        action = by_spelling.get(words[taken])
        taken += 1
        if action is not None and action.nargs is None:
            if taken == len(words):
                return taken, action
            taken += 1
    return taken, None


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a parser accepts; argparse has no public name for it."""
    return [each for each in parser._actions if each.help != argparse.SUPPRESS]


def _spellings(parser: argparse.ArgumentParser) -> list[str]:
    return [
        spelling
        for action in _actions(parser)
        for spelling in action.option_strings
        if spelling.startswith('--')
    ]
