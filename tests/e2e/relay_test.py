"""Never an open relay: who may send what to whom, in every spelling that has fooled a server before."""
import unittest

from posthouse import DOMAIN, HouseTest, queue_id
from talk import SmtpTalk

LOCAL = (f'alice@{DOMAIN}', f'ALICE@{DOMAIN}', f'alice@{DOMAIN.upper()}', f'"alice"@{DOMAIN}',
         f'@relay.test,@other.test:alice@{DOMAIN}', f'alice+tag@{DOMAIN}', 'postmaster', 'PostMaster',
         f'postmaster@{DOMAIN}', f'POSTMASTER@{DOMAIN.upper()}')
REMOTE = ('someone@elsewhere.test', f'someone@sub.{DOMAIN}', f'someone@{DOMAIN}.elsewhere.test',
          f'@{DOMAIN}:someone@elsewhere.test', f'@{DOMAIN},@{DOMAIN}:someone@elsewhere.test',
          'someone@[127.0.0.1]', 'someone@[192.0.2.1]', 'someone@[IPv6:::1]', f'alice@x{DOMAIN}')
# Local by their domain, and no mailbox here: nobody may read a second address out of them.
HACKED = (f'someone%elsewhere.test@{DOMAIN}', f'elsewhere.test!someone@{DOMAIN}',
          f'"someone@elsewhere.test"@{DOMAIN}', f'"someone%elsewhere.test"@{DOMAIN}',
          f'"@elsewhere.test:someone"@{DOMAIN}', f'someone@elsewhere.test@{DOMAIN}', f'someone@{DOMAIN}@elsewhere.test',
          f'@elsewhere.test@{DOMAIN}', f'someone@@{DOMAIN}', 'someone@', '@elsewhere.test', f'alice@{DOMAIN}.',
          'alice@', 'alice', f'alice@{DOMAIN} elsewhere.test', f'alice@{DOMAIN}\0elsewhere.test')


class RelayTest(HouseTest):
    config = {'delivery': {'trusted_networks': ['127.202.0.0/16'], 'routes': {'*': 'hold'}},
              'limits': {'errors': 1000}}

    def codes(self, addresses, listener='smtp', source=None, login=None, sender='s@sender.test'):
        with SmtpTalk(self.house, listener, source, tls=listener == 'submissions') as talk:
            talk.ehlo()
            if login:
                self.assertEqual(talk.login(login, self.house.passwords[login]).code, 235)
            self.assertEqual(talk.say(f'MAIL FROM:<{sender}>').code, 250)
            return {address: talk.say(f'RCPT TO:<{address}>').code for address in addresses}

    def assert_codes(self, got, wanted):
        wrong = {address: code for address, code in got.items() if code not in wanted}
        self.assertEqual(wrong, {}, f'not among {wanted}')

    def test_strangers_reach_local_mailboxes_and_nothing_else(self):
        self.assert_codes(self.codes(LOCAL), {250})
        self.assert_codes(self.codes(REMOTE), {550})
        self.assert_codes(self.codes(HACKED), {501, 550, 553})

    def test_a_stranger_gains_nothing_by_the_sender_he_names(self):
        for sender in (f'alice@{DOMAIN}', '', 'someone@elsewhere.test', f'postmaster@{DOMAIN}'):
            with self.subTest(sender):
                self.assert_codes(self.codes(REMOTE, sender=sender), {550})

    def test_a_stranger_gains_nothing_on_the_submission_port(self):
        with SmtpTalk(self.house, 'submission') as talk:
            talk.ehlo()
            self.assertEqual(talk.say(f'MAIL FROM:<alice@{DOMAIN}>').code, 530)
            self.assertIn(talk.say('RCPT TO:<someone@elsewhere.test>').code, (503, 530))

    def test_accounts_reach_others(self):
        login = f'alice@{DOMAIN}'
        got = self.codes(REMOTE, 'submissions', login=login, sender=login)
        literals = {a for a in REMOTE if '[' in a}  # our own addresses among them: either way is right
        self.assert_codes({a: c for a, c in got.items() if a not in literals}, {250})
        self.assert_codes(self.codes(HACKED, 'submissions', login=login, sender=login), {501, 550, 553})

    def test_trusted_networks_reach_others(self):
        self.assert_codes(self.codes(REMOTE[:3], source='127.202.0.9'), {250})
        self.assert_codes(self.codes(REMOTE[:3], source='127.203.0.9'), {550})

    def test_accepted_relay_mail_waits_in_the_queue(self):
        with self.house.submission('alice') as smtp:
            smtp.mail(f'alice@{DOMAIN}')
            self.assertEqual(smtp.rcpt('someone@elsewhere.test')[0], 250)
            code, text = smtp.data(b'Subject: wait\r\n\r\nfor me\r\n')
        self.assertEqual(code, 250)
        wanted = queue_id(text)
        jobs = [job for job in self.house.facts('queue', 'list') if job['queue_id'] == wanted]
        self.assertEqual([(job['sender'], job['recipient']) for job in jobs],
                         [(f'alice@{DOMAIN}', 'someone@elsewhere.test')])
        self.assertGreaterEqual(self.house.facts('queue', 'stats')[0]['messages'], 1)
        # and still after a restart
        self.house.stop()
        self.house.start()
        self.assertIn(wanted, [job['queue_id'] for job in self.house.facts('queue', 'list')])

    def test_refusals_are_explained(self):
        with SmtpTalk(self.house, source='127.204.0.9') as talk:
            talk.ehlo()
            talk.say('MAIL FROM:<spy@sender.test>')
            self.assertEqual(talk.say('RCPT TO:<asked-for@elsewhere.test>').code, 550)
        events = self.house.why('asked-for@elsewhere.test', ('envelope', 'refused'))
        told = [e for e in events if e['outcome'] == 'refused'][0]
        self.assertIn('127.204.0.9', told['peer'])
        self.assertTrue(told['why'])


if __name__ == '__main__':
    unittest.main()
