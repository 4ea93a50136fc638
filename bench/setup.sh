#!/bin/bash
# Sets up the peers, each in its own minimal Debian root under $BENCH (they
# conflict with each other as packages, and nothing of the host is touched).
# Uses only the host's own apt/npm configuration: no registry host is named here. The base: tools/roots.sh.
# Usage: setup.sh [base] [postfix] [exim] [opensmtpd] [haraka] [tools]   (default: all); setup.sh down unmounts
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
BENCH=${BENCH:-$(dirname "$HERE")/build/bench}
mkdir -p "$BENCH"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

. "$HERE/lib.sh"
newroot() { # newroot NAME packages...
  local r=$BENCH/root-$1; shift
  [ -e "$r/.ok" ] && { mnt_root "$r"; return 0; }
  roots_base
  [ -d "$r" ] || { cp -a "$ROOTS/base" "$r.part"; rm "$r.part/.ok"; mv "$r.part" "$r"; }
  mnt_root "$r"
  chroot "$r" bash -c "$(declare -f roots_apt); roots_apt /var/log/install.log $*"
  touch "$r/.ok"
}
tools() {
  "$HERE/../tools/install.sh" bench
  make -s -C "$HERE/load" OUT="$BENCH/bin"
}
haraka() {
  [ -d "$BENCH/haraka/node_modules/Haraka" ] && return 0
  mkdir -p "$BENCH/haraka"
  (cd "$BENCH/haraka"; npm init -y >/dev/null; npm install --no-audit --no-fund --omit=optional Haraka || npm install --before=2026-09-10 --no-audit --no-fund --omit=optional Haraka ) >"$BENCH/haraka.log" 2>&1 # the second: where a mirror lags behind the newest dependencies
}
[ $# -gt 0 ] || set -- base postfix exim opensmtpd haraka tools
roots_allowed "$@"
for x; do case $x in
  base) roots_base;;
  postfix) newroot postfix postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd;;
  exim) newroot exim exim4-daemon-light;;
  opensmtpd) newroot opensmtpd opensmtpd;;
  haraka) haraka;;
  tools) tools;;
  down) for r in "$BENCH"/root-*/; do r=${r%/}; [ -z "$(pgrep_root "$r")" ] && umnt_root "$r"; done;;   # unmount /proc and /dev of the roots
  *) echo "unknown $x" >&2; exit 2;; esac; done
