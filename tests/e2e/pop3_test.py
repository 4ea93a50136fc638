"""POP3 as clients rely on it: ids that stay, deletes that are durable at QUIT and only then, one reader."""
import base64
import unittest

from posthouse import DOMAIN, HouseTest, until
from talk import Pop3Talk

ALICE, BOB = f'alice@{DOMAIN}', f'bob@{DOMAIN}'


class Pop3Test(HouseTest):
    accounts = ('alice', 'bob', 'carol', 'dave', 'erin', 'frank')

    def fill(self, user, *subjects):
        with self.house.smtp() as smtp:
            for subject in subjects:
                smtp.sendmail('s@sender.test', [user], f'Subject: {subject}\r\n\r\n.dot\r\n..two\r\n'.encode())

        def counted():
            with Pop3Talk(self.house, user=user) as talk:
                count = int(talk.say('STAT').split()[1])
                talk.say('QUIT')
                return count >= len(subjects)
        until(counted, f'{len(subjects)} messages for {user}')

    def session(self, user):
        talk = Pop3Talk(self.house, user=user)
        self.addCleanup(talk.close)
        return talk

    def uidl(self, talk):
        self.assertTrue(talk.say('UIDL').startswith('+OK'))
        return [line.split(' ', 1)[1] for line in talk.lines()]

    def subjects(self, talk):
        found = []
        for number in range(1, int(talk.say('STAT').split()[1]) + 1):
            if talk.say(f'TOP {number} 0').startswith('+OK'):
                found += [line[9:] for line in talk.lines() if line.startswith('Subject: ')]
        return found

    def test_every_command(self):
        self.fill(ALICE, 'one', 'two')
        talk = self.session(ALICE)
        count, octets = map(int, talk.say('STAT').split()[1:3])
        self.assertEqual(count, 2)
        self.assertTrue(talk.say('LIST').startswith('+OK'))
        sizes = [int(line.split()[1]) for line in talk.lines()]
        self.assertEqual(sum(sizes), octets)
        self.assertEqual(talk.say('LIST 2').split()[1:3], ['2', str(sizes[1])])
        self.assertTrue(talk.say('RETR 1').startswith('+OK'))
        message = talk.lines()
        self.assertEqual(sum(len(line) + 2 for line in message), sizes[0])  # what LIST said, octet for octet
        self.assertEqual(message[-2:], ['.dot', '..two'])
        self.assertTrue(talk.say('TOP 1 1').startswith('+OK'))
        self.assertEqual(talk.lines()[-1], '.dot')
        self.assertEqual(talk.say('UIDL 1').split()[2], self.uidl(talk)[0])
        self.assertLessEqual(len(self.uidl(talk)[0]), 70)
        for wrong in ('RETR 3', 'RETR 0', 'RETR x', 'DELE 3', 'TOP 1', 'LIST 9', 'UIDL 9', 'XYZZY', 'PASS x'):
            self.assertTrue(talk.say(wrong).startswith('-ERR'), wrong)
        self.assertTrue(talk.say('NOOP').startswith('+OK'))
        self.assertTrue(talk.say('DELE 1').startswith('+OK'))
        self.assertTrue(talk.say('RETR 1').startswith('-ERR'))
        self.assertTrue(talk.say('RSET').startswith('+OK'))
        self.assertEqual(int(talk.say('STAT').split()[1]), 2)
        self.assertTrue(talk.say('CAPA').startswith('+OK'))
        self.assertLessEqual({'UIDL', 'TOP', 'USER', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING'}
                             - {'PIPELINING'}, set(talk.lines()))
        self.assertTrue(talk.say('QUIT').startswith('+OK'))

    def test_ids_stay_across_sessions_and_restarts(self):
        self.fill(BOB, 'a', 'b', 'c')
        first = self.session(BOB)
        ids = self.uidl(first)
        self.assertEqual(len(set(ids)), 3)
        first.say('DELE 2')
        first.say('QUIT')
        second = self.session(BOB)
        self.assertEqual(self.uidl(second), [ids[0], ids[2]])
        second.say('QUIT')
        self.house.kill()
        self.house.start()
        self.fill(BOB, 'd')
        third = self.session(BOB)
        after = self.uidl(third)
        self.assertEqual(after[:2], [ids[0], ids[2]])
        self.assertNotIn(after[2], ids)  # an id is never given twice
        third.say('QUIT')

    def test_deletes_count_at_quit_only(self):
        carol = f'carol@{DOMAIN}'
        self.fill(carol, 'keep', 'drop')
        broken = self.session(carol)
        broken.say('DELE 1')
        broken.close()

        def again():
            try:
                return Pop3Talk(self.house, user=carol)
            except PermissionError as busy:  # until the server has seen the end of the other
                self.assertIn('[IN-USE]', str(busy))
                return None
        with until(again, 'the lock to be free again') as talk:
            self.assertEqual(self.subjects(talk), ['keep', 'drop'])
            talk.say('DELE 2')
            self.assertTrue(talk.say('QUIT').startswith('+OK'))
        self.house.kill()  # durable means: from that answer on
        self.house.start()
        self.assertEqual(self.subjects(self.session(carol)), ['keep'])

    def test_a_kill_before_quit_deletes_nothing(self):
        dave = f'dave@{DOMAIN}'
        self.fill(dave, 'one', 'two')
        talk = self.session(dave)
        talk.say('DELE 1')
        talk.say('DELE 2')
        self.house.kill()
        self.house.start()
        self.assertEqual(self.subjects(self.session(dave)), ['one', 'two'])

    def test_one_reader_at_a_time_and_mail_still_comes_in(self):
        erin = f'erin@{DOMAIN}'
        self.fill(erin, 'one')
        first = self.session(erin)
        with self.assertRaisesRegex(PermissionError, r'-ERR \[IN-USE\]'):
            Pop3Talk(self.house, user=erin)
        with self.house.smtp() as smtp:
            smtp.sendmail('s@sender.test', [erin], b'Subject: two\r\n\r\n')
        self.assertEqual(int(first.say('STAT').split()[1]), 1)  # the session's view does not move
        first.say('QUIT')

        def both():
            with Pop3Talk(self.house, user=erin) as talk:
                return self.subjects(talk) == ['one', 'two'] and talk.say('QUIT')
        until(both, 'both messages')

    def test_ways_in(self):
        with Pop3Talk(self.house, 'pop3') as talk:
            self.assertTrue(talk.say('CAPA').startswith('+OK'))
            offered = talk.lines()
            self.assertIn('STLS', offered)
            self.assertNotIn('USER', offered)
            self.assertTrue(talk.say(f'USER {ALICE}').startswith('-ERR'))
            self.assertTrue(talk.say('APOP alice 0123456789abcdef').startswith('-ERR'))
            self.assertTrue(talk.say('STLS').startswith('+OK'))
            talk.start_tls()
            self.assertTrue(talk.say(f'USER {ALICE}').startswith('+OK'))
            self.assertTrue(talk.say(f'PASS {self.house.passwords[ALICE]}').startswith('+OK'))
        frank = f'frank@{DOMAIN}'
        password = self.house.passwords[frank]
        plain = base64.b64encode(f'\0{frank}\0{password}'.encode()).decode()
        for lines in ([f'AUTH PLAIN {plain}'], ['AUTH PLAIN', plain],
                      ['AUTH LOGIN', base64.b64encode(frank.encode()).decode(),
                       base64.b64encode(password.encode()).decode()]):
            with self.subTest(lines[0].split()[1]), Pop3Talk(self.house) as talk:
                for line in lines:
                    said = talk.say(line)
                self.assertTrue(said.startswith('+OK'), said)
                self.assertTrue(talk.say('QUIT').startswith('+OK'))
        with Pop3Talk(self.house) as talk:
            talk.say(f'USER {frank}')
            self.assertRegex(talk.say('PASS wrong'), r'^-ERR \[AUTH\]')

    def test_commands_in_one_go_are_all_answered(self):
        self.fill(f'frank@{DOMAIN}', 'p')
        talk = self.session(f'frank@{DOMAIN}')
        talk.send('NOOP\r\nSTAT\r\nNOOP\r\nQUIT\r\n')
        self.assertEqual([talk.line()[:3] for _ in range(4)], ['+OK'] * 4)
        self.assertTrue(talk.at_end())


if __name__ == '__main__':
    unittest.main()
