"""`posthouse queue`: what waits, why, in whose words, until when; and the orders about it."""
import re
import unittest

from relaying import RelayTest, letter, until

LATER = '451-4.3.2 the disk is "full"\r\n451 4.3.2 <bob@b.test>: come back later'
CALM = {'retry_first': '1h', 'retry_max': '4h'}


class QueueCliTest(RelayTest):

    def setUp(self):
        super().setUp()
        self.a = self.add_house(queue=CALM)
        self.b = self.add_hostile('b.test', on={'RCPT': LATER})
        self.c = self.add_hostile('c.test')
        self.start()

    def deferred(self, recipients='bob@b.test', **how):
        wanted = self.send(self.a, recipients, **how)
        self.until_deferred(self.a, wanted)
        return wanted

    def job(self, wanted):
        found = self.jobs(self.a, wanted)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def order(self, *arguments):
        return self.a.cli('queue', *arguments)

    def test_list_tells_why_it_waits(self):
        wanted = self.deferred()
        job = self.job(wanted)
        self.assertEqual((job['sender'], job['recipient'], job['attempts'], job['state']),
                         ('alice@a.test', 'bob@b.test', 1, 'waiting'))
        for words in ('the disk is "full"', '<bob@b.test>: come back later', '451'):
            self.assertIn(words, job['reply'])  # verbatim
        self.assertTrue(job['why'])
        self.assertGreater(job['octets'], 100)
        self.assertRegex(job['next_attempt'], r'^\d{4}-\d\d-\d\dT')
        self.assertGreater(job['next_attempt'], job['accepted'])
        text = self.order('list').stdout
        for words in (wanted, 'bob@b.test', '451'):
            self.assertIn(words, text)
        self.assertIn('come back later', self.order('show', wanted).stdout)

    def test_show_tells_each_recipient(self):
        wanted = self.deferred(['bob@b.test', 'carol@c.test'])
        until(lambda: self.c.messages, "carol's")
        told = self.order('show', wanted, '--json').stdout
        for words in ('bob@b.test', 'carol@c.test', 'come back later', wanted):
            self.assertIn(words, told)
        self.assertIn('bob@b.test', self.order('show', wanted).stdout)
        self.assertEqual(self.a.cli('queue', 'show', 'a000000000000000', expect=None).returncode, 1)

    def test_stats_count(self):
        self.deferred()
        self.deferred(['bob@b.test', 'dave@b.test'])
        stats, = self.a.facts('queue', 'stats')
        self.assertEqual((stats['messages'], stats['recipients'], stats['deferred']), (2, 3, 3))
        self.assertTrue(stats['oldest_accepted'] < stats['next_attempt'])
        self.assertRegex(self.order('stats').stdout, r'\b3\b')

    def test_retry_does_not_wait(self):
        wanted = self.deferred()
        self.order('retry', wanted)
        until(lambda: self.job(wanted)['attempts'] == 2, 'it was tried again, in vain')
        self.b.on.clear()
        self.order('retry', wanted)
        until(lambda: self.b.messages, 'it goes out')
        self.until_queue_is_empty(self.a)

    def test_hold_and_release(self):
        wanted = self.deferred()
        self.b.on.clear()
        self.order('hold', wanted)
        self.assertEqual(self.job(wanted)['state'], 'held')
        self.order('retry', wanted)  # what is held stays held
        self.a.stop()
        self.a.start()               # also over a restart
        self.assertEqual(self.job(wanted)['state'], 'held')
        other = self.send(self.a, 'bob@c.test')
        self.a.why(other, ('relay', 'done'))
        self.assertEqual(self.b.messages, [])
        self.order('release', wanted)
        self.a.cli('queue', 'retry', wanted, expect=None)  # where its hour has not come; it may be gone by now
        until(lambda: self.b.messages, 'it goes out')
        self.until_queue_is_empty(self.a)
        told = [e['why'] for e in self.a.why(wanted, ('relay', 'done')) if e['stage'] == 'administer']
        self.assertGreaterEqual(len(told), 2, 'held and released')

    def test_delete_tells_nobody_but_the_journal(self):
        wanted, kept = self.deferred(), self.deferred()
        self.order('delete', wanted)
        self.assertEqual([job['queue_id'] for job in self.jobs(self.a)], [kept])
        self.a.stop()
        self.a.start()
        self.assertEqual([job['queue_id'] for job in self.jobs(self.a)], [kept])
        self.assertEqual(self.a.messages('alice'), [])
        told = self.a.why(wanted, ('relay', 'deferred'))[-1]
        self.assertEqual(told['stage'], 'administer')

    def test_what_is_not_there(self):
        for what in ('hold', 'release', 'retry', 'delete'):
            done = self.a.cli('queue', what, 'a000000000000000', expect=None)
            self.assertEqual(done.returncode, 1, f'{what}: {done.stdout}{done.stderr}')
            self.assertTrue(done.stderr)

    def test_text_of_a_peer_cannot_reach_the_terminal(self):
        self.b.on['RCPT'] = b'451 4.3.2 \x1b[2Jcleared \xff\x9b\r\n'
        wanted = self.deferred(content=letter('escape'))
        for arguments in (('queue', 'list'), ('queue', 'show', wanted), ('why', wanted)):
            text = self.a.cli(*arguments).stdout
            self.assertNotIn('\x1b', text)
            self.assertIn('451' if 'list' in arguments else 'cleared', text)
            self.assertIsNone(re.search('[\x80-\x9f]', text))


if __name__ == '__main__':
    unittest.main()
