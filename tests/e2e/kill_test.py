"""kill -9 under load: every message that was answered 250 is in its mailbox, once.

Clients do what clients do: a message without an answer is sent again. Only such a message may be there
twice, and only when a kill lay between.
"""
import collections
import random
import re
import smtplib
import threading
import unittest

from posthouse import DOMAIN, WAIT_S, House, body, until

KILLS = 20
CLIENTS = 8
ACKNOWLEDGED_PER_ROUND = 60   # the least; then a few more, so that the kill falls anywhere
USERS = ('alice', 'bob', 'carol')
DELIVERY_S = 3 * WAIT_S


def content(name):
    """The body that belongs to a name: 10 octets to 200 KB, the same every time."""
    seeded = random.Random(name)
    lines = [f'{name} {n} {seeded.getrandbits(200):x}' for n in range(seeded.choice((0, 3, 40, 200, 3000)))]
    return '\r\n'.join([name, *lines, '']).encode()


class Client(threading.Thread):
    """Sends numbered messages until told to stop; keeps what is not answered for the next round."""

    def __init__(self, which):
        super().__init__(daemon=True)
        self.which, self.number = which, 0
        self.pending = None
        self.acknowledged, self.sent = {}, collections.Counter()
        self.house, self.go, self.ended, self.stop = None, threading.Event(), threading.Event(), False
        self.counted = threading.Condition()

    def run(self):
        while True:
            self.go.wait()
            self.go.clear()
            if self.stop:
                return
            try:
                self.session()
            except (OSError, smtplib.SMTPException):
                pass  # the kill
            self.ended.set()

    def session(self):
        with smtplib.SMTP(self.house.ip, self.house.ports['smtp'], 'client.test', timeout=WAIT_S) as smtp:
            while True:
                if self.pending is None:
                    self.pending = f'n{self.which}-{self.number}', USERS[(self.number + self.which) % len(USERS)]
                    self.number += 1
                name, user = self.pending
                self.sent[name] += 1
                smtp.sendmail('s@sender.test', [f'{user}@{DOMAIN}'],
                              f'Subject: {name}\r\n\r\n'.encode() + content(name))
                with self.counted:
                    self.acknowledged[name] = user
                    self.counted.notify_all()
                self.pending = None


class KillTest(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        house = House(accounts=USERS)
        self.addCleanup(house.close)
        clients = [Client(which) for which in range(CLIENTS)]
        for client in clients:
            client.start()
        chance = random.Random(1)
        for _ in range(KILLS):
            house.start()
            goal = sum(len(c.acknowledged) for c in clients) + ACKNOWLEDGED_PER_ROUND + chance.randrange(40)
            for client in clients:
                client.house = house
                client.ended.clear()
                client.go.set()
            until(lambda goal=goal: sum(len(c.acknowledged) for c in clients) >= goal, f'{goal} messages answered 250')
            house.kill()
            for client in clients:
                self.assertTrue(client.ended.wait(WAIT_S), 'a client hangs')
        for client in clients:
            client.stop = True
            client.go.set()
            client.join(WAIT_S)

        house.start()
        try:
            until(lambda: house.facts('queue', 'stats')[0]['messages'] == 0, 'every message delivered', DELIVERY_S)
        except AssertionError as error:
            raise AssertionError(f'{error}\n{house.facts("queue", "list")[:5]}\n{house.log_text(10)}') from error
        found = collections.defaultdict(list)
        for user in USERS:
            for message in house.messages(user):
                name = re.search(rb'^Subject: (\S+)\r$', message, re.MULTILINE).group(1).decode()
                self.assertEqual(body(message), content(name), name)
                found[name].append(user)

        acknowledged = {name: user for client in clients for name, user in client.acknowledged.items()}
        lost = {name for name, user in acknowledged.items() if user not in found[name]}
        self.assertEqual(lost, set(), f'{len(lost)} of {len(acknowledged)} acknowledged messages are lost')
        sent = sum((client.sent for client in clients), collections.Counter())
        twice = {name for name, users in found.items() if len(users) > sent[name]}
        self.assertEqual(twice, set(), 'more copies than times that it was sent')
        again = {name for name, count in sent.items() if count > 1}
        self.assertLessEqual({name for name, users in found.items() if len(users) > 1}, again)
        self.assertGreaterEqual(len(acknowledged), KILLS * ACKNOWLEDGED_PER_ROUND)
        print(f'{len(acknowledged)} acknowledged over {KILLS} kills, {len(again)} sent again, none lost')


if __name__ == '__main__':
    unittest.main()
