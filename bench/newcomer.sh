#!/bin/bash
# Newcomer experience: a bare Debian root -> Postfix + Dovecot + rspamd -> first mail in a mailbox, read back over IMAP.
# Every action a person has to take is a `step`; every line that has to be written into a file is counted.
set -eu
BENCH=${BENCH:-$(cd "$(dirname "$0")/.." && pwd)/build/bench}; R=$BENCH/root-newcomer
. "$(dirname "$0")/lib.sh"
roots_allowed; roots_base
fresh=1; [ -d "$R" ] && rm_root "$R"
cp -a "$ROOTS/base" "$R"
mnt_root "$R"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
steps=0; lines=0; T0=$(date +%s.%N)
el() { python3 -c "import time;print('%.1f'%(time.time()-$T0))"; }
step() { steps=$((steps+1)); echo "step $steps  t=$(el)s  $*"; }
conf() { # conf FILE: counts the lines of stdin and appends them
  local t; t=$(cat); lines=$((lines+$(printf '%s\n' "$t" | grep -c .))); printf '%s\n' "$t" >> "$R$1"; }
step "apt-get update";  chroot "$R" apt-get update >"$R.log" 2>&1
step "apt-get install (interactive: debconf asks 2 questions for postfix)"
chroot "$R" apt-get install -y postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd rspamd >>"$R.log" 2>&1
TI=$(el); echo "installed at ${TI}s: $(grep -c '^Unpacking' "$R.log") packages, $(grep -o 'After this operation, [^ ]* [^ ]*' "$R.log")"
step "create a user with a password"
chroot "$R" useradd -m -s /usr/sbin/nologin alice; echo 'alice:secret' | chroot "$R" chpasswd
step "postfix main.cf: no initial file is made noninteractively; identity, tls left default, lmtp, milter"
[ -e "$R/etc/postfix/main.cf" ] && echo "(main.cf exists: $(wc -l < "$R/etc/postfix/main.cf") lines)" || echo "(no main.cf)"
conf /etc/postfix/main.cf <<'C'
myhostname = mail.example.test
mydestination = example.test, localhost
inet_interfaces = 127.0.0.1
mailbox_transport = lmtp:unix:private/dovecot-lmtp
smtputf8_enable = no
smtpd_milters = inet:127.0.0.1:11332
milter_default_action = accept
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_auth_enable = yes
C
[ "${NPORT:-25}" = 25 ] || { sed -i "s/^smtp  *inet/127.7.7.7:$NPORT inet/" "$R/etc/postfix/master.cf"; echo "maillog_file = /var/log/postfix.log" >> "$R/etc/postfix/main.cf"; }  # not counted: test port; no syslog daemon here
step "dovecot: mail location, user name form, lmtp and auth sockets for postfix"
conf /etc/dovecot/conf.d/99-site.conf <<'C'
mail_location = maildir:~/Maildir
auth_username_format = %n
service lmtp {
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    user = postfix
    group = postfix
    mode = 0600
  }
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    user = postfix
    group = postfix
    mode = 0660
  }
}
C
# not counted: keep this test off the standard ports and on loopback
cat > "$R/etc/dovecot/conf.d/zz-bench.conf" <<'C'
listen = 127.7.7.7
service imap-login {
  inet_listener imap {
    port = 10143
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = 10110
  }
  inet_listener pop3s {
    port = 0
  }
}
log_path = /var/log/dovecot.log
C
step "start rspamd"; mkdir -p "$R/run/rspamd"; chroot "$R" chown _rspamd:_rspamd /run/rspamd
chroot "$R" /usr/bin/rspamd -c /etc/rspamd/rspamd.conf -u _rspamd -g _rspamd >>"$R.log" 2>&1 || echo "rspamd start: rc $?"
step "start dovecot"; chroot "$R" /usr/sbin/dovecot >>"$R.log" 2>&1
step "start postfix"; chroot "$R" /usr/sbin/postfix start >>"$R.log" 2>&1
for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/11332) 2>/dev/null && break; sleep 0.1; done; echo "rspamd milter port up at $(el)s"
step "send the first mail"
python3 - "$R" "${NPORT:-25}" <<'P'
import smtplib,sys,time,os,glob,imaplib
R,port=sys.argv[1],int(sys.argv[2])
s=smtplib.SMTP('127.7.7.7',port,timeout=30); s.sendmail('bob@sender.test',['alice@example.test'],'From: bob@sender.test\r\nTo: alice@example.test\r\nSubject: first\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n'); s.quit()
for i in range(300):
    g=glob.glob(R+'/home/alice/Maildir/new/*')
    if g: break
    time.sleep(0.05)
print('delivered' if g else 'NOT delivered'); 
if g: print(open(g[0]).read())
try:
    import ssl; c=ssl.create_default_context(); c.check_hostname=False; c.verify_mode=ssl.CERT_NONE  # the package's self-made certificate
    m=imaplib.IMAP4('127.7.7.7',10143); m.starttls(c); m.login('alice','secret'); print(m.select()); m.logout()
except Exception as e: print('IMAP:',e)
P
echo "first mail in the mailbox at t=$(el)s; steps=$steps config_lines=$lines"
for p in $(pgrep_root "$R"); do echo "$p $(cat /proc/$p/comm) $(awk '/^Rss/{r=$2}/^Pss:/{p=$2}END{print "rss",r,"pss",p}' /proc/$p/smaps_rollup)"; done > "$R.procs"
awk '{n++; r+=$4; p+=$6} END {print "processes",n,"sum RSS KiB",r,"sum PSS KiB",p}' "$R.procs"
awk '/rspamd/{n++; r+=$4; p+=$6} END {print "of which rspamd",n,"sum RSS KiB",r,"sum PSS KiB",p}' "$R.procs"
stop_root "$R"; rm_root "$R"
