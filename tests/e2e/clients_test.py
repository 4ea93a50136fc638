"""Real programs send and fetch: what arrives is what was sent, octet for octet."""
import email
import functools
import os
import pathlib
import random
import shutil
import smtplib
import subprocess
import tempfile
import unittest

from posthouse import DOMAIN, HOSTNAME, WAIT_S, HouseTest, body, header

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'


@functools.cache
def contents():
    """name -> the body to send, CRLF line ends."""
    seeded = random.Random(7)
    words = [f'w{n}' for n in range(2000)]

    def text(octets):
        lines, length = [], 0
        while length < octets:
            line = ' '.join(seeded.choices(words, k=11))
            lines.append(line)
            length += len(line) + 2
        return '\r\n'.join(lines).encode() + b'\r\n'
    return {
        'plain': b'One line.\r\nAnother.\r\n',
        'dots': b'.\r\n..\r\n...\r\n.x\r\n..x\r\nx.\r\n.\r\n. \r\n',
        'empty lines': b'\r\n\r\nx\r\n\r\n\r\n',
        '8-bit': 'Grüße, мир, 世界 \u00a0\r\n'.encode() + bytes(range(0x80, 0x100)) + b'\r\n',
        'controls': bytes(c for c in range(1, 32) if c not in b'\r\n') + b'\x7f\r\n',
        'tabs and spaces at ends': b'a \r\n\tb\t\r\n  \r\n',
        'a line of 998': b'x' * 998 + b'\r\n',
        'a line of 5,000': b'y' * 5000 + b'\r\n',
        'a line of 60,000': b'z' * 60000 + b'\r\n',
        'From at a line start': b'From here on.\r\n>From there.\r\n',
        '1 MB': text(1 << 20),
        '20 MB': text(20 << 20),
    }


class ClientsTest(HouseTest):
    config = {'limits': {'message_size': '50 MB'}}

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix='ph-client-'))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def run_client(self, *command, given=b''):
        environment = {'HOME': str(self.home), 'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8',
                       'USER': 'client', 'TMPDIR': str(self.home)}
        done = subprocess.run([str(word) for word in command], input=given, cwd=self.home, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=3 * WAIT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors='replace')[-2000:])
        return done.stdout

    def file(self, name, text, mode=0o600):
        path = self.home / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def password(self, address=ALICE):
        return self.house.passwords[address]

    # --- Python's own: the octets themselves, over every way in ---

    def test_smtplib_and_poplib_octet_for_octet(self):
        for name, content in contents().items():
            with self.subTest(name):
                with self.house.smtp() as smtp:
                    smtp.sendmail('s@sender.test', [BOB], b'Subject: octets\r\n\r\n' + content)
                self.assertEqual(body(self.house.mailbox('bob')[0]), content)

    def test_smtplib_over_starttls_and_tls(self):
        for name in ('plain', 'dots', '8-bit', 'a line of 60,000', '1 MB', '20 MB'):
            content = contents()[name]
            with self.subTest(name):
                with self.house.submission('alice') as smtp:
                    smtp.sendmail(ALICE, [BOB], b'Subject: octets\r\n\r\n' + content)
                self.assertEqual(body(self.house.mailbox('bob')[0]), content)
                with smtplib.SMTP_SSL(self.house.ip, self.house.ports['submissions'], timeout=WAIT_S,
                                      context=self.house.trust()) as smtp:
                    smtp.login(ALICE, self.password())
                    smtp.sendmail(ALICE, [BOB], b'Subject: octets\r\n\r\n' + content)
                self.assertEqual(body(self.house.mailbox('bob')[0]), content)

    # --- senders ---

    TEXT = 'Hello bob,\r\n.a line that begins with a dot\r\n..two of them\r\nGrüße\r\n'.encode()

    def message(self, subject):
        return (f'From: {ALICE}\r\nTo: {BOB}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n'
                'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n').encode() \
            + self.TEXT

    def assert_arrived(self, subject, text=None):
        message = self.house.mailbox('bob')[0]
        self.assertEqual(header(message, 'Subject'), [subject])
        self.assertEqual(header(message, 'Return-Path'), [f'<{ALICE}>'])
        if text is not None:
            self.assertEqual(body(message), text)
        return message

    def test_swaks(self):
        data = self.file('swaks.eml', self.message('swaks').replace(b'\r\n', b'\n'))
        common = ('swaks', '--from', ALICE, '--to', BOB, '--ehlo', 'client.test', '--data', f'@{data}',
                  '--auth-user', ALICE, '--auth-password', self.password(), '--server', self.house.ip)
        for how in (('--tls', '--auth', 'PLAIN', '--port', self.house.ports['submission']),
                    ('--tls', '--auth', 'LOGIN', '--port', self.house.ports['submission']),
                    ('--tls-on-connect', '--auth', 'LOGIN', '--port', self.house.ports['submissions']),
                    ('--tls', '--auth', 'PLAIN', '--pipeline', '--port', self.house.ports['submission'])):
            with self.subTest(how):
                self.run_client(*common, *how)
                # swaks ends its data with a line of its own
                self.assertTrue(body(self.assert_arrived('swaks')).startswith(self.TEXT))

    def test_curl_sends(self):
        mail = self.file('curl.eml', self.message('curl'))
        for url, more in ((f'smtps://{HOSTNAME}:{self.house.ports["submissions"]}/client.test', ()),
                          (f'smtp://{HOSTNAME}:{self.house.ports["submission"]}/client.test', ('--ssl-reqd',))):
            with self.subTest(url):
                self.run_client('curl', '--silent', '--show-error', '--cacert', self.house.certificate, '--connect-to',
                                f'{HOSTNAME}::{self.house.ip}:', '--url', url, '--user',
                                f'{ALICE}:{self.password()}', '--mail-from', ALICE, '--mail-rcpt', BOB,
                                '--upload-file', mail, *more)
                self.assert_arrived('curl', self.TEXT)

    def test_msmtp(self):
        settings = f'host {self.house.ip}\nfrom {ALICE}\nauth on\nuser {ALICE}\npassword "{self.password()}"\n' \
                   f'tls on\ntls_trust_file {self.house.certificate}\ndomain client.test\n'
        configuration = self.file('msmtprc', 'account starttls\n' + settings + 'tls_starttls on\n'
                                  f'port {self.house.ports["submission"]}\n'
                                  'account tls\n' + settings + 'tls_starttls off\n'
                                  f'port {self.house.ports["submissions"]}\n')
        for account in ('starttls', 'tls'):
            with self.subTest(account):
                self.run_client('msmtp', '-C', configuration, '-a', account, BOB,
                                given=self.message('msmtp').replace(b'\r\n', b'\n'))
                self.assert_arrived('msmtp', self.TEXT)

    def test_mutt(self):
        attachment = self.file('data.bin', bytes(range(256)) * 40)
        for scheme, listener in (('smtps', 'submissions'), ('smtp', 'submission')):
            with self.subTest(scheme):
                user = ALICE.replace('@', '%40')
                rc = self.file('muttrc', f'set from={ALICE}\nset realname="Alice"\nset hostname=client.test\n'
                               f'set smtp_url="{scheme}://{user}@{self.house.ip}:{self.house.ports[listener]}"\n'
                               f"set smtp_pass='{self.password()}'\nset ssl_starttls=yes\nset ssl_force_tls=yes\n"
                               f'set certificate_file={self.house.certificate}\nset ssl_verify_host=no\n'
                               'set copy=no\nset send_charset=utf-8\nset smtp_authenticators=plain\n')
                self.run_client('mutt', '-n', '-F', rc, '-s', 'mutt', '-a', attachment, '--', BOB,
                                given=self.TEXT.replace(b'\r\n', b'\n'))
                got = email.message_from_bytes(self.assert_arrived('mutt'))
                text, data = got.get_payload()
                self.assertEqual(text.get_payload(decode=True).replace(b'\r\n', b'\n'),
                                 self.TEXT.replace(b'\r\n', b'\n'))
                self.assertEqual(data.get_payload(decode=True), attachment.read_bytes())

    def test_s_nail(self):
        user, password = ALICE.replace('@', '%40'), self.password().replace(' ', '%20').replace('$', '%24')
        for scheme, listener, more in (('smtps', 'submissions', ()),
                                       ('smtp', 'submission', ('-Ssmtp-use-starttls',))):
            with self.subTest(scheme):
                mta = f'-Smta={scheme}://{user}:{password}@{self.house.ip}:{self.house.ports[listener]}'
                self.run_client('s-nail', '-:/', '-Sv15-compat', mta, *more, '-Ssmtp-auth=plain',
                                '-Stls-verify=ignore', f'-r{ALICE}', '-s', 's-nail', '-Shostname=client.test',
                                '-Ssendwait', BOB, given=b'a line\n.dot\n')
                self.assertEqual(body(self.assert_arrived('s-nail')), b'a line\r\n.dot\r\n')

    # --- 20 MB, by every client that sends ---

    def test_20_mb_by_every_client(self):
        text = contents()['20 MB']
        submissions = self.house.ports['submissions']
        user, password = ALICE.replace('@', '%40'), self.password()
        head, unix = self.message('large').removesuffix(self.TEXT), text.replace(b'\r\n', b'\n')
        mail, plain = self.file('large.eml', head + text), self.file('large.txt', unix)
        unix_mail = self.file('large.lf', head.replace(b'\r\n', b'\n') + unix)
        msmtprc = self.file('msmtprc', f'account a\nhost {self.house.ip}\nport {submissions}\nfrom {ALICE}\n'
                            f'auth on\nuser {ALICE}\npassword "{password}"\ntls on\ntls_starttls off\n'
                            f'tls_trust_file {self.house.certificate}\ndomain client.test\n')
        muttrc = self.file('muttrc', f'set from={ALICE}\nset hostname=client.test\nset copy=no\nset ssl_force_tls=yes\n'
                           f'set smtp_url="smtps://{user}@{self.house.ip}:{submissions}"\n'
                           f"set smtp_pass='{password}'\nset certificate_file={self.house.certificate}\n"
                           'set ssl_verify_host=no\nset smtp_authenticators=plain\n')
        quoted = password.replace(' ', '%20').replace('$', '%24')
        for command, given in (
                (('swaks', '--from', ALICE, '--to', BOB, '--data', f'@{unix_mail}', '--auth', 'PLAIN', '--auth-user',
                  ALICE, '--auth-password', password, '--server', self.house.ip, '--port', submissions,
                  '--tls-on-connect', '--suppress-data'), b''),
                (('curl', '--silent', '--show-error', '--cacert', self.house.certificate, '--connect-to',
                  f'{HOSTNAME}::{self.house.ip}:', '--url', f'smtps://{HOSTNAME}:{submissions}/client.test', '--user',
                  f'{ALICE}:{password}', '--mail-from', ALICE, '--mail-rcpt', BOB, '--upload-file', mail), b''),
                (('msmtp', '-C', msmtprc, '-a', 'a', BOB), unix_mail.read_bytes()),
                (('mutt', '-n', '-F', muttrc, '-s', 'large', '-a', plain, '--', BOB), b'see attachment\n'),
                (('s-nail', '-:/', '-Sv15-compat', f'-Smta=smtps://{user}:{quoted}@{self.house.ip}:{submissions}',
                  '-Ssmtp-auth=plain', '-Stls-verify=ignore', f'-r{ALICE}', '-s', 'large', '-Shostname=client.test',
                  '-Ssendwait', BOB), unix)):
            with self.subTest(command[0]):
                self.run_client(*command, given=given)
                message = self.assert_arrived('large')
                if command[0] == 'mutt':
                    part = email.message_from_bytes(message).get_payload()[1]
                    got = part.get_payload(decode=True).replace(b'\r\n', b'\n')
                    self.assertTrue(got == unix, f'{len(got)} octets of {len(unix)}')  # no diff of 20 MB
                else:
                    # swaks ends its data with a line of its own
                    got = body(message)
                    self.assertTrue(got.removesuffix(b'\r\n') == text.removesuffix(b'\r\n')
                                    or got.removesuffix(b'\r\n\r\n') == text.removesuffix(b'\r\n'),
                                    f'{len(got)} octets of {len(text)}')

    # --- fetchers ---

    def fill(self, count=3):
        """Messages in bob's mailbox, and what each has below its header."""
        names = ['plain', 'dots', '8-bit', '1 MB'][:count]
        with self.house.smtp() as smtp:
            for name in names:
                smtp.sendmail('s@sender.test', [BOB], f'Subject: {name}\r\n\r\n'.encode() + contents()[name])
        self.house.mailbox('bob', len(names), delete=False)
        return sorted(contents()[name] for name in names)

    def assert_fetched(self, folder, wanted):
        """Each fetched file, LF or CRLF, has the body of one sent message; the mailbox is empty."""
        files = [path for path in folder.rglob('*') if path.is_file() and path.parent.name in ('new', 'cur')]
        got = sorted(path.read_bytes().replace(b'\r\n', b'\n').partition(b'\n\n')[2] for path in files)
        self.assertEqual(got, sorted(content.replace(b'\r\n', b'\n') for content in wanted))
        self.assertEqual(self.house.messages('bob'), [])

    def maildir(self):
        for name in ('cur', 'new', 'tmp'):
            (self.home / 'Maildir' / name).mkdir(parents=True)
        return self.home / 'Maildir'

    def agent(self, folder):
        """A program that puts its standard input into a new file of the maildir."""
        return self.file('store', f'#!/bin/sh\nf=$(mktemp {folder}/new/XXXXXX) && exec cat >"$f"\n', 0o700)

    def test_mpop(self):
        wanted = self.fill(4)
        folder = self.maildir()
        configuration = self.file('mpoprc', f'account a\nhost {self.house.ip}\nport {self.house.ports["pop3"]}\n'
                                  f'user {BOB}\npassword "{self.password(BOB)}"\ntls on\ntls_starttls on\n'
                                  f'tls_trust_file {self.house.certificate}\ndelivery maildir {folder}\nkeep off\n')
        self.run_client('mpop', '-C', configuration, '--quiet', 'a')
        self.assert_fetched(folder, wanted)

    def test_fetchmail(self):
        wanted = self.fill(2)
        folder = self.maildir()
        agent = self.agent(folder)
        for how, port in (('sslproto tls1.2+', 'pop3'), ('ssl', 'pop3s')):
            with self.subTest(how):
                if how == 'ssl':
                    wanted = self.fill(2)
                    for path in (folder / 'new').iterdir():
                        path.unlink()
                configuration = self.file('fetchmailrc',
                                          f'poll {self.house.ip} service {self.house.ports[port]} protocol POP3 '
                                          f'auth password\n user "{BOB}" password "{self.password(BOB)}"\n {how} '
                                          f'sslcertfile {self.house.certificate} sslcertck sslcommonname {HOSTNAME}\n'
                                          f' nokeep mda "{agent}"\n no rewrite\n')
                self.run_client('fetchmail', '-f', configuration, '--pidfile', self.home / 'pid', '--nosyslog',
                                '--invisible')
                self.assert_fetched(folder, wanted)

    def test_getmail(self):
        wanted = self.fill(3)
        folder = self.maildir()
        (self.home / 'getmail').mkdir(mode=0o700)
        self.file('getmail/getmailrc', f'[retriever]\ntype = SimplePOP3SSLRetriever\nserver = {self.house.ip}\n'
                  f'port = {self.house.ports["pop3s"]}\nusername = {BOB}\npassword = {self.password(BOB)}\n'
                  f'ca_certs = {self.house.certificate}\n'
                  # its own Maildir destination refuses to work for root
                  f'[destination]\ntype = MDA_external\npath = {self.agent(folder)}\nunixfrom = false\n'
                  'allow_root_commands = true\n'
                  '[options]\ndelete = true\ndelivered_to = false\nreceived = false\n')
        self.run_client('getmail', '--getmaildir', self.home / 'getmail', '--quiet')
        self.assert_fetched(folder, wanted)

    def test_curl_fetches(self):
        wanted = self.fill(3)
        for url, more in ((f'pop3s://{HOSTNAME}:{self.house.ports["pop3s"]}/', ()),
                          (f'pop3://{HOSTNAME}:{self.house.ports["pop3"]}/', ('--ssl-reqd',))):
            with self.subTest(url):
                def curl(path, *options):
                    return self.run_client('curl', '--silent', '--show-error', '--cacert', self.house.certificate,
                                           '--connect-to', f'{HOSTNAME}::{self.house.ip}:', '--user',
                                           f'{BOB}:{self.password(BOB)}', *more, *options, url + path)
                self.assertEqual(len(curl('').splitlines()), 3)  # LIST
                got = sorted(body(curl(str(number))) for number in (1, 2, 3))
                self.assertEqual(got, wanted)
        for number in (3, 2, 1):
            curl(str(number), '--request', 'DELE', '--head')
        self.assertEqual(self.house.messages('bob'), [])


if __name__ == '__main__':
    unittest.main()
