"""Starting, stopping, reloading, and the first start that `./run` makes."""
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

from posthouse import DOMAIN, HOSTNAME, ROOT, WAIT_S, House, HouseTest, make_certificate, queue_id, until
from talk import SmtpTalk

ALICE = f'alice@{DOMAIN}'


class Signals(HouseTest):
    def certificate_serial(self):
        with socket.create_connection((self.house.ip, self.house.ports['pop3s']), WAIT_S) as plain:
            context = ssl._create_unverified_context()
            with context.wrap_socket(plain) as tls:
                der = tls.getpeercert(binary_form=True)
        text = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', '-serial'], input=der,
                              stdout=subprocess.PIPE, check=True, timeout=WAIT_S).stdout.decode()
        return int(text.strip().partition('=')[2], 16)

    def reload(self):
        mark = len(self.house.log)
        self.house.process.send_signal(signal.SIGHUP)
        return mark

    def test_sighup_takes_new_certificates_and_keeps_sessions(self):
        self.assertEqual(self.certificate_serial(), 1)
        with SmtpTalk(self.house, 'submissions', tls=True) as talk:
            talk.ehlo()
            certificate, key = make_certificate(self.house.folder, HOSTNAME, self.house.ip, serial=2)
            shutil.copy(key, self.house.key)
            shutil.copy(certificate, self.house.certificate)
            self.reload()
            until(lambda: self.certificate_serial() == 2, 'the new certificate')
            self.assertEqual(talk.say('NOOP').code, 250)
            # a broken pair is refused, and the good one kept
            self.house.key.write_text('no key at all\n')
            self.house.wait_log('certificate|key', after=self.reload())
            self.assertEqual(self.certificate_serial(), 2)
            self.assertEqual(talk.say('NOOP').code, 250)
        shutil.copy(key, self.house.key)

    def test_sigterm_ends_within_the_drain_time_although_a_client_stays(self):
        self.house.messages('bob', delete=True)
        talk = SmtpTalk(self.house)
        talk.envelope('s@sender.test', f'bob@{DOMAIN}')  # in the middle of DATA, and silent
        mark, began = len(self.house.log), time.monotonic()
        self.assertEqual(self.house.stop(), 0)
        took = time.monotonic() - began
        # 30 s of grace, all of them; then the session is cut off, and nothing is left to wait for: what comes on top
        # is the writing down of what is queued, and the end of a process on a busy machine
        self.assertGreater(took, 29)
        self.assertLess(took, 32)
        self.assertRegex('\n'.join(self.house.log[mark:]), r'(?s)what=stopping.*what=stop\.closing.*what=stopped')
        talk.close()
        self.house.start()
        self.assertEqual(self.house.messages('bob'), [])  # it was never answered 250

    def test_sigterm_does_not_wait_when_nothing_is_under_way(self):
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            mark, began = len(self.house.log), time.monotonic()
            self.house.process.send_signal(signal.SIGTERM)
            self.assertEqual(talk.reply().code, 421)
            self.assertEqual(self.house.ended(), 0)
        self.assertLess(time.monotonic() - began, 15)  # it did not take the 30 s
        self.assertNotIn('stop.closing', '\n'.join(self.house.log[mark:]))
        self.house.start()

    def test_sighup_reads_the_configuration_for_the_certificate_and_the_log_level(self):
        logged = lambda mark: '\n'.join(self.house.log[mark:])  # noqa: E731
        kept = {name: dict(self.house.tables[name]) for name in ('tls', 'server')}

        def back():
            self.house.tables.update(kept)
            self.house.tables.pop('log', None)
            self.house.write_config()
            self.house.wait_log('what=reloaded|what=reload.failed', after=self.reload())
        self.addCleanup(back)
        before = self.certificate_serial()
        # other files, named by the configuration
        certificate, key = make_certificate(self.house.folder, HOSTNAME, self.house.ip, serial=31)
        self.house.tables['tls'] = {'certificate': str(certificate), 'key': str(key)}
        self.house.write_config()
        self.assertIn(str(certificate), self.house.wait_log('what=reloaded', after=self.reload()))
        self.assertEqual(self.certificate_serial(), 31)
        # the log level: at "error" an accepted message leaves no line, and neither does the reload itself
        self.set_level('error')
        until(lambda: not any([self.accepted_line() for _ in range(3)]), 'level error')
        mark, silent = len(self.house.log), self.send_one()
        self.set_level('info')
        self.house.wait_log('what=reloaded', after=mark)
        self.assertNotIn(silent, logged(mark))
        until(self.accepted_line, 'level info')
        # a configuration with an error changes nothing, and the log says where it is
        self.house.tables['server']['hostnam'] = 'x'
        self.house.tables['tls'] = {'certificate': kept['tls']['certificate'], 'key': kept['tls']['key']}
        self.house.tables['log'] = {'level': 'error'}
        self.house.write_config()
        self.assertIn('hostnam', self.house.wait_log('what=reload.problem', after=self.reload()))
        self.assertEqual(self.certificate_serial(), 31)
        until(self.accepted_line, 'still level info')
        self.assertNotEqual(before, 31)

    def set_level(self, level):
        self.house.tables['log'] = {'level': level}
        self.house.write_config()
        self.reload()

    def send_one(self):
        with SmtpTalk(self.house) as talk:
            return queue_id(talk.message('s@sender.test', f'bob@{DOMAIN}', '\r\n.\r\n').text)

    def accepted_line(self):
        """Sends a message: does the log soon say that it was accepted?"""
        sent = self.send_one()
        try:
            return self.house.wait_log(f'what=accept.done.*{sent}', seconds=0.5)
        except AssertionError:
            return None

    def test_a_second_start_takes_less_than_two_seconds(self):
        with self.house.smtp() as smtp:
            for n in range(50):
                smtp.sendmail('s@sender.test', [ALICE], f'Subject: {n}\r\n\r\n'.encode())
        self.house.mailbox('alice', 50, delete=False)
        for end in (self.house.stop, self.house.kill):
            end()
            began = time.monotonic()
            self.house.start()
            self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(len(self.house.messages('alice')), 50)


class JsonLog(HouseTest):
    config = {'log': {'format': 'json'}}

    def test_each_line_is_an_object_and_each_step_of_a_message_has_its_id(self):
        with SmtpTalk(self.house) as talk:
            reply = talk.message('"a b\\\\c"@sender.test', ALICE,
                                 'Message-ID: <n"1@sender.test>\r\nSubject: x\r\n\r\n.\r\n')
            wanted = queue_id(reply.text)
            talk.say('RCPT TO:<nobody@nowhere.test>')
            talk.say('EHLO \xe9\x01"{')  # nothing from outside may break a line
        self.house.wait_log(f'deliver.done.*{wanted}|{wanted}.*deliver.done')
        self.house.why(wanted, ('deliver', 'done'))
        lines = [json.loads(line) for line in self.house.log]
        for line in lines:
            self.assertLessEqual({'time', 'level', 'what'}, set(line), line)
            self.assertRegex(line['time'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$')
        of_it = [line for line in lines if line.get('id') == wanted]
        self.assertEqual([line['what'] for line in of_it], ['accept.done', 'deliver.done'], of_it)
        self.assertEqual(of_it[0]['reply'], f'250 2.0.0 Ok: queued as {wanted}')
        self.assertEqual(of_it[0]['from'], '<"a b\\\\c"@sender.test>')
        self.assertEqual(of_it[-1]['to'], f'<{ALICE}>')


class FirstStart(unittest.TestCase):
    """What a newcomer sees: `./run` is the program, with --demo, in an empty folder."""

    def test_the_commands_that_it_prints_work_when_pasted(self):
        house = House({'tls': {}}, accounts=())
        self.addCleanup(house.close)
        house.tables.pop('tls')  # it makes its own certificate
        house.write_config()
        house.start(demo=True)
        lines = []
        # everything is said before the log says that it is ready; a blocking read cannot be bounded, a
        # non-blocking one can
        os.set_blocking(house.process.stdout.fileno(), False)

        def read():
            lines.append(house.process.stdout.read() or '')
            return len(self.commands(''.join(lines))) >= 3
        until(read, 'three commands to paste')
        text = ''.join(lines)
        passwords = dict(re.findall(r'^# +(\w+@example\.test) +(\S+)$', text, re.MULTILINE))
        self.assertEqual(set(passwords), {'alice@example.test', 'bob@example.test'}, text)
        send, fetch, why = self.commands(text)
        identity = self.paste(house, send).strip()
        self.assertRegex(identity, r'^\w{8,}$')
        house.why(identity, ('deliver', 'done'))
        self.assertIn('Subject: First mail', self.paste(house, fetch))
        told = self.paste(house, why)
        self.assertIn(identity, told)
        # a second start keeps the accounts and prints no passwords
        house.stop()
        house.start(demo=True)
        os.set_blocking(house.process.stdout.fileno(), False)
        said = house.process.stdout.read() or ''
        for password in passwords.values():
            self.assertNotIn(password, said)
        self.assertIn(identity, self.paste(house, why))

    @staticmethod
    def commands(text):
        """What is to be pasted: every line that is no comment."""
        return [line for line in text.splitlines() if line.strip() and not line.startswith('#')]

    def paste(self, house, command):
        done = subprocess.run(['bash', '-c', command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=WAIT_S, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f'{command}\n{done.stdout}\n{house.log_text()}')
        return done.stdout


if __name__ == '__main__':
    unittest.main()
