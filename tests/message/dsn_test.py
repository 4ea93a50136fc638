#!/usr/bin/env python3
"""The notifications of tests/conformance/message/dsn, read by somebody else: Python's email package finds the
report's type, its three parts, and every field. That the program writes exactly these is checked by its unit tests.
"""
import email
import email.policy
import pathlib
import unittest

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / 'conformance' / 'message' / 'dsn'


def read(name):
    return email.message_from_bytes((SAMPLES / f'{name}.eml').read_bytes(), policy=email.policy.compat32)


def groups(message):
    """The fields of the report: of the message, then of each recipient."""
    report = message.get_payload()[1]
    if report.get_content_type() == 'message/delivery-status':
        return report.get_payload()
    # Python does not know the types of RFC 6533.
    text = report.as_string().split('\n\n', 1)[1]
    text = email.message_from_string('Content-Transfer-Encoding: quoted-printable\n\n' + text)
    parts = text.get_payload(decode=True).decode().replace('\r\n', '\n').strip().split('\n\n')
    return [email.message_from_string(part) for part in parts]


class Dsn(unittest.TestCase):
    def test_every_sample_is_a_report_with_three_parts(self):
        names = sorted(path.stem for path in SAMPLES.glob('*.eml'))
        self.assertGreater(len(names), 5)
        for name in names:
            with self.subTest(name):
                message = read(name)
                self.assertEqual(message.get_content_type(), 'multipart/report')
                self.assertEqual('message/' + message.get_param('report-type'),
                                 message.get_payload()[1].get_content_type())  # RFC 6522 §3
                self.assertEqual(message['Auto-Submitted'], 'auto-replied')
                self.assertEqual(message['MIME-Version'], '1.0')
                self.assertEqual(len(message.get_payload()), 3)
                self.assertEqual(message.get_payload()[0].get_content_type(), 'text/plain')
                self.assertEqual(message.defects, [])
                first, *recipients = groups(message)
                self.assertEqual(first['Reporting-MTA'], 'dns; mail.example.org')
                self.assertEqual(first['Arrival-Date'], 'Sat, 21 Nov 2026 18:55:25 +0000')
                for recipient in recipients:
                    self.assertEqual(len(recipient.get_all('Action')), 1)
                    self.assertRegex(recipient['Status'], r'^[245]\.\d{1,3}\.\d{1,3}$')
                    self.assertRegex(recipient['Final-Recipient'], r'^(rfc822|utf-8); \S+@\S+$')

    def test_fields_of_each_recipient(self):
        first, bob, carol, dave, erin = groups(read('mixed'))
        self.assertEqual(first['Original-Envelope-Id'], 'QQ314159')
        self.assertEqual([bob['Action'], carol['Action'], dave['Action'], erin['Action']],
                         ['failed', 'failed', 'failed', 'delivered'])
        self.assertEqual(carol['Original-Recipient'], 'rfc822;Carol@Example.COM')
        self.assertEqual(carol['Remote-MTA'], 'dns; mx.example.com')
        self.assertEqual(' '.join(bob['Diagnostic-Code'].split()),
                         'smtp; 550 5.1.1 <bob@example.net>: Recipient address rejected: '
                         'User unknown in virtual mailbox table')
        self.assertIsNone(dave['Remote-MTA'])
        self.assertEqual(erin['Status'], '2.1.5')

    def test_a_delay_says_until_when(self):
        message = read('delayed')
        _, bob = groups(message)
        self.assertEqual(bob['Will-Retry-Until'], 'Thu, 26 Nov 2026 18:57:25 +0000')
        self.assertIn('Thu, 26 Nov 2026', message.get_payload()[0].get_payload())

    def test_addresses_outside_ascii(self):
        for name in ('global', 'global-sender'):
            message = read(name)
            self.assertEqual(message.get_payload()[1].get_content_type(), 'message/global-delivery-status')
            self.assertEqual(groups(message)[1]['Final-Recipient'], 'utf-8; josé@exämple.net')
            text = message.get_payload()[0].get_payload(decode=True).decode('utf-8')
            self.assertIn('josé@exämple.net', text)

    def test_the_message_comes_back(self):
        inner = read('whole').get_payload()[2].get_payload()[0]
        self.assertEqual(inner['Subject'], 'Lunch on Friday')
        self.assertEqual(inner.get_payload(decode=True).decode(), 'Grüß dich, Bob!\r\nEss\' mer am Freidag?\r\n')
        header = email.message_from_string(read('failed').get_payload()[2].get_payload())
        self.assertEqual(header['Message-ID'], '<lunch@laptop>')

    def test_hostile_words_stay_words(self):
        message = read('hostile')
        self.assertIsNone(message['Bcc'])
        self.assertIsNone(message['In-Reply-To'])
        first, bob = groups(message)
        self.assertEqual(bob['Action'], 'failed')
        self.assertEqual(bob['Status'], '5.0.0')
        self.assertIsNone(bob['Subject'])
        self.assertIsNone(bob['X'])
        self.assertEqual(first['X-Posthouse-Queue-Id'], 'a\\x0D\\x0Ab')
        self.assertIn('\\x00\\xE4', bob['Diagnostic-Code'])


if __name__ == '__main__':
    unittest.main()
