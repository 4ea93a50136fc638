#!/bin/bash
# Sets up the peers, each in its own minimal Debian root under $BENCH (they
# conflict with each other as packages, and nothing of the host is touched).
# Uses only the host's own apt/npm configuration: no registry host is named here.
# Usage: setup.sh [base] [postfix] [exim] [opensmtpd] [haraka] [tools]   (default: all); setup.sh down unmounts
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
BENCH=${BENCH:-$(dirname "$HERE")/build/bench}
mkdir -p "$BENCH"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

. "$HERE/lib.sh"; mnt() { mnt_root "$1"; }
base() {
  [ -e "$BENCH/base/.ok" ] && return 0
  "$HERE/../tools/install.sh" bench
  local m; m=$(apt-get indextargets --format '$(REPO_URI)' | sort -u | grep -v security | head -1)
  [ -d "$BENCH/base/etc" ] || debootstrap --variant=minbase --include=ca-certificates bookworm "$BENCH/base" "$m" >"$BENCH/debootstrap.log" 2>&1
  rm -f "$BENCH/base/etc/apt/sources.list"
  cp -a /etc/apt/sources.list.d/debian.sources "$BENCH/base/etc/apt/sources.list.d/"
  cp -a /etc/apt/apt.conf.d/99* "$BENCH/base/etc/apt/apt.conf.d/" 2>/dev/null || true
  cp /etc/resolv.conf /etc/hosts /etc/hostname "$BENCH/base/etc/"
  printf '#!/bin/sh\nexit 101\n' > "$BENCH/base/usr/sbin/policy-rc.d"; chmod 755 "$BENCH/base/usr/sbin/policy-rc.d"
  touch "$BENCH/base/.ok"
}
newroot() { # newroot NAME packages...
  local r=$BENCH/root-$1; shift
  [ -e "$r/.ok" ] && { mnt "$r"; return 0; }
  base; [ -d "$r" ] || cp -a "$BENCH/base" "$r"; mnt "$r"
  chroot "$r" apt-get update >"$r.log" 2>&1
  chroot "$r" apt-get install -y --no-install-recommends "$@" >>"$r.log" 2>&1
  touch "$r/.ok"
}
tools() {
  make -s -C "$HERE/load" OUT="$BENCH/bin"
}
haraka() {
  [ -d "$BENCH/haraka/node_modules/Haraka" ] && return 0
  mkdir -p "$BENCH/haraka"
  (cd "$BENCH/haraka"; npm init -y >/dev/null; npm install --no-audit --no-fund --omit=optional Haraka || npm install --before=2026-09-10 --no-audit --no-fund --omit=optional Haraka ) >"$BENCH/haraka.log" 2>&1 # the second: where a mirror lags behind the newest dependencies
}
[ $# -gt 0 ] || set -- base postfix exim opensmtpd haraka tools
for x; do case $x in
  base) base;;
  postfix) newroot postfix postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd;;
  exim) newroot exim exim4-daemon-light;;
  opensmtpd) newroot opensmtpd opensmtpd;;
  haraka) haraka;;
  tools) tools;;
  down) for r in "$BENCH"/root-*/; do r=${r%/}; [ -z "$(pgrep_root "$r")" ] && umnt_root "$r"; done;;   # unmount /proc and /dev of the roots
  *) echo "unknown $x" >&2; exit 2;; esac; done
