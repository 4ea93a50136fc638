"""Mail that is refused comes back to its sender, once, with the reason in the words of who refused it."""
import unittest

from hostile_peer import greylist
from posthouse import header
from relaying import RelayTest, letter, until

ALICE = 'alice@a.test'
REFUSAL = '550-5.1.1 <bob@b.test>: we do not know him\r\n550 5.1.1 see http://help.b.test/?q=550&x="y"'


class BounceTest(RelayTest):

    def test_a_refused_recipient(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', on={'RCPT': REFUSAL})
        self.start()
        content = letter('refused', 'the text\r\n', more='X-Mark: kept\r\n')
        wanted = self.send(a, 'bob@b.test', content)
        report = self.bounce(a)
        self.assertEqual(report.fact('bob@b.test', 'Action'), 'failed')
        self.assertEqual(report.fact('bob@b.test', 'Status'), '5.1.1')
        self.assertIn('mail.a.test', str(report.per_message['Reporting-MTA']))
        diagnostic = report.fact('bob@b.test', 'Diagnostic-Code')
        for words in ('smtp;', '5.1.1 <bob@b.test>: we do not know him', 'see http://help.b.test/?q=550&x="y"'):
            self.assertIn(words, diagnostic)
            if words != 'smtp;':
                self.assertIn(words, ' '.join(report.text.split()))
        self.assertIn('bob@b.test', report.text)
        self.assertIn('X-Mark: kept', report.original.as_string())  # the header of what was sent
        self.assertIn(ALICE, header(report.octets, 'To')[0])
        self.assertRegex(header(report.octets, 'Auto-Submitted')[0], '^auto-(replied|generated)')
        self.until_queue_is_empty(a)
        self.assertEqual(len(peer.messages), 0)

        events = a.why(wanted, ('accept', 'done'), ('relay', 'failed'), ('bounce', 'done'))
        failed = next(e for e in events if (e['stage'], e['outcome']) == ('relay', 'failed'))
        self.assertIn('we do not know him', failed['reply'])
        self.assertIn(peer.ip, failed['peer'])
        self.assertIn('we do not know him', a.cli('why', wanted).stdout)

    def test_refused_at_each_stage(self):
        a = self.add_house()
        stages = {'MAIL': '553 5.1.8 we do not like alice', 'DATA': '554 5.7.0 no data today',
                  'dot': '554 5.6.0 not this text'}
        for stage, reply in stages.items():
            self.add_hostile(f'{stage.lower()}.test', on={stage: reply})
        self.start()
        for stage, reply in stages.items():
            with self.subTest(stage):
                recipient = f'bob@{stage.lower()}.test'
                self.send(a, recipient)
                report = self.bounce(a)
                self.assertEqual(report.fact(recipient, 'Status'), reply.split()[1])
                self.assertIn(reply.split(' ', 2)[2], report.fact(recipient, 'Diagnostic-Code'))

    def test_one_is_taken_one_refused_one_waits(self):
        a = self.add_house()

        def by_name(_, line):
            return {b'no': '550 5.1.1 no', b'la': '451 4.2.0 later', b'ye': None}[line.partition(b'<')[2][:2]]
        peer = self.add_hostile('b.test', on={'RCPT': by_name})
        self.start()
        wanted = self.send(a, ['yes@b.test', 'no@b.test', 'later@b.test'])
        report = self.bounce(a)
        self.assertEqual(len(report.recipients), 1)
        self.assertEqual(report.fact('no@b.test', 'Status'), '5.1.1')
        self.until_deferred(a, wanted, text='451 4.2.0 later')
        self.assertEqual([m.recipients for m in peer.messages], [['yes@b.test']])
        self.assertEqual([job['recipient'] for job in self.jobs(a, wanted)], ['later@b.test'])
        peer.on.clear()
        until(lambda: len(peer.messages) == 2, 'the last one')
        self.assertEqual(peer.messages[1].recipients, ['later@b.test'])
        self.until_queue_is_empty(a)
        self.assertEqual(a.messages('alice'), [])  # one bounce, taken out above, and no more

    def test_an_unknown_user_of_another_posthouse(self):
        a, b = self.add_house('a.test'), self.add_house('b.test')
        self.start()
        self.send(a, 'nobody@b.test')
        report = self.bounce(a)
        self.assertEqual(report.fact('nobody@b.test', 'Status'), '5.1.1')
        self.assertIn('mail.b.test', report.octets.decode())
        self.until_queue_is_empty(b)

    def test_no_bounce_of_a_bounce(self):
        a = self.add_house(delivery={'trusted_networks': ['127.0.0.0/8']})
        peer = self.add_hostile('b.test', on={'RCPT': '550 5.1.1 no'})
        self.start()
        with a.smtp() as smtp:
            smtp.ehlo()
            smtp.mail('')
            self.assertEqual(smtp.rcpt('bob@b.test')[0], 250)
            self.assertEqual(smtp.data(letter('Undelivered', sender='mailer-daemon@c.test'))[0], 250)
        until(lambda: peer.connections, 'it was tried')
        events = a.why('bob@b.test', ('relay', 'failed'))
        told = [e for e in events if e['stage'] == 'bounce']
        self.assertEqual(len(told), 1, 'an event says who was told')
        self.assertIn('postmaster', told[0]['why'])  # where an administrator sees it, and nobody else
        self.assertEqual(self.bounce(a, 'alice').fact('bob@b.test', 'Action'), 'failed')  # the first account is postmaster
        self.until_queue_is_empty(a)
        self.assertEqual((len(peer.received), a.messages('bob')), (0, []))

    def test_a_postmaster_who_refuses_ends_it(self):
        """What nobody wants to read goes round once, not for ever."""
        a = self.add_house(delivery={'trusted_networks': ['127.0.0.0/8']})
        peer = self.add_hostile('b.test', on={'RCPT': '550 5.1.1 no'})
        self.start()
        a.cli('alias', 'add', 'postmaster@a.test', 'carol@b.test')
        with a.smtp() as smtp:
            smtp.ehlo()
            smtp.mail('')
            self.assertEqual(smtp.rcpt('bob@b.test')[0], 250)
            self.assertEqual(smtp.data(letter('Undelivered', sender='mailer-daemon@c.test'))[0], 250)
        until(lambda: a.why('carol@b.test', ('relay', 'failed')), 'the notice was refused')
        self.until_queue_is_empty(a)
        self.assertEqual(len([line for line in a.log_text(1000).splitlines() if 'what=bounce.done' in line]), 1)

    def test_a_bounce_to_a_sender_elsewhere(self):
        a = self.add_house(delivery={'trusted_networks': ['127.0.0.0/8']})
        self.add_hostile('b.test', on={'RCPT': '550 5.1.1 no'})
        home = self.add_hostile('c.test')
        self.start()
        with a.smtp() as smtp:
            smtp.sendmail('carol@c.test', ['bob@b.test'], letter(sender='carol@c.test'))
        message, = until(lambda: home.messages, 'the bounce travels too')
        self.assertEqual((message.sender, message.recipients), ('', ['carol@c.test']))
        self.assertIn(b'multipart/report', message.content)

    def test_what_waits_is_told_and_then_given_up(self):
        a = self.add_house(queue={'warn': '2s', 'expire': '6s'})
        self.add_hostile('b.test', on={'RCPT': greylist(10_000, '450 4.2.0 come back tomorrow')})
        self.start()
        self.send(a, 'bob@b.test')
        delayed = self.bounce(a)
        self.assertEqual(delayed.fact('bob@b.test', 'Action'), 'delayed')
        self.assertEqual(delayed.fact('bob@b.test', 'Status')[0], '4')
        self.assertTrue(delayed.fact('bob@b.test', 'Will-Retry-Until'))
        failed = self.bounce(a)  # one notice of delay, not one a retry
        self.assertEqual(failed.fact('bob@b.test', 'Action'), 'failed')
        self.assertIn('come back tomorrow', failed.fact('bob@b.test', 'Diagnostic-Code'))
        self.until_queue_is_empty(a)


if __name__ == '__main__':
    unittest.main()
