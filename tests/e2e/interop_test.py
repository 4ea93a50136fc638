"""Postfix, Exim and OpenSMTPD, each as a server that we send to and as one that sends to us."""
import unittest

from mail_peers import Exim, OpenSmtpd, Postfix
from posthouse import header
from relaying import PORT, RelayTest, body, letter, until

MIME = 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n'
LETTERS = {
    'plain': b'hello\r\n',
    'dots': b'.\r\n..\r\n.x\r\n...\r\nend.\r\n',
    'eight bit': 'Grüße, Привет, 你好\r\n'.encode() * 20,
    'line of 998': b'x' * 998 + b'\r\n',
    'empty': b'',
    'spaces': b'a  \r\n\t\r\nb\r\n',
    'from': b'From here\r\n>From there\r\n',
    'a megabyte': b'%070d\r\n' % 9 * 15_000,
}


def by_subject(messages):
    return {header(message, 'Subject')[0]: message for message in messages}


class Interop:
    """What holds for each of them; a class of its own for each below."""
    kind = None
    tls = True

    def new_peer(self, **how):
        return self.add_peer(self.kind('p.test', port=PORT, tls=self.tls, **how))

    def test_it_receives(self):
        a = self.add_house()
        users = ['alice', 'bob'] + [f'u{n}' for n in range(40)]
        peer = self.new_peer(users=users)
        self.start()
        with self.subTest('octet by octet'):
            for subject, text in LETTERS.items():
                self.send(a, 'bob@p.test', letter(subject, text, to='bob@p.test', more=MIME), options=['BODY=8BITMIME'])
            got = by_subject(peer.mailbox('bob', len(LETTERS)))
            for subject, text in LETTERS.items():
                self.assertEqual(body(got[subject]), text, subject)
            for message in got.values():
                self.assertIn('mail.a.test', header(message, 'Received')[-1])
        if self.tls:
            self.assertRegex(header(got['plain'], 'Received')[0], r'(?i)esmtps|tls')
        peer.empty()
        with self.subTest('many recipients'):
            wanted = self.send(a, [f'{user}@p.test' for user in users[2:]])
            for user in users[2:]:
                self.assertEqual(len(peer.mailbox(user)), 1)
            a.why(wanted, ('relay', 'done'))
        with self.subTest('unknown user'):
            self.send(a, ['nobody@p.test', 'bob@p.test'], letter('unknown'))
            report = self.bounce(a)
            self.assertEqual(report.fact('nobody@p.test', 'Action'), 'failed')
            self.assertIn('550', report.fact('nobody@p.test', 'Diagnostic-Code'))
            self.assertEqual(len(report.recipients), 1)
            self.assertIn('unknown', by_subject(peer.mailbox('bob')))
        self.until_queue_is_empty(a)

    def test_it_receives_with_a_limit(self):
        a = self.add_house()
        peer = self.new_peer(message_size=200_000)
        self.start()
        self.send(a, 'bob@p.test', letter('large', b'%070d\r\n' % 9 * 5_000))
        report = self.bounce(a)
        self.assertEqual(report.fact('bob@p.test', 'Action'), 'failed')
        self.assertRegex(report.fact('bob@p.test', 'Status'), r'^5\.3\.4|^5\.2\.3')
        self.assertEqual(peer.messages('bob'), [])

    def test_it_is_down_for_a_while(self):
        a = self.add_house()
        peer = self.new_peer()
        self.start()
        peer.stop()
        wanted = self.send(a, 'bob@p.test')
        self.until_deferred(a, wanted, attempts=1)
        peer.start()
        self.assertEqual(len(peer.mailbox('bob')), 1)
        self.until_queue_is_empty(a)

    def test_it_sends(self):
        a = self.add_house('a.test', accounts=['alice', 'bob'] + [f'u{n}' for n in range(20)],
                           limits={'message_size': '3 MB'})
        peer = self.new_peer(routes={'a.test': self.route(a)}, dns=self.nsd)
        self.start()
        sender = 'alice@p.test'
        with self.subTest('octet by octet'):
            for subject, text in LETTERS.items():
                peer.submit(sender, ['bob@a.test'], letter(subject, text, sender, 'bob@a.test', more=MIME),
                            ['BODY=8BITMIME'] if subject == 'eight bit' else ())
            got = by_subject(a.mailbox('bob', len(LETTERS)))
            for subject, text in LETTERS.items():
                self.assertEqual(body(got[subject]), text, subject)
            trace = header(got['plain'], 'Received')[0]
            self.assertIn(f'[{peer.ip}]', trace)
            self.assertIn(' with ESMTPS ', trace)
            self.assertEqual(header(got['plain'], 'Return-Path'), [f'<{sender}>'])
        with self.subTest('many recipients'):
            users = [f'u{n}@a.test' for n in range(20)]
            peer.submit(sender, users, letter('many', sender=sender))
            for user in users:
                self.assertEqual(len(a.mailbox(user)), 1)
        with self.subTest('unknown user'):
            peer.submit(sender, ['nobody@a.test', 'bob@a.test'], letter('unknown', sender=sender))
            back, = peer.mailbox('alice')  # it tells its own sender in our words
            self.assertIn(b'nobody@a.test', back)
            self.assertRegex(back, rb'550')
            self.assertIn('unknown', by_subject(a.mailbox('bob')))
        peer.empty()
        with self.subTest('too large for us'):
            peer.submit(sender, ['bob@a.test'], letter('large', b'%070d\r\n' % 9 * 60_000, sender))
            back, = peer.mailbox('alice')
            self.assertRegex(back, rb'(?i)55\d|size|large|too big')
            self.assertEqual(a.messages('bob'), [])

    def route(self, house):
        """How it finds us: by our MX, at our port."""
        return house.ports['smtp']

    def test_a_letter_and_its_answer(self):
        """From a mailbox to a mailbox over both, and back, the bounce of the answer too."""
        a = self.add_house()
        peer = self.new_peer(routes={'a.test': self.route(a)}, dns=self.nsd)
        self.start()
        self.send(a, 'bob@p.test', letter('question', to='bob@p.test'))
        question, = peer.mailbox('bob')
        self.assertIn('mail.a.test', header(question, 'Received')[-1])
        peer.submit('bob@p.test', ['alice@a.test'], letter('answer', sender='bob@p.test', to='alice@a.test'))
        answer, = a.mailbox('alice')
        self.assertEqual(header(answer, 'Subject'), ['answer'])
        until(lambda: not self.jobs(a), 'nothing is left')


class PostfixTest(Interop, RelayTest):
    kind = Postfix


class EximTest(Interop, RelayTest):
    kind = Exim


class OpenSmtpdTest(Interop, RelayTest):
    kind = OpenSmtpd
    tls = False  # its STARTTLS never works, see there

    def route(self, house):
        return f'{house.ip}:{house.ports["smtp"]}'  # it asks an MX at port 25 only

    def test_its_broken_starttls_is_no_obstacle(self):
        a = self.add_house()
        peer = self.add_peer(self.kind('p.test', port=PORT, tls=True))
        self.start()
        self.send(a, 'bob@p.test')
        self.assertEqual(len(peer.mailbox('bob')), 1)
        self.until_queue_is_empty(a)


if __name__ == '__main__':
    unittest.main()
