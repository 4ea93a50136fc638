"""How addresses may be written: as RFC 5321 has it where other servers come in, and as devices do where accounts submit."""
import unittest

from posthouse import DOMAIN, HouseTest, header
from talk import SmtpTalk

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'
# (MAIL's argument, RCPT's argument): without <>, with a space after the colon, both
LOOSE = ((f'FROM:{ALICE}', f'TO:{BOB}'), (f'FROM: <{ALICE}>', f'TO: <{BOB}>'), (f'FROM: {ALICE}', f'TO: {BOB}'))


class AddressesTest(HouseTest):
    def listener(self, which):
        talk = SmtpTalk(self.house, which, tls=which == 'submissions')
        self.addCleanup(talk.close)
        self.assertEqual(talk.ehlo().code, 250)
        if which == 'submission':
            self.assertEqual(talk.say('STARTTLS').code, 220)
            talk.start_tls()
            self.assertEqual(talk.ehlo().code, 250)
        if which != 'smtp':
            self.assertEqual(talk.login(ALICE, self.house.passwords[ALICE]).code, 235)
        return talk

    def assert_taken(self, which):
        for mail, rcpt in LOOSE:
            with self.subTest(listener=which, mail=mail):
                talk = self.listener(which)
                self.assertEqual([talk.say('MAIL ' + mail).code, talk.say('RCPT ' + rcpt).code, talk.say('DATA').code],
                                 [250, 250, 354])
                self.assertEqual(talk.say('Subject: loose\r\n\r\n.').code, 250)
                message = self.house.mailbox('bob')[0]
                self.assertEqual((header(message, 'Return-Path'), header(message, 'Delivered-To')),
                                 ([f'<{ALICE}>'], [BOB]))

    def assert_refused(self, which):
        for mail, rcpt in LOOSE:
            with self.subTest(listener=which, mail=mail):
                talk = self.listener(which)
                self.assertEqual(talk.say('MAIL ' + mail).code, 501)
                self.assertEqual(talk.say(f'MAIL FROM:<{ALICE}>').code, 250)
                self.assertEqual(talk.say('RCPT ' + rcpt).code, 501)
                self.assertEqual(talk.say(f'RCPT TO:<{BOB}>').code, 250)


class ByDefault(AddressesTest):
    def test_submission_takes_them(self):
        for which in ('submission', 'submissions'):
            self.assert_taken(which)

    def test_the_listener_for_other_servers_refuses_them(self):
        self.assert_refused('smtp')


class ByWish(AddressesTest):
    def test_strict_addresses_turns_it_round(self):
        self.house.stop()
        for which, strict in (('smtp', False), ('submissions', True)):
            self.house.tables['listen'][which] = {'address': f'{self.house.ip}:{self.house.ports[which]}',
                                                  'strict_addresses': strict}
        self.house.write_config()
        self.house.start()
        self.assert_taken('smtp')
        self.assert_refused('submissions')


if __name__ == '__main__':
    unittest.main()
