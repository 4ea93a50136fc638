"""No 250 leaves the socket before the sync that covers its message, body included."""
import re
import threading
import unittest

from posthouse import DOMAIN, WAIT_S, House, queue_id, until
from strace_check import broken_promises, parse, sync_count
from talk import SmtpTalk

CALLS = 'write,writev,pwrite64,pwritev,pwritev2,send,sendto,sendmsg,fsync,fdatasync,sync_file_range'
TEXT_OCTETS_MAX = 8 << 20
SESSIONS, MESSAGES = 6, 15
BODY_OCTETS = (100, 3000, 20000, 300000, 2000000)  # a chunk of a blob has 256 KiB
MARKED_OCTETS = 100_000
WAITING = {'delivery': {'trusted_networks': ['127.0.0.0/8'], 'routes': {'*': 'hold'}}}  # only acceptance is written


def marked_body(name, octets):
    """Lines, and the texts among them that show where the body has got to: its beginning, every 100,000 octets of it,
    its end. Each text stands there four times, for the log frames what is written to it, even within a text."""
    lines, texts, length = [], [], 0
    while not texts or length < octets:
        texts.append(f'{name}-at-{length}-end')
        part = [texts[-1]] * 4 + ['x' * 70] * (min(MARKED_OCTETS, octets - length) // 72)
        lines += part
        length += sum(len(line) + 2 for line in part)
    texts.append(f'{name}-last-end')
    return ''.join(line + '\r\n' for line in lines + [texts[-1]] * 4), texts


class SyncTest(unittest.TestCase):
    def trace(self, work, config=None):
        """What `work(house)` gives, and the calls that the server made meanwhile."""
        house = House(config, accounts=('alice',))
        self.addCleanup(house.close)
        trace = house.folder / 'trace'
        # -D: the server is our child and gets our signals, strace watches from beside it
        house.start(prefix=('strace', '-D', '-f', '-y', '-q', '-s', str(TEXT_OCTETS_MAX), '-e', f'trace={CALLS}',
                            '-o', trace))
        server = house.process.pid
        result = work(house)
        self.assertEqual(house.stop(), 0)
        until(lambda: re.search(rf'^{server} +\+\+\+ exited', trace.read_text(errors='replace'), re.MULTILINE),
              'the end of the trace')
        house.start()  # ended by the clean-up
        with open(trace, errors='replace') as lines:
            return result, parse(lines)

    def test_under_load_from_several_sessions(self):
        promises, failures, lock = {}, [], threading.Lock()

        def session(house, which):
            try:
                with SmtpTalk(house) as talk:
                    for n in range(MESSAGES):
                        octets = BODY_OCTETS[(which + n) % len(BODY_OCTETS)] if n % 5 == 0 else 2000
                        text, markers = marked_body(f'marker-{which}-{n}', octets)
                        reply = talk.message('s@sender.test', f'alice@{DOMAIN}', f'\r\n{text}.\r\n')
                        with lock:
                            promises[f'queued as {queue_id(reply.text)}'] = [queue_id(reply.text), *markers]
            except Exception as error:  # noqa: BLE001 - shown by the assertion below
                failures.append(error)

        def work(house):
            threads = [threading.Thread(target=session, args=(house, which)) for which in range(SESSIONS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(2 * WAIT_S)
            house.mailbox('alice', len(promises), delete=False)
            return promises

        _, calls = self.trace(work)
        self.assertEqual(failures, [])
        self.assertEqual(len(promises), SESSIONS * MESSAGES)
        self.assertGreater(max(map(len, promises.values())), 20)  # of the largest body, every part
        self.assertEqual(broken_promises(calls, promises), [])

    def test_a_message_costs_one_sync(self):
        """Whether its body is a line or a blob of several chunks."""
        count = 20
        for octets in (60, 600_000):
            with self.subTest(octets):
                text, _ = marked_body('m', octets)

                def work(house, text=text):
                    with SmtpTalk(house) as talk:
                        for _ in range(count):
                            talk.message('s@sender.test', 'someone@elsewhere.test', f'\r\n{text}.\r\n')
                _, calls = self.trace(work, WAITING)
                between = self.between_replies(calls, count)
                # one for each message, and a few for what is written in the background meanwhile
                self.assertLessEqual(sync_count(between), count - 1 + 5)
                self.assertGreaterEqual(sync_count(between), count - 1)

    def test_sessions_share_syncs(self):
        sessions, rounds = 16, 8
        failures = []
        together = threading.Barrier(sessions)

        def session(house):
            try:
                with SmtpTalk(house) as talk:
                    for _ in range(rounds):
                        talk.envelope('s@sender.test', 'someone@elsewhere.test')
                        talk.send('\r\nHello.\r\n')
                        together.wait(WAIT_S)  # all the final dots at once
                        talk.send('.\r\n')
                        if talk.reply().code != 250:
                            raise AssertionError('not accepted')
            except Exception as error:  # noqa: BLE001 - shown by the assertion below
                failures.append(error)
                together.abort()

        def work(house):
            threads = [threading.Thread(target=session, args=(house,)) for _ in range(sessions)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(2 * WAIT_S)
        _, calls = self.trace(work, WAITING)
        self.assertEqual(failures, [])
        messages = sessions * rounds
        syncs = sync_count(self.between_replies(calls, messages))
        print(f'{messages} messages of {sessions} sessions: {syncs} syncs')
        self.assertLess(syncs, messages - 1)

    def between_replies(self, calls, count):
        """What was called between the first 250 of a message and the last of `count`."""
        replies = [c.begin for c in calls if c.is_socket and 'queued as' in c.arguments]
        self.assertEqual(len(replies), count)
        return [c for c in calls if replies[0] < c.begin < replies[-1]]


if __name__ == '__main__':
    unittest.main()
