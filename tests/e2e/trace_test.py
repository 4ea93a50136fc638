#!/usr/bin/env python3
"""posthouse trace, without server and configuration: text, JSON, a page, and a batch of requests."""
import html.parser
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get('PH_PROGRAM', ROOT / 'build/release/posthouse')).resolve()
WAIT_S = 60
CASES = ROOT / 'tests/conformance/explain/journey.json'
HOPS = '''\
Return-Path: <a@sender.test>
Delivered-To: bob@example.test
Authentication-Results: mx.example.test; spf=pass smtp.mailfrom=a@sender.test
Received: from out.sender.test (out.sender.test [192.0.2.7])
 by mx.example.test (Postfix) with ESMTPS id ABC
 for <bob@example.test>; Mon, 1 Dec 2025 11:00:05 +0100
Received: from pc (pc.sender.test [192.0.2.9]) by out.sender.test with ESMTPSA
 id DEF; Mon, 1 Dec 2025 10:00:01 +0000
Date: Mon, 1 Dec 2025 10:00:00 +0000
From: A <a@sender.test>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= <script>alert(1)</script>

'''


def trace(*arguments, octets=b'', expect=0):
    done = subprocess.run([PROGRAM, 'trace', *arguments], input=octets, capture_output=True, timeout=WAIT_S)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f'exit {done.returncode}: {done.stdout!r} {done.stderr!r}')
    return done.stdout.decode()


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


class Trace(unittest.TestCase):
    def test_facts(self):
        facts = json.loads(trace('-', '--json', octets=HOPS.encode()))
        self.assertEqual(facts['subject'], 'Grüße <script>alert(1)</script>')
        self.assertEqual((facts['return_path'], facts['delivered_to']), ('a@sender.test', ['bob@example.test']))
        first, last = facts['hops']
        self.assertEqual((first['hop'], first['ip'], first['helo'], first['rdns'], first['protocol'], first['trusted']),
                         (1, '192.0.2.9', 'pc', 'pc.sender.test', 'ESMTPSA', False))
        self.assertEqual((last['by'], last['id'], last['for'], last['tls'], last['delay_ms'], last['trusted']),
                         ('mx.example.test', 'ABC', 'bob@example.test', True, 4000, True))
        self.assertEqual(last['time'], '2025-12-01T10:00:05.000Z')
        self.assertEqual(last['time_as_written']['zone_minutes'], 60)
        self.assertEqual((facts['last_trusted'], facts['total_ms']), (2, 5000))
        result, = facts['authentication']['results']
        self.assertEqual((result['by'], result['trusted'], result['methods'][0]['result']),
                         ('mx.example.test', True, 'pass'))

    def test_every_case_by_itself_and_in_a_batch(self):
        requests, alone = [], []
        for case in json.loads(CASES.read_text())['cases']:
            text = '\r\n'.join(case['header']) + '\r\n\r\n'
            wrong = ':wrong' in case.get('findings', '')
            alone.append(json.loads(trace('-', '--json', octets=text.encode(), expect=int(wrong))))
            requests.append(json.dumps({'text': text}))
        lines = trace('--batch', octets='\n'.join(requests).encode()).splitlines()
        self.assertEqual(len(lines), len(requests))
        for line, facts in zip(lines, alone):
            answer = json.loads(line)
            self.assertIsNone(answer.pop('id'))
            wrong = any(finding['severity'] == 'wrong' for finding in facts['findings'])
            self.assertEqual(answer.pop('code'), int(wrong))
            # What lies in the future is told by how far, which differs from second to second.
            for findings in (answer['findings'], facts['findings']):
                for finding in findings:
                    if 'future' in finding['code']:
                        finding['text'] = ''
            self.assertEqual(answer, facts)

    def test_batch_goes_on_behind_what_it_cannot_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / 'message.eml'
            file.write_text(HOPS)
            requests = ['no json', '{}', json.dumps({'file': folder + '/none'}), json.dumps({'file': str(file)})]
            lines = trace('--batch', octets='\n'.join(requests).encode()).splitlines()
        answers = [json.loads(line) for line in lines]
        self.assertEqual([answer['code'] for answer in answers], [2, 2, 2, 0])
        self.assertEqual(len(answers[3]['hops']), 2)

    def test_text_and_page(self):
        text = trace('-', octets=HOPS.encode())
        self.assertIn('pc.sender.test [192.0.2.9]', text)
        self.assertIn('+4 s', text)
        self.assertNotIn('\x1b', text)
        page = Page(trace('-', '--html', '-', octets=HOPS.encode()))
        tags = [tag for tag, _ in page.tags]
        self.assertEqual(tags.count('rect'), 2)
        self.assertNotIn('script', tags)
        for _, attributes in page.tags:
            for name in ('src', 'href', 'onload', 'onclick'):
                self.assertNotIn(name, attributes)

    def test_codes(self):
        trace('/nowhere/at/all', expect=2)
        trace(expect=2)
        trace('-', octets=b'no header here\n', expect=1)
        answer = json.loads(trace('--batch', octets=b'{"text": "no header here"}'))
        self.assertEqual(answer['code'], 1)


if __name__ == '__main__':
    unittest.main()
