# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The options of the toy driver: a driver registers its own."""

from oslo_config import cfg

from nova_sg import exception

toy_group = cfg.OptGroup('toy', title='Toy driver options')

toy_opts = [
    cfg.StrOpt(
        'directory',
        help="""
The directory that all hosts of the deployment share. It must exist.
""",
    ),
]


def directory(conf: cfg.ConfigOpts) -> str:
    """Return the configured directory.

    :raises InvalidConfiguration: there is none
    """
    conf.register_group(toy_group)
    conf.register_opts(toy_opts, group=toy_group)
    if not conf.toy.directory:
        raise exception.InvalidConfiguration(
            option='[toy] directory', reason='it must be set'
        )
    return str(conf.toy.directory)
