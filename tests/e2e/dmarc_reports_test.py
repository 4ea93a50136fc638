"""DMARC reports: mail that passes and fails is counted, the report is ordered, and arrives where the domain wants it."""
import email
import email.policy
import gzip
import json
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import own_network
import posthouse
from dns_table import DnsTable
from posthouse import PROGRAM, WAIT_S, House

# Addresses that are not the machine's own in the sense of loopback: mail from there is checked.
DNS, A, B, GOOD, BAD = '192.0.2.53', '192.0.2.1', '192.0.2.2', '192.0.2.25', '192.0.2.66'


def setUpModule():
    own_network.enter(DNS, A, B, GOOD, BAD)


def letter(author, number, subject='hello'):
    return (f'From: <{author}>\r\nTo: <bob@b.test>\r\nSubject: {subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n'
            f'Message-ID: <{number}.{author}>\r\n\r\nhello\r\n').encode()


class DmarcReportsTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dns = DnsTable(DNS).start()
        self.addCleanup(self.dns.stop)
        self.dns.records.update({
            ('a.test', 'MX'): ['mail.a.test'], ('mail.a.test', 'A'): [A],
            ('b.test', 'MX'): ['mail.b.test'], ('mail.b.test', 'A'): [B],
            ('a.test', 'TXT'): [f'v=spf1 ip4:{GOOD} ip4:{A} -all'],
            ('b.test', 'TXT'): [f'v=spf1 ip4:{B} -all'],
            ('_dmarc.b.test', 'TXT'): ['v=DMARC1; p=reject; rua=mailto:bob@b.test'],
            ('_dmarc.a.test', 'TXT'): ['v=DMARC1; p=reject; sp=quarantine; '
                                       'rua=mailto:alice@a.test!10m,mailto:victim@victim.test; '
                                       'ruf=mailto:bob@a.test; fo=1'],
        })
        self.sent = 0

    def house(self, domain, ip):
        before, posthouse.own_address = posthouse.own_address, lambda: ip
        try:
            house = House({'dns': {'servers': [self.dns.server]},
                           'delivery': {'port': posthouse.PORTS['smtp'], 'routes': {}}}, ('alice', 'bob'), domain)
        finally:
            posthouse.own_address = before
        self.addCleanup(house.close)
        return house.start()

    def bring(self, house, author, source, to='bob@b.test', **how):
        """From a stranger at `source`; the code of the reply."""
        self.sent += 1
        with house.smtp(source) as smtp:
            self.assertEqual(smtp.ehlo('there.test')[0], 250)
            self.assertEqual(smtp.mail(author)[0], 250)
            self.assertEqual(smtp.rcpt(to)[0], 250)
            return smtp.data(letter(author, self.sent, **how))[0]

    def reports(self, house, *args, expect=0):
        return house.facts('domain', 'reports', *args, expect=expect)

    def test_a_report_arrives_and_its_counts_are_right(self):
        a, b = self.house('a.test', A), self.house('b.test', B)
        for key in b.facts('domain', 'show', 'b.test')[0]['keys']:
            self.dns.records[(key['name'], 'TXT')] = [key['value']]
        for _ in range(3):
            self.assertEqual(self.bring(b, 'x@a.test', GOOD), 250)
        for _ in range(2):
            self.assertEqual(self.bring(b, 'x@a.test', BAD), 550)
        self.assertEqual(self.bring(b, 'x@sub.a.test', BAD), 250)  # quarantine
        collected, = self.reports(b)
        self.assertEqual((collected['domain'], collected['messages'], collected['rows']), ('a.test', 6, 3))
        self.assertFalse(collected['waits'])

        queued, refused = self.reports(b, '--send', expect=1)
        self.assertEqual((queued['to'], queued['outcome']), ('alice@a.test', 'queued'))
        self.assertEqual((refused['to'], refused['outcome']), ('victim@victim.test', 'refused'))
        self.assertEqual(self.reports(b), [])
        b.why(queued['queue_id'], ('relay', 'done'))
        event = next(e for e in b.why('alice@a.test', ('accept', 'done')) if e['stage'] == 'accept')
        self.assertIn('DMARC report for domain a.test', event['why'])
        self.assertTrue(any('no DMARC report for domain a.test: victim.test does not say' in e['why']
                            for e in b.why('victim@victim.test', ('route', 'failed'))))

        octets, = a.mailbox('alice')
        self.check_message(octets)
        self.check_summary(octets)
        # RFC 9991: three failed, and who asks for a report of each gets none.
        self.assertEqual(a.messages('bob'), [])
        self.assertEqual(b.facts('why', 'bob@a.test', expect=None), [])
        # The report is mail in the name of b.test, which wants reports, too; one that passes is not reported about.
        self.assertEqual(self.reports(a), [])

    def check_message(self, octets):
        """By Python's own packages."""
        message = email.message_from_bytes(octets, policy=email.policy.default)
        self.assertEqual(message['From'].addresses[0].addr_spec, 'postmaster@b.test')
        self.assertRegex(message['Subject'], r'^Report Domain: a\.test Submitter: b\.test Report-ID: <\S+@mail\.b\.test>$')
        self.assertIn('dmarc=pass', message['Authentication-Results'])
        attached, = message.iter_attachments()
        self.assertEqual(attached.get_content_type(), 'application/gzip')
        self.assertRegex(attached.get_filename(), r'^b\.test!a\.test!\d+!\d+\.xml\.gz$')
        root = ElementTree.fromstring(gzip.decompress(attached.get_content()))
        self.assertEqual(root.findtext('policy_published/domain'), 'a.test')
        self.assertEqual((root.findtext('policy_published/p'), root.findtext('policy_published/sp')),
                         ('reject', 'quarantine'))
        rows = sorted((row.findtext('row/source_ip'), row.findtext('identifiers/header_from'),
                       int(row.findtext('row/count')), row.findtext('row/policy_evaluated/disposition'),
                       row.findtext('row/policy_evaluated/spf'), row.findtext('auth_results/spf/result'))
                      for row in root.iter('record'))
        self.assertEqual(rows, [(GOOD, 'a.test', 3, 'none', 'pass', 'pass'),
                                (BAD, 'a.test', 2, 'reject', 'fail', 'fail'),
                                (BAD, 'sub.a.test', 1, 'quarantine', 'fail', 'none')])

    def check_summary(self, octets):
        """By `auth report`."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / 'report.eml'
            file.write_bytes(octets)
            ran = subprocess.run([PROGRAM, 'auth', 'report', file, '--json'], capture_output=True, timeout=WAIT_S)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        facts = json.loads(ran.stdout)
        self.assertEqual((facts['messages'], facts['aligned'], facts['rejected'], facts['quarantined']), (6, 3, 2, 1))
        self.assertEqual([(s['ip'], s['messages'], s['aligned']) for s in facts['sources']], [(BAD, 3, 0), (GOOD, 3, 3)])
        self.assertEqual(facts['problems'], [])

    def test_counts_outlive_a_restart(self):
        b = self.house('b.test', B)
        self.assertEqual(self.bring(b, 'x@a.test', GOOD), 250)
        b.stop()
        b.start()
        self.assertEqual(self.bring(b, 'x@a.test', GOOD), 250)
        collected, = self.reports(b, 'a.test')
        self.assertEqual((collected['messages'], collected['rows']), (2, 1))
        self.assertEqual(self.reports(b, 'other.test'), [])

    def test_reports_are_off(self):
        b = self.house('b.test', B)
        b.stop()
        b.tables['authentication'] = {'reports': 'off'}
        b.write_config()
        b.start()
        self.assertEqual(self.bring(b, 'x@a.test', GOOD), 250)
        self.assertEqual(self.reports(b), [])
        self.reports(b, '--send', expect=1)


if __name__ == '__main__':
    unittest.main()
