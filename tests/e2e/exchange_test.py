"""Two servers, a.test and b.test, that find each other by DNS: mail crosses both ways and both can tell the story."""
import email
import email.policy
import random
import unittest

from posthouse import header
from relaying import RelayTest, letter

ALICE, BOB = 'alice@a.test', 'bob@b.test'
BINARY = bytes(random.Random(7).choices(range(256), k=300_000))


class ExchangeTest(RelayTest):

    def setUp(self):
        super().setUp()
        self.a, self.b = self.add_house('a.test'), self.add_house('b.test')
        self.start()

    def test_a_letter_and_its_answer(self):
        there = letter('there', 'hello\r\n', ALICE, BOB)
        self.send(self.a, BOB, there)
        message, = self.b.mailbox('bob')
        self.assertTrue(message.endswith(there), message)
        back = letter('back', 'thanks\r\n', BOB, ALICE)
        self.send(self.b, ALICE, back, user='bob')
        message, = self.a.mailbox('alice')
        self.assertTrue(message.endswith(back), message)
        for house in (self.a, self.b):
            self.until_queue_is_empty(house)

    def test_octet_by_octet(self):
        """Through a client that submits it, two servers and POP3: the same octets."""
        bodies = {
            'dots': b'.\r\n..\r\n...\r\n.x\r\n\r\n.\r\n',
            '8 bit': 'Grüße, Привет, 你好\r\n'.encode() * 50,
            'latin1': b'\xe9\xe8\xff\x80\r\n',
            'spaces at the end': b'x  \r\n\t\r\n  \r\n',
            'no text': b'',
            'empty lines': b'\r\n\r\n\r\n',
            'a line of 998': b'x' * 998 + b'\r\n',
            'a line of 5000': b'y' * 5000 + b'\r\n',
            'a megabyte': (b'%070d\r\n' % 9) * 15_000,
        }
        for subject, text in bodies.items():
            content = letter(subject, text, ALICE, BOB, more='MIME-Version: 1.0\r\nContent-Type: text/plain; '
                             'charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n')
            with self.subTest(subject):
                self.send(self.a, BOB, content, options=['BODY=8BITMIME'])
                message, = self.b.mailbox('bob')
                self.assertEqual(message[message.index(b'From: '):], content)

    def test_an_attachment_made_by_a_client(self):
        made = email.message.EmailMessage()
        made['From'], made['To'], made['Subject'] = ALICE, BOB, 'Grüße mit Anhang'
        made.set_content('see there\n')
        made.add_attachment(BINARY, maintype='application', subtype='octet-stream', filename='noise.bin')
        with self.a.submission('alice') as smtp:
            smtp.send_message(made)
        got = email.message_from_bytes(self.b.mailbox('bob')[0], policy=email.policy.default)
        self.assertEqual(got['Subject'], 'Grüße mit Anhang')
        attachment, = got.iter_attachments()
        self.assertEqual(attachment.get_content(), BINARY)

    def test_the_trace_and_the_story(self):
        content = letter('traced', 'x\r\n', ALICE, BOB)
        at_a = self.send(self.a, BOB, content)
        message, = self.b.mailbox('bob')
        received = header(message, 'Received')
        self.assertEqual(len(received), 2, message)
        self.assertIn('by mail.b.test', received[0])
        self.assertIn('from mail.a.test', received[0])
        self.assertIn('by mail.a.test', received[1])
        self.assertIn(f' id {at_a}', received[1])
        self.assertEqual(header(message, 'Return-Path'), [f'<{ALICE}>'])
        self.assertEqual(header(message, 'Delivered-To'), [BOB])

        sent = self.a.why(at_a, ('accept', 'done'), ('relay', 'done'))
        relayed = next(e for e in sent if (e['stage'], e['outcome']) == ('relay', 'done'))
        self.assertEqual(relayed['recipient'], BOB)
        self.assertIn(self.b.ip, relayed['peer'])
        at_b = relayed['reply'].rpartition('queued as ')[2].split()[0]  # the other side's words, verbatim
        taken = self.b.why(at_b, ('accept', 'done'), ('deliver', 'done'))
        self.assertEqual({e['queue_id'] for e in taken}, {at_b})
        self.assertIn(f' id {at_b}', received[0])
        message_id, = header(message, 'Message-ID')
        for house, wanted in ((self.a, ('relay', 'done')), (self.b, ('deliver', 'done'))):
            house.why(message_id, wanted)
        self.assertIn('mail.b.test', self.a.cli('why', at_a).stdout)

    def test_servers_speak_tls_to_each_other(self):
        self.send(self.a, BOB)
        received = header(self.b.mailbox('bob')[0], 'Received')
        self.assertIn(' with ESMTPS ', received[0])  # offered, so used; its certificate is self-signed

    def test_one_message_here_and_there(self):
        self.send(self.a, [BOB, 'alice@b.test', 'bob@a.test'])
        for house, user in ((self.b, 'bob'), (self.b, 'alice'), (self.a, 'bob')):
            self.assertEqual(len(house.mailbox(user)), 1)

    def test_a_name_that_both_have(self):
        """Mail to ourselves by our own domain does not travel."""
        self.send(self.a, ALICE)
        self.assertEqual(len(header(self.a.mailbox('alice')[0], 'Received')), 1)

    def test_it_waits_while_the_other_is_down(self):
        self.b.stop()
        wanted = self.send(self.a, BOB)
        self.until_deferred(self.a, wanted, attempts=2)
        self.a.stop()  # and a restart does not forget it
        self.a.start()
        self.b.start()
        self.assertEqual(len(self.b.mailbox('bob')), 1)
        self.until_queue_is_empty(self.a)
        self.a.why(wanted, ('relay', 'deferred'), ('relay', 'done'))

    def test_a_killed_server_goes_on(self):
        self.b.stop()
        ids = [self.send(self.a, BOB, letter(f'n{n}', 'x\r\n', ALICE, BOB)) for n in range(5)]
        self.a.kill()
        self.a.start()
        self.b.start()
        got = [header(m, 'Subject')[0] for m in self.b.mailbox('bob', 5)]
        self.assertEqual(sorted(got), [f'n{n}' for n in range(5)])
        self.assertEqual(len(set(ids)), 5)


if __name__ == '__main__':
    unittest.main()
