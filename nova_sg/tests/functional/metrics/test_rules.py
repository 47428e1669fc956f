# SPDX-License-Identifier: Apache-2.0

"""The alert rules and the dashboard that are shipped in ``etc``."""

import json
import pathlib
import re
import subprocess

import fixtures
import jsonschema
from oslotest import base
import yaml

import nova_sg
from nova_sg.tests.fixtures import prometheus

ETC = pathlib.Path(nova_sg.__file__).parent.parent / 'etc'
RULES = ETC / 'prometheus' / 'nova-sg.rules.yml'
DASHBOARD = ETC / 'grafana' / 'nova-sg.json'

_DATASOURCE = {
    'type': 'object',
    'required': ['type', 'uid'],
    'properties': {
        'type': {'const': 'prometheus'},
        # Whatever the one who imports it has.
        'uid': {'const': '${datasource}'},
    },
}

#: What Grafana's own model of a dashboard, schema version 36, asks of one.
_SCHEMA = {
    'type': 'object',
    'required': ['uid', 'title', 'schemaVersion', 'panels', 'templating'],
    'properties': {
        'id': {'const': None},
        'uid': {'type': 'string', 'pattern': '^[A-Za-z0-9_-]{1,40}$'},
        'title': {'type': 'string', 'minLength': 1},
        'tags': {'type': 'array', 'items': {'type': 'string'}},
        'timezone': {'enum': ['browser', 'utc']},
        'editable': {'type': 'boolean'},
        'graphTooltip': {'enum': [0, 1, 2]},
        'schemaVersion': {'type': 'integer', 'minimum': 36, 'maximum': 42},
        'version': {'type': 'integer', 'minimum': 0},
        'refresh': {'type': 'string', 'pattern': r'^\d+[smh]$'},
        'time': {
            'type': 'object',
            'required': ['from', 'to'],
            'additionalProperties': {'type': 'string'},
        },
        'annotations': {
            'type': 'object',
            'properties': {
                'list': {
                    'items': {
                        'type': 'object',
                        'required': [
                            'name',
                            'datasource',
                            'enable',
                            'iconColor',
                        ],
                    }
                }
            },
        },
        'templating': {
            'type': 'object',
            'properties': {
                'list': {
                    'items': {
                        'type': 'object',
                        'required': ['name', 'type', 'hide'],
                        'properties': {
                            'type': {'enum': ['query', 'datasource']},
                            'hide': {'enum': [0, 1, 2]},
                        },
                    }
                }
            },
        },
        'panels': {
            'type': 'array',
            'minItems': 1,
            'items': {
                'type': 'object',
                'required': [
                    *('id', 'type', 'title', 'datasource', 'gridPos'),
                    *('targets', 'fieldConfig', 'options'),
                ],
                'properties': {
                    'id': {'type': 'integer', 'minimum': 1},
                    'type': {'enum': ['stat', 'table', 'timeseries']},
                    'title': {'type': 'string', 'minLength': 1},
                    'datasource': _DATASOURCE,
                    'gridPos': {
                        'type': 'object',
                        'required': ['h', 'w', 'x', 'y'],
                        'properties': {
                            'h': {'type': 'integer', 'minimum': 1},
                            'w': {'minimum': 1, 'maximum': 24},
                            'x': {'minimum': 0, 'maximum': 23},
                            'y': {'type': 'integer', 'minimum': 0},
                        },
                    },
                    'targets': {
                        'type': 'array',
                        'minItems': 1,
                        'items': {
                            'type': 'object',
                            'required': ['refId', 'expr', 'datasource'],
                            'properties': {
                                'datasource': _DATASOURCE,
                                'refId': {'pattern': '^[A-Z]$'},
                                'format': {'enum': ['table', 'time_series']},
                            },
                        },
                    },
                    'fieldConfig': {
                        'type': 'object',
                        'required': ['defaults', 'overrides'],
                        'properties': {
                            'defaults': {
                                'properties': {
                                    'color': {
                                        'properties': {
                                            'mode': {
                                                'enum': [
                                                    'thresholds',
                                                    'palette-classic',
                                                ]
                                            }
                                        }
                                    },
                                    'thresholds': {
                                        'required': ['mode', 'steps'],
                                        'properties': {
                                            'mode': {'const': 'absolute'}
                                        },
                                    },
                                }
                            }
                        },
                    },
                },
            },
        },
    },
}

#: What stands for something else in an expression of a dashboard.
_VARIABLES = {
    '$__rate_interval': '5m',
    '$job': '.*',
    '$binary': '.*',
    '$zone': '.*',
}


def promtool(*arguments: object, at: pathlib.Path) -> str:
    """Run promtool, and return what it says.

    :raises AssertionError: it fails
    """
    done = subprocess.run(
        [prometheus.promtool(), *map(str, arguments)],
        cwd=at,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestRules(base.BaseTestCase):
    def test_they_are_what_they_say(self):
        at = RULES.parent
        promtool('check', 'rules', RULES.name, at=at)
        promtool('test', 'rules', 'nova-sg.rules.test.yml', at=at)

    def test_what_panels_take_from_rules_is_recorded(self):
        rules = yaml.safe_load(RULES.read_text())['groups'][0]['rules']
        recorded = {each['record'] for each in rules if 'record' in each}
        asked = re.findall(r'nova_sg:[\w:]+', DASHBOARD.read_text())
        self.assertEqual(recorded, set(asked))

    def test_each_alert_has_a_test(self):
        rules = yaml.safe_load(RULES.read_text())['groups'][0]['rules']
        tested = RULES.with_name('nova-sg.rules.test.yml').read_text()
        for name in [each['alert'] for each in rules if 'alert' in each]:
            self.assertIn(name, tested)


class TestDashboard(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dashboard = json.loads(DASHBOARD.read_text())
        self.panels = self.dashboard['panels']

    def expressions(self):
        found = [
            target['expr']
            for panel in self.panels
            for target in panel['targets']
        ]
        found += [
            each['expr'] for each in self.dashboard['annotations']['list']
        ]
        for expression in found:
            for name, value in _VARIABLES.items():
                expression = expression.replace(name, value)
            yield expression

    def test_it_is_one_of_grafana(self):
        jsonschema.validate(self.dashboard, _SCHEMA)
        ids = [panel['id'] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))
        for panel in self.panels:
            names = [target['refId'] for target in panel['targets']]
            self.assertEqual(len(names), len(set(names)), panel['title'])
            steps = panel['fieldConfig']['defaults']['thresholds']['steps']
            # The first one is from minus infinity on, the others in order.
            self.assertIsNone(steps[0]['value'])
            values = [each['value'] for each in steps[1:]]
            self.assertEqual(sorted(values), values)

    def test_no_panel_lies_over_another(self):
        cells = set()
        for panel in self.panels:
            at = panel['gridPos']
            mine = {
                (x, y)
                for x in range(at['x'], at['x'] + at['w'])
                for y in range(at['y'], at['y'] + at['h'])
            }
            self.assertEqual(set(), cells & mine, panel['title'])
            self.assertLessEqual(at['x'] + at['w'], 24)
            cells |= mine

    def test_prometheus_understands_each_expression(self):
        rules = [
            {'record': f'expression:{number}', 'expr': expression}
            for number, expression in enumerate(self.expressions())
        ]
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (directory / 'rules.yml').write_text(
            yaml.safe_dump({'groups': [{'name': 'all', 'rules': rules}]})
        )
        promtool('check', 'rules', 'rules.yml', at=directory)

    def test_it_shows_what_the_manual_names(self):
        manual = (
            pathlib.Path(nova_sg.__file__).parent.parent
            / 'doc/source/admin/metrics.rst'
        )
        named = set(re.findall(r'nova_sg_\w+', manual.read_text()))
        # By way of the rules that panels ask for, too.
        rules = yaml.safe_load(RULES.read_text())['groups'][0]['rules']
        recorded = [each['expr'] for each in rules if 'record' in each]
        asked = ' '.join([*self.expressions(), *recorded])
        shown = set(re.findall(r'nova_sg_\w+', asked))
        shown = {each.removesuffix('_bucket') for each in shown}
        self.assertEqual(set(), shown - named)
        self.assertEqual({'nova_sg_service_up'}, named - shown)
