#!/usr/bin/env bash
# Installs what is missing of the named groups of tools/packages: tools/install.sh build test
#
# Exit 0: all is there (about 0.1 s when it was there already). Exit 2: it cannot be installed here
# (another system, no rights, no network); the list and the command to type are printed.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -gt 0 ] || set -- build

say() { printf '%s\n' "$*" >&2; }

# The packages of the groups in "$@", one a line.
wanted() {
  awk -v groups=" $* " '!/^#/ && NF && index(groups, " " $1 " ") && !seen[$2]++ {print $2}' \
    "$here/packages"
}

# Those of the arguments that are not installed.
missing() {
  local installed
  # dpkg-query exits 1 when it does not know one of them: that is an answer, not an error
  installed=$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  printf '%s\n' "$@" | awk -v installed="$installed" '
    BEGIN { n = split(installed, line, "\n")
            for (i = 1; i <= n; i++) { split(line[i], w, " "); sub(/:.*/, "", w[1])
                                       if (w[2] == "installed") have[w[1]] = 1 } }
    !($1 in have) {print $1}'
}

mapfile -t all < <(wanted "$@")
[ ${#all[@]} -gt 0 ] || { say "tools/install.sh: no such group in tools/packages: $*"; exit 2; }

system=unknown
[ -r /etc/os-release ] && system=$(. /etc/os-release && echo "$ID $VERSION_ID")
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "Posthouse installs its packages by itself on Debian 12 only; this is $system."
  say "Please install the counterparts of these Debian packages, then run the command again:"
  say "  ${all[*]}"
  exit 2
fi

mapfile -t absent < <(missing "${all[@]}")
[ ${#absent[@]} -gt 0 ] || exit 0
command_line="apt-get install --no-install-recommends ${absent[*]}"

if [ "$system" != "debian 12" ]; then
  say "Posthouse installs its packages by itself on Debian 12 only; this is $system."
  say "These are missing. Install them or their counterparts, then run the command again:"
  say "  $command_line"
  exit 2
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    say "These packages are missing, and installing them needs root. Please type, as root:"
    say "  apt-get update && $command_line"
    exit 2
  fi
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

say "Installing ${#absent[@]} packages: ${absent[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
attempt() {
  # No mail server may come along: it would take port 25 and the machine's own mail.
  if apt -s install --no-install-recommends "${absent[@]}" >"$log" 2>&1; then
    if grep -E '^Inst (exim4|postfix|sendmail|opensmtpd|nullmailer|dma |ssmtp|msmtp-mta|courier-mta)' "$log"
    then
      say "tools/install.sh: this would install a mail server on this machine; not done."
      exit 2
    fi
    apt -y install --no-install-recommends "${absent[@]}" >"$log" 2>&1
  else
    return 1
  fi
}
# Known lists first; an update only where they are missing or stale.
if ! attempt; then
  apt update >"$log" 2>&1 || { cat "$log" >&2; say "tools/install.sh: apt-get update failed."; exit 2; }
  attempt || { cat "$log" >&2; say "tools/install.sh: apt-get install failed."; exit 2; }
fi
mapfile -t absent < <(missing "${all[@]}")
[ ${#absent[@]} -gt 0 ] || exit 0
say "tools/install.sh: still missing after installing: ${absent[*]}"
exit 2
