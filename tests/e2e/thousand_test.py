"""1,000 destinations of which 900 are dead in three ways: the others get theirs as if they were alone."""
import random
import threading
import time
import unittest

from dns_front import DnsFront
from hostile_peer import SILENT
from relaying import DEAD, RelayTest, letter, until

ALIVE, DEAD_EACH = 100, 300
AT_ONCE_S = 10  # alone they take about one second; a machine may be busy


class ThousandTest(RelayTest):

    def setUp(self):
        super().setUp()
        self.front = self.add_peer(DnsFront(self.nsd, ['mute.test']))
        self.a = self.add_house(dns={'servers': [self.front.server]}, limits={'recipients': 2000},
                                queue={'retry_first': '30s', 'retry_max': '4h'})
        self.sink = self.add_hostile()
        self.hole = self.add_hostile(on={'greeting': SILENT})
        self.nsd.zones['test'] = (f'*.alive MX 10 mx.alive\nmx.alive A {self.sink.ip}\n'
                                  f'*.refused MX 10 mx.refused\nmx.refused A {DEAD}\n'
                                  f'*.silent MX 10 mx.silent\nmx.silent A {self.hole.ip}\n')
        self.alive = [f'bob@d{n}.alive.test' for n in range(ALIVE)]
        self.dead = [f'bob@d{n}.{kind}.test' for kind in ('refused', 'silent') for n in range(DEAD_EACH)]
        # for what is not below test our name server refuses to answer: SERVFAIL
        self.dead += [f'bob@d{n}.gone.example' for n in range(DEAD_EACH)]
        self.start()

    def reached(self):
        return {recipient for message in list(self.sink.messages) for recipient in message.recipients}

    def assert_the_living_have_theirs(self, accepted):
        until(lambda: self.reached() >= set(self.alive), 'all that live are reached')
        times = [message.at - accepted for message in self.sink.messages]
        self.assertLess(max(times), AT_ONCE_S)
        self.assertEqual(len(times), ALIVE)  # each is a destination of its own, and none came twice
        print(f'the last of {ALIVE} after {max(times):.2f} s, half of them after {sorted(times)[ALIVE // 2]:.2f} s')

    def assert_the_dead_wait(self, expected):
        def settled():
            jobs = self.jobs(self.a)
            return {job['recipient'] for job in jobs} == set(expected) and jobs
        jobs = until(settled, 'what is left in the queue are the dead ones')
        self.assertEqual(len(jobs), len(expected))

    def test_one_message_for_all_of_them(self):
        self.send(self.a, self.dead + self.alive, letter('to all'))
        self.assert_the_living_have_theirs(time.monotonic())
        self.assert_the_dead_wait(self.dead)
        self.assertEqual(self.a.stop(), 0)  # 300 conversations hang, and it ends in order all the same
        self.a.start()
        self.assert_the_dead_wait(self.dead)

    def test_a_message_for_each_with_the_dead_ones_first(self):
        """The dead have been in the queue for a while, and are being tried, when mail for the living comes."""
        random.Random(5).shuffle(self.dead)
        for recipients in (self.dead, self.alive):
            parts = [recipients[n::4] for n in range(4)]
            submitters = [threading.Thread(target=self.submit_each, args=(part,)) for part in parts]
            began = time.monotonic()
            for submitter in submitters:
                submitter.start()
            for submitter in submitters:
                submitter.join()
            took = time.monotonic() - began
        self.assert_the_living_have_theirs(began + took)
        self.assert_the_dead_wait(self.dead)

    def test_names_that_nobody_answers_for(self):
        """The resolver waits long for each, and finds the others at once all the same."""
        mute = [f'bob@d{n}.mute.test' for n in range(DEAD_EACH)]
        self.send(self.a, mute, letter('to nobody'))
        until(lambda: self.front.dropped >= 20, 'the names are being asked for')
        self.send(self.a, self.alive, letter('to those who live'))
        self.assert_the_living_have_theirs(time.monotonic())
        self.assert_the_dead_wait(mute)

    def submit_each(self, recipients):
        with self.a.submission('alice') as smtp:
            for recipient in recipients:
                smtp.sendmail('alice@a.test', [recipient], letter('one', to=recipient))


if __name__ == '__main__':
    unittest.main()
