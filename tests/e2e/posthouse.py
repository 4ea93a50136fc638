"""The real program, started for a test: in a folder of its own, on a loopback address of its own.

    class ThisTest(HouseTest):
        config = {'limits': {'errors': 5}}          # laid over the default configuration
        def test_something(self):
            with self.house.smtp() as smtp: ...

Every wait ends by itself, in failure, after WAIT_S; nothing waits for a fixed time "to be safe".
"""
import itertools
import json
import os
import pathlib
import poplib
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get('PH_PROGRAM', ROOT / 'build/release/posthouse')).resolve()
WAIT_S = 60        # far above what anything here takes on a busy machine: only a hang reaches it
POLL_S, POLL_S_MAX = 0.02, 0.25  # the pause between two looks grows, for a look may start a program
DOMAIN = 'example.test'
HOSTNAME = f'mail.{DOMAIN}'
PORTS = {'smtp': 3025, 'submission': 3587, 'submissions': 3465, 'pop3': 3110, 'pop3s': 3995}
poplib._MAXLINE = 1 << 20  # lines of 60,000 octets are legal here
_houses = itertools.count()


def until(ready, what, seconds=WAIT_S):
    """Asks `ready()` until it gives something true; that is returned. `what` is for the failure."""
    end = time.monotonic() + seconds
    pause, pause_s = threading.Event(), POLL_S
    while True:
        result = ready()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f'not within {seconds} s: {what}')
        pause.wait(pause_s)
        pause_s = min(pause_s * 1.2, POLL_S_MAX)


def own_address():
    """A loopback address that no other house uses, so ports need not be searched for."""
    number, pid = next(_houses), os.getpid()
    return f'127.{64 + number % 100}.{pid >> 8 & 255}.{max(pid & 255, 1)}'


def toml(tables):
    """TOML of {section: {key: value}}; values are texts, numbers, booleans, lists, dicts."""
    def value(v):
        if isinstance(v, bool):
            return 'true' if v else 'false'
        if isinstance(v, dict):
            return '{ ' + ', '.join(f'{json.dumps(k)} = {value(x)}' for k, x in v.items()) + ' }'
        if isinstance(v, (list, tuple)):
            return '[' + ', '.join(value(x) for x in v) + ']'
        return json.dumps(v, ensure_ascii=False) if isinstance(v, str) else str(v)
    return ''.join(f'[{name}]\n' + ''.join(f'{k} = {value(v)}\n' for k, v in keys.items()) + '\n'
                   for name, keys in tables.items())


def make_certificate(folder, *names, serial=1):
    """A self-signed certificate for these names and addresses; (certificate, key) paths."""
    certificate, key = folder / f'cert{serial}.pem', folder / f'key{serial}.pem'
    alternatives = ','.join(('IP:' if re.fullmatch(r'[\d.]+', n) else 'DNS:') + n for n in names)
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-days', '30', '-set_serial', str(serial), '-subj', f'/CN={names[0]}', '-addext',
                    f'subjectAltName={alternatives}', '-keyout', key, '-out', certificate],
                   check=True, capture_output=True, timeout=WAIT_S)
    return certificate, key


class House:
    """One store and one configuration; the server may be started and ended many times."""

    def __init__(self, config=None, accounts=('alice', 'bob'), domain=DOMAIN):
        self.domain, self.hostname = domain, f'mail.{domain}'
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='ph-'))
        self.ip = own_address()
        self.ports = dict(PORTS)
        self.certificate, self.key = make_certificate(self.folder, self.hostname, 'localhost', self.ip)
        self.tables = {
            'server': {'hostname': self.hostname, 'store': 'file:./store'},
            'listen': {name: f'{self.ip}:{port}' for name, port in self.ports.items()},
            'tls': {'certificate': str(self.certificate), 'key': str(self.key)},
            'delivery': {'routes': {'*': 'hold'}},
            'limits': {'min_free': '1 MB', 'connections_per_client': 1000},
        }
        for section, keys in (config or {}).items():
            self.tables.setdefault(section, {}).update(keys)
        self.write_config()
        self.process, self.reader = None, None
        self.log, self.news = [], threading.Condition()
        self.starts = 0
        self.passwords = {}
        self._wanted_accounts = accounts

    @property
    def config(self):
        return self.folder / 'posthouse.toml'

    def write_config(self):
        self.config.write_text(toml(self.tables))

    # --- the process ---

    def start(self, prefix=(), demo=False):
        """Returns when every listener accepts."""
        assert self.process is None, 'runs already'
        command = [*prefix, PROGRAM, 'serve', '--config', self.config] + (['--demo'] if demo else [])
        mark = len(self.log)
        self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        errors='replace')
        self.reader = threading.Thread(target=self._read_log, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        try:
            self.wait_log(r'\bwhat=ready\b|"what":"ready"', after=mark)
        except AssertionError as error:
            try:  # one that has closed its log is about to end: its exit code says how
                code = self.process.wait(2)
            except subprocess.TimeoutExpired:
                code = 'none: it runs'
            self.kill()
            raise AssertionError(f'the server did not start (exit code {code}):\n{self.log_text()}') from error
        self.starts += 1
        if self.starts == 1 and self._wanted_accounts:
            self.cli('domain', 'add', self.domain)
            for name in self._wanted_accounts:
                self.add_account(name)
        return self

    def _read_log(self, stream):
        for line in stream:
            with self.news:
                self.log.append(line.rstrip('\n'))
                self.news.notify_all()
        with self.news:
            self.log.append('(the log ends)')
            self.news.notify_all()

    def wait_log(self, pattern, after=0, seconds=WAIT_S):
        """The first log line from index `after` on that the pattern is found in."""
        wanted, at = re.compile(pattern), after
        end = time.monotonic() + seconds
        with self.news:
            while True:
                while at < len(self.log):
                    if wanted.search(self.log[at]):
                        return self.log[at]
                    if self.log[at] == '(the log ends)' and at == len(self.log) - 1:
                        raise AssertionError(f'the server ended before it logged /{pattern}/')
                    at += 1
                if not self.news.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise AssertionError(f'not logged within {seconds} s: /{pattern}/\n{self.log_text()}')

    def log_text(self, lines=60):
        with self.news:
            return '\n'.join(self.log[-lines:])

    def stop(self, seconds=WAIT_S):
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended(seconds)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.ended()

    def ended(self, seconds=WAIT_S):
        """Waits for the end of the process; its exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait(WAIT_S)
            raise AssertionError(f'still there after {seconds} s:\n{self.log_text()}') from error
        finally:
            self.reader.join(WAIT_S)
            self.process.stdout.close()
            self.process.stderr.close()
            self.process = None
        return code

    def close(self):
        """Ends everything. A server that does not stop in order, or ended by itself, is a failure."""
        try:
            if self.process is not None:
                code = self.process.poll()
                if code is not None:
                    self.ended()
                    raise AssertionError(f'the server had ended with {code}:\n{self.log_text()}')
                code = self.stop()
                if code != 0:
                    raise AssertionError(f'exit {code} after SIGTERM:\n{self.log_text()}')
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- the command line ---

    def cli(self, *arguments, given=None, expect=0, env=None):
        """Runs a posthouse command; stdout, stderr as texts. `expect`: exit code, None: any."""
        done = subprocess.run([PROGRAM, *map(str, arguments), '--config', self.config], cwd=self.folder,
                              input=given if given is not None else '', stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=WAIT_S, check=False,
                              env=dict(os.environ, **(env or {})))
        if expect is not None and done.returncode != expect:
            raise AssertionError(f'posthouse {" ".join(map(str, arguments))}: exit {done.returncode}, '
                                 f'not {expect}\n{done.stdout}{done.stderr}')
        return done

    def facts(self, *arguments, **keywords):
        """The JSON lines of a command with --json."""
        return [json.loads(line) for line in self.cli(*arguments, '--json', **keywords).stdout.splitlines()]

    def add_account(self, name, *options):
        address = name if '@' in name else f'{name}@{self.domain}'
        password = f'{name} likes $ long ones'
        self.cli('account', 'add', address, '--password-stdin', *options, given=password + '\n')
        self.passwords[address] = password
        return address

    def why(self, term, *wanted):
        """The events of `term` as soon as each (stage, outcome) of `wanted` is among them."""
        def look():
            done = self.cli('why', term, '--json', expect=None)
            events = [json.loads(line) for line in done.stdout.splitlines()]
            seen = {(e['stage'], e['outcome']) for e in events}
            return events if events and seen >= set(wanted) else None
        return until(look, f'why {term} tells {wanted}')

    # --- clients ---

    def trust(self):
        """A TLS context that believes this house's certificate and nobody else's."""
        return ssl.create_default_context(cafile=self.certificate)

    def smtp(self, source=None):
        return smtplib.SMTP(self.ip, self.ports['smtp'], local_hostname='client.test', timeout=WAIT_S,
                            source_address=(source, 0) if source else None)

    def submission(self, user='alice', login=True):
        """STARTTLS and AUTH done."""
        smtp = smtplib.SMTP(self.ip, self.ports['submission'], local_hostname='client.test', timeout=WAIT_S)
        smtp.starttls(context=self.trust())
        smtp.ehlo()
        if login:
            smtp.login(f'{user}@{self.domain}', self.passwords[f'{user}@{self.domain}'])
        return smtp

    def pop3(self, user='alice'):
        pop = poplib.POP3_SSL(self.ip, self.ports['pop3s'], timeout=WAIT_S, context=self.trust())
        address = user if '@' in user else f'{user}@{self.domain}'
        try:
            pop.user(address)
            pop.pass_(self.passwords[address])
        except BaseException:
            pop.close()
            raise
        return pop

    def messages(self, user='alice', delete=False):
        """All messages of a mailbox, as octets."""
        pop = self.pop3(user)
        try:
            count = pop.stat()[0]
            found = [b'\r\n'.join(pop.retr(i + 1)[1]) + b'\r\n' for i in range(count)]
            if delete:
                for i in range(count):
                    pop.dele(i + 1)
        finally:
            pop.quit()
        return found

    def mailbox(self, user='alice', count=1, delete=True):
        """The messages of a mailbox when there are at least `count`, taken out by default."""
        def counted():
            pop = self.pop3(user)
            try:
                return pop.stat()[0] >= count
            finally:
                pop.quit()
        until(counted, f'{count} messages for {user}')
        found = self.messages(user, delete)
        if len(found) != count:
            raise AssertionError(f'{len(found)} messages for {user}, not {count}')
        return found


def body(message):
    """What stands below the header."""
    return message.partition(b'\r\n\r\n')[2]


def header(message, name):
    """The unfolded values of a header field, in order."""
    head = re.sub(rb'\r\n[ \t]+', b' ', message.partition(b'\r\n\r\n')[0])
    return [line.split(b':', 1)[1].strip().decode(errors='replace') for line in head.split(b'\r\n')
            if line.lower().startswith(name.lower().encode() + b':')]


def queue_id(reply):
    """The queue id that a reply to the final dot names."""
    found = re.search(r'queued as (\w+)', reply.decode() if isinstance(reply, bytes) else reply)
    if not found:
        raise AssertionError(f'no queue id in {reply!r}')
    return found.group(1)


class HouseTest(unittest.TestCase):
    """One house for all tests of a class."""
    config = {}
    accounts = ('alice', 'bob')
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        if not PROGRAM.exists():
            raise AssertionError(f'{PROGRAM} is not built: cmake --build --preset release')
        cls.house = House(cls.config, cls.accounts)
        cls.addClassCleanup(cls.house.close)
        cls.house.start()
