#!/usr/bin/env python3
"""list_parts.cc over two real messages: what it prints, and what it saves.

    list_parts_test.py PROGRAM
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

MAIL = pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'corpus' / 'mime-mikel-mail' / 'emails'
PROGRAM = ''


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=30)


class ListParts(unittest.TestCase):
    def test_names_in_any_charset(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(MAIL / 'multi_charset' / 'japanese_attachment.eml', folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.decode().splitlines()
            for line in ('Subject: testing', 'From: Mikel Lindsaar <raasdnil@gmail.com>',
                         'Text, read as utf-8, 0 faults:', 'http://lindsaar.net/',
                         'Saved: てすと.txt, 0 faults', '0 oddities of structure'):
                self.assertIn(line, lines)
            self.assertEqual([line.split(',')[0] for line in lines if line.startswith('Part ')],
                             ['Part TEXT: multipart/mixed', 'Part 1: text/plain', 'Part 2: text/plain'])
            saved = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
            self.assertEqual(saved, {'てすと.txt': 'this is a test\nこれわてすと'.encode()})

    def test_attachments_are_saved_beside_each_other(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / 'test.pdf').write_bytes(b'mine')
            done = run(MAIL / 'mime_emails' / 'raw_email7.eml', folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            saved = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
            self.assertEqual(saved.pop('test.pdf'), b'mine')
            self.assertEqual(saved.pop('1.3-test.pdf'), b'blah blah blah')
            self.assertEqual(saved.pop('test.rb'), b'puts "testing, testing"\r\n')
            self.assertEqual(sorted(saved), ['smime.p7s'])

    def test_nothing_is_saved_unasked(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([PROGRAM, MAIL / 'mime_emails' / 'raw_email7.eml'], cwd=folder, capture_output=True,
                                  timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(b'Saved', done.stdout)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])

    def test_wrong_use(self):
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run('/nowhere/at/all').returncode, 2)


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
