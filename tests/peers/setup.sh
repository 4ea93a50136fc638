#!/usr/bin/env bash
# Makes the peers of the end-to-end tests, each in a Debian root of its own under build/peers (they conflict as
# packages, and none may replace this machine's own mail server).
#
#   setup.sh [postfix] [exim] [opensmtpd] [nsd] [judges]    default: all; a moment when they are there
#   setup.sh down                                  removes what tests that were killed left in build/peers/run
#
# A peer is a folder that is laid over build/roots/base (tools/roots.sh) when it is entered (tests/peers/enter): nothing
# stays mounted, nothing runs. Exit 2: cannot be done here, and what to do about it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../tools/roots.sh"
peers=$(dirname "$(dirname "$here")")/build/peers
declare -A packages=([postfix]=postfix [exim]=exim4-daemon-light [opensmtpd]=opensmtpd [nsd]=nsd
  [judges]="opendkim-tools opendmarc")

[ $# -gt 0 ] || set -- postfix exim opensmtpd nsd judges
roots_allowed "$@"
mkdir -p "$peers"
exec 8>"$peers/lock"
flock 8 # another setup that is at it: wait for it, and find all there

make_peer() {
  local layer=$peers/$1
  [ "$(cat "$layer.ok" 2>/dev/null)" = "${packages[$1]}" ] && return 0
  roots_base 8>&-
  echo "Peer $1 in $layer" >&2
  rm -rf --one-file-system "$layer" "$layer.ok" "$layer.work" "$layer.root"
  if ! "$here/enter" "$layer" "$ROOTS/base" -- bash -c "$(declare -f roots_apt); roots_apt /var/log/install.log ${packages[$1]}" 8>&-; then
    tail -20 "$layer/var/log/install.log" >&2
    echo "setup.sh: the packages of $1 could not be installed (above)" >&2
    exit 2
  fi
  rm -rf --one-file-system "$layer.work" "$layer.root" "$layer"/var/cache/apt/*.bin
  echo "${packages[$1]}" >"$layer.ok"
}

for run in "$peers"/run/*-*-*; do # of a test that was killed
  pid=${run%-*} pid=${pid##*-}
  [ ! -d "$run" ] || [ -d "/proc/$pid" ] || rm -rf --one-file-system "$run"
done

for what; do
  if [ "$what" = down ]; then
    rm -rf --one-file-system "$peers/run"
  elif [ -n "${packages[$what]:-}" ]; then
    make_peer "$what"
  else
    echo "setup.sh: unknown peer $what; there are: ${!packages[*]}" >&2
    exit 2
  fi
done
