"""Peers that greylist, crawl, vanish, babble or say nothing: no message is lost, none is doubled without need, and nobody
else waits for them."""
import pathlib
import time
import unittest

from hostile_peer import DROP, RESET, SILENT, endless, greylist, long_reply, slowly
from relaying import RelayTest, letter, until

STAGES = ('greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'body', 'dot', 'QUIT')
GARBAGE = {
    'binary': b'\xff\xfe\0\x80 250 ok\r\n',
    'no-code': b'well, hello there\r\n',
    'only-lf': b'250-one\n250 two\n',
    'mixed-codes': b'250-one\r\n550-two\r\n250 three\r\n',
    'bad-continuation': b'250-one\r\n250_two\r\n250 three\r\n',
    'wrong-code': b'999 what\r\n',
    'code-alone': b'250\r\n',           # legal: RFC 5321 §4.2 lets a text be missing
    'empty-lines': b'\r\n\r\n',
    'two-replies': b'250 one\r\n250 two\r\n',
    'huge': long_reply(250),
    'endless': endless('250-x'),
}
MEMORY_OCTETS_MAX = 400 << 20  # far above a server at rest, far below what endless replies would make of it


def memory_octets(house):
    """The most that the server has had in memory."""
    status = pathlib.Path(f'/proc/{house.process.pid}/status').read_text()
    return int(status.partition('VmHWM:')[2].split()[0]) << 10


class FaultsTest(RelayTest):

    def peers_at(self, scripts, **how):
        """One hostile server a script, at NAME.test; {name: peer}."""
        return {name: self.add_hostile(f'{name}.test', on=script, **how) for name, script in scripts.items()}

    def send_to_all(self, house, peers):
        with house.submission('alice') as smtp:
            for name in peers:
                smtp.sendmail('alice@a.test', [f'bob@{name}.test'], letter(name, to=f'bob@{name}.test'))

    def assert_each_has_one(self, house, peers, wait=True):
        if wait:
            self.until_queue_is_empty(house)
        found = {name: len(peer.messages) for name, peer in peers.items()}
        self.assertEqual(found, dict.fromkeys(peers, 1))
        self.assertEqual(house.messages('alice'), [], 'none came back')

    def test_greylisting(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', on={'RCPT': greylist(2)})
        self.start()
        wanted = self.send(a, ['bob@b.test', 'carol@b.test'])
        job = self.until_deferred(a, wanted, text='450 4.7.1 greylisted, please come back')
        self.assertGreater(job['next_attempt'], job['accepted'])
        self.until_queue_is_empty(a)
        self.assertEqual(sorted(r for m in peer.messages for r in m.recipients), ['bob@b.test', 'carol@b.test'])
        events = a.why(wanted, ('relay', 'deferred'), ('relay', 'done'))
        told = next(e for e in events if e['outcome'] == 'deferred')
        self.assertIn('greylisted', told['reply'])
        self.assertEqual(a.messages('alice'), [])

    def test_a_peer_that_goes_away_at_each_stage(self):
        a = self.add_house()
        peers = {}
        for how, word in ((DROP, 'drop'), (RESET, 'reset')):
            peers.update(self.peers_at({f'{word}-{stage.lower()}': {stage: how} for stage in STAGES}, first=1))
        self.start()
        self.send_to_all(a, peers)
        self.until_queue_is_empty(a)
        for word in ('drop', 'reset'):
            # after the final dot nobody can know: the reply is lost, so it is sent again. Once. Everywhere else: one
            self.assertEqual(len(peers[f'{word}-dot'].received), 2)
            self.assertEqual(len(peers[f'{word}-quit'].received), 1)
        self.assert_each_has_one(a, peers, wait=False)
        for word in ('drop', 'reset'):
            self.assert_second_copy_is_explained(a, f'bob@{word}-dot.test')
        # nothing of the kind is said where the message had not been sent, or was answered for
        for stage in ('greeting', 'ehlo', 'mail', 'rcpt', 'data', 'quit'):
            events = a.why(f'bob@drop-{stage}.test', ('relay', 'done'))
            self.assertNotIn('note', {e['outcome'] for e in events}, stage)

    def assert_second_copy_is_explained(self, house, recipient):
        """The lost reply to the final dot: foreseen when it happens, and told by `why` before the second copy."""
        events = house.why(recipient, ('relay', 'note'), ('relay', 'deferred'), ('relay', 'done'))
        relayed = [(e['outcome'], e['why'], e['peer']) for e in events if e['stage'] == 'relay']
        self.assertEqual([outcome for outcome, _, _ in relayed], ['note', 'deferred', 'done'])
        self.assertIn('may bring a second copy', relayed[0][1])
        self.assertIn('final_dot', relayed[1][1])
        self.assertEqual(len({peer for _, _, peer in relayed}), 1)
        told = ' '.join(house.cli('why', recipient).stdout.split())
        self.assertIn('may bring a second copy', told)

    def test_garbage_at_each_stage(self):
        a = self.add_house()
        peers = {}
        for stage in ('greeting', 'EHLO', 'MAIL', 'RCPT', 'dot'):
            peers.update(self.peers_at({f'{name}-{stage.lower()}': {stage: octets} for name, octets in GARBAGE.items()},
                                       first=1))
        self.start()
        self.send_to_all(a, peers)
        # None may be lost: it has arrived, or has come back. Doubled: only where the reply to the dot was odd.
        self.until_queue_is_empty(a)
        returned = [m.decode(errors='replace') for m in a.messages('alice')]
        for name, peer in peers.items():
            with self.subTest(name):
                back = sum(f'bob@{name}.test' in m for m in returned)
                self.assertGreaterEqual(len(peer.received) + back, 1, 'lost')
                if not name.endswith('-dot'):
                    self.assertLessEqual(len(peer.messages), 1, 'doubled')
        self.assertLess(memory_octets(a), MEMORY_OCTETS_MAX)

    def test_replies_without_end(self):
        a = self.add_house()
        peers = self.peers_at({f'{name}-{stage.lower()}': {stage: octets} for stage in ('greeting', 'EHLO', 'RCPT')
                               for name, octets in (('huge', long_reply(250)), ('endless', endless('250-x')))}, first=1)
        good = self.add_hostile('good.test')
        self.start()
        self.send_to_all(a, peers)
        accepted = time.monotonic()
        self.send(a, 'bob@good.test')
        until(lambda: good.messages, 'the good one has its own')
        self.assertLess(good.messages[0].at - accepted, 10)
        self.assert_each_has_one(a, peers)
        self.assertLess(memory_octets(a), MEMORY_OCTETS_MAX)

    def test_slow_and_silent_peers_delay_nobody_else(self):
        a = self.add_house()
        slow = {'greeting': slowly('220 patience'), 'EHLO': slowly('250 hello'), 'MAIL': slowly('250 ok'),
                'RCPT': slowly('250 yes'), 'DATA': slowly('354 go'), 'dot': slowly('250 at last')}
        peers = self.peers_at({'slow': slow})
        silent = self.peers_at({f'silent-{stage.lower()}': {stage: SILENT} for stage in STAGES[:-1]})
        good = self.peers_at({f'good{n}': {} for n in range(5)})
        self.start()
        self.send_to_all(a, {**silent, **peers})
        until(lambda: all(peer.connections for peer in silent.values()), 'the silent ones are being tried')
        accepted = time.monotonic()
        self.send_to_all(a, good)
        until(lambda: all(peer.messages for peer in good.values()), 'the good ones have theirs')
        late = max(peer.messages[0].at for peer in good.values()) - accepted
        self.assertLess(late, 5, 'seconds for destinations that have nothing to do with it')
        until(lambda: peers['slow'].messages, 'slowly, but it arrives')
        left = {job['recipient'] for job in self.jobs(a)}
        self.assertEqual(left, {f'bob@{name}.test' for name in silent})
        # they answer at last: by going away. Then all goes on
        for peer in silent.values():
            peer.stop()
            peer.on.clear()
            peer.start()
        self.until_queue_is_empty(a)
        for name, peer in silent.items():
            self.assertEqual(len(peer.messages), 1, name)

    def test_a_server_that_stops_leaves_nothing_hanging(self):
        a = self.add_house()
        peers = self.peers_at({f'silent-{stage.lower()}': {stage: SILENT} for stage in STAGES[:-1]})
        self.start()
        self.send_to_all(a, peers)
        until(lambda: all(peer.connections for peer in peers.values()), 'they are being tried')
        self.assertEqual(a.stop(seconds=45), 0)
        for peer in peers.values():
            peer.on.clear()
        a.start()
        self.until_queue_is_empty(a)
        for name, peer in peers.items():
            expected = 2 if name == 'silent-dot' else 1
            self.assertEqual(len(peer.received), expected, name)
        self.assert_second_copy_is_explained(a, 'bob@silent-dot.test')

    def test_killed_while_it_sends(self):
        a = self.add_house()
        peer = self.add_hostile('b.test', on={'dot': SILENT}, first=1)
        self.start()
        self.send(a, 'bob@b.test')
        until(lambda: peer.received, 'it is between the dot and the reply')
        a.kill()
        a.start()
        until(lambda: len(peer.messages) == 1, 'it is sent again')
        self.until_queue_is_empty(a)
        self.assertEqual(len(peer.received), 2)


if __name__ == '__main__':
    unittest.main()
