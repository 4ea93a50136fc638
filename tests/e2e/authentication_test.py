"""Who really sent it: SPF, DKIM and DMARC of mail that comes in, signatures of mail that goes out."""
import re
import smtplib
import unittest

import own_network
import posthouse
from dns_table import DnsTable
from posthouse import House, header, queue_id

# Addresses that are not the machine's own in the sense of loopback: mail from there is checked.
DNS, A, B, GOOD, BAD = '192.0.2.53', '192.0.2.1', '192.0.2.2', '192.0.2.25', '192.0.2.66'


def setUpModule():
    own_network.enter(DNS, A, B, GOOD, BAD)


def letter(author, subject='hello', more=''):
    return (f'{more}From: <{author}>\r\nTo: <bob@b.test>\r\nSubject: {subject}\r\n'
            f'Date: Sat, 21 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{abs(hash((author, subject)))}@client.test>\r\n'
            '\r\nhello\r\n').encode()


class AuthenticationTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dns = DnsTable(DNS).start()
        self.addCleanup(self.dns.stop)
        self.dns.records.update({
            ('b.test', 'MX'): ['mail.b.test'], ('mail.b.test', 'A'): [B],
            ('strict.test', 'TXT'): [f'v=spf1 ip4:{GOOD} -all'],
            ('_dmarc.strict.test', 'TXT'): ['v=DMARC1; p=reject'],
            ('apart.test', 'TXT'): [f'v=spf1 ip4:{GOOD} -all'],
            ('_dmarc.apart.test', 'TXT'): ['v=DMARC1; p=quarantine'],
            ('silent.test', 'TXT'): ['v=spf1 -all'],
        })

    def house(self, domain, ip, mode=None, accounts=('alice', 'bob')):
        before, posthouse.own_address = posthouse.own_address, lambda: ip
        try:
            house = House({'dns': {'servers': [self.dns.server]},
                           'delivery': {'port': posthouse.PORTS['smtp'], 'routes': {}},
                           **({'authentication': {'mode': mode}} if mode else {})}, accounts, domain)
        finally:
            posthouse.own_address = before
        self.addCleanup(house.close)
        return house.start()

    def bring(self, house, author, source, content=None, **how):
        """From a stranger at `source`; the queue id."""
        with house.smtp(source) as smtp:
            self.assertEqual(smtp.ehlo('there.test')[0], 250)
            self.assertEqual(smtp.mail(author)[0], 250)
            self.assertEqual(smtp.rcpt('bob@b.test')[0], 250)
            code, text = smtp.data(content or letter(author, **how))
        if code != 250:
            raise smtplib.SMTPDataError(code, text)
        return queue_id(text)

    def refused(self, house, author, source, code, enhanced, content=None):
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.bring(house, author, source, content)
        text = caught.exception.smtp_error.decode()
        self.assertEqual(caught.exception.smtp_code, code, text)
        self.assertTrue(text.startswith(enhanced), text)
        return text

    def results(self, message):
        """Of the Authentication-Results in our name: {method: [result]}."""
        found, = header(message, 'Authentication-Results')
        self.assertTrue(found.startswith('mail.b.test;'), found)
        out = {}
        for method, result in re.findall(r';\s*(\w+)=(\w+)', found):
            out.setdefault(method, []).append(result)
        return out

    def test_mail_from_where_its_domain_sends_it(self):
        b = self.house('b.test', B)
        forged = ('Authentication-Results: mail.b.test; dmarc=pass header.from=bank.test\r\n'
                  'X-Posthouse-Verdict: fine\r\nAuthentication-Results: mx.elsewhere.test; spf=none\r\n')
        self.bring(b, 'a@strict.test', GOOD, more=forged)
        message, = b.mailbox('bob')
        self.assertEqual(header(message, 'X-Posthouse-Verdict'), [])
        ours, other = header(message, 'Authentication-Results')
        self.assertEqual(other, 'mx.elsewhere.test; spf=none')
        self.assertRegex(ours, r'^mail\.b\.test;.*spf=pass .*smtp\.mailfrom=a@strict\.test')
        self.assertRegex(ours, r'dmarc=pass .*header\.from=strict\.test')
        self.assertNotIn('bank.test', message.decode())
        self.assertRegex(header(message, 'Received-SPF')[0], rf'^pass .*client-ip={GOOD}')

    def test_the_name_a_client_gives(self):
        """HELO is checked beside MAIL; nothing comes of it but what is written down. RFC 7208 §2.3."""
        b = self.house('b.test', B)
        self.dns.records[('there.test', 'TXT')] = [f'v=spf1 ip4:{BAD} -all']
        for source, result in ((GOOD, 'fail'), (BAD, 'pass')):
            wanted = self.bring(b, 'a@there-is-none.test', source)
            message, = b.mailbox('bob')
            self.assertEqual(self.results(message)['spf'], ['none', result])
            self.assertRegex(header(message, 'Authentication-Results')[0], rf'spf={result} .*smtp\.helo=there\.test')
            self.assertTrue(any(f'spf of helo={result}' in e['why'] for e in b.why(wanted, ('content', 'note'))))
        self.bring(b, '', BAD, letter('a@there.test'))  # without a sender it is the identity itself, once
        message, = b.mailbox('bob')
        self.assertEqual(self.results(message)['spf'], ['pass'])
        self.assertEqual(self.results(message)['dmarc'], ['none'])

    def test_what_a_reader_may_take_for_the_header(self):
        """A line that is no field ends the header for some readers, and not for others."""
        b = self.house('b.test', B)
        content = letter('a@strict.test').replace(b'To:', b'no field\r\nFrom: <ceo@bank.test>\r\nTo:')
        wanted = self.bring(b, 'a@strict.test', GOOD, content)
        message, = b.mailbox('bob')
        self.assertTrue(message.endswith(content.replace(b'no field', b'\r\nno field')), message)
        self.assertTrue(any('empty line' in e['why'] for e in b.why(wanted, ('content', 'note'))))
        mbox = b'From a@strict.test Sat Nov 21 10:00:00 2026\r\n'
        self.bring(b, 'a@strict.test', GOOD, mbox + letter('a@strict.test'))
        message, = b.mailbox('bob')
        self.assertEqual(header(message, 'Subject'), ['hello'])
        self.assertTrue(message.endswith(b'\r\n' + letter('a@strict.test')), message)

    def test_what_a_policy_wants(self):
        b = self.house('b.test', B)
        text = self.refused(b, 'a@strict.test', BAD, 550, '5.7.1')
        self.assertIn('strict.test', text)
        event = next(e for e in b.why('a@strict.test', ('content', 'refused')) if e['stage'] == 'content')
        self.assertIn('dmarc=fail', event['why'])
        self.assertIn('spf=fail', event['why'])
        wanted = self.bring(b, 'a@apart.test', BAD)
        message, = b.mailbox('bob')
        self.assertRegex(header(message, 'X-Posthouse-Verdict')[0], r'^junk; .*apart\.test')
        self.assertEqual(self.results(message)['dmarc'], ['fail'])
        self.assertTrue(any(e['why'].startswith('marked as junk') for e in b.why(wanted, ('content', 'note'))))
        self.bring(b, 'a@silent.test', BAD)  # an SPF that fails, alone, turns nothing away
        self.assertEqual(self.results(b.mailbox('bob')[0])['spf'], ['fail'])

    def test_trouble_of_the_dns_is_temporary(self):
        b = self.house('b.test', B)
        self.dns.failing.add('_dmarc.strict.test')
        self.refused(b, 'a@strict.test', BAD, 451, '4.7.0')

    def test_a_from_that_people_see_and_programs_cannot_read(self):
        """Mail with such a From would pass by the policy of the domain that people see."""
        fields = {'no From': b'', 'an empty one': b'From:\r\n',
                  'begins with a blank': b' From: <a@strict.test>\r\nFrom: <b@silent.test>\r\n',
                  'several': b'From: <a@strict.test>\r\nFrom: <b@strict.test>\r\n',
                  'control characters': b'From: <a@strict.test\0@silent.test>\r\n',
                  'an address where none stands': b'From: =?utf-8?q?a=40strict=2Etest?=\r\n',
                  'domain cannot be one': b'From: Bank <a@strict\xff.test>\r\n',
                  'too many domains': b'From: ' + b', '.join(b'<a@x%d.test>' % i for i in range(5)) + b'\r\n',
                  'nobody': b'From: The Bank\r\n'}
        b = self.house('b.test', B)
        for reason, field in fields.items():
            with self.subTest(reason):
                content = field + letter('x').split(b'\r\n', 1)[1]
                sender = f'{"-".join(reason.split())}@silent.test'
                text = self.refused(b, sender, BAD, 550, '5.7.1', content)
                self.assertIn(reason, text)
                event = next(e for e in b.why(sender, ('content', 'refused')) if e['stage'] == 'content')
                self.assertRegex(event['why'], f'dmarc=permerror \\([^)]*{reason}')
        # A sign that people read as "@" is none of a name's; a report, too, is refused then.
        wide = 'From: ceo\uff20strict.test\r\n'.encode() + letter('x').split(b'\r\n', 1)[1]
        self.assertIn('an address where none stands', self.refused(b, '', BAD, 550, '5.7.1', wide))
        # Readers may show what stands before <>: its policy counts, too.
        shown = b'From: a@strict.test <x@silent.test>\r\n' + letter('x').split(b'\r\n', 1)[1]
        self.assertIn('strict.test', self.refused(b, 'x@silent.test', BAD, 550, '5.7.1', shown))
        # In quotes it is a name like any other; a bounce of an old server is taken.
        self.bring(b, 'x@silent.test', BAD, shown.replace(b'a@strict.test', b'"a@strict.test"'))
        self.assertEqual(self.results(b.mailbox('bob')[0])['dmarc'], ['none'])
        self.bring(b, '', BAD, fields['nobody'] + letter('x').split(b'\r\n', 1)[1])
        self.assertEqual(self.results(b.mailbox('bob')[0])['dmarc'], ['permerror'])

    def test_a_from_that_cannot_be_read_when_only_watching(self):
        b = self.house('b.test', B, mode='monitor')
        wanted = self.bring(b, 'x@silent.test', BAD, b'From: <a@strict\xff.test>\r\n' + letter('x').split(b'\r\n', 1)[1])
        message, = b.mailbox('bob')
        self.assertRegex(header(message, 'Authentication-Results')[0], r'dmarc=permerror \(.*cannot be one\)')
        self.assertTrue(any('dmarc=permerror' in e['why'] for e in b.why(wanted, ('content', 'note'))))

    def test_a_first_line_that_begins_with_a_blank_when_only_watching(self):
        """Below our fields it would be a continuation of the last of them."""
        b = self.house('b.test', B, mode='monitor')
        content = b' From: <a@strict.test>\r\n\tmore\r\n' + letter('x@silent.test')
        self.bring(b, 'x@silent.test', BAD, content)
        message, = b.mailbox('bob')
        self.assertTrue(message.endswith(content), message)
        self.assertRegex(header(message, 'X-Posthouse-First-Line')[0], r'^From: <a@strict\.test>\s+more$')
        self.assertNotIn('strict.test', header(message, 'Received')[0])
        self.assertEqual(len(header(message, 'From')), 1)

    def test_monitor_and_off(self):
        b = self.house('b.test', B, mode='monitor')
        self.bring(b, 'a@strict.test', BAD)
        message, = b.mailbox('bob')
        self.assertEqual(self.results(message)['dmarc'], ['fail'])
        self.assertEqual(header(message, 'X-Posthouse-Verdict'), [])
        b.stop()
        b.tables['authentication'] = {'mode': 'off'}
        b.write_config()
        b.start()
        self.bring(b, 'a@strict.test', BAD)
        self.assertEqual(header(b.mailbox('bob')[0], 'Authentication-Results'), [])

    def publish(self, house):
        """What `domain show` says is to be published; the selectors."""
        shown, = house.facts('domain', 'show', house.domain)
        for key in shown['keys']:
            self.dns.records[(key['name'], 'TXT')] = [key['value']]
        return {key['selector']: key for key in shown['keys']}

    def submit(self, house, content):
        with house.submission('alice') as smtp:
            smtp.sendmail(f'alice@{house.domain}', ['bob@b.test'], content)

    def test_signed_there_and_verified_here(self):
        a, b = self.house('a.test', A), self.house('b.test', B)
        self.dns.records[('_dmarc.a.test', 'TXT')] = ['v=DMARC1; p=reject']
        first = self.publish(a)
        self.assertEqual(sorted(key['algorithm'] for key in first.values()), ['ed25519', 'rsa'])
        self.submit(a, letter('alice@a.test'))
        message, = b.mailbox('bob')
        found = self.results(message)
        self.assertEqual((found['dkim'], found['dmarc'], found['spf']), (['pass', 'pass'], ['pass'], ['none']))
        # New keys: they sign only when their time has come, and the old ones verify as long as they are published.
        a.cli('domain', 'rotate-key', 'a.test')
        waiting = {s for s, key in self.publish(a).items() if not key['signs']}
        self.assertEqual(len(waiting), 2)
        self.submit(a, letter('alice@a.test', 'second'))
        message, = b.mailbox('bob')
        self.assertEqual(self.results(message)['dkim'], ['pass', 'pass'])
        self.assertEqual(set(re.findall(r' s=(\w+);', ' '.join(header(message, 'DKIM-Signature')))), set(first))
        told = a.cli('domain', 'rotate-key', 'a.test', '--after', '0').stdout
        signing = {s for s, key in self.publish(a).items() if key['signs']}
        self.assertFalse(signing & set(first))
        self.assertTrue(all(f'{s}._domainkey.a.test. IN TXT' in told for s in signing), told)
        self.submit(a, letter('alice@a.test', 'third'))
        message, = b.mailbox('bob')
        self.assertEqual(self.results(message)['dkim'], ['pass', 'pass'])
        self.assertEqual(set(re.findall(r' s=(\w+);', ' '.join(header(message, 'DKIM-Signature')))), signing)
        a.cli('domain', 'remove-key', 'a.test', sorted(first)[0])
        left = [key['selector'] for key in a.facts('domain', 'show', 'a.test')[0]['keys']]
        self.assertNotIn(sorted(first)[0], left)

    def test_an_alias_that_leaves_seals(self):
        a, b = self.house('a.test', A), self.house('b.test', B)
        self.publish(a)
        a.cli('alias', 'add', 'team@a.test', 'bob@b.test')
        with a.smtp(GOOD) as smtp:
            smtp.sendmail('x@apart.test', ['team@a.test'], letter('x@apart.test'))
        message, = b.mailbox('bob')
        self.assertEqual(len(header(message, 'ARC-Seal')), 1)
        ours = header(message, 'Authentication-Results')[0]
        self.assertRegex(ours, r'arc=pass')
        self.assertEqual(header(message, 'X-Posthouse-Verdict')[:1], ['junk; dmarc=fail header.from=apart.test'])
        b.stop()
        b.tables['authentication'] = {'trusted_sealers': ['a.test']}
        b.write_config()
        b.start()
        with a.smtp(GOOD) as smtp:
            smtp.sendmail('x@apart.test', ['team@a.test'], letter('x@apart.test', 'again'))
        self.assertEqual(header(b.mailbox('bob')[0], 'X-Posthouse-Verdict'), [])

    def test_a_trusted_list_that_does_not_seal(self):
        self.dns.records[('lists.test', 'TXT')] = [f'v=spf1 ip4:{BAD} -all']
        b = self.house('b.test', B)

        def bring(author):
            with b.smtp(BAD) as smtp:
                smtp.ehlo('there.test')
                smtp.mail('bounces@lists.test')
                smtp.rcpt('bob@b.test')
                code, text = smtp.data(letter(author))
            if code != 250:
                raise smtplib.SMTPDataError(code, text)
            return queue_id(text)
        with self.assertRaises(smtplib.SMTPDataError):
            bring('a@strict.test')
        b.stop()
        b.tables['authentication'] = {'trusted_lists': ['lists.test']}
        b.write_config()
        b.start()
        taken = bring('a@strict.test')
        message, = b.mailbox('bob')
        self.assertEqual(self.results(message)['dmarc'], ['fail'])
        self.assertEqual(header(message, 'X-Posthouse-Verdict'), [])
        self.assertTrue(any('comes from lists.test, a trusted list' in e['why'] for e in b.why(taken, ('content', 'note'))))


if __name__ == '__main__':
    unittest.main()
