"""Logging in: the dialogues, never in clear text, and what wrong passwords cost."""
import base64
import unittest

from posthouse import DOMAIN, HouseTest
from talk import Pop3Talk, SmtpTalk

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'


def b64(text):
    return base64.b64encode(text.encode()).decode()


class SmtpAuth(HouseTest):
    config = {'limits': {'errors': 100}}

    def talk(self):
        talk = SmtpTalk(self.house, 'submissions', tls=True)
        self.addCleanup(talk.close)
        talk.ehlo()
        return talk

    def assert_in(self, reply, talk):
        self.assertEqual(reply.code, 235, str(reply))
        self.assertEqual(talk.say(f'MAIL FROM:<{ALICE}>').code, 250)

    def test_plain_with_initial_response(self):
        talk = self.talk()
        self.assert_in(talk.say('AUTH PLAIN ' + b64(f'\0{ALICE}\0{self.house.passwords[ALICE]}')), talk)

    def test_plain_with_dialogue(self):
        talk = self.talk()
        asked = talk.say('AUTH PLAIN')
        self.assertEqual((asked.code, asked.text), (334, ''))
        self.assert_in(talk.say(b64(f'{ALICE}\0{ALICE}\0{self.house.passwords[ALICE]}')), talk)

    def test_login_with_dialogue(self):
        talk = self.talk()
        self.assertEqual(str(talk.say('AUTH LOGIN')), '334 VXNlcm5hbWU6')
        self.assertEqual(str(talk.say(b64(ALICE))), '334 UGFzc3dvcmQ6')
        self.assert_in(talk.say(b64(self.house.passwords[ALICE])), talk)

    def test_login_with_initial_user(self):
        talk = self.talk()
        self.assertEqual(str(talk.say('auth login ' + b64(ALICE))), '334 UGFzc3dvcmQ6')
        self.assert_in(talk.say(b64(self.house.passwords[ALICE])), talk)

    def test_a_dialogue_may_be_broken_off(self):
        talk = self.talk()
        talk.say('AUTH LOGIN')
        self.assertEqual(talk.say('*').code, 501)
        self.assertEqual(talk.say('NOOP').code, 250)

    def test_what_is_not_base64(self):
        talk = self.talk()
        self.assertEqual(talk.say('AUTH PLAIN !!!!').code, 501)
        talk.say('AUTH LOGIN')
        self.assertEqual(talk.say('no base64 at all').code, 501)

    def test_wrong_password_and_unknown_user_look_alike(self):
        talk = self.talk()
        wrong = talk.login(BOB, 'wrong')
        unknown = self.talk().login(f'nobody@{DOMAIN}', 'wrong')
        self.assertEqual(wrong.code, 535)
        self.assertEqual(str(wrong), str(unknown))

    def test_auth_has_its_time_and_place(self):
        talk = self.talk()
        talk.say('MAIL FROM:<a@b.test>')
        self.assertEqual(talk.login(ALICE, self.house.passwords[ALICE]).code, 235)
        self.assertEqual(talk.login(ALICE, self.house.passwords[ALICE]).code, 503)  # RFC 4954 §4: once
        talk.say(f'MAIL FROM:<{ALICE}>')
        self.assertEqual(talk.say('AUTH PLAIN').code, 503)                          # nor in a transaction

    def test_no_password_before_tls(self):
        with SmtpTalk(self.house, 'submission') as talk:
            self.assertNotIn('AUTH', talk.ehlo().text)
            reply = talk.login(ALICE, self.house.passwords[ALICE])
            self.assertIn(reply.code, (503, 504, 530, 538), str(reply))
            self.assertEqual(talk.say(f'MAIL FROM:<{ALICE}>').code, 530)

    def test_the_user_name_alone_is_enough_in_the_first_domain(self):
        talk = self.talk()
        self.assert_in(talk.login('alice', self.house.passwords[ALICE]), talk)


class PlaintextByWish(HouseTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.house.stop()
        for listener in ('submission', 'pop3'):
            at = f'{cls.house.ip}:{cls.house.ports[listener]}'
            cls.house.tables['listen'][listener] = {'address': at, 'allow_plaintext': True}
        cls.house.write_config()
        cls.house.start()

    def test_a_listener_that_says_so_takes_passwords(self):
        with SmtpTalk(self.house, 'submission') as talk:
            self.assertIn('AUTH PLAIN LOGIN', talk.ehlo().text)
            self.assertEqual(talk.login(ALICE, self.house.passwords[ALICE]).code, 235)
        with Pop3Talk(self.house, 'pop3', user=ALICE) as talk:
            self.assertTrue(talk.say('QUIT').startswith('+OK'))


class Guessing(HouseTest):
    accounts = ('alice', 'bob', 'carol')

    def test_guessing_locks_the_account_for_a_while_and_is_told(self):
        carol = f'carol@{DOMAIN}'
        codes = []
        while len(codes) < 30 and 454 not in codes:
            with SmtpTalk(self.house, 'submissions', source='127.205.0.7', tls=True) as talk:
                talk.ehlo()
                codes.append(talk.login(carol, f'guess {len(codes)}').code)
        self.assertIn(454, codes, 'no lock after 30 wrong passwords')
        self.assertEqual(set(codes), {535, 454})
        with SmtpTalk(self.house, 'submissions', source='127.205.0.8', tls=True) as talk:
            talk.ehlo()
            right = talk.login(carol, self.house.passwords[carol])
            self.assertEqual(right.code, 454, 'the right password from elsewhere, while locked')
            # others are not hit
            self.assertEqual(talk.login(ALICE, self.house.passwords[ALICE]).code, 235)
        events = self.house.why(carol, ('authenticate', 'refused'))
        told = str(events) + self.house.log_text(10000)
        self.assertNotIn('guess 1', told)

    def test_unknown_names_and_passwords_are_nowhere_in_the_log(self):
        with SmtpTalk(self.house, 'submissions', source='127.205.0.9', tls=True) as talk:
            talk.ehlo()
            talk.login('my-secret-typed-as-user', 'xyzzy-plugh')
        with self.assertRaises(PermissionError):
            self.house.passwords['other-secret-as-user@example.test'] = 'plugh-xyzzy'
            Pop3Talk(self.house, user='other-secret-as-user@example.test')
        log = self.house.log_text(10000)
        for secret in ('my-secret-typed', 'xyzzy-plugh', 'other-secret', 'plugh-xyzzy', *[
                self.house.passwords[a] for a in (ALICE, BOB)]):
            self.assertNotIn(secret, log)


if __name__ == '__main__':
    unittest.main()
