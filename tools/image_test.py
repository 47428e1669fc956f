#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Build the container image, and see that its commands work.

With buildah, podman or docker, where one of them can fetch the base image.
Otherwise as root and with debootstrap: each step of the Dockerfile runs in a
bare root directory of its own, in namespaces of mounts and processes.

Usage: tools/image_test.py [--root-directory]

  --root-directory  use the second way even where there is a builder
"""

from collections.abc import Sequence
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILDERS = ('buildah', 'podman', 'docker')
NAME = 'nova-sg-test'

#: Certificates of the host: a proxy may stand before the package index.
CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

#: Where commands are before a step says otherwise.
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

#: Has a root directory be the whole world of a step; PATH becomes the step's.
INSIDE = f"""
own=$PATH PATH={PATH}
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
exec chroot --userspec="$2" "$1" /usr/bin/env PATH="$own" /bin/sh -c "$3"
"""

_UNSHARE = shutil.which('unshare') or 'unshare'

#: What a user of the image would do first.
TRIAL = """
set -eu
nova-sg-manage --version
nova-sg-agent --host c1 >agent.log 2>&1 &
OS_API__AUTH_STRATEGY=noauth2 nova-sg-api >api.log 2>&1 &
for second in $(seq 60); do
    seen=$(nova-sg-manage service list -f value -c Host -c State)
    [ "$seen" != 'c1 up' ] || break
    sleep 1
done
echo "$seen"
[ "$seen" = 'c1 up' ] || { cat agent.log; exit 1; }
python3 - <<'EOF' || { cat api.log; exit 1; }
import time
import urllib.request

for attempt in range(60):
    try:
        url = 'http://127.0.0.1:8774/healthcheck'
        print('nova-sg-api answers', urllib.request.urlopen(url).status)
        break
    except OSError:
        time.sleep(1)
else:
    raise SystemExit('nova-sg-api does not answer')
EOF
"""


class Stage(NamedTuple):
    """A part of the Dockerfile, from one FROM to the next.

    :param base: the image it begins with
    :param name: what ``COPY --from`` calls it
    :param steps: instructions and their arguments
    """

    base: str
    name: str
    steps: list[tuple[str, str]]


def stages(text: str) -> list[Stage]:
    """Return the parts of a Dockerfile."""
    text = re.sub(r'^#.*\n', '', text, flags=re.MULTILINE)
    found: list[Stage] = []
    for line in text.replace('\\\n', '').splitlines():
        instruction, _, rest = line.strip().partition(' ')
        if instruction == 'FROM':
            base, _, name = rest.partition(' AS ')
            found.append(Stage(base, name, []))
        elif instruction:
            found[-1].steps.append((instruction, rest))
    return found


class RootDirectory:
    """A root directory in which steps run.

    :param path: of it
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._directory = '/'
        self._user = 'root'
        self._environment = {
            'PATH': PATH,
            'LC_ALL': 'C.UTF-8',
            'HOME': self._home(),
        }

    def take(self, step: tuple[str, str], built: pathlib.Path) -> None:
        """Do what an instruction of the Dockerfile says.

        :param built: where the stages before are, by their names
        """
        match step:
            case ('RUN', script):
                self.run(script)
            case ('ENV' | 'ARG', values):
                for each in shlex.split(values):
                    name, _, value = each.partition('=')
                    self._environment[name] = value
            case ('WORKDIR', directory):
                self._directory = directory
                (self.path / self._directory[1:]).mkdir(
                    parents=True, exist_ok=True
                )
            case ('USER', user):
                self._user = user
                self._environment['HOME'] = self._home()
            case ('COPY', places):
                self._copy(places.split(), built)
            case ('EXPOSE' | 'CMD', _):
                pass
            case other:
                raise SystemExit(f'image_test.py: {other} is not known here')

    def run(self, script: str) -> None:
        """Run a script in the directory, as its user."""
        subprocess.run(
            [
                *(_UNSHARE, '--mount', '--pid', '--fork', '--kill-child'),
                *('sh', '-ec', INSIDE, 'sh', str(self.path), self._user),
                f'cd {shlex.quote(self._directory)}\n{script}',
            ],
            env={**self._environment, 'PIP_CERT': CERTIFICATES},
            check=True,
        )

    def _home(self) -> str:
        accounts = (self.path / 'etc/passwd').read_text().splitlines()
        homes = {each.split(':')[0]: each.split(':')[5] for each in accounts}
        return homes[self._user]

    def _copy(self, places: list[str], built: pathlib.Path) -> None:
        source = TOP
        if places[0].startswith('--from='):
            source = built / places.pop(0).removeprefix('--from=')
        what, target = places
        if source == TOP:
            # What a builder is sent: without what .dockerignore names.
            run('git', 'clone', '-q', str(TOP), str(self.path / target[1:]))
        else:
            _copy_tree(source / what[1:], self.path / target[1:])


def _copy_tree(source: pathlib.Path, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    run('cp', '-a', str(source), str(target))


def run(*command: str) -> None:
    """Run a command, and show it."""
    print('$', shlex.join(command), flush=True)
    subprocess.run(command, check=True)


def find_builder(images: Sequence[str]) -> str | None:
    """Return a builder that can fetch the base images, if there is one."""
    for builder in BUILDERS:
        if shutil.which(builder) and not any(
            subprocess.run([builder, 'pull', '-q', each]).returncode
            for each in images
        ):
            return builder
    return None


def build_with(builder: str) -> None:
    """Build the image with a builder, and try it."""
    build = 'bud' if builder == 'buildah' else 'build'
    run(builder, build, '-q', '-t', NAME, str(TOP))
    try:
        if builder == 'buildah':
            container = subprocess.check_output(
                [builder, 'from', NAME], text=True
            ).strip()
            run(builder, 'run', container, '--', 'sh', '-c', TRIAL)
            run(builder, 'rm', container)
        else:
            run(builder, 'run', '--rm', NAME, 'sh', '-c', TRIAL)
    finally:
        run(builder, 'rmi', NAME)


def build_in_root_directories(found: Sequence[Stage]) -> None:
    """Run the steps of the Dockerfile without a builder, and try them."""
    if os.geteuid() or not shutil.which('debootstrap'):
        raise SystemExit(
            'image_test.py: without a builder this needs root and debootstrap'
        )
    with tempfile.TemporaryDirectory(prefix='nova-sg-image') as directory:
        work = pathlib.Path(directory)
        work.chmod(0o755)
        for number, stage in enumerate(found):
            path = work / (stage.name or str(number))
            _bootstrap(stage.base, work, path)
            root = RootDirectory(path)
            for step in stage.steps:
                print('--', *step, flush=True)
                root.take(step, work)
        root.run(TRIAL)


def _bootstrap(image: str, work: pathlib.Path, target: pathlib.Path) -> None:
    """Make a root directory of what an image of Debian begins with."""
    release = image.removeprefix('debian:').removesuffix('-slim')
    base = work / f'base-{release}'
    if not base.exists():
        run(
            *('debootstrap', '--variant=minbase'),
            *('--include=ca-certificates', release, str(base)),
        )
        for name in ('/etc/resolv.conf', CERTIFICATES):
            shutil.copy(name, base / name[1:])
    _copy_tree(base, target)


def main() -> None:
    words = sys.argv[1:]
    if words not in ([], ['--root-directory']):
        print(__doc__)
        raise SystemExit(0 if words in (['-h'], ['--help']) else 2)
    found = stages((TOP / 'Dockerfile').read_text())
    images = {each.base for each in found}
    builder = None if words else find_builder(sorted(images))
    try:
        if builder is not None:
            build_with(builder)
        else:
            build_in_root_directories(found)
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f'image_test.py: a step failed with exit code {error.returncode}'
        ) from error
    print('The image and its commands work.')


if __name__ == '__main__':
    main()
