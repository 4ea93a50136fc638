"""The peers themselves: they start, serve, several at once, and end without a trace. A failure here is one of the tests,
not of Posthouse."""
import pathlib
import smtplib
import socket
import ssl
import tempfile
import unittest

from dns_front import DnsFront
from hostile_peer import DROP, RESET, SILENT, HostilePeer, endless, greylist, long_reply, slowly
from mail_peers import MAIL_PEERS, PORT, Exim, Postfix
from posthouse import WAIT_S, make_certificate, until
from peers import NOERROR, NXDOMAIN, REFUSED, Nsd, ask


class NsdTest(unittest.TestCase):

    def test_zones_are_answered_for(self):
        zones = {'a.test': 'MX 10 mx\nMX 20 mx2\nmx A 127.9.8.7\n', 'b.test': '* MX 0 mx.a.test.'}
        with Nsd(zones) as nsd, Nsd({}, port=5300) as other:
            def counts(name, kind):
                return ask((nsd.ip, nsd.port), name, kind)[:2]
            self.assertEqual(counts('a.test', 'MX'), (NOERROR, 2))
            self.assertEqual(counts('mx.a.test', 'A'), (NOERROR, 1))
            self.assertEqual(counts('mx.a.test', 'AAAA'), (NOERROR, 0))
            self.assertEqual(counts('x17.b.test', 'MX'), (NOERROR, 1))
            self.assertEqual(counts('nowhere.test', 'MX'), (NXDOMAIN, 0))
            self.assertEqual(counts('elsewhere.example', 'MX'), (REFUSED, 0))
            self.assertEqual(ask((other.ip, 5300), 'a.test', 'MX').rcode, NXDOMAIN)
            mounts = pathlib.Path('/proc/self/mounts').read_text()
        self.assertNotIn('build/peers', mounts)  # all of it stands in a namespace of the peer's own
        with self.assertRaises(OSError):
            ask((nsd.ip, nsd.port), 'a.test', 'MX')

    def test_a_front_that_keeps_silent(self):
        with Nsd({'a.test': 'MX 10 mx', 'mute.test': 'MX 10 mx'}) as nsd:
            front = DnsFront(nsd, ['mute.test']).start()
            self.addCleanup(front.stop)
            self.assertEqual(ask((front.ip, 53), 'a.test', 'MX').answers, 1)
            for name in ('mute.test', 'x.MUTE.test'):
                with self.assertRaises(OSError):
                    ask((front.ip, 53), name, 'MX', 0.3)
            self.assertEqual(front.dropped, 2)

    def test_it_starts_again_with_other_zones(self):
        nsd = Nsd({'a.test': 'MX 10 mx'})
        self.addCleanup(nsd.close)
        for zone in ('a.test', 'b.test'):
            nsd.zones = {zone: 'MX 10 mx\nMX 20 my', 'test': ''}
            nsd.start()
            self.assertEqual(ask((nsd.ip, nsd.port), zone, 'MX')[:2], (NOERROR, 2))
            nsd.stop()


CONTENT = b'Subject: as it is\r\n\r\n.dot\r\n..dots\r\n' + b'x' * 990 + b'\r\n'


class MailPeerTest(unittest.TestCase):

    def test_each_takes_mail_and_refuses_the_unknown(self):
        for kind in MAIL_PEERS:
            with self.subTest(kind.name), kind('r.test', message_size=100_000) as peer:
                peer.submit('s@s.test', ['alice@r.test', 'bob@r.test'], CONTENT)
                for user in ('alice', 'bob'):
                    self.assertTrue(peer.mailbox(user)[0].endswith(CONTENT.partition(b'\r\n\r\n')[2]))
                with self.assertRaises(smtplib.SMTPRecipientsRefused):
                    peer.submit('s@s.test', ['nobody@r.test'], CONTENT)
                with self.assertRaises(smtplib.SMTPException):
                    peer.submit('s@s.test', ['alice@r.test'], CONTENT * 200)
                peer.empty()
                peer.stop()
                peer.start()  # with the same files
                peer.submit('s@s.test', ['bob@r.test'], CONTENT)
                peer.mailbox('bob')

    def test_each_sends_on_by_a_static_route_and_with_tls(self):
        pair = make_certificate(self.folder(), 'hostile.test')
        for kind in MAIL_PEERS:
            with self.subTest(kind.name), HostilePeer(tls=pair) as sink, \
                    kind('s.test', routes={'away.test': sink.server}) as peer:
                peer.submit('alice@s.test', ['x@away.test'], CONTENT)
                message = until(lambda: sink.messages, f'a message from {kind.name}')[0]
                self.assertEqual((message.sender, message.recipients), ('alice@s.test', ['x@away.test']))
                self.assertTrue(sink.connections[-1].tls)

    def test_two_find_the_mx(self):  # OpenSMTPD has no port for this
        for kind in (Postfix, Exim):
            with self.subTest(kind.name), HostilePeer() as sink, \
                    Nsd({'away.test': f'MX 5 mx\nmx A {sink.ip}'}) as nsd, \
                    kind('s.test', routes={'away.test': PORT}, dns=nsd) as peer:
                peer.submit('alice@s.test', ['x@away.test'], CONTENT)
                try:
                    until(lambda: sink.messages, f'a message from {kind.name}')
                except AssertionError:
                    self.fail(peer.log_text())

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)


class HostilePeerTest(unittest.TestCase):

    def talk(self, peer, timeout=WAIT_S):
        smtp = smtplib.SMTP(timeout=timeout)
        self.addCleanup(smtp.close)
        smtp.connect(peer.ip, peer.port)
        return smtp

    def send(self, peer):
        smtp = self.talk(peer)
        smtp.sendmail('s@s.test', ['a@h.test'], CONTENT)
        smtp.quit()

    def test_a_sink_records_what_it_is_sent(self):
        with HostilePeer() as peer:
            self.send(peer)
            message, = peer.messages
            self.assertEqual((message.sender, message.recipients, message.content),
                             ('s@s.test', ['a@h.test'], CONTENT))
            self.assertEqual(peer.connections[0].verbs[:4], ['EHLO', 'MAIL', 'RCPT', 'DATA'])

    def test_scripted_replies(self):
        with HostilePeer(on={'RCPT': greylist(2)}) as peer:
            smtp = self.talk(peer)
            smtp.ehlo()
            for wanted in (450, 450, 250):
                smtp.rset()
                smtp.mail('s@s.test')
                self.assertEqual(smtp.rcpt('a@h.test')[0], wanted)
        for stage in ('MAIL', 'RCPT', 'DATA', 'dot'):
            with self.subTest(stage), HostilePeer(on={stage: '554 5.7.1 never'}, first=1) as peer:
                with self.assertRaises(smtplib.SMTPException):
                    self.send(peer)
                self.assertEqual(peer.messages, [])
                self.send(peer)
                self.assertEqual(len(peer.messages), 1)
        with HostilePeer(helo_only=True) as peer:
            self.send(peer)
            self.assertEqual(peer.connections[0].verbs[:2], ['EHLO', 'HELO'])

    def test_it_goes_away_at_each_stage(self):
        for stage in ('greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'body', 'dot', 'QUIT'):
            for how in (DROP, RESET):
                with self.subTest(stage), HostilePeer(on={stage: how}, extensions=()) as peer:
                    if stage == 'EHLO':
                        with self.assertRaises(smtplib.SMTPServerDisconnected):
                            self.talk(peer).ehlo()
                        continue
                    with self.assertRaises((smtplib.SMTPException, OSError)):
                        self.send(peer)
                    self.assertEqual(len(peer.received), stage in ('dot', 'QUIT'))
                    self.assertEqual(len(peer.messages), stage == 'QUIT')

    def test_odd_octets(self):
        with HostilePeer(on={'greeting': slowly('220 at last', 0.01), 'EHLO': b'\xff\0garbage'}) as peer:
            smtp = self.talk(peer)
            smtp.sock.sendall(b'EHLO c.test\r\n')
            self.assertEqual(smtp.sock.recv(100), b'\xff\0garbage')
        for flood in (long_reply(220), endless('220-more')):
            with HostilePeer(on={'greeting': flood}) as peer, self.assertRaises((smtplib.SMTPException, OSError)):
                with socket.create_connection((peer.ip, peer.port), WAIT_S) as talk:
                    got = 0
                    while got < 10 << 20:
                        got += len(talk.recv(1 << 20))
                    raise OSError('enough')
        with HostilePeer(on={'greeting': SILENT}) as peer:
            with self.assertRaises(OSError):
                self.talk(peer, 0.2)

    def test_starttls_that_fails(self):
        with HostilePeer(extensions=('STARTTLS',)) as peer:
            smtp = self.talk(peer)
            smtp.ehlo()
            self.assertEqual(smtp.docmd('STARTTLS')[0], 220)
            with self.assertRaises(ssl.SSLError):
                ssl.create_default_context().wrap_socket(smtp.sock, server_hostname='hostile.test')


if __name__ == '__main__':
    unittest.main()
