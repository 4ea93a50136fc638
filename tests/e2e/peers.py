"""Real peers of a test: nsd here, mail servers in mail_peers.py. Each runs in the foreground in a Debian root of its own
(tests/peers/setup.sh makes them), writes into a folder of its own, and listens on a loopback address of its own.

    with Nsd({'a.test': 'MX 10 mx\\nmx A 127.9.8.7'}) as nsd:
        House({'dns': {'servers': [nsd.server]}, ...})

Any number of them may run at once. They end with stop(), at the latest with the process of the test.
"""
import collections
import itertools
import os
import random
import shutil
import socket
import struct
import subprocess

from posthouse import ROOT, WAIT_S, own_address, until

PEERS = ROOT / 'build/peers'
BASE = ROOT / 'build/roots/base'
ENTER = ROOT / 'tests/peers/enter'
_numbers = itertools.count(1)


class Peer:
    """A server in the foreground in its root. Subclasses say what it is, how it is configured, how it is seen to be there."""
    name = ''        # of the layer under build/peers
    command = ()

    def __init__(self, ip=None):
        if not (PEERS / f'{self.name}.ok').exists():
            raise AssertionError(f'{self.name} is not installed: tests/peers/setup.sh {self.name}')
        self.ip = ip or own_address()
        self.folder = PEERS / 'run' / f'{self.name}-{os.getpid()}-{next(_numbers)}'
        self.folder.mkdir(parents=True)
        self.files = self.folder / 'files'  # what differs from the installed root; the daemon's files are found here too
        self.process = None

    def put(self, path, content, mode=0o644, owner=None):
        """Lays a file into the root before the start. Folders on the way are made as root's, 0755."""
        at = self.files / path.lstrip('/')
        for folder in reversed(at.relative_to(self.files).parents):
            (self.files / folder).mkdir(mode=0o755, exist_ok=True)
        at.write_bytes(content.encode() if isinstance(content, str) else content)
        at.chmod(mode)
        if owner is not None:
            os.chown(at, owner, owner)

    def get(self, path):
        """A file as the daemon left it, as octets; empty when it is not there."""
        at = self.files / path.lstrip('/')
        return at.read_bytes() if at.exists() else b''

    def user(self, name):
        """The number of a user of the root."""
        for file in (PEERS / self.name / 'etc/passwd', BASE / 'etc/passwd'):
            for line in file.read_text().splitlines() if file.exists() else ():
                if line.startswith(name + ':'):
                    return int(line.split(':')[2])
        raise AssertionError(f'no user {name} in the root of {self.name}')

    def configure(self):
        """Lays the files of the configuration into the root."""

    def ready(self):
        """Whether it serves."""
        raise NotImplementedError

    def start(self):
        if self.process is None:
            self.files.mkdir(exist_ok=True)
            self.configure()
            # one folder of overlay work for each start: a quick overlay is not mounted a second time
            shutil.rmtree(f'{self.files}.work', ignore_errors=True)
            with open(self.folder / 'log', 'ab') as log:
                self.process = subprocess.Popen(
                    [ENTER, '--while-stdin', '--quick', self.files, PEERS / self.name, BASE, '--', *self.command],
                    stdin=subprocess.PIPE, stdout=log, stderr=log)
            until(self._ready_or_ended, f'{self.name} serves on {self.ip}')
        return self

    def _ready_or_ended(self):
        if self.process.poll() is not None:
            raise AssertionError(f'{self.name} ended with {self.process.returncode}\n{self.log_text()}')
        try:
            return self.ready()
        except OSError:
            return False

    def stop(self):
        """Ends it with all its processes. Its files stay until close(), so that it may start again."""
        if self.process is not None:
            self.process.stdin.close()  # enter ends with it, and everything inside with enter
            try:
                self.process.wait(WAIT_S)
            finally:
                self.process.kill()
                self.process.wait()
                self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        log = self.folder / 'log'
        return f'--- log of {self.name}\n' + (log.read_text(errors='replace')[-20000:] if log.exists() else '')

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()


# --- DNS ---

Answer = collections.namedtuple('Answer', 'rcode answers authoritative')
TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'MX': 15, 'TXT': 16, 'AAAA': 28}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def ask(server, name, kind, seconds=1):
    """One question over UDP to (ip, port): rcode and counts of the answer. OSError when there is none in time."""
    number = random.randrange(65536)
    labels = b''.join(bytes([len(x)]) + x.encode() for x in name.rstrip('.').split('.') if x)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(seconds)
        udp.connect(server)
        udp.send(struct.pack('>6H', number, 0x0100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('>2H', TYPES[kind], 1))
        answer = udp.recv(65536)
    got, flags, _, answers = struct.unpack('>4H', answer[:8])
    if got != number:
        raise OSError('an answer to another question')
    return Answer(flags & 15, answers, bool(flags & 0x0400))


class Nsd(Peer):
    """Serves zones: {"a.test": text}. In the text names are relative to the zone; SOA and NS are added where it has no
    SOA. All of "test" is answered for, so that a name without a zone is NXDOMAIN (not REFUSED); leave that out with
    `whole=False`. A second start serves the zones as they are in `zones` then."""
    name = 'nsd'
    command = ('/usr/sbin/nsd', '-d', '-c', '/peer/nsd.conf')

    def __init__(self, zones=None, ip=None, port=53, whole=True):
        super().__init__(ip)
        self.port = port
        self.zones = dict(zones or {})
        if whole:
            self.zones.setdefault('test', '')

    @property
    def server(self):
        """As `[dns] servers` has it."""
        return f'{self.ip}:{self.port}'

    def configure(self):
        conf = [f'server:\n  ip-address: {self.ip}@{self.port}\n  username: nsd\n  zonesdir: "/peer/zones"\n  chroot: ""\n'
                '  database: ""\n  pidfile: ""\n  zonelistfile: "/peer/state/zone.list"\n  xfrdfile: ""\n'
                '  xfrdir: "/peer/state"\n  server-count: 1\n  rrl-ratelimit: 0\n  tcp-count: 500\n'
                'remote-control:\n  control-enable: no\n']
        for number, (zone, text) in enumerate(self.zones.items()):
            zone = zone.rstrip('.') + '.'
            if ' SOA ' not in text:
                text = f'@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A {self.ip}\n' + text
            text = '\n'.join(line if line[:1] in ('', ' ', '\t', '@', '$', ';') or line.split()[0] not in TYPES
                             else '@ ' + line for line in text.splitlines())  # "MX 10 mx" is said of the zone itself
            self.put(f'/peer/zones/{number}', f'$ORIGIN {zone}\n$TTL 1\n{text}\n')
            conf.append(f'zone:\n  name: "{zone}"\n  zonefile: "{number}"\n')
        self.put('/peer/nsd.conf', ''.join(conf))
        self.put('/peer/state/.made', '')
        os.chown(self.files / 'peer/state', self.user('nsd'), -1)

    def ready(self):
        zone = next(iter(self.zones))
        answer = ask((self.ip, self.port), zone, 'SOA', 0.2)
        if (answer.rcode, answer.answers) != (NOERROR, 1):
            raise AssertionError(f'the zone {zone} is not served: {answer}\n{self.log_text()}')
        return True
