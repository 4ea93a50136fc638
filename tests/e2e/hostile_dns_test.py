"""posthouse auth against a real name server that says what costs most: answers of 64 KiB, by TCP, loops, a thousand records.
What it costs in questions and octets is counted by the unit tests; here is what comes of it by way of libunbound."""
import json
import subprocess
import unittest

from peers import Nsd
from posthouse import PROGRAM, ROOT, WAIT_S

MESSAGE = (b'DKIM-Signature: v=1; a=rsa-sha256; d=%s; s=s; c=relaxed/relaxed; h=from;\r\n'
           b'\tbh=AAAA; b=AAAA\r\nFrom: Ann <ann@%s>\r\nSubject: x\r\n\r\nbody\r\n')
LONG = 61_000  # octets of a record: with its strings and the rest of the answer below 64 KiB


def strings(text, octets=250):
    return ' '.join(f'"{text[i:i + octets]}"' for i in range(0, len(text), octets))


def filled(head, piece, tail='', octets=LONG):
    return head + piece * ((octets - len(head) - len(tail)) // len(piece)) + tail


ZONES = {
    'loop.test': 'TXT "v=spf1 include:loop.test -all"\n',
    'ring.test': ''.join(f'r{i} TXT "v=spf1 redirect=r{(i + 1) % 30}.ring.test"\n' for i in range(30)),
    'long.test': 'TXT ' + strings(filled('v=spf1', ' ip4:10.0.0.1', ' +all')) + '\n',
    'pieces.test': 'TXT ' + strings(filled('v=spf1', ' ip4:10.0.0.1', ' -all', 15_000), 1) + '\n',
    'records.test': 'TXT "v=spf1 -all"\n' * 1 + ''.join(f'TXT "proof={i}"\n' for i in range(1000)),
    'several.test': ''.join(f'TXT "v=spf1 ip4:10.0.{i // 256}.{i % 256} -all"\n' for i in range(1000)),
    'nul.test': 'TXT "v=spf1 a:x\\000y.test +all"\n',
    'circle.test': 'alias CNAME other\nother CNAME alias\n',
    'hosts.test': 'TXT "v=spf1 mx +all"\n' + ''.join(f'MX 10 h{i}\n' for i in range(1000)),
    'void.test': 'TXT "' + 'v=spf1' + ''.join(f' a:n{i}.void.test' for i in range(10)) + ' +all"\n',
    'bomb.test': 'TXT ' + strings(filled('v=spf1 exists:', '%{h}.', 'x.test +all')) + '\n',
    'policy.test': '_dmarc TXT ' + strings(filled('v=DMARC1; p=reject', '; x=y')) + '\n',
    'policies.test': ''.join(f'_dmarc TXT "v=DMARC1; p=reject; x={i}"\n' for i in range(1000)),
    'deep.test': '_dmarc TXT "v=DMARC1; p=reject"\n',
    'key.test': 's._domainkey TXT ' + strings(filled('v=DKIM1; p=', 'AAAA')) + '\n',
    'keys.test': ''.join(f's._domainkey TXT "v=DKIM1; k=ed25519; n={i}; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="\n'
                         for i in range(500)),
    'revoked.test': 's._domainkey TXT "v=DKIM1; p="\n',
}


class HostileDns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nsd = Nsd(ZONES)
        cls.addClassCleanup(cls.nsd.close)
        cls.nsd.start()
        cls.folder = ROOT / 'build' / 'e2e-hostile-dns'
        cls.folder.mkdir(parents=True, exist_ok=True)

    def auth(self, *args):
        ran = subprocess.run([PROGRAM, 'auth', *map(str, args), '--json', '--dns', self.nsd.server], capture_output=True,
                             timeout=WAIT_S)
        self.assertIn(ran.returncode, (0, 1, 2), ran.stderr)  # 2: the DNS did not say
        self.assertLess(len(ran.stdout), 200_000)  # what a record says is not repeated without end
        return json.loads(ran.stdout)

    def spf(self, domain):
        found = self.auth('spf', '--ip', '192.0.2.1', '--helo', 'h' * 60 + '.test', '--from', f'a@{domain}')
        self.assertLessEqual(found['terms'], 11)
        self.assertLessEqual(found['void_lookups'], 3)
        return found['result']

    def test_spf(self):
        wanted = {'loop.test': 'permerror', 'r0.ring.test': 'permerror', 'long.test': 'pass', 'pieces.test': 'fail',
                  'records.test': 'fail', 'several.test': 'permerror', 'nul.test': 'permerror',
                  'alias.circle.test': 'temperror', 'hosts.test': 'permerror', 'void.test': 'permerror',
                  'bomb.test': 'permerror'}
        self.assertEqual({domain: self.spf(domain) for domain in wanted}, wanted)

    def message(self, domain):
        path = self.folder / f'{domain[-40:]}.eml'
        path.write_bytes(MESSAGE % (domain.encode(), domain.encode()))
        self.addCleanup(path.unlink)
        return path

    def test_dkim(self):
        wanted = {'key.test': 'key_syntax', 'keys.test': 'key_unfit', 'revoked.test': 'key_revoked',
                  'nowhere.test': 'key_missing'}
        found = {domain: self.auth('dkim', self.message(domain))['signatures'][0] for domain in wanted}
        self.assertEqual({domain: signature['reason'] for domain, signature in found.items()}, wanted)

    def test_dmarc(self):
        # A record that is too long, and one of many, are none; the tree is climbed from 120 labels.
        wanted = {'policy.test': 'none', 'policies.test': 'none', 'a.' * 118 + 'deep.test': 'fail'}
        found = {domain: self.auth('dmarc', self.message(domain), '--ip', '192.0.2.1', '--from', 'x@nowhere.test')['result']
                 for domain in wanted}
        self.assertEqual(found, wanted)


if __name__ == '__main__':
    unittest.main()
