"""Aliases whose targets are elsewhere, accounts that have moved, and circles of them."""
import smtplib
import unittest

from posthouse import header
from relaying import RelayTest, letter, until

HOPS_MAX = 60  # far above what a circle may take before it is found


class ForwardingTest(RelayTest):

    def test_an_alias_with_a_target_elsewhere(self):
        a, peer = self.add_house(), self.add_hostile('b.test')
        self.start()
        a.cli('alias', 'add', 'team@a.test', 'bob@a.test', 'carol@b.test')
        with a.smtp() as smtp:  # from outside: not an open relay, for the alias is ours
            smtp.sendmail('s@sender.test', ['team@a.test'], letter('for the team', sender='s@sender.test'))
        message, = until(lambda: peer.messages, 'the one elsewhere has it')
        self.assertEqual(message.recipients, ['carol@b.test'])
        self.assertEqual(header(a.mailbox('bob')[0], 'Subject'), ['for the team'])
        self.until_queue_is_empty(a)

    def test_an_account_that_has_moved(self):
        a, peer = self.add_house(), self.add_hostile('b.test')
        self.start()
        a.cli('account', 'move', 'bob@a.test', 'bob@b.test', '--forward')
        with a.smtp() as smtp:
            smtp.sendmail('s@sender.test', ['bob@a.test'], letter('moved', sender='s@sender.test'))
        message, = until(lambda: peer.messages, 'the new address has it')
        self.assertEqual(message.recipients, ['bob@b.test'])
        self.assertEqual(a.messages('bob'), [])

    def test_aliases_in_a_circle(self):
        a = self.add_house()
        self.start()
        a.cli('alias', 'add', 'x@a.test', 'y@a.test', expect=None)
        a.cli('alias', 'add', 'y@a.test', 'x@a.test', 'bob@a.test', expect=None)
        self.send(a, 'x@a.test')
        self.assertEqual(len(a.mailbox('bob')), 1)  # out of the circle, once
        self.until_queue_is_empty(a)

    def test_two_servers_that_forward_to_each_other(self):
        a, b = self.add_house('a.test'), self.add_house('b.test')
        self.start()
        a.cli('alias', 'add', 'loop@a.test', 'loop@b.test')
        b.cli('alias', 'add', 'loop@b.test', 'loop@a.test')
        wanted = self.send(a, 'loop@a.test')
        report = self.bounce(a)  # whoever finds it
        self.assertRegex(report.octets.decode(), r'(?i)loop|hops')
        self.assertIn('5.4.6', report.octets.decode())
        for house in (a, b):
            self.until_queue_is_empty(house)
        taken = sum('what=accept.done' in line for house in (a, b) for line in house.log)
        self.assertLess(taken, HOPS_MAX)
        a.why(wanted, ('accept', 'done'))

    def test_a_message_that_has_been_everywhere(self):
        """More Received fields than any honest way has."""
        a, peer = self.add_house(), self.add_hostile('b.test')
        self.start()
        content = b'Received: from x by y; Sat, 21 Nov 2026 10:00:00 +0100\r\n' * 120 + letter('far')
        with a.submission('alice') as smtp, self.assertRaises(smtplib.SMTPDataError) as refused:
            smtp.sendmail('alice@a.test', ['bob@b.test'], content)
        self.assertIn(b'5.4.6', refused.exception.smtp_error)
        self.assertEqual(peer.received, [])


if __name__ == '__main__':
    unittest.main()
