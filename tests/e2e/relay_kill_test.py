"""kill -9 while mail is relayed: all that was answered 250 arrives at its destination, and hardly any of it twice.

A copy too many is allowed only where a kill fell between the final dot and its reply, so there are no more of them than
conversations that the kills ended.
"""
import collections
import random
import smtplib
import threading
import unittest

from posthouse import WAIT_S, header
from relaying import RelayTest, body, letter, until

KILLS = 6
CLIENTS = 4
ACKNOWLEDGED_PER_ROUND = 60


def text(name):
    seeded = random.Random(name)
    return '\r\n'.join([name] + [f'{seeded.getrandbits(200):x}' for _ in range(seeded.choice((0, 3, 40, 2000)))] + ['']).encode()


class RelayKillTest(RelayTest):

    def setUp(self):
        super().setUp()
        self.a = self.add_house(delivery={'trusted_networks': ['127.0.0.0/8']})
        self.acknowledged, self.tried = set(), collections.Counter()
        self.lock = threading.Lock()

    def submit(self, which, round_number):
        """Sends until the kill; what is not answered is not counted, and may arrive."""
        try:
            with self.a.smtp() as smtp:
                for n in range(100_000):
                    name = f'm{which}-{round_number}-{n}'
                    to = f'bob@d{n % 3}.b.test'
                    with self.lock:
                        self.tried[name] += 1
                    smtp.sendmail('alice@a.test', [to], letter(name, text(name), to=to))
                    with self.lock:
                        self.acknowledged.add(name)
        except (OSError, smtplib.SMTPException):
            pass

    def kill_under_load(self, kill):
        chance = random.Random(3)
        for round_number in range(KILLS):
            goal = len(self.acknowledged) + ACKNOWLEDGED_PER_ROUND + chance.randrange(30)
            submitters = [threading.Thread(target=self.submit, args=(which, round_number), daemon=True)
                          for which in range(CLIENTS)]
            for submitter in submitters:
                submitter.start()
            until(lambda goal=goal: len(self.acknowledged) >= goal, f'{goal} messages answered 250')
            kill()
            for submitter in submitters:
                submitter.join(WAIT_S)
            self.a.start()

    def assert_all_arrived(self, arrived, copies_max):
        """`arrived`: {name: copies}."""
        lost = {name for name in self.acknowledged if not arrived[name]}
        self.assertEqual(lost, set(), f'{len(lost)} of {len(self.acknowledged)} acknowledged messages are lost')
        again = sum(copies - 1 for copies in arrived.values() if copies)
        self.assertLessEqual(again, copies_max)
        self.assertLessEqual(set(arrived), set(self.tried))
        print(f'{len(self.acknowledged)} acknowledged over {KILLS} kills, {again} copies too many, none lost')

    def test_the_sender_is_killed(self):
        sink = self.add_hostile()
        self.nsd.zones['b.test'] = f'* MX 10 mx\nmx A {sink.ip}\n'
        self.start()
        self.kill_under_load(self.a.kill)
        self.until_queue_is_empty(self.a)
        for message in sink.received:
            name, = header(message.content, 'Subject')
            self.assertEqual(body(message.content), text(name), name)
        unanswered = sum(c.verbs[-1:] == ['DATA'] for c in sink.connections)
        self.assert_all_arrived(collections.Counter(header(m.content, 'Subject')[0] for m in sink.received),
                                copies_max=max(unanswered, KILLS * CLIENTS))

    def test_the_receiver_is_killed(self):
        b = self.add_house('d0.b.test')
        self.nsd.zones['b.test'] = f'* MX 10 mx\nmx A {b.ip}\n'
        self.start()
        for n in (1, 2):
            b.cli('domain', 'add', f'd{n}.b.test')
            b.add_account(f'bob@d{n}.b.test')

        def kill_b():
            b.kill()
            b.start()
            self.a.stop()  # the clients' end
        self.kill_under_load(kill_b)
        self.until_queue_is_empty(self.a)
        self.until_queue_is_empty(b)
        got = [m for n in range(3) for m in b.messages(f'bob@d{n}.b.test')]
        for message in got:
            name, = header(message, 'Subject')
            self.assertEqual(body(message), text(name), name)
        self.assert_all_arrived(collections.Counter(header(m, 'Subject')[0] for m in got), copies_max=KILLS * 50)


if __name__ == '__main__':
    unittest.main()
