"""Limits as they are without a word in the configuration, met from addresses that are not loopback: in a network of the
test's own."""
import unittest

import own_network
from posthouse import DOMAIN, HouseTest, header, until
from talk import SmtpTalk

HERE, THERE = '192.0.2.1', '198.51.100.7'  # documentation addresses, RFC 5737: on this test's loopback interface only
ALICE = f'alice@{DOMAIN}'


def setUpModule():
    own_network.enter(HERE, THERE)


class Recipients(HouseTest):
    RECIPIENTS = 1000  # the default of [limits] recipients

    def test_a_thousand_recipients_and_the_next_is_told_to_come_again(self):
        tags = [f'alice+{n}@{DOMAIN}' for n in range(self.RECIPIENTS)]
        with SmtpTalk(self.house) as talk:
            talk.ehlo()
            self.assertEqual(talk.say('MAIL FROM:<s@sender.test>').code, 250)
            for first in range(0, self.RECIPIENTS, 50):  # pipelined in groups
                group = tags[first:first + 50]
                talk.send(''.join(f'RCPT TO:<{one}>\r\n' for one in group))
                self.assertEqual([talk.reply().code for _ in group], [250] * len(group))
            for _ in range(2):
                over = talk.say(f'RCPT TO:<{ALICE}>')
                self.assertEqual((over.code, over.enhanced), (452, '4.5.3'))
            self.assertEqual(talk.say('DATA').code, 354)
            talk.send('Subject: to a thousand\r\n\r\nx\r\n.\r\n')
            self.assertEqual(talk.reply().code, 250)
            # the session is as good as before: what was over goes with the next message
            self.assertEqual(talk.message('s@sender.test', ALICE, 'Subject: the rest\r\n\r\n.\r\n').code, 250)
        messages = self.house.mailbox('alice', self.RECIPIENTS + 1)
        reached = [header(message, 'Delivered-To')[0] for message in messages]
        self.assertEqual(sorted(reached), sorted(tags + [ALICE]))


class ConnectionsOfOneClient(HouseTest):
    config = {'limits': {'connections_per_client': 3}, 'delivery': {'trusted_networks': [THERE]},
              'authentication': {'mode': 'off'}}  # there is no DNS in this network

    def connect(self, source):
        talk = SmtpTalk(self.house, source=source)
        self.addCleanup(talk.close)
        return talk

    def test_a_client_has_so_many_connections_and_others_have_theirs(self):
        held = [self.connect(HERE) for _ in range(3)]
        self.assertEqual([talk.greeting.code for talk in held], [220] * 3)
        refused = self.connect(HERE)
        self.assertEqual((refused.greeting.code, refused.greeting.enhanced), (421, '4.7.0'))
        self.assertTrue(refused.at_end())
        self.house.wait_log(r'what=connect\.deferred peer=192\.0\.2\.1 why="the client has 3 connections already"')
        # loopback stands for many people, and so does a network that is trusted
        for source in (None, THERE):
            self.assertEqual([self.connect(source).greeting.code for _ in range(5)], [220] * 5)
        # those who are in are served, and one that leaves makes room
        self.assertEqual(held[0].message('s@sender.test', ALICE, 'Subject: x\r\n\r\n.\r\n').code, 250)
        self.assertEqual(held[0].say('QUIT').code, 221)
        self.assertTrue(held[0].at_end())
        until(lambda: self.connect(HERE).greeting.code == 220, 'its place is free')
        self.assertEqual(self.connect(HERE).greeting.code, 421)


if __name__ == '__main__':
    unittest.main()
