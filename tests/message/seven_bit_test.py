#!/usr/bin/env python3
"""The samples of tests/conformance/message/seven_bit, read by somebody else: Python's email package finds the
same parts with the same contents in ID.out as in ID.in. That the program turns one into the other is checked
by its unit tests.
"""
import email
import email.policy
import json
import pathlib
import unittest

CONFORMANCE = pathlib.Path(__file__).resolve().parent.parent / 'conformance' / 'message'

# Where the samples are meant to differ, and how.
MENDED = {
    'stray-in-base64': (b'\xc3\x84', b''),         # no decoder looks at these octets
    'preamble-and-epilogue': (b'\xc3\x84', b'??'),  # no reader shows these
}
# Python takes no header line for the beginning of a body; decodes no message/* part.
NOT_READ = {'no-header', 'body-without-empty-line', 'part-without-header-end', 'delivery-status-8bit',
            'global-message'}


def contents(octets):
    """[(type, content)] of all parts without parts."""
    message = email.message_from_bytes(octets, policy=email.policy.compat32)
    found = []
    for part in message.walk():
        if not part.is_multipart():
            found.append((part.get_content_type(), part.get_payload(decode=True)))
        elif part.get_content_maintype() == 'multipart':
            found.append((part.get_content_type(), part.preamble, part.epilogue, len(part.get_payload())))
    return found


class SevenBit(unittest.TestCase):
    def test_every_part_has_the_same_content(self):
        seen = 0
        for case in json.loads((CONFORMANCE / 'seven_bit.json').read_text())['cases']:
            name = case['id']
            if not case.get('out') or name in NOT_READ:
                continue
            before = (CONFORMANCE / 'seven_bit' / f'{name}.in').read_bytes()
            after = (CONFORMANCE / 'seven_bit' / f'{name}.out').read_bytes()
            before = before.replace(*MENDED.get(name, (b'', b'')))
            with self.subTest(name):
                self.assertEqual(contents(after), contents(before))
                self.assertTrue(after.isascii())
            seen += 1
        self.assertGreater(seen, 20)


if __name__ == '__main__':
    unittest.main()
