"""Postfix, Exim and OpenSMTPD as peers of a test (peers.py says how they run).

Each takes mail for the users of its domain into maildirs that the test reads, refuses unknown users, and sends on what
is for other domains, as `routes` says: {'a.test': '127.1.2.3:3025'}, or {'a.test': 3025}: to the MX of the domain, at
that port, by the name server `dns`.
"""
import re
import smtplib
import ssl

from peers import PEERS, Peer
from posthouse import PORTS, WAIT_S, make_certificate, until

PORT = PORTS['smtp']  # of every peer, each on its own address: so one `[delivery] port` reaches them all
MAIL_USER = 5000


class MailPeer(Peer):

    def __init__(self, domain, users=('alice', 'bob'), ip=None, port=PORT, routes=None, dns=None, message_size=None,
                 tls=False):
        super().__init__(ip)
        self.domain, self.users, self.port, self.tls = domain, tuple(users), port, tls
        self.host = f'mx.{domain}'
        self.routes, self.dns, self.message_size = dict(routes or {}), dns, message_size

    def zone(self):
        """Text of its zone, for Nsd."""
        return f'MX 10 mx\nmx A {self.ip}\n'

    def configure(self):
        self.put('/peer/mail/.made', '')
        (self.files / 'peer/mail').chmod(0o777)
        for name in self.users:
            folder = self.files / 'peer/mail' / name
            for part in ('', 'new', 'cur', 'tmp'):
                (folder / part).mkdir(mode=0o777, parents=True, exist_ok=True)
                (folder / part).chmod(0o777)
        self.put('/etc/resolv.conf', f'nameserver {self.dns.ip}\n' if self.dns else '')
        self.put('/etc/hosts', f'127.0.0.1 localhost\n{self.ip} {self.host}\n')
        if self.tls and not (self.files / 'peer/tls.pem').exists():
            for file, path in zip(make_certificate(self.folder, self.host, self.ip), ('/peer/tls.pem', '/peer/tls.key')):
                self.put(path, file.read_bytes(), mode=0o600)

    def ready(self):
        with smtplib.SMTP(self.ip, self.port, 'client.test', timeout=WAIT_S) as smtp:
            return smtp.noop()[0] == 250

    def trust(self):
        return ssl.create_default_context(cafile=self.files / 'peer/tls.pem')

    def submit(self, sender, recipients, message, options=(), notify=()):
        """Gives it a message to send on, as octets that are not changed. `options` of MAIL, `notify`: those of each RCPT."""
        with smtplib.SMTP(self.ip, self.port, 'client.test', timeout=WAIT_S) as smtp:
            refused = smtp.sendmail(sender, recipients, message, mail_options=options, rcpt_options=notify)
        if refused:
            raise AssertionError(f'{self.name} refused {refused}')

    def messages(self, user):
        """What lies in a mailbox, as octets with CRLF, oldest first."""
        files = (self.files / 'peer/mail' / user / 'new').glob('*')
        return [re.sub(rb'\r?\n', b'\r\n', file.read_bytes()) for file in sorted(files, key=lambda f: f.stat().st_mtime_ns)]

    def mailbox(self, user, count=1):
        """The messages of a mailbox as soon as there are `count`."""
        try:
            until(lambda: len(self.messages(user)) >= count, f'{count} messages for {user} at {self.name}')
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.log_text()}') from error
        found = self.messages(user)
        if len(found) != count:
            raise AssertionError(f'{len(found)} messages for {user}, not {count}\n{self.log_text()}')
        return found

    def empty(self):
        """Takes everything out of its mailboxes."""
        for file in (self.files / 'peer/mail').glob('*/new/*'):
            file.unlink()

    logs = ()

    def log_text(self):
        return super().log_text() + ''.join(f'--- {path}\n{self.get(path)[-20000:].decode(errors="replace")}'
                                            for path in self.logs)


class Postfix(MailPeer):
    name = 'postfix'
    command = ('/usr/sbin/postfix', 'start-fg')
    logs = ('/var/log/postfix.log',)

    def configure(self):
        super().configure()
        for stale in ('var/lib/postfix/master.lock', 'var/spool/postfix/pid/master.pid'):
            (self.files / stale).unlink(missing_ok=True)
        users = ' '.join('{%s@%s = %s/}' % (name, self.domain, name) for name in self.users)
        routes = ' '.join('{%s = smtp:%s}' % (domain, f'{domain}:{to}' if isinstance(to, int) else
                                              '[%s]:%s' % tuple(to.split(':'))) for domain, to in self.routes.items())
        self.put('/etc/postfix/main.cf', f'''compatibility_level = 3.6
maillog_file = {self.logs[0]}
myhostname = {self.host}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
smtp_bind_address = {self.ip}
inet_protocols = ipv4
alias_maps =
alias_database =
virtual_mailbox_domains = {self.domain}
virtual_mailbox_base = /peer/mail
virtual_mailbox_maps = inline:{{ {users} }}
virtual_uid_maps = static:{MAIL_USER}
virtual_gid_maps = static:{MAIL_USER}
virtual_mailbox_limit = 0
transport_maps = {"inline:{ " + routes + " }" if routes else ""}
message_size_limit = {self.message_size or 0}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_tls_security_level = {"may" if self.tls else "none"}
smtpd_tls_cert_file = /peer/tls.pem
smtpd_tls_key_file = /peer/tls.key
smtp_tls_security_level = may
smtpd_tls_loglevel = 1
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
''')
        master = (PEERS / 'postfix/usr/share/postfix/master.cf.dist').read_text()
        lines = []
        for line in master.splitlines():
            fields = line.split()
            if len(fields) >= 8 and not line.startswith(('#', ' ')):
                if fields[:2] == ['smtp', 'inet']:
                    fields[0] = f'{self.ip}:{self.port}'
                fields[4] = 'n'  # no chroot inside the chroot
                line = ' '.join(fields)
            lines.append(line)
        self.put('/etc/postfix/master.cf', '\n'.join(lines) + '\n')


class Exim(MailPeer):
    name = 'exim'
    command = ('/usr/sbin/exim4', '-bdf', '-q1s')
    logs = ('/var/log/exim4/mainlog', '/var/log/exim4/paniclog', '/var/log/exim4/rejectlog')

    def configure(self):
        super().configure()
        routers = ''
        for number, (domain, to) in enumerate(self.routes.items()):
            if isinstance(to, int):
                how = f'driver = dnslookup\n  transport = smtp_{number}'
            else:
                how = 'driver = manualroute\n  route_list = * %s::%s\n  transport = smtp_0' % tuple(to.split(':'))
            routers += f'route_{number}:\n  domains = {domain}\n  {how}\n  self = send\n  no_more\n'
        transports = ''
        for number, to in enumerate(self.routes.values() or [25]):
            transports += (f'smtp_{number}:\n  driver = smtp\n  interface = {self.ip}\n  allow_localhost\n'
                           '  message_linelength_limit = 1M\n  hosts_try_fastopen =\n'
                           + (f'  port = {to}\n' if isinstance(to, int) else ''))
        if self.tls:
            for file in ('tls.pem', 'tls.key'):
                (self.files / 'peer' / file).chmod(0o644)  # read as Exim's own user
        self.put('/etc/exim4/exim4.conf', f'''primary_hostname = {self.host}
domainlist local_domains = {self.domain}
local_interfaces = {self.ip}
daemon_smtp_ports = {self.port}
tls_advertise_hosts = {"*" if self.tls else ""}
{"tls_certificate = /peer/tls.pem" if self.tls else ""}
{"tls_privatekey = /peer/tls.key" if self.tls else ""}
acl_smtp_rcpt = acl_rcpt
message_size_limit = {self.message_size or "100M"}
host_lookup =
dsn_advertise_hosts = *
rfc1413_query_timeout = 0s
keep_environment =
never_users =
smtp_accept_max = 200
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
local_from_check = false
begin acl
acl_rcpt:
  accept  domains = !+local_domains
          hosts = 127.0.0.0/8
  deny    message = Unrouteable address
          !verify = recipient
  accept
begin routers
local:
  driver = accept
  domains = +local_domains
  local_parts = {":".join(self.users)}
  transport = maildir
{routers}
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = /peer/mail/$local_part_data
  user = {MAIL_USER}
  group = {MAIL_USER}
{transports}
begin retry
*  *  F,1h,1s
''')


class OpenSmtpd(MailPeer):
    """As Debian 12 has it, it offers STARTTLS and then fails every handshake ("missing private key")."""
    name = 'opensmtpd'
    command = ('/usr/sbin/smtpd', '-d', '-v', '-f', '/peer/smtpd.conf')

    def configure(self):
        super().configure()
        self.put('/peer/users', ''.join(f'{name} {MAIL_USER}:{MAIL_USER}:/peer/mail/{name}\n' for name in self.users))
        self.put('/peer/mailname', self.host + '\n')
        self.put('/etc/mailname', self.host + '\n')
        actions = ''.join(f'action "to{n}" relay host "smtp://{to}" src {self.ip} helo {self.host}\n'
                          f'match from any for domain "{domain}" action "to{n}"\n'
                          for n, (domain, to) in enumerate(self.routes.items()))
        pki = 'pki peer cert "/peer/tls.pem"\npki peer key "/peer/tls.key"\n' if self.tls else ''
        size = f'smtp max-message-size "{self.message_size}"\n' if self.message_size else ''
        self.put('/peer/smtpd.conf', f'''{pki}{size}table users file:/peer/users
listen on {self.ip} port {self.port} hostname {self.host} {"tls pki peer" if self.tls else ""}
action "local" maildir "/peer/mail/%{{user.username}}" userbase <users>
match from any for domain "{self.domain}" action "local"
{actions}''')


MAIL_PEERS = (Postfix, Exim, OpenSmtpd)
