"""The network cut after every octet of a session, in each direction, with and without TLS: what was accepted arrives, and
a second copy comes only where an event has said that it may. The same for the pure client: src/wire/smtp/client_test.cc;
here the queue, the store and the sockets take part."""
import collections
import re
import resource
import unittest

from cutting_proxy import CuttingProxy
from posthouse import make_certificate, until
from relaying import RelayTest

SESSION_S = 100  # for all messages of a round
ROUNDS = 8


class CutTest(RelayTest):

    def setUp(self):
        super().setUp()
        limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (limit, most))
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # both ends of every connection are here
        self.a = self.add_house('a.test')

    def begin(self, **how):
        """A good peer behind a network that breaks, for every domain below b.test: so no destination waits for another."""
        self.peer = self.add_hostile(on={'greeting': '220 p', 'dot': '250 ok', 'MAIL': '250 ok', 'RCPT': '250 ok'},
                                     extensions=('PIPELINING',), **how)
        self.proxy = CuttingProxy((self.peer.ip, self.peer.port))
        self.addCleanup(self.proxy.stop)
        self.nsd.zones['b.test'] = f'mx A {self.proxy.ip}\n* MX 10 mx\n'
        self.start()
        self.proxy.start()

    def submit(self, numbers):
        """A message of a few octets each; their recipients, all of one length."""
        recipients = [f'x@n{number:05}.b.test' for number in numbers]
        with self.a.submission('alice') as smtp:
            for recipient in recipients:
                smtp.sendmail('alice@a.test', [recipient],
                              f'From: <alice@a.test>\r\nMessage-ID: <{recipient}>\r\n\r\n.\r\n'.encode())
        return recipients

    def octets_of_a_session(self):
        """(up, down) of one that nothing happens to, QUIT and its reply too."""
        self.submit([99999])
        until(lambda: self.peer.messages, 'the first one')
        until(lambda: self.peer.connections[0].ended, 'its connection ends')
        passage = self.proxy.passages[0]
        return passage.up, passage.down

    def cut_everywhere(self):
        octets = self.octets_of_a_session()
        wanted = {(direction, n) for direction, most in zip(('up', 'down'), octets) for n in range(most + 1)}
        self.proxy.cuts.extend(sorted(wanted))
        recipients, missed = [], wanted
        for _ in range(ROUNDS):  # after a handshake that was cut the next connection is shorter: some need more tries
            recipients += self.submit(range(len(recipients), len(recipients) + len(missed)))
            until(lambda: not self.jobs(self.a), 'the queue is empty', SESSION_S)
            until(lambda: all(connection.ended for connection in self.peer.connections), 'no connection rests')
            missed = wanted - {passage.cut for passage in self.proxy.passages if passage.done}
            if not missed:
                break
        self.assertEqual(self.proxy.troubles, [])
        # signatures in a handshake are not always of the same length
        self.assertEqual([(way, n) for way, n in missed if n < octets[way == 'down'] - 8], [], 'every place was cut')

        copies = collections.Counter(message.recipients[0] for message in self.peer.received)
        self.assertEqual([r for r in recipients if not copies[r]], [], 'lost')
        self.assertEqual(self.a.messages('alice'), [], 'nothing came back')
        doubts = collections.Counter(re.search(r' to=<([^>]*)>', line)[1] for line in self.a.log
                                     if ' what=relay.note ' in line)
        self.assertEqual([r for r in recipients if copies[r] > 1 + doubts[r]], [], 'a copy that nobody explains')
        twice = [r for r in recipients if copies[r] > 1]
        # cut within the reply to the dot, behind each of its octets but the last; one message may meet two such cuts
        self.assertGreaterEqual(sum(copies[r] - 1 for r in twice), len('250 ok\r'))
        for recipient in twice:
            events = self.a.why(recipient, ('relay', 'note'), ('relay', 'done'))
            told = next(e for e in events if (e['stage'], e['outcome']) == ('relay', 'note'))
            self.assertIn('second copy', told['why'])
        # nobody is warned of a second copy where the message had not been sent to its end
        self.assertLess(len(doubts), len(recipients) * 0.75)
        print(f'{len(wanted)} places, {len(recipients)} messages, {len(self.proxy.passages)} connections, {len(twice)} '
              f'second copies, {len(doubts)} foreseen ... ', end='', flush=True)

    def test_in_clear(self):
        self.begin()
        self.cut_everywhere()

    def test_with_tls(self):
        self.begin(tls=make_certificate(self.a.folder, 'mx.b.test', serial=2))
        self.cut_everywhere()
        self.assertTrue(any(connection.tls for connection in self.peer.connections))


if __name__ == '__main__':
    unittest.main()
