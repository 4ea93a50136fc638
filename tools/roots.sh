# Minimal Debian roots under build/, for what conflicts with this machine's own packages or must not touch them. Sourced.
#
# One base (build/roots/base) serves all: bench/ clones it (cp -a), tests/peers lays each peer over it, tools/bare_root
# starts from it. Needs root and apt with the machine's own configuration: no registry host is named here.
# A process belongs to a root when /proc/PID/root points into it or its executable lies in it: only those are ever ended.
ROOTS_TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOTS=${ROOTS:-$(dirname "$ROOTS_TOOLS")/build/roots}

roots_allowed() { # says what to do, exit 2, where roots cannot be made
  [ "$(id -u)" = 0 ] && return 0
  echo "${0##*/}: Debian roots under build/ need root (chroot, mount). Run this as root: sudo $0 $*" >&2
  exit 2
}

roots_base() ( # prints nothing; $ROOTS/base is there and whole afterwards. Two at once: the second waits
  set -eu
  [ -e "$ROOTS/base/.ok" ] && return 0
  mkdir -p "$ROOTS"
  exec 9>"$ROOTS/lock"
  flock 9
  [ -e "$ROOTS/base/.ok" ] && return 0
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C
  part=$ROOTS/base.part log=$ROOTS/base.log
  rm_root "$part"
  "$ROOTS_TOOLS/install.sh" roots
  mirror() { apt-get indextargets --format '$(REPO_URI)' | sort -u | grep -v security | head -1; }
  [ -n "$(mirror)" ] || apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 2; }
  echo "A minimal Debian root in $ROOTS/base (about a minute)" >&2
  debootstrap --variant=minbase --include=ca-certificates bookworm "$part" "$(mirror)" >"$log" 2>&1 9>&- ||
    { tail -20 "$log" >&2; echo "debootstrap failed: $log" >&2; exit 2; }
  rm -f "$part/etc/apt/sources.list"
  cp -a /etc/apt/sources.list.d/debian.sources "$part/etc/apt/sources.list.d/"
  cp -a /etc/apt/apt.conf.d/99* "$part/etc/apt/apt.conf.d/" 2>/dev/null || true
  cp /etc/resolv.conf /etc/hosts /etc/hostname "$part/etc/"
  printf '#!/bin/sh\nexit 101\n' >"$part/usr/sbin/policy-rc.d"  # packages start no daemons
  chmod 755 "$part/usr/sbin/policy-rc.d"
  chroot "$part" apt-get update >>"$log" 2>&1 9>&- || { tail -20 "$log" >&2; exit 2; }
  touch "$part/.ok"
  mv "$part" "$ROOTS/base"
)

roots_apt() { # roots_apt LOG packages...; runs inside a root: installs them with no recommendations and no daemons
  local log=$1; shift
  # a mirror moves on: lists as old as the base may name packages that are gone
  DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 ||
    { apt-get update >>"$log" 2>&1
      DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1; }
}

pgrep_root() { # pgrep_root ROOT
  local d r e
  for d in /proc/[0-9]*; do
    r=$(readlink "$d/root" 2>/dev/null) || continue
    e=$(readlink "$d/exe" 2>/dev/null) || continue
    case "$r/" in "$1"/*) echo "${d#/proc/}"; continue;; esac
    case "$e" in "$1"/*) echo "${d#/proc/}";; esac
  done
}
stop_root() { local p; for p in $(pgrep_root "$1"); do kill -TERM "$p" 2>/dev/null || true; done
  for _ in $(seq 50); do [ -z "$(pgrep_root "$1")" ] && return 0; sleep 0.1; done
  for p in $(pgrep_root "$1"); do kill -KILL "$p" 2>/dev/null || true; done; }
rm_root() { umnt_root "$1"
  if mountpoint -q "$1/proc" || mountpoint -q "$1/dev"; then echo "still mounted: $1" >&2; return 1; fi
  rm -rf --one-file-system "$1"; }
mnt_root() { # /proc, and a /dev of its own: a few nodes on a tmpfs (never the host's /dev: an rm -rf of a root must not reach it)
  mountpoint -q "$1/proc" || mount --bind /proc "$1/proc"
  mountpoint -q "$1/dev" || mnt_dev "$1"; }
mnt_dev() {
  mount -t tmpfs -o mode=755,size=64m tmpfs "$1/dev"
  local n f a b; for n in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do IFS=: read -r f a b <<<"$n"; mknod -m 666 "$1/dev/$f" c "$a" "$b"; done
  ln -s /proc/self/fd "$1/dev/fd"; mkdir -m 1777 "$1/dev/shm"; }
umnt_root() { umount "$1/proc" 2>/dev/null || true; umount "$1/dev" 2>/dev/null || true; }
