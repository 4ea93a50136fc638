"""From the final dot into the mailbox: what is added, what is kept, and how it is told."""
import email.utils
import re
import ssl
import time
import unittest

from posthouse import DOMAIN, HOSTNAME, HouseTest, body, header, queue_id, until
from talk import SmtpTalk

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'


def octets_on_disk(folder):
    return sum(path.stat().st_blocks * 512 for path in folder.rglob('*') if path.is_file())


class DeliveryTest(HouseTest):
    accounts = ('alice', 'bob', 'carol') + tuple(f'u{n}' for n in range(20))

    def test_the_trace_of_mail_from_outside(self):
        before = int(time.time())
        content = b'From: s@sender.test\r\nSubject: as it is\r\nX-Odd:\tkept \r\n\r\nb\r\n'
        with SmtpTalk(self.house, source='127.206.0.5') as talk:
            reply = talk.message('s@sender.test', ALICE, content + b'.\r\n')
            self.assertEqual(reply.code, 250)
        message = self.house.mailbox('alice')[0]
        self.assertTrue(message.endswith(content), message)  # ours stands above, theirs is untouched
        self.assertTrue(message.startswith(b'Return-Path: <s@sender.test>\r\n'), message)
        self.assertEqual(header(message, 'Delivered-To'), [ALICE])
        self.assertEqual(header(message, 'Message-ID'), [])  # only submission adds it
        received, = header(message, 'Received')
        self.assertRegex(received, r'^from client\.test \(.*\[127\.206\.0\.5\]\)')
        self.assertIn(f'by {HOSTNAME}', received)
        self.assertIn(' with ESMTP ', received)
        self.assertIn(f' id {queue_id(reply.text)}', received)
        self.assertIn(f'for <{ALICE}>', received)
        at = email.utils.parsedate_to_datetime(received.rpartition(';')[2].strip()).timestamp()
        self.assertTrue(before - 1 <= at <= time.time() + 1, received)

    def test_the_words_after_with(self):  # RFC 3848
        def received():
            return header(self.house.mailbox('bob')[0], 'Received')[0]
        with SmtpTalk(self.house) as talk:
            talk.say('HELO client.test')
            talk.say('MAIL FROM:<s@sender.test>')
            talk.say(f'RCPT TO:<{BOB}>')
            talk.say('DATA')
            self.assertEqual(talk.say('Subject: x\r\n\r\n.').code, 250)
        self.assertIn(' with SMTP ', received())
        for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):  # what was negotiated is told
            context = self.house.trust()
            context.maximum_version = newest
            with self.house.smtp() as smtp:
                smtp.starttls(context=context)
                cipher, version = smtp.sock.cipher()[0], smtp.sock.version()
                smtp.sendmail('s@sender.test', [BOB], b'Subject: x\r\n\r\n')
            line = received()
            self.assertIn(' with ESMTPS ', line)
            self.assertIn(f'(using {version} with cipher {cipher})', line)
        with self.house.submission('alice') as smtp:
            smtp.sendmail(ALICE, [BOB], b'Subject: x\r\n\r\n')
        self.assertIn(' with ESMTPSA ', received())
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            talk.say('MAIL FROM:<s@sender.test> SMTPUTF8')
            talk.say(f'RCPT TO:<{BOB}>')
            talk.say('DATA')
            self.assertEqual(talk.say('Subject: grüße\r\n\r\n.').code, 250)
        self.assertIn(' with UTF8SMTP ', received())

    def test_two_recipients_do_not_learn_of_each_other(self):
        with self.house.smtp() as smtp:
            smtp.sendmail('', [ALICE, BOB], b'Subject: bounce\r\n\r\n')
        for name, address in (('alice', ALICE), ('bob', BOB)):
            message = self.house.mailbox(name)[0]
            self.assertEqual(header(message, 'Return-Path'), ['<>'])
            self.assertEqual(header(message, 'Delivered-To'), [address])
            self.assertNotIn(' for ', header(message, 'Received')[0].partition(';')[0])

    def test_submission_completes_what_is_missing(self):
        with self.house.submission('alice') as smtp:
            smtp.sendmail(ALICE, [BOB], b'Subject: bare\r\n\r\nx\r\n')
            message = self.house.mailbox('bob')[0]
            ids, dates = header(message, 'Message-ID'), header(message, 'Date')
            self.assertEqual((len(ids), len(dates)), (1, 1), message)
            self.assertRegex(ids[0], r'^<[^<>@\s]+@[^<>@\s]+>$')
            self.assertLess(abs(email.utils.parsedate_to_datetime(dates[0]).timestamp() - time.time()), 60)
            whole = b'Message-ID: <mine@client.test>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n\r\nx\r\n'
            smtp.sendmail(ALICE, [BOB], whole)
            self.assertTrue(self.house.mailbox('bob')[0].endswith(whole))

    def test_one_id_from_the_reply_to_the_log_the_header_and_the_events(self):
        with SmtpTalk(self.house) as talk:
            reply = talk.message('s@sender.test', ALICE, 'Message-ID: <n1@sender.test>\r\n\r\nx\r\n.\r\n')
        wanted = queue_id(reply.text)
        message = self.house.mailbox('alice')[0]
        self.assertIn(f' id {wanted}', header(message, 'Received')[0])
        self.house.wait_log(rf'\b{wanted}\b')
        for term in (wanted, 'n1@sender.test', '<n1@sender.test>'):
            events = self.house.why(term, ('accept', 'done'), ('deliver', 'done'))
            self.assertEqual({e['queue_id'] for e in events}, {wanted}, term)
            self.assertEqual(sorted(e['at'] for e in events), [e['at'] for e in events], 'oldest first')
        accepted = next(e for e in events if e['stage'] == 'accept')
        self.assertIn(wanted, accepted['reply'])
        delivered = next(e for e in events if e['stage'] == 'deliver')
        self.assertEqual(delivered['recipient'], ALICE)
        self.assertIn(wanted, self.house.cli('why', wanted).stdout)

    def test_postmaster_is_somebody(self):
        for address in ('postmaster', 'Postmaster', f'POSTMASTER@{DOMAIN}'):
            with SmtpTalk(self.house) as talk:
                talk.message('s@sender.test', address, 'Subject: help\r\n\r\n.\r\n')
        self.house.mailbox('alice', 3)  # the first account of the domain
        self.house.cli('alias', 'add', f'postmaster@{DOMAIN}', BOB)
        with SmtpTalk(self.house) as talk:
            talk.message('s@sender.test', 'postmaster', 'Subject: help\r\n\r\n.\r\n')
        self.house.mailbox('bob')
        self.house.cli('alias', 'remove', f'postmaster@{DOMAIN}')

    def test_an_alias_reaches_each_target_once(self):
        self.house.cli('alias', 'add', f'team@{DOMAIN}', ALICE, BOB, f'team@{DOMAIN}')
        self.house.cli('alias', 'add', f'all@{DOMAIN}', f'team@{DOMAIN}', BOB)
        with self.house.smtp() as smtp:
            smtp.sendmail('s@sender.test', [f'all@{DOMAIN}', BOB], b'Subject: team\r\n\r\n')
            smtp.sendmail('s@sender.test', [ALICE, BOB], b'Subject: end\r\n\r\n')
        for name in ('alice', 'bob'):
            subjects = [header(m, 'Subject')[0] for m in self.house.mailbox(name, 2)]
            self.assertEqual(sorted(subjects), ['end', 'team'], name)

    def test_many_recipients_share_one_copy(self):
        users = [f'u{n}@{DOMAIN}' for n in range(20)]
        size = 4 << 20
        content = b'Subject: large\r\n\r\n' + (b'%050d' % 7 + b'\r\n') * (size // 52)
        before = octets_on_disk(self.house.folder / 'store')
        with self.house.smtp() as smtp:
            smtp.sendmail('s@sender.test', users, content)
        for name in ('u0', 'u7', 'u19'):
            self.assertEqual(body(self.house.mailbox(name, delete=False)[0]), body(content))
        grown = octets_on_disk(self.house.folder / 'store') - before
        self.assertLess(grown, 4 * size, f'{grown} octets for one message of {size} to 20 recipients')
        # the copy lives as long as one of them keeps it
        for name in ('u0', 'u7'):
            self.house.mailbox(name)
        self.assertEqual(body(self.house.mailbox('u19')[0]), body(content))

    def test_a_pipelined_session(self):
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            talk.send(f'MAIL FROM:<s@sender.test>\r\nRCPT TO:<{ALICE}>\r\nRCPT TO:<nobody@{DOMAIN}>\r\nDATA\r\n')
            self.assertEqual([talk.reply().code for _ in range(4)], [250, 250, 550, 354])
            talk.send(f'Subject: p1\r\n\r\n.\r\nMAIL FROM:<s@sender.test>\r\nRCPT TO:<{ALICE}>\r\nDATA\r\n')
            self.assertEqual([talk.reply().code for _ in range(4)], [250, 250, 250, 354])
            talk.send('Subject: p2\r\n\r\n.\r\nQUIT\r\n')
            self.assertEqual([talk.reply().code for _ in range(2)], [250, 221])
        subjects = [header(m, 'Subject')[0] for m in self.house.mailbox('alice', 2)]
        self.assertEqual(sorted(subjects), ['p1', 'p2'])

    def test_every_cut_of_the_wire_means_the_same(self):
        wire = (f'EHLO c.test\r\nMAIL FROM:<s@sender.test>\r\nRCPT TO:<{BOB}>\r\nDATA\r\n'
                'Subject: cut\r\n\r\n..dot\r\n.\r\nQUIT\r\n').encode()
        with SmtpTalk(self.house) as talk:
            for octet in wire:
                talk.send(bytes([octet]))
            codes = [talk.reply().code for _ in range(6)]
        self.assertEqual(codes, [250, 250, 250, 354, 250, 221])
        self.assertEqual(body(self.house.mailbox('bob')[0]), b'.dot\r\n')

    def test_a_connection_that_breaks_leaves_nothing(self):
        with SmtpTalk(self.house) as talk:
            talk.envelope('s@sender.test', f'carol@{DOMAIN}')
            talk.send('Subject: never finished\r\n\r\nx\r\n')
        with self.house.smtp() as smtp:
            smtp.sendmail('s@sender.test', [f'carol@{DOMAIN}'], b'Subject: marker\r\n\r\n')
        self.assertEqual(header(self.house.mailbox('carol')[0], 'Subject'), ['marker'])

    def test_a_full_mailbox_is_told_to_the_sender_of_the_next_message(self):
        u = f'u13@{DOMAIN}'
        self.house.cli('account', 'quota', u, '3 KB')
        with self.house.smtp() as smtp:
            smtp.sendmail('s@sender.test', [u], b'Subject: a\r\n\r\n' + b'x' * 60 + b'\r\n')
            until(lambda: self.house.facts('account', 'show', u)[0]['messages'] == 1, 'delivery')
            refused = smtp.docmd('MAIL', 'FROM:<s@sender.test> SIZE=4000')[0], smtp.docmd('RCPT', f'TO:<{u}>')[0]
        self.assertEqual(refused, (250, 552))
        self.assertTrue(re.match(r'\d+$', str(self.house.facts('account', 'show', u)[0]['octets'])))


if __name__ == '__main__':
    unittest.main()
