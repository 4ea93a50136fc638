"""Postfix, Exim and OpenSMTPD, each as a server that we send to and as one that sends to us."""
import unittest

from mail_peers import Exim, OpenSmtpd, Postfix
from posthouse import header
from relaying import PORT, RelayTest, Report, body, letter, until

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
    utf8 = True

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

    def test_success_is_confirmed(self):
        """Asked for in either direction: one report, by whoever is the last to know what notifications are."""
        a = self.add_house()
        peer = self.new_peer(routes={'a.test': self.route(a)}, dns=self.nsd)
        self.start()
        with self.subTest('it receives'):
            self.send(a, 'bob@p.test', options=['ENVID=to-them'], notify=['NOTIFY=SUCCESS,FAILURE'])
            self.assertEqual(len(peer.mailbox('bob')), 1)
            self.assert_told_by(peer, a.mailbox('alice')[0])
        with self.subTest('it sends'):
            peer.submit('alice@p.test', ['bob@a.test'], letter(sender='alice@p.test', to='bob@a.test'),
                        ['RET=HDRS', 'ENVID=to-us'], ['NOTIFY=SUCCESS,FAILURE'])
            self.assertEqual(len(a.mailbox('bob')), 1)
            report = Report(peer.mailbox('alice')[0])
            self.assertEqual(report.message.get_content_type(), 'multipart/report')
            self.assertEqual(report.fact('bob@a.test', 'Action'), 'delivered')
            self.assertEqual(str(report.per_message['Reporting-MTA']), 'dns; mail.a.test')
            self.assertEqual(str(report.per_message['Original-Envelope-Id']), 'to-us')
        self.until_queue_is_empty(a)
        self.assertEqual(a.messages('alice'), [])

    def assert_told_by(self, peer, octets):
        report = Report(octets)
        self.assertEqual(report.message.get_content_type(), 'multipart/report')
        self.assertEqual(report.fact('bob@p.test', 'Action'), 'delivered')
        self.assertIn(peer.host, str(report.per_message['Reporting-MTA']))
        self.assertEqual(str(report.per_message['Original-Envelope-Id']), 'to-them')

    def test_headers_in_utf8(self):  # RFC 6531
        a = self.add_house()
        peer = self.new_peer(routes={'a.test': self.route(a)}, dns=self.nsd)
        self.start()
        utf8 = ['SMTPUTF8', 'BODY=8BITMIME']
        self.send(a, 'bob@p.test', letter('Gr\u00fc\u00dfe', to='bob@p.test'), options=utf8)
        if not self.utf8:
            self.assertEqual(self.bounce(a).fact('bob@p.test', 'Status'), '5.6.9')
            self.assertEqual(peer.messages('bob'), [])
            return
        self.assertEqual(header(peer.mailbox('bob')[0], 'Subject'), ['Gr\u00fc\u00dfe'])
        peer.submit('alice@p.test', ['bob@a.test'], letter('\u4f60\u597d', sender='alice@p.test', to='bob@a.test'), utf8)
        got, = a.mailbox('bob')
        self.assertEqual(header(got, 'Subject'), ['\u4f60\u597d'])
        self.assertRegex(header(got, 'Received')[0], ' with UTF8SMTPS ')


class Hurrying(Interop):
    """Those whose queue can be told to try again at once."""

    def test_we_are_down_for_a_while(self):
        a = self.add_house()
        peer = self.new_peer(routes={'a.test': self.route(a)}, dns=self.nsd)
        self.start()
        a.stop()
        peer.submit('alice@p.test', ['bob@a.test'], letter(sender='alice@p.test', to='bob@a.test'))
        until(lambda: b'refused' in peer.get(peer.logs[0]), 'it has found nobody there')
        a.start()
        self.assertEqual(len(a.mailbox('bob')), 1)


class PostfixTest(Hurrying, RelayTest):
    kind = Postfix


class EximTest(Hurrying, RelayTest):
    kind = Exim


class OpenSmtpdTest(Interop, RelayTest):
    kind = OpenSmtpd
    tls = False  # its STARTTLS never works, see there
    utf8 = False

    def route(self, house):
        return f'{house.ip}:{house.ports["smtp"]}'  # it asks an MX at port 25 only

    def assert_told_by(self, peer, octets):
        """In words of its own, not as RFC 3464 has them."""
        self.assertIn(f'@{peer.host}', header(octets, 'From')[0])
        self.assertRegex(octets, rb'(?s)successfully.*bob@p\.test')

    def test_its_broken_starttls_is_no_obstacle(self):
        a = self.add_house()
        peer = self.add_peer(self.kind('p.test', port=PORT, tls=True))
        self.start()
        self.send(a, 'bob@p.test')
        self.assertEqual(len(peer.mailbox('bob')), 1)
        self.until_queue_is_empty(a)


if __name__ == '__main__':
    unittest.main()
