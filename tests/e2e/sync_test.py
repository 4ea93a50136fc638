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
BODY_OCTETS = (100, 3000, 20000, 300000, 2000000)


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
                        marker = f'marker-{which}-{n}-end'
                        octets = BODY_OCTETS[(which + n) % len(BODY_OCTETS)] if n % 5 == 0 else 2000
                        text = (marker + '\r\n') * max(3, octets // len(marker))
                        reply = talk.message('s@sender.test', f'alice@{DOMAIN}', f'\r\n{text}.\r\n')
                        with lock:
                            promises[f'queued as {queue_id(reply.text)}'] = [queue_id(reply.text), marker]
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
        self.assertEqual(broken_promises(calls, promises), [])

    def test_a_message_costs_one_sync(self):
        count = 30

        def work(house):
            with SmtpTalk(house) as talk:  # mail that waits, so that nothing but its acceptance is written
                return [talk.message('s@sender.test', 'someone@elsewhere.test', f'\r\n{"x" * 60}\r\n.\r\n')
                        for _ in range(count)]
        _, calls = self.trace(work, {'delivery': {'trusted_networks': ['127.0.0.0/8'], 'routes': {'*': 'hold'}}})
        replies = [c.begin for c in calls if c.is_socket and 'queued as' in c.arguments]
        between = [c for c in calls if replies[0] < c.begin < replies[-1]]
        # one for each message, and a few for what is written in the background meanwhile
        self.assertLessEqual(sync_count(between), count - 1 + 5)
        self.assertGreaterEqual(sync_count(between), count - 1)


if __name__ == '__main__':
    unittest.main()
