#!/usr/bin/env python3
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

"""Print the lowest versions that pyproject.toml allows, as constraints."""

import pathlib
import tomllib

TOP = pathlib.Path(__file__).resolve().parent.parent


def main() -> None:
    with (TOP / 'pyproject.toml').open('rb') as file:
        project = tomllib.load(file)['project']
    extras = project['optional-dependencies']
    everything = [project['dependencies'], *extras.values()]
    for requirement in (each for group in everything for each in group):
        if '>=' in requirement:
            print(requirement.replace('>=', '=='))


if __name__ == '__main__':
    main()
