"""What README tells someone with a real domain, done word for word: its DNS records, its configuration, its commands, in a
network where example.org is theirs and friend.example.net is somebody else's."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from network import OtherHost, own_network
from posthouse import PROGRAM, ROOT, WAIT_S, House, header, make_certificate, until
from relaying import RelayTest

OURS4, FRIEND4, FRIEND6 = '192.0.2.1', '192.0.2.2', '2001:db8::2'
PORTS = {'smtp': 25, 'submission': 587, 'submissions': 465, 'pop3s': 995}

setUpModule, tearDownModule = own_network([])


def chapter(file, title):
    """The chapter about a real domain."""
    return (ROOT / file).read_text().partition(f'\n## {title}\n')[2].partition('\n## ')[0]


def blocks(text, kind):
    """Fenced blocks in the chapter's list, without indentation."""
    return [re.sub(r'(?m)^   ', '', block) for block in re.findall(rf'(?s)```{kind}\n(.*?)\n *```', text)]


def commands(block):
    return [line.partition(' #')[0].strip() for line in block.splitlines() if line.strip()]


class ReadmeTest(RelayTest):

    def zone(self, text):
        """example.org as the table has it."""
        rows = [[re.findall('`([^`]+)`', cell) for cell in row.split('|')[1:3]]
                for row in text.splitlines() if row.strip().startswith('| `')]
        (names, (four, six)), (domains, (mx,)), (addresses, (back, *_)), (texts, (spf, *_)), (policies, (dmarc, *_)) = rows
        self.assertEqual((names, domains, texts), (['mail.example.org'], ['example.org'], ['example.org']))
        self.assertEqual(policies, ['_dmarc.example.org'])
        self.assertEqual((addresses, back), ([four, six], names[0]))
        return f'mail A {four}\nmail AAAA {six}\nMX {mx}.\nTXT "{spf}"\n_dmarc TXT "{dmarc}"\n'

    def test_a_real_domain(self):
        text = chapter('README.md', 'For a real domain')
        configuration, = blocks(text, 'toml')
        install, accounts, trial = map(commands, blocks(text, 'sh'))
        self.nsd.zones['example.org'] = self.zone(text)
        for above in ('org', 'net'):  # who looks for a policy asks there, too, and is told that there is none
            self.nsd.zones[above] = 'TXT "a top level domain"\n'
        self.nsd.zones['friend.example.net'] = f'MX 10 mail\nmail A {FRIEND4}\nmail AAAA {FRIEND6}\n'
        # theirs listens on every address, so the friend's needs a machine of its own
        host = OtherHost([f'{OURS4}/24', '2001:db8::1/64'], [f'{FRIEND4}/24', f'{FRIEND6}/64'])
        self.addCleanup(host.close)
        self.nsd.ip = OURS4
        friend = House({'dns': {'servers': [self.nsd.server]}}, ['you'], 'friend.example.net')
        self.addCleanup(self._close, friend)
        friend.ip = FRIEND4
        friend.certificate, friend.key = make_certificate(friend.folder, friend.hostname, FRIEND4, serial=2)
        friend.tables.update(tls={'certificate': str(friend.certificate), 'key': str(friend.key)}, delivery={},
                             listen={name: f'{FRIEND4}:{port}' for name, port in friend.ports.items()})
        friend.tables['listen']['smtp'] = [f'{FRIEND4}:25', f'[{FRIEND6}]:25']
        friend.write_config()

        ours = House(accounts=(), domain='example.org')
        self.addCleanup(self._close, ours)
        certificate = make_certificate(ours.folder, 'mail.example.org', '127.0.0.1', serial=7)
        for there, here in (('/etc/posthouse/fullchain.pem', certificate[0]), ('/etc/posthouse/privkey.pem', certificate[1]),
                            ('/var/lib/posthouse', ours.folder / 'lib')):
            self.assertIn(there, configuration)
            configuration = configuration.replace(there, str(here))
        # theirs: a DNS that knows these domains. All else is as it stands there
        ours.config.write_text(configuration + f'\n[dns]\nservers = ["{self.nsd.server}"]\n')
        ours.ip, ours.ports, ours.certificate = '127.0.0.1', PORTS, certificate[0]

        path = tempfile.mkdtemp(prefix='ph-')
        self.addCleanup(shutil.rmtree, path)
        os.symlink(PROGRAM, f'{path}/posthouse')
        ours.passwords['alice@example.org'] = password = 'alice likes $ long ones'
        env = dict(os.environ, PATH=f'{path}:{os.environ["PATH"]}', SSL_CERT_FILE=str(certificate[0]),
                   POSTHOUSE_PASSWORD=password)

        def shell(command, given=''):
            done = subprocess.run(['sh', '-c', command], cwd=ours.folder, env=env, input=given, text=True,
                                  capture_output=True, timeout=WAIT_S, check=False)
            self.assertEqual(done.returncode, 0, f'{command}\n{done.stdout}{done.stderr}')
            return done.stdout

        self.assertIn('posthouse check', install)
        shell('posthouse check')
        self.nsd.start()
        ours.start()
        friend.start(prefix=host.prefix)
        for command in accounts:
            asks = 'account add' in command
            shell(command + (' --password-stdin' if asks else ''), password + '\n' if asks else '')
        mx, send, why, queue = trial
        self.assertIn('mail.friend.example.net', shell(mx))
        shell(send)
        received, = friend.mailbox('you')
        self.assertIn('from mail.example.org', header(received, 'Received')[0])
        until(lambda: 'relay' in (told := shell(why)) and 'mail.friend.example.net' in told, 'who took it')
        until(lambda: 'example.net' not in shell(queue), 'nothing waits')
        # the answer, by the records of the table
        self.send(friend, 'alice@example.org', user='you')
        self.assertEqual(len(ours.mailbox('alice')), 1)
        self.assertIn('deliver', shell('posthouse why alice@example.org'))
        # "on this one it says that the mail would loop back to us, which is right"
        found, = ours.facts('mx', 'example.org', expect=1)
        self.assertEqual(found['status'], '5.4.6')
        seen, = friend.facts('mx', 'example.org')
        self.assertEqual([h['name'] for h in seen['hosts']], ['mail.example.org'])

    def test_both_languages_say_the_same(self):
        def without_comments(file, title):
            text = chapter(file, title)
            kinds = [[re.sub(r'(?m)\s+#.*$', '', block) for block in blocks(text, kind)] for kind in ('toml', 'sh')]
            self.assertTrue(all(kinds), file)
            return kinds, self.zone(text)
        self.assertEqual(without_comments('README.md', 'For a real domain'),
                         without_comments('README.zh.md', '用于真实的域'))


if __name__ == '__main__':
    unittest.main()
