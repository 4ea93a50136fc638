"""What a peer can and cannot do, and what is made of it: EHLO, PIPELINING, SIZE, 8BITMIME, SMTPUTF8, STARTTLS, and how
connections and transactions are used."""
import email
import email.policy
import pathlib
import tempfile
import unittest

from posthouse import header, make_certificate
from relaying import RelayTest, body, letter, until

UTF8 = 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n'


class CapabilitiesTest(RelayTest):

    def one(self, peer):
        return until(lambda: peer.messages, 'it arrives')[0]

    def test_a_server_that_knows_only_helo(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', helo_only=True)
        self.start()
        content = letter()
        self.send(a, 'bob@b.test', content)
        self.assertTrue(self.one(peer).content.endswith(content))
        self.assertIn('HELO', peer.connections[-1].verbs)
        self.assertEqual(self.one(peer).parameters, '')  # nothing that was not offered

    def test_no_extensions_and_8_bit(self):
        """Converted, and the same text when decoded."""
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=())
        self.start()
        text = 'Grüße. ' * 300 + '\r\n.\r\n..two\r\nend \r\n'
        self.send(a, 'bob@b.test', letter('8 bit', text.encode(), more=UTF8), options=['BODY=8BITMIME'])
        message = self.one(peer)
        self.assertTrue(message.content.isascii(), message.content)
        self.assertLessEqual(max(map(len, message.content.split(b'\r\n'))), 998)
        parsed = email.message_from_bytes(message.content, policy=email.policy.default)
        self.assertIn(parsed['Content-Transfer-Encoding'], ('quoted-printable', 'base64'))
        self.assertEqual(parsed.get_payload(decode=True).replace(b'\r\n', b'\n'), text.replace('\r\n', '\n').encode())
        self.assertNotIn('BODY', message.parameters)

    def test_8_bit_to_one_that_takes_it(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=('8BITMIME',))
        self.start()
        content = letter('8 bit', 'Grüße\r\n', more=UTF8)
        self.send(a, 'bob@b.test', content, options=['BODY=8BITMIME'])
        self.assertTrue(self.one(peer).content.endswith(content))
        self.assertIn('BODY=8BITMIME', peer.messages[0].parameters)

    def test_a_utf8_address_goes_only_where_it_is_understood(self):
        a = self.add_house()
        old, new = self.add_hostile('old.test', extensions=('8BITMIME',)), self.add_hostile('new.test')
        self.start()
        content = letter('jörg', 'x\r\n')
        for domain in ('new.test', 'old.test'):
            with a.submission('alice') as smtp:
                smtp.sendmail('alice@a.test', [f'jörg@{domain}'], content,
                              mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
        self.assertEqual(self.one(new).recipients, ['jörg@new.test'])
        self.assertIn('SMTPUTF8', new.messages[0].parameters)
        report = email.message_from_bytes(a.mailbox('alice')[0])
        self.assertIn('5.6.7', report.as_string())
        self.assertEqual(old.received, [])

    def test_too_large_for_the_size_that_is_offered(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=('SIZE 20000',))
        self.start()
        self.send(a, 'bob@b.test', letter('large', b'x' * 70 + b'\r\n' * 30_000))
        report = self.bounce(a)
        self.assertEqual(report.fact('bob@b.test', 'Status'), '5.3.4')
        self.assertNotIn('DATA', [verb for c in peer.connections for verb in c.verbs])
        self.send(a, 'bob@b.test', letter('small'))
        self.assertIn('SIZE=', self.one(peer).parameters)

    def test_no_pipelining_without_the_offer(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=('8BITMIME',))
        self.start()
        self.send(a, ['bob@b.test', 'carol@b.test'])
        self.assertEqual(self.one(peer).recipients, ['bob@b.test', 'carol@b.test'])
        self.assertEqual([c.early for c in peer.connections], [[]])

    def test_starttls_when_it_is_offered(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        a = self.add_house()
        peer = self.add_hostile('b.test', tls=make_certificate(pathlib.Path(folder.name), 'mx.b.test'))
        self.start()
        content = letter()
        self.send(a, 'bob@b.test', content)
        self.assertTrue(self.one(peer).content.endswith(content))
        self.assertTrue(peer.connections[-1].tls)
        self.assertEqual(peer.connections[-1].verbs[:3], ['EHLO', 'STARTTLS', 'EHLO'])

    def test_starttls_that_is_offered_and_broken(self):
        a = self.add_house()
        refuses = self.add_hostile('refuses.test', extensions=('STARTTLS',), on={'STARTTLS': '454 4.7.0 not now'})
        fails = self.add_hostile('fails.test', extensions=('STARTTLS',))
        self.start()
        for domain in ('refuses.test', 'fails.test'):
            self.send(a, f'bob@{domain}')
        for peer in (refuses, fails):
            self.one(peer)
        self.until_queue_is_empty(a)

    def test_recipients_of_one_destination_share_a_transaction(self):
        a = self.add_house()
        peer, other = self.add_hostile('b.test'), self.add_hostile('c.test')
        self.start()
        users = [f'u{n}@b.test' for n in range(90)]
        self.send(a, users + ['x@c.test'])
        until(lambda: sum(len(m.recipients) for m in peer.messages) == 90 and other.messages, 'all have it')
        self.assertEqual(len(peer.messages), 1)
        self.assertEqual(sorted(peer.messages[0].recipients), sorted(users))
        self.assertEqual(other.messages[0].recipients, ['x@c.test'])

    def test_idle_connections_are_used_again(self):
        a = self.add_house()
        peer = self.add_hostile('b.test')
        self.start()
        for n in range(10):
            self.send(a, 'bob@b.test', letter(f'n{n}'))
            until(lambda n=n: len(peer.messages) > n, 'it arrives')
        self.assertLess(len(peer.connections), 5)

    def test_a_connection_that_was_closed_meanwhile_costs_nothing(self):
        """The idle connection has gone when it is to be used again: the next is opened, nobody has to wait for a retry."""
        a = self.add_house(queue={'retry_first': '5m', 'retry_max': '4h'})
        peer = self.add_hostile('b.test')
        self.start()
        self.send(a, 'bob@b.test', letter('first'))
        self.one(peer)
        peer.stop()
        peer.start()
        wanted = self.send(a, 'bob@b.test', letter('second'))
        until(lambda: len(peer.messages) == 2, 'the second arrives at once')
        self.assertEqual([header(m.content, 'Subject') for m in peer.messages], [['first'], ['second']])
        a.why(wanted, ('relay', 'done'))

    def test_dots_and_long_lines_on_the_wire(self):
        a = self.add_house()
        peer = self.add_hostile('b.test')
        self.start()
        for n, text in enumerate((b'.\r\n', b'..\r\n.x\r\n', b'\r\n.\r\n.\r\n', b'x' * 5000 + b'\r\n.y' * 2000 + b'\r\n',
                                  b'a\r\n' * 100_000)):
            content = letter(f'n{n}', text)
            self.send(a, 'bob@b.test', content)
            until(lambda n=n: len(peer.messages) > n, 'it arrives')
            self.assertEqual(body(peer.messages[n].content), text)


if __name__ == '__main__':
    unittest.main()
