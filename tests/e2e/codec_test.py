"""posthouse codec and message: on the command line, and as batches."""
import base64
import json
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get('PH_PROGRAM', str(ROOT / 'build/release/posthouse'))
CORPUS = ROOT / 'tests/corpus'


def run(*arguments, stdin=b''):
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def batch(command, *requests):
    lines = '\n'.join(one if isinstance(one, str) else json.dumps(one) for one in requests)
    code, out, _ = run(command, '--batch', stdin=lines.encode())
    assert code == 0, code
    return [json.loads(line) for line in out.splitlines()]


class Codec(unittest.TestCase):
    def test_every_coding_gives_back_what_it_was_given(self):
        _, out, _ = run('codec', 'list', '--json')
        names = [json.loads(line)['name'] for line in out.splitlines()]
        self.assertIn('base64', names)
        self.assertIn('charset:gb18030', names)
        text = 'Grüße, 你好\r\n'.encode()
        octets = bytes(range(256)) * 3
        for name in names:
            if name.startswith('charset:'):
                continue
            whole = {'idna': 'bücher.example'.encode(), 'punycode': 'bücher'.encode(),
                     'rfc2231': 'Grüße.txt'.encode(), 'rfc2047': 'Grüße'.encode(),
                     'utf7': text, 'utf7-imap': '你好/Entwürfe'.encode(), 'flowed': text}.get(name, octets)
            with self.subTest(name):
                code, coded, error = run('codec', 'encode', name, stdin=whole)
                self.assertEqual((code, error), (0, ''))
                code, back, error = run('codec', 'decode', name, stdin=coded)
                self.assertEqual((code, error), (0, ''))
                self.assertEqual(back, whole)

    def test_wrong_input_says_where_and_why_and_writes_nothing(self):
        code, out, error = run('codec', 'decode', 'base64', stdin=b'SGV*sbG8=')
        self.assertEqual((code, out), (1, b''))
        self.assertIn('octet 3', error)
        self.assertIn('--lenient', error)
        code, out, error = run('codec', 'decode', 'base64', '--lenient', stdin=b'SGV*sbG8=')
        self.assertEqual((code, out), (1, b'Hello'))
        self.assertIn('octet 3', error)
        code, out, error = run('codec', 'decode', 'base65')
        self.assertEqual(code, 2)
        self.assertIn('quoted-printable', error)
        code, out, error = run('codec', 'decode', 'base64', '/does/not/exist')
        self.assertEqual(code, 2)
        self.assertIn('/does/not/exist', error)

    def test_charsets_are_read_as_mail_means_them(self):
        for file in sorted((CORPUS / 'mime-cpython/cjkencodings').glob('*-utf8.txt')):
            name = file.name.removesuffix('-utf8.txt')
            known = {'gb18030': 'gb18030', 'gb2312': 'gb2312', 'gbk': 'gbk', 'big5': 'big5', 'hz': 'hz',
                     'shift_jis': 'shift_jis', 'euc_jp': 'euc-jp',
                     'iso2022_jp': 'iso-2022-jp', 'iso2022_kr': 'iso-2022-kr'}.get(name)
            if known is None:
                continue
            with self.subTest(name):
                code, out, error = run('codec', 'decode', f'charset:{known}', file.with_name(f'{name}.txt'))
                self.assertEqual((code, error), (0, ''))
                self.assertEqual(out, file.read_bytes())

    def test_guess_knows_what_it_sees(self):
        cases = {'base64': base64.encodebytes(b'Some text that is long enough\n' * 4),
                 'quoted-printable': b'Gr=C3=BC=C3=9Fe=\r\n aus K=C3=B6ln\r\n',
                 'uuencode': run('codec', 'encode', 'uuencode', '--name', 'x.bin', stdin=b'abc' * 50)[1],
                 'yenc': run('codec', 'encode', 'yenc', '--name', 'x.bin', stdin=b'abc' * 50)[1],
                 'binhex': (CORPUS / 'binhex/newton.hqx').read_bytes(),
                 'rfc2047': b'=?iso-8859-1?q?Gr=FC=DFe?= an alle',
                 'percent': b'Gr%C3%BC%C3%9Fe', 'charset:iso-2022-jp': '日本語のテキスト'.encode('iso-2022-jp'),
                 'charset:utf-8': 'Grüße'.encode(), 'utf7-imap': b'&T2BZfQ-', 'idna': b'xn--bcher-kva.example'}
        for coding, octets in cases.items():
            with self.subTest(coding):
                code, out, _ = run('codec', 'guess', '--json', stdin=octets)
                self.assertEqual(code, 0)
                self.assertEqual(json.loads(out)['coding'], coding)
        code, out, _ = run('codec', 'guess', stdin=b'Just a few words.')
        self.assertEqual((code, out), (1, b''))

    def test_a_charset_is_written_as_it_is_named(self):
        self.assertEqual(run('codec', 'encode', 'charset:iso-8859-1', '--lenient', stdin='€ä'.encode())[:2], (1, b'?\xe4'))
        self.assertEqual(run('codec', 'encode', 'charset:windows-1252', stdin='€ä'.encode())[:2], (0, b'\x80\xe4'))

    def test_a_batch_has_the_code_of_the_command(self):
        coded = base64.encodebytes(b'Some text that is long enough\n' * 4).decode()
        answers = batch('codec', {'do': 'guess', 'text': 'plain'}, {'do': 'guess', 'text': coded})
        self.assertEqual([answer['code'] for answer in answers], [1, 0])
        self.assertEqual(run('codec', 'guess', stdin=b'plain')[0], 1)

    def test_a_batch_answers_line_by_line(self):
        answers = batch('codec', {'id': 1, 'do': 'decode', 'coding': 'base64', 'text': '/w=='}, 'no json',
                        {'id': [2], 'do': 'decode', 'coding': 'base64', 'text': '*'},
                        {'do': 'encode', 'coding': 'xtext', 'text': 'a+b'}, {'do': 'decode', 'coding': 'base64'},
                        {'do': 'decode', 'coding': 'base64', 'text': '', 'file': 'x'})
        self.assertEqual([a['code'] for a in answers], [0, 2, 1, 0, 2, 2])
        self.assertEqual([a['id'] for a in answers], [1, None, [2], None, None, None])
        self.assertEqual(answers[0]['base64'], '/w==')
        self.assertIsNone(answers[0]['text'])
        self.assertEqual(answers[2]['faults'][0]['offset'], 0)
        self.assertEqual(answers[3]['text'], 'a+2Bb')

    def test_an_answer_comes_before_the_next_request(self):
        with subprocess.Popen([PROGRAM, 'codec', '--batch'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            for octet in range(3):
                request = {'do': 'encode', 'coding': 'percent', 'base64': base64.b64encode(bytes([octet])).decode()}
                program.stdin.write(json.dumps(request).encode() + b'\n')
                program.stdin.flush()
                self.assertEqual(json.loads(program.stdout.readline())['text'], f'%{octet:02X}')
            program.stdin.close()
            self.assertEqual(program.wait(timeout=30), 0)


class Message(unittest.TestCase):
    FILE = CORPUS / 'mime-cpython/email/msg_07.txt'

    def test_tree_and_part(self):
        code, out, _ = run('message', 'tree', self.FILE, '--json')
        parts = json.loads(out)['parts']
        self.assertEqual(code, 0)
        self.assertEqual([(p['id'], p['type'], p['name']) for p in parts],
                         [('TEXT', 'multipart/mixed', ''), ('1', 'text/plain', ''), ('2', 'image/gif', 'dingusfish.gif')])
        code, gif, _ = run('message', 'part', self.FILE, '2')
        self.assertEqual(code, 0)
        self.assertEqual(gif[:6], b'GIF87a')
        self.assertEqual(len(gif), parts[2]['decoded_octets'])
        code, _, error = run('message', 'part', self.FILE, '7')
        self.assertEqual(code, 1)
        self.assertIn('7', error)

    def test_show_reads_like_mail_and_gives_terminals_no_orders(self):
        mail = ('From: =?utf-8?q?J=C3=BCrgen?= <j@example.test>\r\nTo: bob@example.test\r\nSubject: a\x1b[2Jb\r\n'
                'Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>you</b>\x07</p>').encode()
        code, out, _ = run('message', 'show', '-', stdin=mail)
        self.assertEqual(code, 0)
        text = out.decode()
        self.assertIn('Jürgen <j@example.test>', text)
        self.assertIn('Hello you', text)
        self.assertNotIn('\x1b', text)
        self.assertNotIn('\x07', text)

    def test_show_keeps_c1_controls_and_turned_names_from_terminals(self):
        mail = ('From: a@example.test\r\nSubject: x\u009b2Jy\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'
                '--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nred\u009b31m\r\n'
                '--b\r\nContent-Type: application/octet-stream; name="=?utf-8?q?exe.=E2=80=AEgpj?="\r\n\r\nx\r\n--b--\r\n').encode()
        for what in ('show', 'tree', 'headers'):
            text = run('message', what, '-', stdin=mail)[1].decode()
            self.assertNotIn('\u009b', text)
            self.assertNotIn('\u202e', text)
        self.assertIn('exe.\\u202egpj', run('message', 'show', '-', stdin=mail)[1].decode())

    def test_files_inside_text_are_listed_and_given(self):
        octets = bytes(range(256))
        coded = run('codec', 'encode', 'uuencode', '--name', 'all.bin', stdin=octets)[1]
        coded_too = run('codec', 'encode', 'yenc', '--name', 'zwei.bin', stdin=octets[:40])[1]
        mail = b'From: a@example.test\r\nSubject: x\r\n\r\nbefore\r\n' + coded + b'between\r\n' + coded_too + b'behind\r\n'
        code, out, _ = run('message', 'show', '-', stdin=mail)
        self.assertEqual(code, 0)
        self.assertIn(b'before\nbetween\nbehind\n', out)
        self.assertIn(b'[1#1] all.bin  uuencode  256 octets', out)
        self.assertIn(b'[1#2] zwei.bin  yenc  40 octets', out)
        files = json.loads(run('message', 'tree', '-', '--json', stdin=mail)[1])['parts'][0]['files']
        self.assertEqual([(f['id'], f['coding'], f['decoded_octets'], f['whole']) for f in files],
                         [('1#1', 'uuencode', 256, True), ('1#2', 'yenc', 40, True)])
        self.assertEqual(run('message', 'part', '-', '1#1', stdin=mail)[:2], (0, octets))
        self.assertEqual(run('message', 'part', '-', '1#2', stdin=mail)[:2], (0, octets[:40]))
        self.assertEqual(run('message', 'part', '-', '1#1', '--raw', stdin=mail)[:2], (0, coded))
        for wrong in ('1#3', '1#0', '2#1', '1#', '1#x'):
            self.assertEqual(run('message', 'part', '-', wrong, stdin=mail)[0], 1, wrong)
            answer = batch('message', {'do': 'part', 'part': wrong, 'base64': base64.b64encode(mail).decode()})[0]
            self.assertEqual((answer['code'], bool(answer['error'])), (1, True), wrong)
        answer = batch('message', {'do': 'part', 'part': '1#1', 'base64': base64.b64encode(mail).decode()})[0]
        self.assertEqual((answer['name'], base64.b64decode(answer['base64'])), ('all.bin', octets))

    def test_an_encoded_message_is_looked_into(self):
        inner = b'Subject: inside\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--\r\n'
        mail = (b'From: a@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n'
                b'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n' + base64.encodebytes(inner) +
                b'\r\n--b--\r\n')
        facts = json.loads(run('message', 'tree', '-', '--json', stdin=mail)[1])
        parts = {part['id']: part for part in facts['parts']}
        self.assertEqual(list(parts), ['TEXT', '1', '2', '2.TEXT', '2.1', '2.2'])
        self.assertEqual((parts['2']['inside'], parts['2.1']['inside'], parts['2.2']['inside']), (None, '2', '2'))
        self.assertEqual(parts['2']['decoded_octets'], len(inner))
        self.assertEqual(inner[parts['2.2']['body_offset']:parts['2.2']['end_offset']], b'two')
        self.assertEqual(run('message', 'part', '-', '2', stdin=mail)[:2], (0, inner))
        self.assertEqual(run('message', 'part', '-', '2.2', stdin=mail)[:2], (0, b'two'))
        self.assertEqual([finding['id'] for finding in facts['findings']], ['encoded-message'])
        shown = json.loads(run('message', 'show', '-', '--json', stdin=mail)[1])
        self.assertEqual((shown['text'], [a['id'] for a in shown['attachments']]), ('text', ['2']))

    def test_html_is_read_in_the_charset_that_it_names(self):
        mail = b'From: a@example.test\r\nContent-Type: text/html\r\n\r\n<meta charset=koi8-r><p>\xd0\xcf</p>'
        self.assertIn('по'.encode(), run('message', 'show', '-', stdin=mail)[1])

    def test_check_says_what_breaks_which_standard(self):
        code, out, _ = run('message', 'check', '-', '--json', stdin=b'Date: yesterday\r\nTo: <a@b\r\n\r\nx\rz\r\n')
        findings = json.loads(out)['findings']
        self.assertEqual(code, 1)
        self.assertIn('date-unreadable', {f['id'] for f in findings})
        self.assertTrue(all(f['rfc'].startswith('RFC ') and f['what'] and f['effect'] for f in findings))
        good = (b'Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nFrom: a@example.test\r\nTo: b@example.test\r\n'
                b'Message-ID: <1@example.test>\r\nSubject: x\r\n\r\nbody\r\n')
        self.assertEqual(run('message', 'check', '-', stdin=good)[0], 0)

    def test_bounce_tells_who_did_not_get_it_and_why(self):
        file = CORPUS / 'bounces-sisimai/mail/lhost-exim-02.eml'
        code, out, _ = run('message', 'bounce', file, '--json')
        facts = json.loads(out)
        self.assertEqual((code, facts['kind']), (0, 'delivery'))
        self.assertEqual([(r['final'], r['status'], r['reply_code']) for r in facts['recipients']],
                         [('kijitora@example.jp', '5.1.1', 550), ('sabatora@example.jp', '5.2.1', 550)])
        self.assertEqual(facts['original']['message_id'], 'E1X58pB-0004bW-2s@marutamachi.example.org')
        self.assertIn(b'mailbox_unknown', run('message', 'bounce', file)[1])
        letter = b'From: a@example.test\r\nSubject: x\r\n\r\nbody\r\n'
        self.assertEqual(run('message', 'bounce', '-', stdin=letter)[0], 1)
        self.assertEqual(batch('message', {'do': 'bounce', 'file': str(file)})[0]['kind'], 'delivery')

    def test_every_message_of_the_corpus_is_read(self):
        files = [f for folder in ('mime-cpython/email', 'mime-mail-parser/eml', 'mime-mikel-mail/emails',
                                  'bounces-sisimai/mail', 'spam-sample')
                 for f in sorted((CORPUS / folder).rglob('*'))
                 if f.is_file() and f.suffix not in ('.json', '.md')]
        self.assertGreater(len(files), 900)
        requests = [{'do': what, 'file': str(file)} for file in files for what in ('show', 'tree', 'headers', 'check')]
        answers = batch('message', *requests)
        self.assertEqual(len(answers), len(requests))
        for request, answer in zip(requests, answers):
            self.assertLess(answer['code'], 2, (request, answer.get('error')))
        answers = batch('trace', *({'file': str(file)} for file in files))
        self.assertTrue(all(answer['code'] < 2 for answer in answers))


if __name__ == '__main__':
    unittest.main()
