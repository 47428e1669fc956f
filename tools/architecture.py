#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Draws the parts of nova_sg and what they import, as SVG.

The picture is made of the import statements of the package: the build of the
documentation calls this, so that the picture is never older than the code.

    tools/architecture.py doc/source/_static/architecture.svg

A box is a part, with its number of lines; parts stand below all that import
them. A line is drawn where no other way leads there. Backends are imported by
their entry points only: those lines are dashed.
"""

import ast
from collections.abc import Iterator
from collections.abc import Mapping
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / 'nova_sg'

#: Parts of their own, though they lie in a package that is one.
INNER = (
    'servicegroup.backends.memcached',
    'servicegroup.backends.sql',
    'servicegroup.backends.zookeeper',
    'servicegroup.driver',
    'servicegroup.leased',
    'servicegroup.loader',
    'servicegroup.membership',
    'servicegroup.migration',
    'servicegroup.mirror',
    'servicegroup.records',
)

#: No part of what runs, or a part of nova's.
LEFT_OUT = ('nova_tree', 'servicegroup.testing', 'tests')

#: What everything may import says nothing in a picture.
EVERYWHERE = (
    *('concurrency', 'conf', 'context', 'exception', 'exits', 'forks'),
    *('private', 'systemd'),
)

#: Finds the drivers and the stores by their entry points.
LOADER = 'servicegroup.loader'

#: The modules of ``servicegroup`` itself: those that import its packages
#: are the rules, and the others are the words that its packages speak.
SERVICEGROUP, RULES, WORDS = (
    'servicegroup',
    'servicegroup: rules',
    'servicegroup: words',
)

WIDTH, HEIGHT, GAP, ROW = 150, 44, 14, 96

Imports = dict[str, set[str]]


def modules() -> Iterator[tuple[str, pathlib.Path]]:
    """Yield the name of each module, without ``nova_sg.``, and its file."""
    for path in sorted(PACKAGE.rglob('*.py')):
        parts = path.relative_to(PACKAGE).with_suffix('').parts
        name = '.'.join(each for each in parts if each != '__init__')
        if name and not any(_within(name, each) for each in LEFT_OUT):
            yield name, path


def imports_of(path: pathlib.Path) -> set[str]:
    """Return what a module imports of nova_sg when it is imported."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            package = node.module.partition('.')
            if package[0] == 'nova_sg':
                inner = f'{package[2]}.' if package[2] else ''
                found |= {inner + each.name for each in node.names}
    return found


def parts() -> tuple[Imports, dict[str, int]]:
    """Return what each part imports, and how many lines it has."""
    imports = {name: imports_of(path) for name, path in modules()}
    rules = _rules(imports)

    def part(name: str) -> str:
        for each in INNER:
            if _within(name, each):
                return each
        top = '.'.join(name.split('.')[:1])
        if top != SERVICEGROUP:
            return top
        return RULES if _module(name, imports) in rules else WORDS

    drawn: Imports = {}
    lines: dict[str, int] = {}
    for name, path in modules():
        mine = part(name)
        if mine in EVERYWHERE or (
            path.parent == PACKAGE and path.name.startswith('_')
        ):
            continue
        lines[mine] = lines.get(mine, 0) + path.read_text().count('\n')
        others = drawn.setdefault(mine, set())
        others |= {part(each) for each in imports[name]}
    for mine, others in drawn.items():
        others &= drawn.keys() - {mine}
    return drawn, lines


def _rules(imports: Mapping[str, set[str]]) -> set[str]:
    """Return the modules of ``servicegroup`` that reach its packages."""
    own = {
        name
        for name in imports
        if _within(name, SERVICEGROUP)
        and not any(_within(name, each) for each in INNER)
    }
    rules: set[str] = set()
    while True:
        more = {
            name
            for name in own - rules
            if any(
                _module(each, imports) in rules
                or any(_within(each, inner) for inner in INNER)
                for each in imports[name]
            )
        }
        if not more:
            return rules
        rules |= more


def _module(name: str, imports: Mapping[str, set[str]]) -> str:
    """Return the module of something that is imported from it."""
    return name if name in imports else name.rpartition('.')[0]


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f'{package}.')


def rows(imports: Imports) -> list[list[str]]:
    """Return the parts from above, each below all that import it.

    Parts that import each other share the last row: the picture shows it.
    """
    left = {name: set(others) for name, others in imports.items()}
    found = []
    while left:
        imported = set().union(*left.values())
        row = sorted(left.keys() - imported) or sorted(left)
        found.append(row)
        for each in row:
            del left[each]
    return found


def reachable(imports: Imports, start: str) -> set[str]:
    """Return what a part imports, at any remove."""
    found: set[str] = set()
    ahead = set(imports[start])
    while ahead:
        each = ahead.pop()
        found.add(each)
        ahead |= imports[each] - found
    return found


def lines_of(imports: Imports) -> list[tuple[str, str]]:
    """Return which part imports which, where no other way leads there."""
    return [
        (start, end)
        for start in sorted(imports)
        for end in sorted(imports[start])
        if not any(
            end in reachable(imports, other) for other in imports[start]
        )
    ]


def svg() -> str:
    """Return the picture."""
    imports, count = parts()
    loaded = {(LOADER, each) for each in INNER if '.backends.' in each}
    for start, end in loaded:
        imports[start].add(end)
    placed = {}
    table = rows(imports)
    total = max(len(row) for row in table) * (WIDTH + GAP) + GAP
    for number, row in enumerate(table):
        indent = (total - len(row) * (WIDTH + GAP) + GAP) / 2
        for position, name in enumerate(row):
            placed[name] = (
                indent + position * (WIDTH + GAP),
                GAP + number * ROW,
            )
    drawn = []
    for start, end in lines_of(imports):
        dashes = ' stroke-dasharray="4 3"' if (start, end) in loaded else ''
        (x1, y1), (x2, y2) = placed[start], placed[end]
        drawn.append(
            f'<line x1="{x1 + WIDTH / 2:g}" y1="{y1 + HEIGHT:g}" '
            f'x2="{x2 + WIDTH / 2:g}" y2="{y2:g}"{dashes}/>'
        )
    for name, (x, y) in placed.items():
        shown = re.sub(r'^servicegroup\.(backends\.)?', '', name)
        colour = '#dce9f7' if name.startswith(SERVICEGROUP) else '#f4f4f4'
        drawn += [
            f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" '
            f'rx="5" fill="{colour}"/>',
            f'<text x="{x + WIDTH / 2:g}" y="{y + 19:g}">'
            f'{html.escape(shown)}</text>',
            f'<text class="lines" x="{x + WIDTH / 2:g}" y="{y + 35:g}">'
            f'{count[name]} lines</text>',
        ]
    height = len(table) * ROW
    return '\n'.join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {total:g} {height}" '
            f'font-family="sans-serif" font-size="13">',
            '<title>The parts of nova_sg, and what they import</title>',
            '<style>line, rect {stroke: #5b6b7b} text {text-anchor: middle} '
            '.lines {font-size: 10px; fill: #555}</style>',
            *drawn,
            '</svg>\n',
        ]
    )


if __name__ == '__main__':
    picture = pathlib.Path(sys.argv[1])
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(svg())
