# Posthouse: build/release/posthouse of this checkout. queue = mail for other domains from a trusted network that
# a route holds; relay = it goes to the sink; deliver = accounts u0..u19@local.test; pop3 = the same with passwords in the clear.
S=$BENCH/posthouse
PROGRAM=${PROGRAM:-$(dirname "$(dirname "$LIB")")/build/release/posthouse}
SMTP_PORT=2506; POP3_PORT=2116; ROLES="queue relay deliver idle pop3"
ADMIN_SOCKET=$S/store/admin.sock
. "$LIB"
ph() { "$PROGRAM" "$@" --config "$S/posthouse.toml"; }
a_version() { "$PROGRAM" --version | head -1 | sed 's/^[0-9]/Posthouse &/'; }
a_prepare() {
  mkdir -p "$S" "$BENCH/trash"; [ -d "$S/store" ] && mv "$S/store" "$BENCH/trash/posthouse.$(date +%s%N)"
  local route=hold; case $ROLE in relay|idle) route=$HOST:$SINK_PORT;; esac
  cat > "$S/posthouse.toml" <<C
[server]
hostname = "mail.test"
store = "file:./store"
[listen]
smtp = "$HOST:$SMTP_PORT"
pop3 = { address = "$HOST:$POP3_PORT", allow_plaintext = true }
[delivery]
routes = { "*" = "$route" }
trusted_networks = ["127.0.0.0/8"]
[limits]
connections = 20000
connections_per_client = 20000
C
  local users=0 n
  case $ROLE in deliver|pop3) users=20;; esac
  ph domain add local.test >/dev/null
  for ((n = 0; n < users; n++)); do echo secret | ph account add "u$n@local.test" --password-stdin >/dev/null; done
}
a_start() { cd "$S"; exec "$PROGRAM" serve --config "$S/posthouse.toml" 2>"$S/log"; }
a_queued() { ph queue stats --json | sed -n 's/.*"messages": *\([0-9]*\).*/\1/p'; }
a_mailq() { ph queue list; }
