"""posthouse mx against a real name server: order, what is wrong in the records, exit codes; without a server of ours."""
import json
import subprocess
import unittest

from peers import Nsd
from posthouse import HOSTNAME, PROGRAM, WAIT_S, House, own_address

ZONES = {
    'good.test': 'MX 20 backup\nMX 10 mx1\nMX 10 mx2\n'
                 'mx1 A 192.0.2.1\nmx1 AAAA 2001:db8::1\nmx2 A 192.0.2.2\nbackup A 192.0.2.3\n'
                 'plain A 192.0.2.4\nempty TXT "x"\nsix AAAA 2001:db8::6\nwww CNAME good.test.\n',
    'null.test': 'MX 0 .',
    'wrong.test': 'MX 10 alias\nMX 20 nowhere\nMX 30 192.0.2.9.\nMX 40 .\nalias CNAME real\nreal A 192.0.2.1\n',
    'hostless.test': 'MX 10 nowhere\n@ A 192.0.2.1\n',
    'ours.test': f'MX 10 best\nMX 20 {HOSTNAME}.\nMX 30 last\nbest A 192.0.2.1\nlast A 192.0.2.3\n',
    'loop.test': f'MX 10 {HOSTNAME}.\nMX 20 last\nlast A 192.0.2.3\n',
    'elsewhere.test': 'MX 10 mx.example.',
    'xn--bcher-kva.test': 'MX 10 mx\nmx A 192.0.2.1\n',
    'here.test': 'MX 10 best\nMX 20 here\nMX 30 last\nbest A 192.0.2.1\nhere A 127.0.0.1\nlast A 192.0.2.3\n',
}


class Mx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nsd = Nsd(ZONES)
        cls.addClassCleanup(cls.nsd.close)
        cls.nsd.start()
        cls.house = House({'dns': {'servers': [cls.nsd.server]},
                           'delivery': {'routes': {'null.test': '127.0.0.1:2526',
                                                   'xn--bcher-kva.test': 'hold'}}}, accounts=())
        cls.addClassCleanup(cls.house.close)

    def facts(self, name, expect=0):
        found, = self.house.facts('mx', name, expect=expect)
        return found

    def hosts(self, found, tried=True):
        return [(h['preference'], h['name'], h['addresses']) for h in found['hosts'] if (not h['left_out']) == tried]

    def test_hosts_in_order(self):
        for name in ('good.test', 'user@good.test', 'GOOD.test.', 'www.good.test'):
            found = self.facts(name)
            self.assertEqual(self.hosts(found), [(10, 'mx1.good.test', ['2001:db8::1', '192.0.2.1']),
                                                 (10, 'mx2.good.test', ['192.0.2.2']),
                                                 (20, 'backup.good.test', ['192.0.2.3'])])
            self.assertEqual((found['outcome'], found['by'], found['problems']), ('go', 'mx', []))
        text = self.house.cli('mx', 'good.test').stdout
        self.assertLess(text.index('mx1.good.test'), text.index('backup.good.test'))
        self.assertIn('192.0.2.1', text)

    def test_the_domain_itself(self):
        for name, address in (('plain.good.test', '192.0.2.4'), ('six.good.test', '2001:db8::6')):
            found = self.facts(name)
            self.assertEqual((found['by'], self.hosts(found)), ('address', [(0, name, [address])]))
        found = self.facts('[192.0.2.7]')
        self.assertEqual((found['by'], self.hosts(found)), ('literal', [(0, '[192.0.2.7]', ['192.0.2.7'])]))

    def test_mail_that_cannot_be_sent(self):
        for name, status in (('null.test', '5.1.10'), ('nix.test', '5.1.2'), ('empty.good.test', '5.1.2'),
                             ('hostless.test', '5.4.4'), ('loop.test', '5.4.6')):
            with self.subTest(name):
                found = self.facts(name, expect=1)
                self.assertEqual((found['outcome'], found['status']), ('permanent', status))
                self.assertTrue(found['why'] and found['fix'])
                self.assertEqual(self.hosts(found), [])
                text = self.house.cli('mx', name, expect=1).stdout
                self.assertIn(status, text)
                self.assertIn('do: ', text)

    def test_what_is_wrong_is_said(self):
        found = self.facts('wrong.test', expect=1)
        self.assertEqual(found['outcome'], 'go')
        self.assertEqual(self.hosts(found), [(10, 'alias.wrong.test', ['192.0.2.1']), (30, '192.0.2.9', ['192.0.2.9'])])
        self.assertEqual(self.hosts(found, tried=False), [(20, 'nowhere.wrong.test', [])])
        said = {h['name']: h['problems'][0]['problem'] for h in found['hosts']}
        self.assertIn('CNAME', said['alias.wrong.test'])
        self.assertIn('NXDOMAIN', said['nowhere.wrong.test'])
        self.assertIn('IP address', said['192.0.2.9'])
        self.assertIn('null MX', found['problems'][0]['problem'])
        self.assertEqual(found['hosts'][0]['canonical'], 'real.wrong.test')

    def test_only_hosts_preferred_to_us(self):
        found = self.facts('ours.test')
        self.assertEqual(self.hosts(found), [(10, 'best.ours.test', ['192.0.2.1'])])
        self.assertEqual([h[1] for h in self.hosts(found, tried=False)], [HOSTNAME, 'last.ours.test'])

    def test_our_own_addresses(self):
        """As the server does: at the port where others are asked for, on the interfaces where we listen on all."""
        for listens, port, ours in (('127.0.0.1:3025', 3025, True), ('0.0.0.0:3025', 3025, True),
                                    ('127.0.0.2:3025', 3025, False), ('[::]:3025', 3025, False),
                                    ('0.0.0.0:3025', 25, False)):
            with self.subTest(f'{listens}, others at {port}'):
                house = House({'dns': {'servers': [self.nsd.server]}, 'listen': {'smtp': listens},
                               'delivery': {'port': port}}, accounts=())
                self.addCleanup(house.close)
                found, = house.facts('mx', 'here.test')
                self.assertEqual([h[1] for h in self.hosts(found)],
                                 ['best.here.test'] + ([] if ours else ['here.here.test', 'last.here.test']))

    def test_a_domain_in_another_script(self):
        for name in ('b\u00fccher.test', 'bob@b\u00fccher.test', 'xn--bcher-kva.test', 'XN--BCHER-KVA.test.'):
            found = self.facts(name)
            self.assertEqual((found['domain'], found['unicode'], found['outcome'], found['route']),
                             ('xn--bcher-kva.test', 'b\u00fccher.test', 'go', 'hold'))
            self.assertEqual(self.hosts(found), [(10, 'mx.xn--bcher-kva.test', ['192.0.2.1'])])
            text = self.house.cli('mx', name).stdout
            self.assertIn('b\u00fccher.test (xn--bcher-kva.test)', text)
        self.assertEqual(self.facts('good.test')['unicode'], 'good.test')
        self.assertIn('\u4e0d\u5b58\u5728.test', self.house.cli('mx', '\u4e0d\u5b58\u5728.test', expect=1).stdout)

    def test_what_the_dns_does_not_say(self):
        # REFUSED, for the domain and for its only host: neither is taken for "does not exist"
        for name in ('example.invalid-test', 'elsewhere.test'):
            found = self.facts(name, expect=2)
            self.assertEqual((found['outcome'], found['status']), ('temporary', '4.4.3'))

    def test_routes_of_the_configuration(self):
        self.assertEqual(self.facts('null.test', expect=1)['route'], '127.0.0.1:2526')
        self.assertIn('127.0.0.1:2526', self.house.cli('mx', 'null.test', expect=1).stdout)

    def test_without_a_configuration(self):
        done = subprocess.run([PROGRAM, 'mx', 'loop.test', '--json', '--dns', self.nsd.server], cwd='/',
                              capture_output=True, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)  # nobody here is that host: it has no address
        self.assertEqual([h['name'] for h in json.loads(done.stdout)['hosts']], ['last.loop.test', HOSTNAME])

    def test_wrong_usage(self):
        for arguments in (['a@b@c'], ['a..b'], ['-b\u00fccher.test'], ['b\u3002c.test'], ['x.test', '--dns', 'ns.test:53'], []):
            done = self.house.cli('mx', *arguments, expect=2)
            self.assertTrue(done.stderr)
            self.assertEqual(done.stdout, '')

    def test_nobody_answers(self):
        found, = self.house.facts('mx', 'good.test', '--dns', f'{own_address()}:53', expect=2)
        self.assertEqual((found['outcome'], found['status']), ('temporary', '4.4.3'))


if __name__ == '__main__':
    unittest.main()
