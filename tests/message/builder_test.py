#!/usr/bin/env python3
"""The messages of tests/conformance/message/built, read by somebody else: Python's email package finds the names,
addresses, texts and attachments that src/message/testing/built_samples.h put in. That the program writes exactly
these is checked by its unit tests.
"""
import email
import email.policy
import pathlib
import unittest

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / 'conformance' / 'message' / 'built'
OCTETS = b'\x00\x01\r\n--=_0_b0undary\r\n\xff.\r\n'


def read(name):
    return email.message_from_bytes((SAMPLES / f'{name}.eml').read_bytes(), policy=email.policy.default)


def text(part):
    return part.get_content().replace('\r\n', '\n')


class Built(unittest.TestCase):
    def test_no_sample_has_defects(self):
        names = sorted(path.stem for path in SAMPLES.glob('*.eml'))
        self.assertGreater(len(names), 5)
        for name in names:
            with self.subTest(name):
                for part in read(name).walk():
                    self.assertEqual(part.defects, [])
                    self.assertEqual([d for v in part.values() for d in getattr(v, 'defects', ())], [])

    def test_header(self):
        message = read('names')
        self.assertEqual(message['Subject'],
                         'Grüße aus Köln – 你好，世界, und noch etwas, das länger ist als eine Zeile')
        self.assertEqual([(a.display_name, a.username, a.domain) for a in message['From'].addresses],
                         [('Jürgen Müller', 'jm', 'example.test')])
        self.assertEqual([(a.display_name, a.username, a.domain) for a in message['To'].addresses],
                         [('Doe, John "Jack"', 'john doe', 'example.net'), ('李小龍', 'lee', 'example.net'),
                          ('A rather long name of somebody who has many given names and titles', 'long',
                           'example.net'),
                          ('=?utf-8?q?not?= a word', 'odd', 'example.net')])
        self.assertIsNone(message['Bcc'])
        self.assertEqual(message['References'].split(), ['<0@example.net>', '<1@example.net>'])
        self.assertEqual(message['Date'].datetime.isoformat(), '2026-11-21T19:57:25+01:00')

    def test_text(self):
        self.assertEqual(text(read('plain')), 'Hello Bob,\n\nall is well.\n')
        self.assertEqual(text(read('dense')), '你好，世界。这是一封信。\n再见\n')
        self.assertEqual(text(read('eight-bit')), 'Grüße aus Köln\n')
        wanted = 'From here on\n.\n..\ntrailing \t\n' + 'x' * 1200 + '\nbare\ncr\nlast\n'
        self.assertEqual(text(read('fragile')), wanted)

    def test_tree(self):
        message = read('tree')
        self.assertEqual([part.get_content_type() for part in message.walk()],
                         ['multipart/mixed', 'multipart/alternative', 'text/plain', 'multipart/related', 'text/html',
                          'image/png', 'application/pdf', 'application/octet-stream'])
        parts = list(message.walk())
        self.assertEqual(text(parts[2]), 'plain\n--=_0_b0undary\n')
        self.assertEqual(parts[5]['Content-ID'], '<logo@example.test>')
        self.assertEqual(parts[5].get_content(), OCTETS)
        attached = list(message.iter_attachments())
        self.assertEqual([part.get_filename() for part in attached[-2:]],
                         ['Rechnung für März, «final».pdf', 'n' * 180 + '.bin'])
        self.assertEqual(attached[-2].get_content(), OCTETS)
        self.assertEqual(attached[-1].get_content(), b'')

    def test_message_inside(self):
        inner = list(read('message-inside').iter_attachments())[-1].get_content()
        self.assertEqual((inner['Subject'], text(inner)), ('inside', 'body\n'))


if __name__ == '__main__':
    unittest.main()
