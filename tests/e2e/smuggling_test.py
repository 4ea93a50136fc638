"""Where a message ends, and where the clear text ends: what a sender could smuggle in between."""
import unittest

from posthouse import DOMAIN, HouseTest
from talk import Pop3Talk, SmtpTalk

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'
SMUGGLED = f'MAIL FROM:<evil@evil.test>\r\nRCPT TO:<{BOB}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n'.encode()
# What other servers have taken for the end of a message (CVE-2023-51764, -51765, -51766 and kin).
NOT_THE_END = (b'\n.\n', b'\n.\r\n', b'\r\n.\n', b'\r.\r', b'\r\n.\r', b'\r.\r\n', b'\n.\r', b'\r\r\n.\r\r\n',
               b'\n\n.\n\n', b'\r\n\0.\r\n', b'\r\n.\0\r\n', b'\r\n.\r\r\n', b'\r\n. \r\n', b'\r\n\x85.\x85\r\n')


class SmugglingTest(HouseTest):
    config = {'limits': {'errors': 1000}}

    def test_nothing_but_crlf_dot_crlf_ends_a_message(self):
        for end in NOT_THE_END:
            with self.subTest(end):
                with SmtpTalk(self.house) as talk:
                    reply = talk.envelope('s@sender.test', ALICE)
                    self.assertEqual(reply.code, 354)
                    talk.send(b'Subject: outer\r\n\r\nfirst' + end + SMUGGLED)
                    reply = talk.reply()
                    if reply.code == 250:  # all of it was one message
                        received = self.house.mailbox('alice')[0]
                        self.assertIn(b'Subject: outer', received)
                        self.assertIn(b'MAIL FROM:<evil@evil.test>', received)
                    else:
                        self.assertEqual(reply.code // 100, 5, str(reply))
                # Whatever became of it, bob must not have heard of it.
                with self.house.smtp() as smtp:
                    smtp.sendmail('s@sender.test', [BOB], b'Subject: marker\r\n\r\n')
                messages = self.house.mailbox('bob')
                self.assertIn(b'Subject: marker', messages[0])

    def test_commands_end_with_crlf_alone(self):
        for line in (b'NOOP\nRSET\r\n', b'NOOP\rRSET\r\n', b'EHLO a\nMAIL FROM:<x@y.test>\r\n'):
            with self.subTest(line), SmtpTalk(self.house) as talk:
                talk.ehlo()
                talk.send(line)
                reply = talk.reply()
                self.assertIn(reply.code, (500, 501, 421), str(reply))

    def test_smtp_forgets_what_came_before_tls(self):
        with SmtpTalk(self.house, 'submission') as talk:
            talk.ehlo()
            talk.send(f'STARTTLS\r\nMAIL FROM:<{ALICE}>\r\nNOOP\r\nNOOP\r\n')
            self.assertEqual(talk.reply().code, 220)
            talk.start_tls()
            self.assertEqual(talk.say('HELP').code, 214)  # not the answer to an injected line
            self.assertEqual(talk.say('MAIL FROM:<a@b.test>').code, 503)  # RFC 3207 §4.2: EHLO again
            self.assertIn('AUTH PLAIN LOGIN', talk.ehlo().text)

    def test_pop3_forgets_what_came_before_tls(self):
        with Pop3Talk(self.house, 'pop3') as talk:
            talk.send(f'STLS\r\nUSER {ALICE}\r\nNOOP\r\n')
            self.assertTrue(talk.line().startswith('+OK'))
            talk.start_tls()
            self.assertTrue(talk.say('CAPA').startswith('+OK'))
            self.assertIn('UIDL', talk.lines())
            self.assertTrue(talk.say('PASS x').startswith('-ERR'))  # no USER has been heard


if __name__ == '__main__':
    unittest.main()
