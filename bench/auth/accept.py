#!/usr/bin/python3
"""The question: what do the sender checks cost while mail is accepted? The same signed mail of a stranger, 10 KiB, to
20 mailboxes of ours: with [authentication] off and with all checks (SPF, iprev, DKIM, ARC, DMARC) in turns; with --alias
also to an alias that leads to another server, and so is sealed (ARC). The DNS is nsd's, and cached after the first message. In a network of its own; needs root.

    accept.py [--runs 5] [--sessions 100] [--each 20] [--messages 4000]
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / 'tests/e2e'))
os.environ.setdefault('PH_PROGRAM', str(ROOT / 'build/release/posthouse'))
import own_network  # noqa: E402
from peers import Nsd  # noqa: E402

PROGRAM = os.environ['PH_PROGRAM']
LOADGEN = ROOT / 'build/bench/bin/loadgen'
DNS, HOST, PORT = '192.0.2.53', '192.0.2.1', 2525  # the load comes from the first
USERS = 20
TICKS = os.sysconf('SC_CLK_TCK')
MESSAGE = ('From: Alice <alice@sender.test>\r\nTo: <u@ours.test>\r\nSubject: bench\r\n'
           'Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <4711@sender.test>\r\nMIME-Version: 1.0\r\n'
           'Content-Type: text/plain; charset=us-ascii\r\n\r\n'
           + 'The quick brown fox jumps over the lazy dog and counts 0123456789 abcdef.\r\n' * 130).encode()


def signed(folder):
    """The message with its DKIM signature, and the record of the key."""
    key = folder / 'key.pem'
    subprocess.run(['openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', key], check=True,
                   capture_output=True)
    text = subprocess.run([PROGRAM, 'auth', 'sign', '-', '--domain', 'sender.test', '--selector', 's', '--key', key],
                          input=MESSAGE, check=True, capture_output=True).stdout
    public = subprocess.run(['openssl', 'pkey', '-in', key, '-pubout'], check=True, capture_output=True, text=True).stdout
    key_text = ''.join(public.splitlines()[1:-1])
    return text, f'"v=DKIM1; k=rsa; p={key_text[:200]}" "{key_text[200:]}"'


class Server:
    """A house whose checks are off or on, made anew for each run."""

    def __init__(self, folder, mode, alias=False):
        self.folder = folder
        folder.mkdir()
        self.config = folder / 'posthouse.toml'
        self.config.write_text(f"""[server]
hostname = "mx.ours.test"
store = "file:./store"
[listen]
smtp = "{HOST}:{PORT}"
[dns]
servers = ["{DNS}:53"]
[delivery]
routes = {{ "*" = "hold" }}
[authentication]
mode = "{mode}"
[limits]
connections = 20000
connections_per_client = 20000
""")
        self.order('domain', 'add', 'ours.test')
        for number in range(USERS):
            if alias:
                self.order('alias', 'add', f'u{number}@ours.test', f'u{number}@elsewhere.test')
            else:
                self.order('account', 'add', f'u{number}@ours.test', '--password-stdin', typed='a password of some length')
        self.log = open(folder / 'log', 'wb')
        self.process = subprocess.Popen([PROGRAM, 'serve', '--config', self.config], stderr=self.log)
        end = time.monotonic() + 30
        while b'ready' not in (folder / 'log').read_bytes():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit('the server does not start:\n' + (folder / 'log').read_text())
            time.sleep(0.02)

    def order(self, *words, typed=''):
        subprocess.run([PROGRAM, *words, '--config', self.config], input=typed, check=True, capture_output=True, text=True)

    def cpu(self):
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()


def load(message, sessions, each, count):
    command = [LOADGEN, 'smtp', '--host', HOST, '--port', str(PORT), '-s', str(sessions), '-p', str(each), '-m', str(count),
               '--message', message, '--from', 'alice@sender.test', '--domain', 'ours.test',
               '--users', str(USERS), '--limit', '120']
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if out['ok'] != count:
        sys.exit(f'only {out["ok"]} of {count} were accepted: {out}')
    return out['rate']


def run(folder, kind, message, options):
    """Messages a second, and CPU seconds of the server per 1,000."""
    server = Server(folder, 'off' if kind == 'off' else 'enforce', alias=kind == 'sealed')
    try:
        load(message, 1, 1, 1)  # the DNS is in the cache from here on
        before = server.cpu()
        rate = load(message, options.sessions, options.each, options.messages)
        return rate, 1000 * (server.cpu() - before) / options.messages
    finally:
        server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (('runs', 5), ('sessions', 100), ('each', 20), ('messages', 4000)):
        parser.add_argument(f'--{name}', type=int, default=number)
    parser.add_argument('--alias', action='store_true')
    options = parser.parse_args()
    subprocess.run(['make', '-s', '-C', ROOT / 'bench/load'], check=True)
    (ROOT / 'build/bench').mkdir(parents=True, exist_ok=True)
    own_network.enter(DNS, HOST)
    with tempfile.TemporaryDirectory(dir=ROOT / 'build/bench') as name:  # the disk that the other benches use
        folder = pathlib.Path(name)
        text, record = signed(folder)
        message = folder / 'message'
        message.write_bytes(text)
        # Negative answers hold for 15 minutes, as those of most top-level domains do.
        soa = f'$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 900\n@ NS ns\nns A {DNS}\n'
        zones = {'sender.test': f'{soa}@ TXT "v=spf1 ip4:{DNS} -all"\n_dmarc TXT "v=DMARC1; p=reject"\n'
                                f's._domainkey TXT {record}\nmail A {DNS}\n',
                 'test': soa,
                 '2.0.192.in-addr.arpa': f'{soa}53 PTR mail.sender.test.\n'}
        found = {kind: [] for kind in ('off', 'checked', 'sealed')[:3 if options.alias else 2]}
        with Nsd(zones, ip=DNS):
            for number in range(options.runs + 1):  # the first of each warms the disk's cache
                for kind, figures in found.items():
                    figures.append(run(folder / f'{kind}{number}', kind, message, options))
    print(f'{options.messages} messages of {len(text)} octets, {options.sessions} sessions, {options.each} each')
    for kind, figures in found.items():
        rates, cpu = zip(*figures[1:])
        print(f'{kind:8} {min(rates):7.0f} {statistics.median(rates):7.0f} {max(rates):7.0f} a second'
              f'   {min(cpu):6.3f} {statistics.median(cpu):6.3f} {max(cpu):6.3f} CPU s per 1,000')
    off, checked = (statistics.median(rate for rate, _ in found[kind][1:]) for kind in ('off', 'checked'))
    print(f'with all checks: {100 * checked / off:.0f} % of the rate without')


if __name__ == '__main__':
    main()
