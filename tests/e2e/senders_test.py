"""posthouse auth against a real name server: what we sign others verify, what they sign we verify, verdicts and exit codes."""
import json
import shutil
import subprocess
import unittest

from peers import Nsd
from posthouse import PROGRAM, ROOT, WAIT_S

import dkim
import dns.resolver
import spf

MESSAGE = (b'From: Alice <alice@a.test>\r\nTo: bob@b.test\r\nSubject:  two  words\r\n\tfolded\r\n'
           b'Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@a.test>\r\n\r\n'
           b'Dear  Bob,\t \r\n\r\nline\r\n\r\n\r\n')
ADDRESSES = ('192.0.2.1', '192.0.2.9', '198.51.100.7', '2001:db8::1', '203.0.113.3')
RECORDS = {
    'a.test': 'v=spf1 ip4:192.0.2.0/29 -all',
    'mx.test': 'v=spf1 mx ~all',
    'include.test': 'v=spf1 include:a.test include:mx.test -all',
    'redirect.test': 'v=spf1 redirect=a.test',
    'macro.test': 'v=spf1 exists:%{ir}.%{l}.ok.test -all',
    'loop.test': 'v=spf1 include:loop.test -all',
    'broken.test': 'v=spf1 ip4:192.0.2.0/99 -all',
    'neutral.test': 'v=spf1 ?all',
    'open.test': 'v=spf1 +all',
}


def strings(text):
    return ' '.join(f'"{text[i:i + 250]}"' for i in range(0, len(text), 250))


def theirs(nsd, ip, sender):
    """What python3-spf says, asking `nsd` through dnspython."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = [nsd.ip], nsd.port, 5

    def look_up(name, kind, strict=True, timeout=20, **_):
        try:
            answer = resolver.resolve(name, kind)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        return [((name, kind), value_of(kind, rdata)) for rdata in answer]

    def value_of(kind, rdata):
        if kind == 'TXT':
            return rdata.strings
        if kind == 'MX':
            return rdata.preference, rdata.exchange.to_text(omit_final_dot=True)
        return rdata.to_text()

    spf.DNSLookup = look_up
    return spf.check2(i=ip, s=sender, h='h.test')[0]


class Senders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = ROOT / 'build' / 'e2e-senders'
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.folder.mkdir(parents=True)
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.message = cls.file('message.eml', MESSAGE)
        cls.keys, cls.records = {}, {}
        for selector, options in (('rsa', ('RSA', '-pkeyopt', 'rsa_keygen_bits:2048')), ('ed', ('ED25519',))):
            cls.keys[selector] = cls.folder / f'{selector}.pem'
            subprocess.run(['openssl', 'genpkey', '-out', cls.keys[selector], '-algorithm', *options], check=True,
                           capture_output=True, timeout=WAIT_S)
            signed = cls.run_auth('sign', cls.message, '--domain', 'a.test', '--selector', selector, '--key',
                                  cls.keys[selector], '--json', dns=False)
            facts = json.loads(signed.stdout)
            cls.records[facts['record_name']] = facts['record']
        zones = {name: f'TXT {strings(text)}\n' for name, text in RECORDS.items()}
        zones['a.test'] += ('MX 10 mx\nmx A 192.0.2.1\n_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@a.test"\n'
                            + ''.join(f'{name}. TXT {strings(text)}\n' for name, text in cls.records.items()))
        zones['mx.test'] += 'MX 10 host\nhost A 192.0.2.9\nhost AAAA 2001:db8::1\n'
        zones['ok.test'] = '1.2.0.192.alice A 127.0.0.2\n'
        cls.nsd = Nsd(zones)
        cls.addClassCleanup(cls.nsd.close)
        cls.nsd.start()

    @classmethod
    def file(cls, name, octets):
        path = cls.folder / name
        path.write_bytes(octets)
        return path

    @classmethod
    def run_auth(cls, *args, dns=True, expect=0, **options):
        more = ['--dns', cls.nsd.server] if dns else []
        ran = subprocess.run([PROGRAM, 'auth', *map(str, args), *more], capture_output=True, timeout=WAIT_S, **options)
        if ran.returncode != expect:
            raise AssertionError(f'{args}: exit {ran.returncode}, not {expect}\n{ran.stdout.decode()}{ran.stderr.decode()}')
        return ran

    def facts(self, *args, expect=0):
        return json.loads(self.run_auth(*args, '--json', expect=expect).stdout)

    def txt(self, name, timeout=5):
        return self.records[name.decode().rstrip('.')].encode()

    def sign(self, selector):
        return self.run_auth('sign', self.message, '--domain', 'a.test', '--selector', selector, '--key',
                             self.keys[selector]).stdout

    def test_what_we_sign_others_verify(self):
        for selector in self.keys:
            with self.subTest(selector):
                signed = self.sign(selector)
                self.assertTrue(signed.endswith(MESSAGE))
                self.assertTrue(dkim.verify(signed, dnsfunc=self.txt))
                self.assertFalse(dkim.verify(signed.replace(b'Bob', b'Rob'), dnsfunc=self.txt))

    def test_what_others_sign_we_verify(self):
        for head in (b'simple', b'relaxed'):
            for body in (b'simple', b'relaxed'):
                field = dkim.sign(MESSAGE, b'rsa', b'a.test', self.keys['rsa'].read_bytes(), canonicalize=(head, body))
                found = self.facts('dkim', self.file('theirs.eml', field + MESSAGE))
                self.assertEqual(found['result'], 'pass', found)
                self.assertEqual(found['signatures'][0]['key_bits'], 2048)

    def test_arc_both_ways(self):
        ours = self.run_auth('seal', self.message, '--domain', 'a.test', '--selector', 'rsa', '--key', self.keys['rsa'],
                             '--results', 'mx.a.test; spf=pass smtp.mailfrom=a.test').stdout
        cv, results, reason = dkim.arc_verify(ours, dnsfunc=self.txt)
        self.assertEqual(cv, dkim.CV_Pass, f'{reason} {results}')
        # A second set, by them, over ours; and we check both.
        results = b'Authentication-Results: mx.b.test; arc=pass\r\n'
        fields = dkim.arc_sign(results + ours, b'rsa', b'a.test', self.keys['rsa'].read_bytes(), b'mx.b.test')
        found = self.facts('arc', self.file('sealed.eml', b''.join(fields) + results + ours))
        self.assertEqual((found['result'], len(found['sets'])), ('pass', 2), found)
        broken = self.file('broken.eml', ours.replace(b'Bob', b'Rob'))
        self.assertEqual(self.facts('arc', broken, expect=1)['failed_instance'], 1)

    def test_spf_agrees(self):
        """Every domain from every address; python3-spf asks the same name server by way of its own function."""
        compared = 0
        for name in RECORDS:
            for ip in ADDRESSES:
                with self.subTest(f'{name} from {ip}'):
                    ran = subprocess.run([PROGRAM, 'auth', 'spf', '--ip', ip, '--helo', 'h.test', '--from',
                                          f'alice@{name}', '--json', '--dns', self.nsd.server],
                                         capture_output=True, timeout=WAIT_S)
                    ours = json.loads(ran.stdout)['result']
                    self.assertEqual(ours, theirs(self.nsd, ip, f'alice@{name}'))
                    compared += 1
        self.assertEqual(compared, len(RECORDS) * len(ADDRESSES))

    def test_dmarc(self):
        signed = self.file('signed.eml', self.sign('rsa'))
        found = self.facts('dmarc', signed, '--ip', '198.51.100.7', '--from', 'x@elsewhere.test')
        self.assertEqual((found['result'], found['dkim']['aligned'], found['spf']['aligned']), ('pass', True, False))
        found = self.facts('dmarc', self.message, '--ip', '192.0.2.1', '--from', 'x@a.test')
        self.assertEqual((found['result'], found['spf']['aligned']), ('pass', True))
        found = self.facts('dmarc', self.message, '--ip', '198.51.100.7', '--from', 'x@a.test', expect=1)
        self.assertEqual((found['result'], found['disposition']), ('fail', 'reject'))

    def test_what_was_changed_is_told(self):
        altered = self.file('footer.eml', self.sign('rsa').rstrip(b'\r\n') + b'\r\n-- \r\na list\r\n')
        found = self.facts('dkim', altered, expect=1)
        self.assertEqual(found['signatures'][0]['reason'], 'body_hash')
        self.assertIn('after line 3: 2 lines', found['signatures'][0]['changes'][0]['what'])
        self.assertIn('after line 3', self.run_auth('dkim', altered, expect=1).stdout.decode())
        for selector in ('rsa', 'ed'):
            tagged = self.file('tagged.eml', self.sign(selector).replace(b'Subject: ', b'Subject: [list] '))
            change = 'Subject rewritten: "[list]" was put before it'
            found = self.facts('dkim', tagged, expect=1)['signatures'][0]
            self.assertEqual((found['reason'], found['changes'][0]['what']), ('header_hash', change))
            self.assertIn(change, self.run_auth('dkim', tagged, expect=1).stdout.decode())

    def test_line_ends_of_files_do_not_matter(self):
        unix = self.file('unix.eml', self.sign('ed').replace(b'\r\n', b'\n'))
        self.assertEqual(self.facts('dkim', unix)['result'], 'pass')

    def test_signatures_as_they_are_wanted(self):
        mailbox = self.file('mailbox.eml', b'From alice Sat Nov 21 10:00:00 2026\r\n' + MESSAGE)
        for form in ('simple/simple', 'simple/relaxed', 'relaxed/simple', 'relaxed/relaxed'):
            signed = self.run_auth('sign', mailbox, '--domain', 'a.test', '--selector', 'ed', '--key', self.keys['ed'],
                                   '--canonical', form, '--identity', 'al;ice@sub.a.test', '--fields', 'from:subject',
                                   '--no-oversign').stdout
            self.assertTrue(signed.startswith(b'From alice'), signed[:80])
            found = self.facts('dkim', self.file('wanted.eml', signed))['signatures'][0]
            self.assertEqual([found[name] for name in ('result', 'header_form', 'body_form', 'identity', 'fields')],
                             ['pass', *form.split('/'), 'al;ice@sub.a.test', ['from', 'subject']])
            self.assertTrue(dkim.verify(signed.split(b'\n', 1)[1], dnsfunc=self.txt), form)
        sealed = self.run_auth('seal', mailbox, '--domain', 'a.test', '--selector', 'rsa', '--key', self.keys['rsa'],
                               '--results', 'mx.a.test; none').stdout
        self.assertEqual(self.facts('arc', self.file('mailbox-sealed.eml', sealed))['result'], 'pass')

    def test_what_cannot_be_signed_is_refused(self):
        short, none = self.folder / 'short.pem', self.file('none.pem', b'no key\n')
        subprocess.run(['openssl', 'genpkey', '-out', short, '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:768'],
                       check=True, capture_output=True, timeout=WAIT_S)
        for selector, key, words in (('s;b=x', self.keys['ed'], 'selector'), ('s\r\nX-Evil: 1', self.keys['ed'], 'selector'),
                                     ('s', short, '768 bits'), ('s', none, 'none.pem')):
            for what in (('sign',), ('seal', '--results', 'mx.a.test; none')):
                ran = self.run_auth(what[0], self.message, *what[1:], '--domain', 'a.test', '--selector', selector,
                                    '--key', key, expect=2)
                self.assertEqual(ran.stdout, b'')
                self.assertIn(words, ran.stderr.decode())
        ran = self.run_auth('seal', self.message, '--domain', 'a.test', '--selector', 'ed', '--key', self.keys['ed'],
                            '--results', 'mx.a.test; none\x1b', expect=2)
        self.assertIn('0x1b at offset 15', ran.stderr.decode())

    def test_half_a_client_is_refused(self):
        self.assertIn('--ip', self.run_auth('dmarc', self.message, '--from', 'x@a.test', expect=2).stderr.decode())
        self.assertIn('--now', self.run_auth('dkim', self.message, '--now', 'tomorrow', expect=2).stderr.decode())

    def test_lint(self):
        found = self.facts('lint', 'a.test', '--selector', 'rsa', '--selector', 'ed')
        self.assertEqual(found['findings'], [])
        found = self.facts('lint', 'open.test', expect=1)
        said = ' '.join(finding['what'] for finding in found['findings'])
        for words in ('+all', 'no DMARC record'):
            self.assertIn(words, said)
        self.assertEqual(self.facts('lint', 'broken.test', expect=1)['findings'][0]['severity'], 'wrong')
        self.assertEqual(self.facts('lint', 'A.test.', '--selector', 'rsa')['domain'], 'a.test')
        for name in ('a b', 'user@a.test', '192.0.2.1'):
            self.run_auth('lint', name, expect=2)

    def test_batch(self):
        requests = [{'id': 1, 'do': 'spf', 'ip': '192.0.2.1', 'from': 'x@a.test'},
                    {'id': 2, 'do': 'dkim', 'file': str(self.message)},
                    {'id': 3, 'do': 'spf', 'ip': 'nonsense', 'from': 'x@a.test'},
                    {'id': 4, 'do': 'lint', 'domain': 'open.test'},
                    {'id': 5, 'do': 'dance', 'step': 1},
                    {'id': 6, 'do': 'dkim', 'file': str(self.message), 'step': 1},
                    {'id': 7, 'do': 'dkim', 'file': str(self.message), 'now': 1795287062}]
        ran = self.run_auth('--batch', input='\n \n'.join(map(json.dumps, requests)).encode())
        answers = [json.loads(line) for line in ran.stdout.splitlines()]
        self.assertEqual([(a['id'], a['code']) for a in answers], [(1, 0), (2, 0), (3, 2), (4, 1), (5, 2), (6, 2), (7, 0)])
        self.assertEqual((answers[4]['detail'], answers[5]['detail']), ('dance', 'step'))
        self.assertEqual((answers[0]['result'], answers[1]['result']), ('pass', 'none'))


if __name__ == '__main__':
    unittest.main()
