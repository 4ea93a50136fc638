"""Every SMTP reply code that the server may give comes over a socket, from a real situation."""
import os
import signal
import sys
import unittest

from posthouse import DOMAIN, HOSTNAME, HouseTest, until
from talk import SmtpTalk

ALL_CODES = {211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452,
             500, 501, 502, 503, 504, 550, 551, 552, 553, 554}
seen = set()
ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'
REMOTE = 'someone@elsewhere.test'


def tearDownModule():
    if any(not word.startswith('-') for word in sys.argv[1:]):
        return  # a part of the tests was asked for
    missing = ALL_CODES - seen
    if missing:
        raise AssertionError(f'never seen: {sorted(missing)}')


class RepliesTest(HouseTest):
    def expect(self, code, reply, enhanced=None):
        self.assertEqual(reply.code, code, str(reply))
        if enhanced is not None:
            self.assertEqual(reply.enhanced, enhanced, str(reply))
        # RFC 2034 §4: an enhanced code begins with the digit of the reply code
        if reply.enhanced:
            self.assertEqual(reply.enhanced[0], str(code)[0], str(reply))
        seen.add(code)
        return reply

    def talk(self, listener='smtp', ehlo=True, **keywords):
        talk = SmtpTalk(self.house, listener, **keywords)
        self.addCleanup(talk.close)
        if ehlo:
            self.expect(250, talk.ehlo())
        return talk


class Ordinary(RepliesTest):
    def test_a_whole_transaction(self):
        with SmtpTalk(self.house) as talk:
            self.expect(220, talk.greeting)
            self.assertIn(HOSTNAME, talk.greeting.text)
            self.expect(250, talk.ehlo())
            self.expect(250, talk.say('MAIL FROM:<s@elsewhere.test>'), '2.1.0')
            self.expect(250, talk.say(f'RCPT TO:<{ALICE}>'), '2.1.5')
            self.expect(354, talk.say('DATA'))
            talk.send('Subject: x\r\n\r\ny\r\n.\r\n')
            self.assertRegex(self.expect(250, talk.reply(), '2.0.0').text, r'^2\.0\.0 Ok: queued as \w+$')
            self.expect(250, talk.say('RSET'))
            self.expect(250, talk.say('NOOP with words'))
            self.expect(221, talk.say('QUIT'), '2.0.0')
            self.assertTrue(talk.at_end())

    def test_ehlo_names_the_extensions_that_are_served(self):
        keywords = {line.split()[0] for line in self.talk(ehlo=False).ehlo().lines[1:]}
        self.assertLessEqual({'PIPELINING', 'SIZE', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'STARTTLS'},
                             keywords)
        self.assertNotIn('AUTH', keywords)  # no passwords in clear text

    def test_help_and_status(self):
        talk = self.talk()
        self.expect(214, talk.say('HELP'))
        self.expect(214, talk.say('HELP MAIL'))
        self.expect(211, talk.say('HELP STATUS'))

    def test_starttls_is_taken_once(self):
        talk = self.talk()
        self.expect(220, talk.say('STARTTLS'))
        talk.start_tls()
        self.expect(250, talk.ehlo())
        self.expect(503, talk.say('STARTTLS'))
        self.expect(501, self.talk().say('STARTTLS now'))

    def test_vrfy_neither_says_yes_nor_no_to_strangers(self):
        self.expect(252, self.talk().say(f'VRFY {ALICE}'))

    def test_unknown_and_overlong_commands(self):
        talk = self.talk()
        self.expect(500, talk.say('XYZZY'), '5.5.2')
        self.expect(500, talk.say('NOOP ' + 'x' * 5000))
        self.expect(250, talk.say('NOOP'))  # the session goes on

    def test_wrong_arguments(self):
        for line in ('MAIL FROM', 'MAIL FROM:', 'MAIL FROM:<a@b', 'MAIL FROM:a@b.test', 'MAIL FROM: <a@b.test>',
                     'MAIL FROM:<a@b.test> SIZE=x', 'RSET x', 'QUIT x', 'DATA x'):
            with self.subTest(line):
                talk = self.talk()
                if line == 'DATA x':
                    talk.say('MAIL FROM:<a@b.test>')
                    talk.say(f'RCPT TO:<{ALICE}>')
                self.expect(501, talk.say(line))
        for line in ('EHLO', 'HELO'):
            with self.subTest(line):
                self.expect(501, self.talk(ehlo=False).say(line))
        talk = self.talk()
        talk.say('MAIL FROM:<a@b.test>')
        for line in ('RCPT TO:<>', 'RCPT TO:<a@>', 'RCPT TO:<@b>', 'RCPT TO:<a b@c>'):
            with self.subTest(line):
                self.expect(501, talk.say(line))

    def test_commands_that_are_known_and_not_served(self):
        talk = self.talk()
        for verb in ('SEND FROM:<a@b.test>', 'SOML FROM:<a@b.test>', 'SAML FROM:<a@b.test>', 'TURN',
                     'EXPN staff'):
            with self.subTest(verb):
                self.expect(502, talk.say(verb), '5.5.1')

    def test_wrong_order(self):
        talk = self.talk(ehlo=False)
        self.expect(503, talk.say('MAIL FROM:<a@b.test>'), '5.5.1')
        talk.ehlo()
        self.expect(503, talk.say(f'RCPT TO:<{ALICE}>'), '5.5.1')
        self.expect(503, talk.say('DATA'), '5.5.1')
        talk.say('MAIL FROM:<a@b.test>')
        self.expect(503, talk.say('MAIL FROM:<a@b.test>'), '5.5.1')

    def test_values_that_are_not_served(self):
        talk = self.talk(ehlo=False, listener='submissions', tls=True, greet=False)
        talk.reply()
        talk.ehlo()
        self.expect(504, talk.say('AUTH NTLM'), '5.5.4')

    def test_unknown_recipient_and_relay(self):
        talk = self.talk()
        talk.say('MAIL FROM:<a@b.test>')
        self.expect(550, talk.say(f'RCPT TO:<nobody@{DOMAIN}>'), '5.1.1')
        self.expect(550, talk.say(f'RCPT TO:<{REMOTE}>'), '5.7.1')

    def test_data_without_any_good_recipient(self):
        talk = self.talk()
        talk.say('MAIL FROM:<a@b.test>')
        talk.say(f'RCPT TO:<nobody@{DOMAIN}>')
        self.assertIn(talk.say('DATA').code, (503, 554))  # RFC 5321 §3.3 leaves the choice

    def test_an_address_that_needs_smtputf8(self):
        talk = self.talk()
        self.expect(553, talk.say('MAIL FROM:<grüße@elsewhere.test>'), '5.6.7')
        self.expect(250, talk.say('MAIL FROM:<grüße@elsewhere.test> SMTPUTF8'))

    def test_a_message_that_goes_round_in_circles(self):
        hops = ''.join(f'Received: from a by b with SMTP id {n}; Sat, 21 Nov 2026 10:00:00 +0000\r\n'
                       for n in range(101))
        talk = self.talk(ehlo=False)
        self.expect(554, talk.message('s@elsewhere.test', ALICE, hops + 'Subject: round\r\n\r\nx\r\n.\r\n'),
                    '5.4.6')
        self.expect(250, talk.say('NOOP'))

    def test_bare_line_ends_in_data_are_refused(self):
        talk = self.talk(ehlo=False)
        self.expect(554, talk.message('s@elsewhere.test', ALICE, b'Subject: x\r\n\r\na\nb\r\n.\r\n'), '5.6.0')


class Accounts(RepliesTest):
    accounts = ('alice', 'bob', 'carol', 'dave', 'erin')

    def rcpt(self, address, extra=''):
        talk = self.talk()
        self.expect(250, talk.say('MAIL FROM:<a@b.test>' + extra))
        return talk.say(f'RCPT TO:<{address}>')

    def test_moved(self):
        self.house.cli('account', 'move', ALICE, REMOTE)
        self.assertIn(REMOTE, self.expect(551, self.rcpt(ALICE)).text)
        self.house.cli('account', 'move', ALICE, BOB, '--forward')
        self.assertIn(BOB, self.expect(251, self.rcpt(ALICE)).text)
        talk = self.talk(ehlo=False)
        talk.envelope('a@b.test', ALICE)
        talk.send('Subject: moved\r\n\r\nfollow me\r\n.\r\n')
        self.expect(250, talk.reply())
        self.assertIn(b'follow me', self.house.mailbox('bob')[0])
        self.house.cli('account', 'move', ALICE, 'none')
        self.expect(250, self.rcpt(ALICE))

    def test_disabled_and_locked(self):
        for verb in ('disable', 'lock'):
            self.house.cli('account', verb, f'carol@{DOMAIN}')
            self.expect(450, self.rcpt(f'carol@{DOMAIN}'), '4.2.1')
        self.house.cli('account', 'enable', f'carol@{DOMAIN}')
        self.expect(250, self.rcpt(f'carol@{DOMAIN}'))

    def test_quota(self):
        dave = f'dave@{DOMAIN}'
        self.house.cli('account', 'quota', dave, '10 KB')
        self.expect(552, self.rcpt(dave, ' SIZE=20000'), '5.2.2')
        talk = self.talk(ehlo=False)
        self.expect(250, talk.message('a@b.test', dave, 'Subject: x\r\n\r\n' + ('y' * 70 + '\r\n') * 120
                                      + '.\r\n'))
        until(lambda: self.house.facts('account', 'show', dave)[0]['messages'] == 1, 'delivery to dave')
        self.expect(552, self.rcpt(dave, ' SIZE=2000'), '5.2.2')
        self.house.cli('account', 'quota', dave, 'none')
        self.expect(250, self.rcpt(dave, ' SIZE=2000'))

    def test_vrfy_for_those_who_are_logged_in(self):
        talk = self.talk('submissions', tls=True, greet=False, ehlo=False)
        talk.reply()
        talk.ehlo()
        self.assertEqual(talk.login(BOB, self.house.passwords[BOB]).code, 235)
        self.assertIn(BOB, self.expect(250, talk.say(f'VRFY {BOB}')).text)
        self.expect(550, talk.say(f'VRFY nobody@{DOMAIN}'))

    def test_a_sender_that_is_not_the_accounts(self):
        talk = self.talk('submissions', tls=True, greet=False, ehlo=False)
        talk.reply()
        talk.ehlo()
        self.assertEqual(talk.say('MAIL FROM:<erin@example.test>').code, 530)
        talk.login(BOB, self.house.passwords[BOB])
        self.expect(550, talk.say(f'MAIL FROM:<erin@{DOMAIN}>'), '5.7.1')
        self.expect(250, talk.say(f'MAIL FROM:<{BOB}>'))


class Limits(RepliesTest):
    config = {'limits': {'message_size': '100 KiB', 'recipients': 100, 'errors': 5}}

    def test_message_size_declared_and_actual(self):
        talk = self.talk()
        self.assertIn('SIZE 102400', talk.ehlo().lines)
        self.expect(552, talk.say('MAIL FROM:<a@b.test> SIZE=102401'), '5.3.4')
        talk = self.talk(ehlo=False)
        big = ('z' * 78 + '\r\n') * 2000
        self.expect(552, talk.message('a@b.test', ALICE, 'Subject: big\r\n\r\n' + big + '.\r\n'), '5.3.4')
        self.expect(250, talk.message('a@b.test', ALICE, 'Subject: small\r\n\r\n.\r\n'))

    def test_too_many_recipients(self):
        talk = self.talk()
        talk.say('MAIL FROM:<a@b.test>')
        for n in range(100):  # tagged forms of one address count like any others
            self.expect(250, talk.say(f'RCPT TO:<alice+{n}@{DOMAIN}>'))
        self.expect(452, talk.say(f'RCPT TO:<alice+100@{DOMAIN}>'), '4.5.3')
        self.expect(354, talk.say('DATA'))
        talk.send('Subject: to a hundred\r\n\r\n.\r\n')
        self.expect(250, talk.reply())

    def test_too_many_errors(self):
        talk = self.talk()
        replies = [talk.say('XYZZY').code for _ in range(5)]
        self.assertEqual(replies[:4], [500] * 4)
        if replies[4] != 421:
            replies.append(talk.say('XYZZY').code)
        self.assertEqual(replies[-1], 421)
        seen.add(421)
        self.assertTrue(talk.at_end())


class Memory(RepliesTest):
    config = {'limits': {'memory': '1 MiB'}}

    def test_a_message_that_the_memory_budget_has_no_room_for(self):
        talk = self.talk(ehlo=False)
        big = ('m' * 78 + '\r\n') * 40000
        self.expect(452, talk.message('a@b.test', ALICE, 'Subject: big\r\n\r\n' + big + '.\r\n'), '4.3.1')
        self.expect(250, talk.message('a@b.test', ALICE, 'Subject: small\r\n\r\n.\r\n'))


class NoSpace(RepliesTest):
    """The disk is filled in earnest: `min_free` is set a little below what is free now."""
    MARGIN = 700 << 20   # others use the disk as well

    def free(self):
        facts = os.statvfs(self.house.folder)
        return facts.f_bavail * facts.f_frsize

    def reply_to_mail(self):
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            reply = talk.say('MAIL FROM:<a@b.test> SIZE=1000')
            return reply if reply.code != 250 else talk.say(f'RCPT TO:<{ALICE}>')

    def test_a_full_disk_is_said_before_the_message_is_taken_and_is_over_by_itself(self):
        with self.house.smtp() as smtp:
            smtp.sendmail('a@b.test', [ALICE], b'Subject: early\r\n\r\n')
        self.house.mailbox('alice', delete=False)
        self.house.stop()
        self.house.tables['limits']['min_free'] = self.free() - self.MARGIN
        self.house.write_config()
        self.house.start()
        filler = self.house.folder / 'filler'
        with open(filler, 'wb') as file:
            os.posix_fallocate(file.fileno(), 0, 2 * self.MARGIN)
        reply = until(lambda: (r := self.reply_to_mail()).code != 250 and r, 'the full disk to be noticed')
        self.expect(452, reply, '4.3.1')
        # who is there already is served: one must be able to make room
        self.assertEqual(len(self.house.messages('alice', delete=True)), 1)
        # and a server that is started now is as well
        self.house.stop()
        self.house.start()
        self.expect(452, self.reply_to_mail(), '4.3.1')
        self.assertEqual(self.house.messages('alice'), [])
        filler.unlink()
        until(lambda: self.reply_to_mail().code == 250, 'the room to be noticed')
        with SmtpTalk(self.house) as talk:
            self.expect(250, talk.message('a@b.test', ALICE, 'Subject: room again\r\n\r\n.\r\n'))
        self.house.mailbox('alice')


class Damage(RepliesTest):
    def test_a_damaged_record_is_a_temporary_failure_and_the_rest_goes_on(self):
        names = [f'{letter}{n}' for n in range(40) for letter in 'pq']
        for name in names:
            self.house.cli('alias', 'add', f'{name}-victim@{DOMAIN}', BOB)
        self.house.stop()
        self.house.start()  # what the log held goes into tables now
        self.house.stop()
        hit = 0
        for table in (self.house.folder / 'store').rglob('*.sst'):
            octets = bytearray(table.read_bytes())
            at = octets.find(b'p7-victim')
            if at >= 0:
                octets[at] ^= 0x20
                table.write_bytes(octets)
                hit += 1
        self.assertGreater(hit, 0, 'the record is in no table')
        self.house.start()
        talk = self.talk()
        talk.say('MAIL FROM:<s@elsewhere.test>')
        self.expect(451, talk.say(f'RCPT TO:<p7-victim@{DOMAIN}>'), '4.3.0')
        codes = [talk.say(f'RCPT TO:<{name}-victim@{DOMAIN}>').code for name in names]
        self.assertEqual(set(codes), {250, 451})  # a damaged block has some neighbours
        self.assertGreater(codes.count(250), codes.count(451))
        self.house.wait_log('damaged')  # somebody has to hear of it


class Connections(RepliesTest):
    config = {'limits': {'connections': 2, 'command_timeout': '700ms', 'data_timeout': '700ms'}}

    def test_too_many_connections(self):
        first, second = self.talk(), self.talk()
        third = self.talk(ehlo=False)
        self.expect(421, third.greeting)
        self.assertTrue(third.at_end())
        first.say('QUIT')
        second.say('QUIT')

    def test_a_client_that_says_nothing(self):
        talk = self.talk()
        self.expect(421, talk.reply(), '4.4.2')
        self.assertTrue(talk.at_end())

    def test_a_client_that_stops_in_the_middle_of_its_message(self):
        talk = self.talk(ehlo=False)
        talk.envelope('a@b.test', ALICE)
        talk.send('Subject: half\r\n')
        self.expect(421, talk.reply())
        self.assertTrue(talk.at_end())


class ConnectionsOfOneClient(RepliesTest):
    config = {'limits': {'connections_per_client': 1}}

    def test_loopback_stands_for_many_people_and_is_exempt(self):
        sessions = [self.talk() for _ in range(3)]
        self.assertEqual([talk.say('NOOP').code for talk in sessions], [250] * 3)


class Shutdown(RepliesTest):
    def test_idle_sessions_are_told_and_working_ones_may_finish(self):
        idle, working = self.talk(), self.talk(ehlo=False)
        working.envelope('a@b.test', ALICE)
        self.house.process.send_signal(signal.SIGTERM)
        self.expect(421, idle.reply(), '4.3.2')
        self.assertTrue(idle.at_end())
        working.send('Subject: in time\r\n\r\n.\r\n')
        self.expect(250, working.reply())
        self.assertEqual(self.house.ended(), 0)
        self.house.start()
        self.assertIn('in time', self.house.mailbox('alice')[0].decode())


if __name__ == '__main__':
    unittest.main()
