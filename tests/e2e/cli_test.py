"""The command line against the running server, and without one."""
import json
import re
import socket
import subprocess
import unittest

from posthouse import DOMAIN, HOSTNAME, PROGRAM, WAIT_S, HouseTest, body, make_certificate, queue_id, until
from talk import SmtpTalk

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'


class Directory(HouseTest):
    def test_domains(self):
        self.house.cli('domain', 'add', 'second.test')
        self.assertIn('second.test', [d['domain'] for d in self.house.facts('domain', 'list')])
        self.house.cli('domain', 'add', 'second.test', expect=1)   # exists
        self.house.cli('domain', 'add', 'not a domain', expect=1)
        self.house.add_account('x@second.test')
        refused = self.house.cli('domain', 'remove', 'second.test', expect=1)
        self.assertIn('--force', refused.stderr)
        self.house.cli('domain', 'remove', 'second.test', '--force')
        self.assertNotIn('second.test', [d['domain'] for d in self.house.facts('domain', 'list')])
        self.assertEqual(self.house.facts('account', 'list', 'second.test', expect=None), [])
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            talk.say('MAIL FROM:<s@sender.test>')
            self.assertEqual(talk.say('RCPT TO:<x@second.test>').code, 550)

    def test_an_internationalised_domain_is_one_domain(self):
        typed, kept, false = 'bücher.test', 'xn--bcher-kva.test', 'xn--bcher-2pa.test'  # the last: Punycode of "bÜcher"
        for name in typed, false:
            self.house.cli('domain', 'add', name)
        listed = self.house.cli('domain', 'list').stdout
        self.assertIn(f'{kept} ({typed})', listed)
        self.assertRegex(listed, rf'(?m)^{false} +\d')
        self.house.cli('account', 'add', f'dan@{typed}', '--generate')
        for name in kept, typed:
            self.assertEqual(self.house.facts('account', 'show', f'dan@{name}')[0]['address'], f'dan@{kept}')
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            talk.say('MAIL FROM:<s@sender.test>')
            self.assertEqual(talk.say(f'RCPT TO:<dan@{false}>').code, 550)
            self.assertEqual(talk.say(f'RCPT TO:<dan@{kept}>').code, 250)
        with self.house.smtp() as smtp:
            for name in kept, typed:
                smtp.sendmail('s@sender.test', [f'dan@{name}'], b'From: s@sender.test\r\n\r\n', ['SMTPUTF8'])
        def told(name):
            return {event['recipient'] for event in self.house.why(f'dan@{name}', ('deliver', 'done'))
                    if event['stage'] == 'deliver'}
        for name in kept, typed:  # what was sent to either is found by both
            until(lambda name=name: told(name) == {f'dan@{kept}', f'dan@{typed}'}, f'what was sent to {name}')

    def test_accounts(self):
        carol = self.house.add_account('carol')
        shown, = self.house.facts('account', 'show', carol)
        self.assertEqual((shown['address'], shown['state'], shown['quota_octets'], shown['messages']),
                         (carol, 'active', None, 0))
        self.house.cli('account', 'add', carol, '--generate', expect=1)
        self.house.cli('account', 'quota', carol, '25 MB')
        self.assertEqual(self.house.facts('account', 'show', carol)[0]['quota_octets'], 25_000_000)
        made = self.house.cli('account', 'password', carol, '--generate').stdout
        old = self.house.passwords[carol]
        self.house.passwords[carol] = re.search(r'password: (\S+)', made).group(1)
        self.house.pop3('carol').quit()
        self.house.passwords[carol], new = old, self.house.passwords[carol]
        with self.assertRaises(Exception):
            self.house.pop3('carol')
        self.house.passwords[carol] = new
        self.house.cli('account', 'disable', carol)
        with self.assertRaises(Exception):
            self.house.pop3('carol')
        self.house.cli('account', 'enable', carol)
        with self.house.smtp() as smtp:
            smtp.sendmail('s@sender.test', [carol], b'Subject: x\r\n\r\n')
        self.house.mailbox('carol', delete=False)
        self.house.cli('account', 'remove', carol)
        self.house.cli('account', 'show', carol, expect=1)
        # the next one of that name starts with an empty mailbox
        self.house.add_account('carol')
        self.assertEqual(self.house.messages('carol'), [])

    def test_aliases(self):
        self.house.cli('alias', 'add', f'team@{DOMAIN}', ALICE, BOB)
        team, = [a for a in self.house.facts('alias', 'list') if a['address'] == f'team@{DOMAIN}']
        self.assertEqual(sorted(team['targets']), [ALICE, BOB])
        self.house.cli('alias', 'add', ALICE, BOB, expect=1)  # an account has that address
        self.house.cli('alias', 'remove', f'team@{DOMAIN}')
        self.house.cli('alias', 'remove', f'team@{DOMAIN}', expect=1)

    def test_without_a_server_the_store_is_opened(self):
        self.house.stop()
        try:
            self.house.cli('account', 'add', f'offline@{DOMAIN}', '--generate')
            self.assertIn(f'offline@{DOMAIN}', [a['address'] for a in self.house.facts('account', 'list')])
        finally:
            self.house.start()
        self.assertIn(f'offline@{DOMAIN}', [a['address'] for a in self.house.facts('account', 'list')])

    def test_help_and_wrong_usage(self):
        commands = ('serve', 'check', 'domain', 'account', 'alias', 'queue', 'why', 'send', 'read')
        overview = self.house.cli('--help').stdout
        for command in commands:
            self.assertIn(command, overview)
            told = self.house.cli(command, '--help').stdout
            self.assertGreater(len(told.splitlines()), 5, command)
            self.assertIn('posthouse ' + command, told, 'an example')
        self.assertTrue(self.house.cli('nonsense', expect=2).stderr)
        self.assertTrue(self.house.cli('account', 'frobnicate', expect=2).stderr)
        self.assertRegex(self.house.cli('--version').stdout, r'\d+\.\d+')

    def test_config_is_taken_anywhere_on_the_line(self):
        done = subprocess.run([PROGRAM, '--config', self.house.config, 'domain', 'list', '--json'], cwd='/',
                              stdout=subprocess.PIPE, text=True, timeout=WAIT_S, check=True)
        self.assertIn(DOMAIN, done.stdout)


class SendReadWhy(HouseTest):
    def test_send_then_read_then_why(self):
        sent = self.house.cli('send', '--to', BOB, '--from', 's@sender.test', '--subject', 'Grüße',
                              given='Hello\n.dot\n').stdout.strip()
        self.house.mailbox('bob', delete=False)
        login = {'POSTHOUSE_PASSWORD': self.house.passwords[BOB]}
        listed, = self.house.facts('read', '--user', BOB, '-k', env=login)
        self.assertEqual(listed['number'], 1)
        shown = self.house.cli('read', '--user', BOB, '-k', '1', env=login).stdout
        self.assertIn('Hello\n.dot\n', shown)
        self.assertIn(sent, shown)  # the Received field
        why = self.house.why(sent, ('accept', 'done'), ('deliver', 'done'))
        self.assertEqual(why[0]['queue_id'], sent)
        self.house.cli('read', '--user', BOB, '-k', '--delete', '1', env=login)
        self.assertEqual(self.house.facts('read', '--user', BOB, '-k', env=login), [])
        self.house.cli('read', '--user', BOB, '-k', '1', env=login, expect=1)
        self.house.cli('read', '--user', BOB, '-k', env={'POSTHOUSE_PASSWORD': 'wrong'}, expect=1)

    def test_send_logs_in_and_sends_raw_messages(self):
        login = {'POSTHOUSE_PASSWORD': self.house.passwords[ALICE]}
        raw = f'From: {ALICE}\nTo: {BOB}\nSubject: raw\n\n..\n.\nend\n'
        facts, = self.house.facts('send', '--raw', '--user', ALICE, '-k', '--to', BOB, '-', given=raw, env=login)
        self.assertEqual((facts['accepted'], facts['refused']), ([BOB], []))
        self.assertEqual(facts['queue_id'], queue_id(facts['reply']))
        self.assertEqual(body(self.house.mailbox('bob')[0]), b'..\r\n.\r\nend\r\n')

    def test_send_checks_the_certificate_unless_told_not_to(self):
        login = {'POSTHOUSE_PASSWORD': self.house.passwords[ALICE]}
        self.house.cli('send', '--user', ALICE, '--to', BOB, given='x\n', env=login, expect=2)

    def test_send_says_what_was_refused(self):
        done = self.house.cli('send', '--from', 's@sender.test', '--to', f'nobody@{DOMAIN}', given='x\n', expect=1)
        self.assertIn(f'nobody@{DOMAIN}', done.stderr)
        self.assertIn('550', done.stderr)

    def test_why_of_nothing(self):
        self.house.cli('why', 'never-heard-of@sender.test', expect=1)


class Check(HouseTest):
    def check(self, text, expect=1):
        path = self.house.folder / 'tried.toml'
        path.write_text(text)
        done = subprocess.run([PROGRAM, 'check', '--config', path, '--json'], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_error_at_once_with_its_line(self):
        other = make_certificate(self.house.folder, HOSTNAME, serial=77)
        with socket.create_server((self.house.ip, 4999)):
            found = self.check(f'''[server]
hostnam = "mail.example.test"
store = "file:./store"
[listen]
smtp = "{self.house.ip}:4999"
submission = 2587
pop3 = "not an address"
[tls]
certificate = "{self.house.certificate}"
key = "{other[1]}"
[limits]
message_size = "huge"
[nonsense]
''')
        errors = {(problem['line'], problem['key']) for problem in found if problem['severity'] == 'error'}
        self.assertLessEqual({2, 6, 7, 12, 13}, {line for line, _ in errors})
        told = '\n'.join(f'{p["line"]}: {p["problem"]}: {p["fix"]}' for p in found)
        self.assertIn('hostname', told)  # the nearest known key

    def test_what_the_file_names_and_what_it_finds_there_at_once(self):
        """All five kinds of mistake in one file: each once, in the order of the lines, with key and line."""
        other = make_certificate(self.house.folder, HOSTNAME, serial=78)
        with socket.create_server((self.house.ip, 4998)):
            found = self.check(f'''[server]
store = "file:{self.house.folder}/store"
folder = "{self.house.folder}/elsewhere"
[listen]
smtp = "{self.house.ip}:4998"
[tls]
certificate = "{self.house.certificate}"
key = "{other[1]}"
[limits]
errors = "many"
memmory = "64 MiB"
''')
        self.assertEqual([(p['severity'], p['line'], p['key']) for p in found],
                         [('error', 2, 'server.store'),     # the running server holds it
                          ('error', 5, 'listen.smtp'),      # port in use
                          ('error', 8, 'tls.key'),          # another certificate's
                          ('error', 10, 'limits.errors'),   # wrong type
                          ('error', 11, 'limits.memmory')], found)  # unknown key
        for problem, word in zip(found, ('in use', 'cannot listen', 'key', 'text', 'unknown'), strict=True):
            self.assertIn(word, problem['problem'])
            self.assertTrue(problem['fix'])

    def test_the_running_servers_own_configuration_is_fine(self):
        done = self.house.cli('check', '--json')
        self.assertEqual([p for p in map(json.loads, done.stdout.splitlines()) if p['severity'] == 'error'], [])

    def test_a_store_held_by_a_server_with_another_configuration(self):
        found = self.check(f'[server]\nstore = "file:{self.house.folder}/store"\nfolder = '
                           f'"{self.house.folder}/elsewhere"\n[listen]\nsmtp = "{self.house.ip}:4997"\n')
        self.assertEqual([(p['severity'], p['line'], p['key']) for p in found], [('error', 2, 'server.store')])

    def test_a_held_store_that_is_the_default(self):
        """No key names it, so no line does; it is said that it is the default."""
        (self.house.folder / 'var').mkdir()
        (self.house.folder / 'var/store').symlink_to(self.house.folder / 'store')
        found = self.check(f'[server]\nfolder = "{self.house.folder}/elsewhere"\n[listen]\n'
                           f'smtp = "{self.house.ip}:4995"\n')
        self.assertEqual([(p['severity'], p['line'], p['key']) for p in found], [('error', None, 'server.store')])
        self.assertIn('the default', found[0]['problem'])

    def test_a_second_server_on_the_same_store_does_not_start(self):
        path = self.house.folder / 'second.toml'
        path.write_text(f'[server]\nstore = "file:{self.house.folder}/store"\n[listen]\n'
                        f'smtp = "{self.house.ip}:4996"\n')
        done = subprocess.run([PROGRAM, 'serve', '--config', path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn('store', done.stderr)

    def test_a_file_that_is_not_there(self):
        done = subprocess.run([PROGRAM, 'check', '--config', '/nonexistent.toml'], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=WAIT_S, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == '__main__':
    unittest.main()
