"""Delivery status notifications as their reader's program sees them: who asked for what (RFC 3461), in what form it is
told (RFC 3464, RFC 6522, RFC 6533), and where a report ends that nobody can be told."""
import email.utils
import unittest

from hostile_peer import EXTENSIONS, greylist
from posthouse import header
from relaying import DEAD, RelayTest, letter, until

ALICE = 'alice@a.test'
TEXT = 'the text of it\r\n.\r\nwith a dot\r\n'
WITH_DSN = (*EXTENSIONS, 'DSN')
EIGHT_BIT = 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n'
LIMPING = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n'


class NotifyTest(RelayTest):

    def told(self, house, action, recipient, **how):
        """The one report in alice's mailbox: its form, and that it says this about this recipient alone."""
        report = self.bounce(house, **how)
        self.assertEqual(len(report.recipients), 1, report.octets)
        self.assertEqual(report.fact(recipient, 'Action'), action)
        self.assertRegex(report.fact(recipient, 'Status'), {'failed': r'^5\.\d+\.\d+$', 'delayed': r'^4\.\d+\.\d+$'}.get(
            action, r'^2\.\d+\.\d+$'))
        self.assertRegex(str(report.per_message['Reporting-MTA']), r'^dns; mail\.[ab]\.test$')
        for field in (report.per_message['Arrival-Date'], report.of(recipient)['Last-Attempt-Date']):
            self.assertIsNotNone(email.utils.parsedate_to_datetime(str(field)).tzinfo)
        self.assertIn(recipient, report.text)
        self.assertEqual(len(list(report.message.iter_parts())), 3)
        return report

    def nobody_is_told(self, house, wanted, outcome):
        """The message has come to its end, and no mailbox has a word of it."""
        house.why(wanted, ('relay', outcome))
        self.until_queue_is_empty(house)
        self.assertEqual((house.messages('alice'), house.messages('bob')), ([], []))
        self.assertNotIn('bounce', {e['stage'] for e in house.why(wanted)})

    # --- who asked for what ---

    def test_success_is_told_by_who_delivers(self):
        """Two posthouses: the first hands the request on, the second says that it is done. One report, not two."""
        a, b = self.add_house('a.test'), self.add_house('b.test')
        self.start()
        wanted = self.send(a, 'bob@b.test', options=['RET=HDRS', 'ENVID=order+2B7'],
                           notify=['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;Bob+2Bx@b.test'])
        report = self.told(a, 'delivered', 'bob@b.test')
        self.assertEqual(str(report.per_message['Reporting-MTA']), 'dns; mail.b.test')
        self.assertEqual(str(report.per_message['Original-Envelope-Id']), 'order+7')
        self.assertEqual(report.fact('bob@b.test', 'Original-Recipient'), 'rfc822;Bob+x@b.test')
        self.assertEqual(len(b.mailbox('bob')), 1)
        self.until_queue_is_empty(a)
        self.assertEqual(a.messages('alice'), [])
        self.assertNotIn('bounce', {e['stage'] for e in a.why(wanted, ('relay', 'done'))})

    def test_success_here(self):
        a = self.add_house()
        self.start()
        self.send(a, ['bob@a.test', ALICE], notify=['NOTIFY=SUCCESS'])
        self.assertEqual(len(a.mailbox('bob')), 1)
        until(lambda: len(a.messages('alice')) >= 2, 'her own copy, and the report')
        report = next(m for m in a.messages('alice') if header(m, 'Return-Path') == ['<>'])
        self.assertIn(b'Action: delivered', report)
        for recipient in (b'bob@a.test', b'alice@a.test'):
            self.assertIn(b'Final-Recipient: rfc822; ' + recipient, report)

    def test_success_beyond_a_server_without_dsn(self):
        a = self.add_house()
        self.add_hostile('b.test', on={'dot': '250-2.6.0 taken over\r\n250 2.6.0 as <77@b.test>'})
        self.start()
        wanted = self.send(a, 'bob@b.test', options=['ENVID=e1'], notify=['NOTIFY=SUCCESS'])
        report = self.told(a, 'relayed', 'bob@b.test')
        self.assertEqual(report.fact('bob@b.test', 'Remote-MTA'), 'dns; mx.b.test')
        self.assertEqual(report.fact('bob@b.test', 'Diagnostic-Code'),
                         'smtp; 250-2.6.0 taken over 250 2.6.0 as <77@b.test>')
        self.assertEqual(str(report.per_message['Original-Envelope-Id']), 'e1')
        self.assertIn('does not confirm deliveries', ' '.join(report.text.split()))
        a.why(wanted, ('relay', 'done'), ('bounce', 'done'))

    def test_success_by_an_alias(self):
        """One address that stands for several: that it was sent on is told, not what becomes of each. RFC 3461 §5.2.7."""
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=WITH_DSN)
        self.start()
        a.cli('alias', 'add', 'team@a.test', 'bob@a.test', 'carol@b.test')
        a.cli('alias', 'add', 'robert@a.test', 'bob@a.test')
        self.send(a, 'team@a.test', notify=['NOTIFY=SUCCESS,FAILURE'])
        self.told(a, 'expanded', 'team@a.test')
        self.assertEqual(len(a.mailbox('bob')), 1)
        until(lambda: peer.messages, 'the copy that leaves')
        said = next(line for _, line in peer.connections[0].lines if line.startswith(b'RCPT')).decode()
        self.assertEqual(said, 'RCPT TO:<carol@b.test> NOTIFY=FAILURE ORCPT=rfc822;team@a.test')
        self.until_queue_is_empty(a)
        self.assertEqual(a.messages('alice'), [])
        # one that stands for one is delivered like any other, and the sender reads the name that they wrote
        self.send(a, 'robert@a.test', notify=['NOTIFY=SUCCESS'])
        report = self.told(a, 'delivered', 'bob@a.test')
        self.assertEqual(report.fact('bob@a.test', 'Original-Recipient'), 'rfc822;robert@a.test')

    def test_never(self):
        a = self.add_house(queue={'warn': '1s', 'expire': '3s'})
        self.add_hostile('no.test', on={'RCPT': '550 5.1.1 no'})
        self.add_hostile('later.test', on={'RCPT': greylist(10_000)})
        self.start()
        for recipient in ('bob@no.test', 'bob@later.test', 'bob@nowhere.test'):
            wanted = self.send(a, recipient, notify=['NOTIFY=NEVER'])
            if recipient != 'bob@nowhere.test':
                self.nobody_is_told(a, wanted, 'failed')
            else:
                a.why(wanted, ('route', 'failed'))
                self.until_queue_is_empty(a)
                self.assertEqual(a.messages('alice'), [])

    def test_delay_and_nothing_else(self):
        a = self.add_house(queue={'warn': '1s', 'expire': '4s'})
        self.add_hostile('later.test', on={'RCPT': greylist(10_000, '451 4.7.1 come back\tlater')})
        self.start()
        wanted = self.send(a, 'bob@later.test', notify=['NOTIFY=DELAY'])
        report = self.told(a, 'delayed', 'bob@later.test')
        self.assertEqual(report.fact('bob@later.test', 'Diagnostic-Code'), 'smtp; 451 4.7.1 come back later')
        self.assertEqual(report.fact('bob@later.test', 'Status'), '4.7.1')
        until_when = email.utils.parsedate_to_datetime(report.fact('bob@later.test', 'Will-Retry-Until'))
        self.assertGreaterEqual(until_when, email.utils.parsedate_to_datetime(str(report.per_message['Arrival-Date'])))
        a.why(wanted, ('relay', 'failed'))
        self.until_queue_is_empty(a)
        self.assertEqual(a.messages('alice'), [])

    def test_failure_and_nothing_else(self):
        a = self.add_house(queue={'warn': '1s', 'expire': '4s'})
        self.add_hostile('later.test', on={'RCPT': greylist(10_000)})
        self.start()
        self.send(a, 'bob@later.test', notify=['NOTIFY=FAILURE'])
        report = self.told(a, 'failed', 'bob@later.test')
        self.assertEqual(report.fact('bob@later.test', 'Status'), '5.4.7')

    def test_what_is_asked_for_is_passed_on(self):
        """RFC 3461 §5.2.1: as it came, to a server that knows DSN; nothing to one that does not."""
        a = self.add_house()
        knows, other = self.add_hostile('b.test', extensions=WITH_DSN), self.add_hostile('c.test')
        self.start()
        for options, notify, mail, rcpt in (
                (['RET=FULL', 'ENVID=x+2By'], ['NOTIFY=SUCCESS,DELAY', 'ORCPT=rfc822;Bob@b.test'],
                 ' RET=FULL ENVID=x+2By', ' NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob@b.test'),
                (['RET=HDRS'], ['NOTIFY=NEVER'], ' RET=HDRS', ' NOTIFY=NEVER'),
                ([], [], '', '')):
            before = len(knows.messages)
            self.send(a, 'bob@b.test', options=options, notify=notify)
            until(lambda before=before: len(knows.messages) > before, 'it has arrived')
            lines = [line.decode() for connection in knows.connections for _, line in connection.lines]
            said = [line for line in lines if line.startswith(('MAIL', 'RCPT'))][-2:]
            self.assertTrue(said[0].endswith(mail), said)
            self.assertEqual('RET=' in said[0] or 'ENVID=' in said[0], bool(mail), said)
            self.assertEqual(said[1], f'RCPT TO:<bob@b.test>{rcpt}')
        self.send(a, 'bob@c.test', options=['RET=FULL', 'ENVID=x'], notify=['NOTIFY=FAILURE', 'ORCPT=rfc822;b@c.test'])
        until(lambda: other.messages, 'it has arrived')
        self.assertNotRegex(str(other.connections[0].lines), 'RET=|ENVID=|NOTIFY=|ORCPT=')

    def test_how_much_comes_back(self):
        a = self.add_house()
        self.add_hostile('b.test', on={'dot': '554-5.7.1 not\r\n554-5.7.1   "this" text; <a@b>\r\n554 5.7.1 ever'})
        self.start()
        content = letter('to come back', TEXT, more='X-Mark: kept\r\n')
        for options in (['RET=FULL'], ['RET=HDRS'], []):
            with self.subTest(options):
                self.send(a, 'bob@b.test', content, options=options)
                report = self.told(a, 'failed', 'bob@b.test')
                whole = options == ['RET=FULL']
                self.assertEqual(report.original.get_content_type(),
                                 'message/rfc822' if whole else 'text/rfc822-headers')
                # verbatim, line by line; a field folds them, which is one blank for its reader
                self.assertEqual(report.fact('bob@b.test', 'Diagnostic-Code'),
                                 'smtp; 554-5.7.1 not 554-5.7.1 "this" text; <a@b> 554 5.7.1 ever')
                self.assertIn('"this" text; <a@b>', report.text)
                octets = report.octets.partition(b'text/rfc822-headers')[2] or report.octets.partition(b'message/rfc822')[2]
                self.assertIn(b'X-Mark: kept\r\n', octets)
                self.assertEqual(TEXT.encode() in octets, whole)
                if whole:
                    back = report.original.get_payload()[0]
                    self.assertEqual(back.get_content(), TEXT)
                    self.assertEqual(back['Subject'], 'to come back')

    # --- what has no form for the next server ---

    def test_eight_bits_that_cannot_be_converted(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=('PIPELINING',))
        self.start()
        body = '--b\r\n\r\nGr\u00fc\u00dfe\r\n--b--\r\n'
        wanted = self.send(a, 'bob@b.test', letter('limping', body, more=LIMPING), options=['BODY=8BITMIME', 'RET=FULL'])
        report = self.told(a, 'failed', 'bob@b.test')
        self.assertEqual(report.fact('bob@b.test', 'Status'), '5.6.3')
        self.assertIn('parts of its own', ' '.join(report.text.split()))
        self.assertEqual(report.octets, report.octets.decode('ascii').encode())
        self.assertEqual(peer.received, [])
        a.why(wanted, ('relay', 'failed'), ('bounce', 'done'))
        # and what can be converted arrives: the same words in 7 bits
        self.send(a, 'bob@b.test', letter('well', 'Gr\u00fc\u00dfe\r\n', more=EIGHT_BIT), options=['BODY=8BITMIME'])
        message, = until(lambda: peer.messages, 'the other one')
        got = email.message_from_bytes(message.content, policy=email.policy.default)
        self.assertEqual(got.get_content().strip(), 'Gr\u00fc\u00dfe')
        self.assertTrue(message.content.isascii())

    def test_utf8_for_a_server_without_it(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', extensions=('PIPELINING', '8BITMIME'))
        self.start()
        utf8 = ['SMTPUTF8', 'BODY=8BITMIME']
        header_only = letter('Gr\u00fc\u00dfe')
        self.send(a, 'bob@b.test', header_only, options=utf8)
        report = self.told(a, 'failed', 'bob@b.test')
        self.assertEqual(report.fact('bob@b.test', 'Status'), '5.6.9')  # RFC 6531 §3.5
        self.assertIn('SMTPUTF8', report.text)
        self.assertTrue(report.octets.isascii())
        self.send(a, ['b\u00fcro@b.test', 'bob@b.test'], letter('plain'), options=utf8)
        report = self.told(a, 'failed', 'b\u00fcro@b.test', kind='global-delivery-status')
        self.assertEqual(report.fact('b\u00fcro@b.test', 'Status'), '5.6.7')
        self.assertEqual(report.fact('b\u00fcro@b.test', 'Final-Recipient'), 'utf-8; b\u00fcro@b.test')
        self.assertEqual(report.original.get_content_type(), 'message/global-headers')
        message, = until(lambda: peer.messages, 'whoever can have it has it')
        self.assertEqual((message.recipients, 'SMTPUTF8' in message.parameters), (['bob@b.test'], False))
        self.until_queue_is_empty(a)

    # --- reports that nobody takes ---

    def test_a_sender_elsewhere_who_is_dead(self):
        """A real bounce to a domain that is gone, one that is down, one that refuses: each ends with the postmaster,
        who reads of the bounce and, in it, of the message that it was about. docs/operations.md"""
        senders = {'gone@never-registered.test': r'^5\.1\.2$', 'down@down.test': r'^5\.4\.7$',
                   'unknown@refuses.test': r'^5\.1\.1$'}
        a = self.add_house('a.test', delivery={'trusted_networks': ['127.0.0.0/8']}, queue={'expire': '3s', 'warn': '1h'})
        self.add_hostile('b.test', on={'RCPT': '550 5.1.1 b knows nobody'})
        refuses = self.add_hostile('refuses.test', on={'RCPT': '550 5.1.1 nor do we'})
        self.nsd.zones['down.test'] = f'MX 10 mx\nmx A {DEAD}\n'
        self.start()
        for sender, status in senders.items():
            with self.subTest(sender):
                with a.smtp() as smtp:
                    smtp.ehlo()
                    smtp.mail(sender, ['RET=FULL'])
                    smtp.rcpt('bob@b.test')
                    reply = smtp.data(letter('lost', sender=sender))[1]
                wanted = reply.decode().rpartition('queued as ')[2].split()[0]
                report = self.told(a, 'failed', sender)
                self.assertRegex(report.fact(sender, 'Status'), status)
                self.assertEqual(header(report.octets, 'To')[0], '<postmaster@mail.a.test>')
                # what comes back is the header of the report that found no reader; it names the message
                self.assertIn('multipart/report', report.original.get_content())
                self.assertIn('Not delivered: your message to bob@b.test', report.original.get_content())
                event = next(e for e in a.why(wanted, ('relay', 'failed'), ('bounce', 'done')) if e['stage'] == 'bounce')
                bounce_id = event['why'].split()[1]  # "report ID (failed, 1 recipient(s)) goes to ..."
                self.assertEqual(str(report.per_message['X-Posthouse-Queue-Id']), bounce_id)
                ended = next(e for e in a.why(bounce_id, ('bounce', 'done')) if e['stage'] == 'bounce')
                self.assertIn('the postmaster', ended['why'])
                self.until_queue_is_empty(a)
        self.assertEqual(refuses.messages, [])
        self.assertEqual((a.messages('alice'), a.messages('bob')), ([], []))


if __name__ == '__main__':
    unittest.main()
