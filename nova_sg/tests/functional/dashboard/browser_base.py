# SPDX-License-Identifier: Apache-2.0

"""The page in a real Chromium, over a real nova-sg-api."""

import base64
from collections.abc import Callable
import datetime
import json
import types
from typing import Any
import urllib.request

import fixtures
from oslotest import base
from selenium.common import exceptions
from selenium.webdriver.common import by
from selenium.webdriver.common import keys
import sqlalchemy as sa

from nova_sg.api.dashboard import session
from nova_sg.db import models
from nova_sg.tests.fixtures import browser
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import identity
from nova_sg.tests.fixtures import rest_process
from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures.servers import directories
from nova_sg.tests.fixtures.servers import shared

KEYS = keys.Keys

#: Seconds for the page to show something; a laden machine may be slow.
PATIENCE = 20

SIGN_IN = {
    'user': 'admin',
    'password': identity.PASSWORD,
    'project': 'demo',
}

#: Returns whether something is shown.
_SHOWN = """
const found = document.querySelector(arguments[0]);
return Boolean(found && found.checkVisibility());
"""


class Served(fixtures.Fixture):
    """A nova-sg-api with keystone's tokens, over a database of services.

    :ivar url: of the page
    :ivar identity: the identity service
    """

    def _setUp(self) -> None:
        directory = self.useFixture(directories.ServerDirectory('page')).path
        url = f'sqlite:///{directory}/nova_sg.sqlite'
        conf: Any = types.SimpleNamespace(
            database=types.SimpleNamespace(connection=url)
        )
        served = self.useFixture(
            rest_process.RestProcess(
                conf,
                dashboard={'enabled': 'true', 'name': 'lab'},
                # A token that is over must be over at once.
                keystone_authtoken={'token_cache_time': '-1'},
            )
        )
        self.url = f'{served.url}/dashboard'
        self.identity = served.identity
        self._engine = sa.create_engine(url)
        self.addCleanup(self._engine.dispose)

    def fill(self, hosts: dict[str, dict[str, Any]]) -> None:
        """Have these computes and no others.

        :param hosts: columns other than those of a service that is fine
        """
        now = datetime.datetime.now(datetime.UTC)
        usual = {
            'disabled_reason': None,
            **dict.fromkeys(('created_at', 'updated_at', 'last_seen_up'), now),
        }
        made = [
            rows.compute(host, **{**usual, **values})
            for host, values in hosts.items()
        ]
        self._troubles = {
            each['uuid']
            for each in made
            if each['disabled']
            or each['forced_down']
            or each['last_seen_up'] is OLD
        }
        self._fine = len(made) - len(self._troubles)
        with self._engine.begin() as connection:
            connection.execute(models.services.delete())
            connection.execute(models.services.insert(), made)

    def lists(self, cookie: str) -> bool:
        """Return whether what was filled in is what the page would get."""
        request = urllib.request.Request(
            f'{self.url}/state', headers={'Cookie': cookie}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            state = json.load(answer)
        found = {each['uuid'] for each in state['others']}
        fine = state['fine'] or ()
        return found == self._troubles and len(fine) == self._fine

    def change(self, host: str, **values: Any) -> None:
        """Change columns of a service, as another program would."""
        column = models.services.c.host
        with self._engine.begin() as connection:
            connection.execute(
                models.services.update().where(column == host).values(**values)
            )

    def read(self, host: str) -> Any:
        """Return the row of a service."""
        statement = models.services.select().where(
            models.services.c.host == host
        )
        with self._engine.begin() as connection:
            return connection.execute(statement).one()


#: That of the test process.
SERVED = shared.Shared(Served)

#: A beat that is too old, whatever the service down time.
OLD = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


class BrowserTestCase(base.BaseTestCase):
    """A browser without a session."""

    def setUp(self) -> None:
        super().setUp()
        self.browser = browser.BROWSER.get()
        self.browser.reset()
        self.driver = self.browser.driver

    def run_script(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def is_shown(self, selector: str) -> bool:
        return bool(self.run_script(_SHOWN, selector))

    def text(self, selector: str) -> str:
        """Return the text of an element as a reader sees it; '' without."""
        script = 'return document.querySelector(arguments[0])?.innerText ?? ""'
        found: str = self.run_script(script, selector)
        return found

    def find(self, selector: str) -> Any:
        return self.driver.find_element(by.By.CSS_SELECTOR, selector)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        try:
            commands.wait_until(condition, what, PATIENCE)
        except AssertionError as error:
            shown = self.text('body')
            raise AssertionError(f'{error}, but: {shown}') from None

    def wait_shown(self, selector: str) -> None:
        self.wait(lambda: self.is_shown(selector), f'{selector} is shown')

    def wait_text(self, selector: str, part: str) -> None:
        self.wait(lambda: part in self.text(selector), f'{part} is said')

    def click(self, selector: str) -> None:
        self.wait(lambda: self._clicks(selector), f'{selector} is clicked')

    def _clicks(self, selector: str) -> bool:
        """Return False where the page made the element anew meanwhile."""
        try:
            self.find(selector).click()
        except exceptions.StaleElementReferenceException:
            return False
        return True

    def press(self, *pressed: str) -> None:
        """Press keys, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*pressed)

    def sign_in(self, **form: str) -> None:
        """Fill in the form, and send it."""
        self.wait_shown('#login')
        for name, value in (form or SIGN_IN).items():
            field = self.find(f'#login [name={name}]')
            field.clear()
            field.send_keys(value)
        self.click('#login button')

    def errors(self) -> list[str]:
        """Return what the console of the browser calls an error."""
        return [
            each['message']
            for each in self.driver.get_log('browser')
            if each['level'] == 'SEVERE'
        ]


class ServedTestCase(BrowserTestCase):
    """The same with a page, of a service that is fine unless told."""

    hosts: dict[str, dict[str, Any]] = {'c1': {}}

    def setUp(self) -> None:
        super().setUp()
        self.served = SERVED.get()
        self.served.fill(self.hosts)
        self.driver.get(self.served.url)

    def look(self) -> None:
        """Come with a session, and wait until the services are shown."""
        token, _known = self.served.identity.issue('admin')
        value = base64.urlsafe_b64encode(token.encode()).decode()
        self.browser.command(
            'Network.setCookie',
            name=session.COOKIE,
            value=value,
            url=self.served.url,
            path='/dashboard',
            httpOnly=True,
            sameSite='Strict',
        )
        cookie = f'{session.COOKIE}={value}'
        # What another test has filled in is listed once a second.
        self.wait(
            lambda: self.served.lists(cookie), 'its own services are listed'
        )
        self.driver.refresh()
        self.wait_shown('#overview')
