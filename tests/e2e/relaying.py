"""Servers that send mail to each other, for tests: names by an nsd of the test's own, every server at the same port on
its own address, and a queue in a hurry.

    class ThisTest(RelayTest):
        def test_it(self):
            a, b = self.add_house('a.test'), self.add_house('b.test')
            self.start()                       # nsd first; the zones of all that were added
            queue_id = self.send(a, ['bob@b.test'], content)
"""
import email
import email.policy
import quopri
import re
import unittest

from hostile_peer import HostilePeer
from peers import Nsd
from posthouse import PORTS, PROGRAM, House, body, header, queue_id, until

PORT = PORTS['smtp']   # where every server of these tests takes mail
HURRY = {'retry_first': '1s', 'retry_max': '2s'}
DEAD = '127.250.0.1'   # nobody listens there: refused at once


def letter(subject='travels', text='hello\r\n', sender='alice@a.test', to='bob@b.test', more=''):
    """A whole message that a submission server has nothing to add to, as octets."""
    text = text.encode() if isinstance(text, str) else text
    return (f'From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n'
            f'Message-ID: <{abs(hash((subject, sender, to)))}@client.test>\r\n{more}\r\n').encode() + text


class RelayTest(unittest.TestCase):
    """A world for each test. What is added is ended with the test."""
    maxDiff = 4000

    def setUp(self):
        if not PROGRAM.exists():
            raise AssertionError(f'{PROGRAM} is not built: cmake --build --preset release')
        self.nsd = Nsd()
        self.addCleanup(self.nsd.close)
        self.houses, self.peers = [], []

    # --- who takes part ---

    def add_house(self, domain='a.test', accounts=('alice', 'bob'), **tables):
        """A posthouse for the domain that relays at PORT and asks our nsd; not started. `tables`: further configuration,
        with `delivery={...}` laid over what is said here."""
        config = {'dns': {'servers': [self.nsd.server]}, 'delivery': {'port': PORT, 'routes': {}}, 'queue': dict(HURRY)}
        for section, keys in tables.items():
            config.setdefault(section, {}).update(keys)
        house = House(config, accounts, domain)
        self.addCleanup(self._close, house)
        self.nsd.zones.setdefault(domain, f'MX 10 mail\nmail A {house.ip}\n')
        self.houses.append(house)
        return house

    def _close(self, house):
        # a test that has failed already shall say its own reason, with what the servers logged beside it
        if self.failed():
            told = [line for line in house.log if 'pop3s' not in line]  # our own looks into the mailboxes
            print(f'\n--- log of {house.domain} ({self.id()})', *told[-200:], sep='\n', flush=True)
            house.kill()
        house.close()

    def failed(self):
        result = self._outcome.result  # cleanups run before unittest says anything
        return any(getattr(test, 'test_case', test) is self for test, _ in result.failures + result.errors)

    def add_peer(self, peer, domain=None):
        """A mail peer, or a hostile one, with the zone of its domain; not started."""
        self.addCleanup(getattr(peer, 'close', peer.stop))
        domain = domain or getattr(peer, 'domain', None)
        if domain:
            self.nsd.zones.setdefault(domain, f'MX 10 mx\nmx A {peer.ip}\n')
        self.peers.append(peer)
        return peer

    def add_hostile(self, domain=None, **how):
        return self.add_peer(HostilePeer(port=PORT, **how), domain)

    def start(self):
        self.nsd.start()
        for one in self.peers + self.houses:
            one.start()

    def restart_nsd(self):
        """Serves `nsd.zones` as they are now."""
        self.nsd.stop()
        self.nsd.start()

    # --- what they do ---

    def send(self, house, recipients, content=None, user='alice', options=(), notify=()):
        """Submits with AUTH; the queue id. `options` of MAIL, `notify`: those of each RCPT."""
        recipients = [recipients] if isinstance(recipients, str) else recipients
        sender = f'{user}@{house.domain}'
        content = letter(sender=sender, to=recipients[0]) if content is None else content
        with house.submission(user) as smtp:
            code, text = smtp.mail(sender, options)
            self.assertEqual(code, 250, text)
            for recipient in recipients:
                self.assertEqual(smtp.rcpt(recipient, notify)[0], 250, recipient)
            code, text = smtp.data(content)
        self.assertEqual(code, 250, text)
        return queue_id(text)

    def jobs(self, house, wanted=None):
        """The lines of `queue list`, those of one queue id when it is given."""
        return [job for job in house.facts('queue', 'list') if wanted in (None, job['queue_id'])]

    def until_queue_is_empty(self, house):
        until(lambda: not self.jobs(house), f'the queue of {house.domain} is empty')

    def until_deferred(self, house, wanted, attempts=1, text=''):
        """The job of a message when it has been tried so often and its last reply or reason holds the text."""
        def look():
            return next((job for job in self.jobs(house, wanted) if job['attempts'] >= attempts
                         and text in f'{job.get("reply", "")} {job.get("why", "")}'), None)
        return until(look, f'{wanted} waits in the queue of {house.domain} after {attempts} attempts, "{text}"')

    # --- bounces ---

    def bounce(self, house, user='alice', kind='delivery-status'):
        """The one message in the sender's mailbox, as a Report. It must be a bounce by RFC 3464; with `kind`
        global-delivery-status by RFC 6533."""
        report = Report(house.mailbox(user)[0])
        self.assertEqual(header(report.octets, 'Return-Path'), ['<>'])
        self.assertEqual(report.message.get_content_type(), 'multipart/report')
        self.assertEqual(report.message.get_param('report-type'), kind)
        self.assertEqual([part.get_content_type() for part in report.message.iter_parts()][:2],
                         ['text/plain', f'message/{kind}'])
        self.assertEqual([part.defects for part in (report.message, *report.message.iter_parts()) if part.defects], [])
        return report


class Report:
    """A delivery status notification, taken apart."""

    def __init__(self, octets):
        self.octets = octets
        self.message = email.message_from_bytes(octets, policy=email.policy.default)
        parts = list(self.message.iter_parts()) if self.message.is_multipart() else []
        self.text = parts[0].get_content() if parts else ''
        groups = parts[1].get_payload() if len(parts) > 1 else []
        if len(parts) > 1 and parts[1].get_content_type() == 'message/global-delivery-status':
            # Python does not take it apart, and does not decode it
            fields = quopri.decodestring(groups[0].as_bytes()).replace(b'\r\n', b'\n').strip()
            groups = [email.message_from_string(group.decode(), policy=email.policy.default)
                      for group in fields.split(b'\n\n')]
        self.per_message = groups[0] if groups else {}
        self.recipients = groups[1:]
        self.original = parts[2] if len(parts) > 2 else None

    def of(self, recipient):
        """The fields about a recipient."""
        for group in self.recipients:
            if str(group['Final-Recipient']).partition(';')[2].strip().lower() == recipient.lower():
                return group
        raise AssertionError(f'nothing about {recipient} in\n{self.octets.decode(errors="replace")}')

    def fact(self, recipient, field):
        """One field of a recipient, unfolded, spaces as one."""
        return re.sub(r'\s+', ' ', str(self.of(recipient)[field] or '')).strip()


__all__ = ['DEAD', 'HURRY', 'PORT', 'RelayTest', 'Report', 'body', 'header', 'letter', 'until']
