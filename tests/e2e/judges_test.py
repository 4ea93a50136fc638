"""What others find of the same mail: opendkim verifies what we sign, opendmarc judges as we do. Both run in a root of their
own (tests/peers/setup.sh judges) and ask a name server of the test. Where opendmarc's answer is another, its reason is here."""
import collections
import itertools
import json
import os
import re
import shutil
import subprocess
import unittest

from peers import BASE, ENTER, PEERS, Nsd
from posthouse import PROGRAM, ROOT, WAIT_S

GOOD, BAD = '192.0.2.1', '198.51.100.7'
BODY = ('Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@a.test>\r\nTo: <bob@b.test>\r\nSubject: x\r\n\r\n'
        'Dear  Bob,\t \r\n\r\n')
SPF = f'TXT "v=spf1 ip4:{GOOD} -all"\n'
DOMAINS = {  # domain: what its zone says besides SPF and the key, which all of them have
    'reject.test': '_dmarc TXT "v=DMARC1; p=reject"\nsub ' + SPF,
    'watch.test': '_dmarc TXT "v=DMARC1; p=none"\n',
    'apart.test': '_dmarc TXT "v=DMARC1; p=reject; sp=quarantine"\n',
    'strict.test': '_dmarc TXT "v=DMARC1; p=reject; adkim=s; aspf=s"\nsub ' + SPF,
    'none.test': '',
    'small.test': '_dmarc TXT "v=dmarc1; p=reject"\n',
    'two.test': '_dmarc TXT "v=DMARC1; p=reject"\n_dmarc TXT "v=DMARC1; p=reject; t=n"\n',
    'share.test': '_dmarc TXT "v=DMARC1; p=reject; pct=0"\n',
    'testing.test': '_dmarc TXT "v=DMARC1; p=reject; t=y"\n',
    'wrong.test': '_dmarc TXT "v=DMARC1; p=maybe"\n',
    'wrongrua.test': '_dmarc TXT "v=DMARC1; p=maybe; rua=mailto:d@wrongrua.test"\n',
    'gone.test': '_dmarc TXT "v=DMARC1; p=none; np=reject"\n',
    'apex.test': '_dmarc TXT "v=DMARC1; p=reject"\n_dmarc.dept TXT "v=DMARC1; p=reject; psd=n"\ndept ' + SPF,
    'evil.test': '',
}

Case = collections.namedtuple('Case', 'what head sender ip signer ours theirs why', defaults=(None, '', '', ''))


def case(what, author, sender, ip, signer=None, ours='', theirs=None, why=''):
    head = author if ':' in author.split('@')[0] else f'From: <{author}>'
    return Case(what, head, sender, ip, signer, ours, theirs or ours, why)


CASES = [
    # (result, policy published): where opendmarc's is the same, it is not repeated.
    case('SPF of the domain', 'a@reject.test', 'x@reject.test', GOOD, None, 'pass reject'),
    case('DKIM of the domain', 'a@reject.test', 'x@evil.test', BAD, 'reject.test', 'pass reject'),
    case('both', 'a@reject.test', 'x@reject.test', GOOD, 'reject.test', 'pass reject'),
    case('nothing', 'a@reject.test', 'x@evil.test', BAD, None, 'fail reject'),
    case('SPF of another', 'a@reject.test', 'x@evil.test', GOOD, None, 'fail reject'),
    case('DKIM of another', 'a@reject.test', 'x@evil.test', BAD, 'evil.test', 'fail reject'),
    case('SPF of a subdomain', 'a@reject.test', 'x@sub.reject.test', GOOD, None, 'pass reject'),
    case('DKIM of the domain above', 'a@sub.reject.test', 'x@evil.test', BAD, 'reject.test', 'pass reject'),
    case('strict, SPF of a subdomain', 'a@strict.test', 'x@sub.strict.test', GOOD, None, 'fail reject',
         'pass reject', 'takes a subdomain where aspf=s wants the very domain (RFC 7489 §3.1.2)'),
    case('strict, DKIM of the domain above', 'a@sub.strict.test', 'x@evil.test', BAD, 'strict.test', 'fail reject'),
    case('only watching', 'a@watch.test', 'x@evil.test', BAD, None, 'fail none'),
    case('sp=', 'a@sub.apart.test', 'x@evil.test', BAD, None, 'fail quarantine'),
    case('no record', 'a@none.test', 'x@evil.test', BAD, None, 'none none'),
    case('no record, and all fine', 'a@none.test', 'x@none.test', GOOD, 'none.test', 'none none'),
    case('two records', 'a@two.test', 'x@evil.test', BAD, None, 'none none',
         'fail reject', 'takes the first; several are none (RFC 9989 §4.7, RFC 7489 §6.6.3)'),
    case('pct=0', 'a@share.test', 'x@evil.test', BAD, None, 'fail reject'),
    case('t=y', 'a@testing.test', 'x@evil.test', BAD, None, 'fail reject'),
    case('no policy that is one', 'a@wrong.test', 'x@evil.test', BAD, None, 'none none',
         'permerror none', 'reports an error where the domain has no policy (RFC 9989 §4.10.1: no processing)'),
    case('v=dmarc1', 'a@small.test', 'x@evil.test', BAD, None, 'none none'),
    case('a display name', 'From: "a@reject.test" <x@none.test>', 'x@evil.test', BAD, None, 'none none'),
    case('reports of a wrong policy', 'a@wrongrua.test', 'x@evil.test', BAD, None, 'fail none',
         'permerror none', 'reports an error; with rua= it counts as p=none (RFC 9989 §4.10.1, RFC 7489 §6.6.3)'),
    case('np=', 'a@nobody.gone.test', 'x@evil.test', BAD, None, 'fail reject',
         'fail none', 'does not know np= (RFC 9989 §4.7), which came after RFC 7489'),
    case('psd=n', 'a@dept.apex.test', 'x@evil.test', BAD, 'apex.test', 'fail reject',
         'pass reject', 'does not know psd= (RFC 9989 §4.10.2): by the public suffix list both are of one organization'),
    case('several authors', 'From: <a@none.test>, <b@reject.test>', 'x@none.test', GOOD, None, 'fail reject',
         'not judged', 'leaves alone what has several authors; RFC 7489 §6.6.1 lets each be judged, and then none can hide'),
    case('several fields', 'From: <a@none.test>\r\nFrom: <b@reject.test>', 'x@none.test', GOOD, None, 'permerror none',
         'none none', 'reads the first field alone; readers may show the other'),
    case('an address as a name', 'From: a@reject.test <x@none.test>', 'x@none.test', GOOD, None, 'fail reject',
         'none none', 'reads what stands in <>, as RFC 5322 §3.4 would if the name had quotes'),
    case('no domain', 'From: <a@reject\xff.test>', 'x@evil.test', BAD, None, 'permerror none',
         'none none', 'asks the DNS for octets that no domain has'),
    case('nobody', 'From: Somebody', 'x@evil.test', BAD, None, 'permerror none',
         'not judged', 'takes what has no author'),
]

RUN = '''
cd /cases
for message in *.dkim; do
  opendkim-testmsg <$message >/tmp/out 2>&1; echo "@ $message $?"; cat /tmp/out
done
for message in *.dmarc; do
  echo "@ $message 0"; env $(cat $message.env) opendmarc -t $message -c /cases/conf -v -v -v 2>&1
done
'''


class Judges(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not (PEERS / 'judges.ok').exists():
            raise AssertionError('the judges are not installed: tests/peers/setup.sh judges')
        cls.folder = PEERS / 'run' / f'judges-{os.getpid()}-0'
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.cases = cls.folder / 'files' / 'cases'
        cls.cases.mkdir(parents=True)
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.keys = {}
        for kind, options in (('rsa', ('RSA', '-pkeyopt', 'rsa_keygen_bits:2048')), ('ed', ('ED25519',))):
            cls.keys[kind] = cls.folder / f'{kind}.pem'
            subprocess.run(['openssl', 'genpkey', '-out', cls.keys[kind], '-algorithm', *options], check=True,
                           capture_output=True, timeout=WAIT_S)
        zones = {}
        for domain, more in DOMAINS.items():
            zones[domain] = SPF + more
            for kind in cls.keys:
                record = cls.signed(domain, kind, b'From: a@b.test\r\n\r\n')['record']
                strings = ' '.join(f'"{record[i:i + 250]}"' for i in range(0, len(record), 250))
                zones[domain] += f'{kind}._domainkey TXT {strings}\n'
        cls.nsd = Nsd(zones)
        cls.addClassCleanup(cls.nsd.close)
        cls.nsd.start()

    @classmethod
    def signed(cls, domain, kind, message):
        path = cls.folder / 'message.eml'
        path.write_bytes(message)
        ran = subprocess.run([PROGRAM, 'auth', 'sign', path, '--domain', domain, '--selector', kind, '--key', cls.keys[kind],
                              '--json'], check=True, capture_output=True, timeout=WAIT_S)
        return json.loads(ran.stdout)

    def judge(self):
        """What the judges say of the files in `cases`: {name: (exit code, text)}."""
        etc = self.cases.parent / 'etc'
        etc.mkdir(exist_ok=True)
        (etc / 'resolv.conf').write_text(f'nameserver {self.nsd.ip}\n')
        (self.cases / 'ignore').write_text('203.0.113.9\n')
        (self.cases / 'conf').write_text('AuthservID mx.test\nTrustedAuthservIDs mx.test\nIgnoreHosts /cases/ignore\n'
                                         'Syslog false\n'
                                         'SPFIgnoreResults true\nSPFSelfValidate true\n'
                                         'PublicSuffixList /cases/suffixes\n')
        (self.cases / 'suffixes').write_text('// ===BEGIN ICANN DOMAINS===\ntest\n')  # .test is on no list
        shutil.rmtree(f'{self.cases.parent}.work', ignore_errors=True)  # of a quick overlay, which is not mounted twice
        ran = subprocess.run([ENTER, '--quick', self.cases.parent, PEERS / 'judges', BASE, '--', 'bash', '-c', RUN],
                             capture_output=True, timeout=10 * WAIT_S)
        said = {}
        for part in ran.stdout.decode(errors='replace').split('@ ')[1:]:
            if match := re.match(r'(\S+\.(?:dkim|dmarc)) (\d+)\n', part):
                said[match[1]] = (int(match[2]), part[match.end():])
        self.assertTrue(said, ran.stderr.decode())
        return said

    def put(self, name, octets):
        (self.cases / name).write_bytes(octets)
        return self.cases / name

    def ours(self, what, path, *more):
        ran = subprocess.run([PROGRAM, 'auth', what, path, *more, '--json', '--dns', self.nsd.server], capture_output=True,
                             timeout=WAIT_S)
        self.assertIn(ran.returncode, (0, 1), ran.stderr)
        return json.loads(ran.stdout)

    def message(self, one):
        content = (one.head + '\r\n' + BODY).encode('latin-1')
        return self.signed(one.signer, 'rsa', content)['field'].encode() + content if one.signer else content

    def test_opendkim_verifies_what_we_sign(self):
        content = ('From: <a@reject.test>\r\n' + BODY).encode()
        field = self.signed('reject.test', 'rsa', content)['field'].encode()
        bodies = {'whole': content, 'body': content.replace(b'Bob', b'Rob'), 'header': content.replace(b'bob@', b'rob@'),
                  'added': b'From: <x@evil.test>\r\n' + content}
        for name, octets in bodies.items():
            self.put(f'{name}.dkim', field + octets)
        said = self.judge()
        for name in bodies:
            with self.subTest(name):
                ours = self.ours('dkim', self.cases / f'{name}.dkim')
                self.assertEqual(ours['result'] == 'pass', name == 'whole')
                code, text = said[f'{name}.dkim']
                self.assertEqual(code == 0, name == 'whole', text)

    def test_opendmarc_judges_as_we_do(self):
        for number, one in enumerate(CASES):
            message = self.message(one)
            path = self.put(f'{number:02}.eml', message)
            found = self.ours('dmarc', path, '--ip', one.ip, '--from', one.sender)
            checks = found['checks']
            # It asks for SPF itself (libspf2); of DKIM it reads what stands in the header.
            fields = ''.join(f"Authentication-Results: mx.test; dkim={each['result']} header.d={each['domain']}\r\n"
                             for each in checks['dkim']['signatures'])
            self.put(f'{number:02}.dmarc', fields.encode() + message)
            self.put(f'{number:02}.dmarc.env', f'OPENDMARC_TEST_ENVFROM=<{one.sender}> OPENDMARC_TEST_CLIENTIP={one.ip} '
                     'OPENDMARC_TEST_HELOHOST=h.evil.test'.encode())
            with self.subTest(one.what):
                self.assertEqual(f"{found['result']} {found['published']}", one.ours)
        said = self.judge()
        for number, one in enumerate(CASES):
            with self.subTest(one.what):
                _, text = said[f'{number:02}.dmarc']
                told = re.search(r"hvalue='mx\.test; dmarc=(\w+)(?: \(p=(\w+) dis=\w+\))?", text)
                self.assertEqual(f'{told[1]} {told[2] or "none"}' if told else 'not judged', one.theirs, text)
                self.assertEqual(one.ours != one.theirs, bool(one.why))


if __name__ == '__main__':
    unittest.main()
