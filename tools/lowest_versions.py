#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

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
            # What follows a comma is the cap.
            lowest, _, _cap = requirement.partition(',')
            print(lowest.replace('>=', '=='))


if __name__ == '__main__':
    main()
