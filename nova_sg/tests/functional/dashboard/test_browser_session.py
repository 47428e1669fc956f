# SPDX-License-Identifier: Apache-2.0

"""Signing in and out in a browser, and a session that ends by itself."""

import time

from nova_sg.tests.functional.dashboard import browser_base as base


class TestSession(base.ServedTestCase):
    def test_sign_in_and_out(self):
        tokens = self.served.identity.tokens_of('admin')
        self.sign_in(**{**base.SIGN_IN, 'password': 'wrong'})
        self.wait_text('#login-error', 'the password or the project is wrong')
        self.assertFalse(self.is_shown('#overview'))
        self.sign_in()
        self.wait_shown('#overview')
        self.assertEqual('admin', self.text('#user-name'))
        self.assertEqual('', self.run_script('return document.cookie'))
        (cookie,) = self.driver.get_cookies()
        self.assertTrue(cookie['httpOnly'])
        self.assertEqual('Strict', cookie['sameSite'])
        # It is still that of the next page.
        self.driver.refresh()
        self.wait_shown('#overview')
        self.click('#logout')
        self.wait_shown('#login')
        self.assertFalse(self.is_shown('#overview'))
        self.assertEqual([], self.driver.get_cookies())
        self.assertEqual(tokens, self.served.identity.tokens_of('admin'))

    def test_a_member_is_told_that_it_may_not_look(self):
        self.sign_in(**{**base.SIGN_IN, 'user': 'joe'})
        self.wait_text('#notice', 'roles do not allow')
        self.assertFalse(self.is_shown('#overview'))
        # The page says how old things are once a second.
        time.sleep(1.5)
        self.assertIn('roles do not allow', self.text('#notice'))

    def test_a_token_that_is_over(self):
        self.look()
        self.served.identity.tokens.clear()
        self.wait_text('#login-why', 'Your session is over')
        self.assertFalse(self.is_shown('#user'))
        # What was known is still there to be read, under the form.
        self.assertIn('nova', self.text('#zones'))
        self.sign_in()
        self.wait_shown('#user')
        self.assertFalse(self.is_shown('#login'))

    def test_who_may_not_look_sees_nothing_of_another_user(self):
        self.look()
        self.served.identity.tokens.clear()
        self.wait_text('#login-why', 'Your session is over')
        self.sign_in(**{**base.SIGN_IN, 'user': 'joe'})
        self.wait_text('#notice', 'roles do not allow')
        self.assertFalse(self.is_shown('#overview'))
        self.assertFalse(self.is_shown('#facts'))
