"""Several hosts, IPv4 and IPv6, every one at port 25: what loopback addresses at one odd port cannot show."""
import unittest

from hostile_peer import HostilePeer
from network import own_network
from posthouse import header
from relaying import RelayTest, letter, until

A4, A6, B4, B6 = '192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'
HOSTS4 = [f'192.0.2.{n}' for n in range(11, 19)]
HOSTS6 = [f'2001:db8::{n}' for n in range(11, 19)]
NOBODY4, NOBODY6 = '198.51.100.1', '2001:db8:ffff::1'  # no route leads there; at the other addresses nobody listens yet
ALICE, BOB = 'alice@a.test', 'bob@b.test'

setUpModule, tearDownModule = own_network([f'{ip}/32' for ip in (A4, B4, *HOSTS4)] +
                                          [f'{ip}/128' for ip in (A6, B6, *HOSTS6)])


def at(*ips, port=25):
    return [f'[{ip}]:{port}' if ':' in ip else f'{ip}:{port}' for ip in ips]


class NetworkTest(RelayTest):

    def add(self, domain, *ips, zone=None, **tables):
        """A posthouse that takes mail at these addresses, and relays at port 25. Clients reach it by loopback."""
        self.nsd.zones[domain] = zone or 'MX 10 mail\n' + ''.join(
            f'mail {"AAAA" if ":" in ip else "A"} {ip}\n' for ip in ips)
        house = self.add_house(domain, **{'delivery': {'port': 25}, **tables})
        house.tables['listen']['smtp'] = at(*ips)
        house.write_config()
        return house

    def add_hosts(self, *ips):
        return [self.add_peer(HostilePeer(ip=ip, port=25)) for ip in ips]

    def arrives_at_once(self, house, recipient, peer):
        """By one attempt: nothing is put off on the way."""
        wanted = self.send(house, recipient, letter(to=recipient))
        until(lambda: any(m.recipients == [recipient] for m in peer.messages), f'{recipient} at {peer.ip}')
        events = house.why(wanted, ('relay', 'done'))
        self.assertNotIn(('relay', 'deferred'), {(e['stage'], e['outcome']) for e in events})
        return next(e for e in events if e['stage'] == 'relay')

    def test_two_servers_over_ipv6_alone(self):
        a, b = self.add('a.test', A6), self.add('b.test', B6)
        self.start()
        wanted = self.send(a, BOB, letter('there', sender=ALICE, to=BOB))
        message, = b.mailbox('bob')
        trace = header(message, 'Received')[0]
        self.assertRegex(trace, r'from mail\.a\.test \(\[IPv6:2001:db8::')
        self.assertIn(' with ESMTPS ', trace)
        relayed = next(e for e in a.why(wanted, ('relay', 'done')) if e['stage'] == 'relay')
        self.assertEqual(relayed['peer'], f'mail.b.test [{B6}]:25')
        self.send(b, ALICE, letter('back', sender=BOB, to=ALICE), user='bob')
        self.assertEqual(header(a.mailbox('alice')[0], 'Subject'), ['back'])
        # and what is refused over it comes back over it
        self.send(a, 'nobody@b.test')
        self.assertEqual(self.bounce(a).fact('nobody@b.test', 'Remote-MTA'), 'dns; mail.b.test')

    def test_one_of_its_addresses_is_dead(self):
        a = self.add('a.test', A4, A6)
        four, six = self.add_hosts(HOSTS4[0], HOSTS6[0])
        dead = {'refused4': (f'A {HOSTS4[7]}\nmx AAAA {six.ip}', six), 'refused6': (f'AAAA {HOSTS6[7]}\nmx A {four.ip}', four),
                'nowhere4': (f'A {NOBODY4}\nmx AAAA {six.ip}', six), 'nowhere6': (f'AAAA {NOBODY6}\nmx A {four.ip}', four)}
        for name, (zone, _) in dead.items():
            self.nsd.zones[f'{name}.test'] = f'MX 10 mx\nmx {zone}\n'
        self.start()
        for name, (_, peer) in dead.items():
            with self.subTest(name):
                done = self.arrives_at_once(a, f'bob@{name}.test', peer)
                self.assertIn(peer.ip, done['peer'])

    def test_an_exchanger_that_is_an_address(self):
        """RFC 1035 has no such thing and many zones do: said by `mx`, and the address is used."""
        a = self.add('a.test', A4, A6)
        four, six = self.add_hosts(HOSTS4[1], HOSTS6[1])
        self.nsd.zones['four.test'] = f'MX 10 {four.ip}.\n'
        self.nsd.zones['six.test'] = f'MX 10 {six.ip}.\n'
        self.start()
        for domain, peer in (('four.test', four), ('six.test', six)):
            with self.subTest(domain):
                found, = a.facts('mx', domain, expect=1)
                host, = found['hosts']
                self.assertEqual((host['addresses'], found['outcome']), ([peer.ip], 'go'))
                self.assertIn('IP address', host['problems'][0]['problem'])
                self.arrives_at_once(a, f'bob@{domain}', peer)
        # mail to an address without any domain
        for recipient, peer in ((f'bob@[{four.ip}]', four), (f'bob@[IPv6:{six.ip}]', six)):
            with self.subTest(recipient):
                self.send(a, recipient, letter(to=recipient))
                until(lambda peer=peer: len(peer.messages) == 2, 'by the literal')

    def test_ourselves_among_the_exchangers(self):
        """By name, and by address under another name: only those preferred to us are asked."""
        a = self.add('a.test', A4, A6)
        better, worse = self.add_hosts(HOSTS6[2], HOSTS4[3])
        for domain, us in (('name.test', 'MX 20 mail.a.test.\n'), ('four.test', f'MX 20 us\nus A {A4}\n'),
                           ('six.test', f'MX 20 us\nus AAAA {A6}\n')):
            self.nsd.zones[domain] = us + f'MX 10 better\nMX 30 worse\nbetter AAAA {better.ip}\nworse A {worse.ip}\n'
            self.nsd.zones[f'only-{domain}'] = us
        self.start()
        for domain in ('name.test', 'four.test', 'six.test'):
            with self.subTest(domain):
                found, = a.facts('mx', domain)
                self.assertEqual([h['name'] for h in found['hosts'] if not h['left_out']], [f'better.{domain}'])
                self.arrives_at_once(a, f'bob@{domain}', better)
                self.send(a, f'bob@only-{domain}')
                self.assertEqual(self.bounce(a).fact(f'bob@only-{domain}', 'Status'), '5.4.6')
        better.stop()
        wanted = self.send(a, 'late@four.test')
        self.until_deferred(a, wanted, attempts=2)
        self.assertEqual(worse.connections, [])
        better.start()
        self.until_queue_is_empty(a)

    def test_a_listener_on_every_address(self):
        """Then every address of the machine is ours; also in a literal."""
        a = self.add('a.test', '0.0.0.0', '::', zone=f'MX 10 mail\nmail A {A4}\nmail AAAA {A6}\n')
        self.nsd.zones['loop4.test'] = f'MX 10 better\nMX 20 us\nbetter A {NOBODY4}\nus A {HOSTS4[4]}\n'
        self.nsd.zones['loop6.test'] = f'MX 10 us\nus AAAA {HOSTS6[4]}\n'
        self.start()
        waits = self.send(a, 'bob@loop4.test')
        self.send(a, 'bob@loop6.test')
        self.assertEqual(self.bounce(a).fact('bob@loop6.test', 'Status'), '5.4.6')
        self.until_deferred(a, waits, attempts=2)
        for domain, outcome, tried in (('loop4.test', 'go', 1), ('loop6.test', 'permanent', 0)):
            found, = a.facts('mx', domain, expect=None)
            self.assertEqual((found['outcome'], sum(not h['left_out'] for h in found['hosts'])), (outcome, tried))
        with a.submission('alice') as smtp:  # refused as our own: no mailbox of that name, not relayed to ourselves
            smtp.mail(ALICE)
            for literal in (f'[{HOSTS4[4]}]', f'[IPv6:{HOSTS6[4]}]'):
                self.assertEqual(smtp.rcpt(f'bob@{literal}')[0], 550, literal)
        # nobody has ever connected to it from its own relay
        self.assertFalse([line for line in a.log if 'helo mail.a.test' in line])

    def test_equal_preferences_over_hosts_of_both_families(self):
        a = self.add('a.test', A4, A6)
        equal = self.add_hosts(*HOSTS4[4:6], *HOSTS6[4:6])
        spare, = self.add_hosts(HOSTS4[6])
        # a domain for each message: those of one destination share connections
        self.nsd.zones['b.test'] = ''.join(
            f'* MX 10 e{n}\ne{n} {"AAAA" if ":" in peer.ip else "A"} {peer.ip}\n' for n, peer in enumerate(equal)) + (
                f'* MX 10 dead\ndead A {HOSTS4[7]}\n* MX 20 spare\nspare A {spare.ip}\n')
        self.start()
        count = 80
        with a.submission('alice') as smtp:
            for n in range(count):
                smtp.sendmail(ALICE, [f'bob@n{n}.b.test'], letter(str(n)))
        until(lambda: sum(len(peer.messages) for peer in equal) >= count, 'all have arrived')
        shares = [len(peer.messages) for peer in equal]
        self.assertEqual((sum(shares), spare.connections), (count, []))
        self.assertTrue(all(shares), f'shared {shares}: one has got nothing')
        self.until_queue_is_empty(a)


if __name__ == '__main__':
    unittest.main()
