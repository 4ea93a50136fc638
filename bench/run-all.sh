#!/bin/bash
# Everything, in an order that gives the important numbers first. Takes about an hour on a shared 2-core machine.
# Usage: run-all.sh [SERVER...]; results in $BENCH/results, tables by report.py
cd "$(dirname "$0")"; export PYTHONDONTWRITEBYTECODE=1; export BENCH=${BENCH:-$(dirname "$PWD")/build/bench}
S=${*:-posthouse postfix exim opensmtpd haraka}
has() { bash -c "HOST=x; LIB=$PWD/lib.sh; . adapters/$1.sh; case \" \$ROLES \" in *\" $2 \"*) true;; *) false;; esac"; }
for s in $S; do has $s relay && timeout 400 python3 bench.py w2 --server $s; has $s deliver && timeout 400 python3 bench.py w3 --server $s; has $s idle && timeout 200 python3 bench.py w6 --server $s; done
for s in $S; do timeout 500 python3 bench.py w1 --server $s --size 10240; done
[ -n "${NOLIMITS:-}" ] || timeout 500 python3 bench.py limits
for s in $S; do has $s imap || continue; timeout 600 python3 bench.py w4 --server $s --boxes 10000; timeout 400 python3 bench.py w4b --server $s; timeout 300 python3 bench.py w5 --server $s; timeout 600 python3 bench.py w4 --server $s --boxes 100000; done
for s in $S; do for z in 1024 102400; do timeout 200 python3 bench.py w1 --server $s --size $z --few; done; timeout 120 python3 bench.py fsync --server $s; done
[ -n "${NOW7:-}" ] || timeout 900 python3 bench.py w7 --server postfix
timeout 150 python3 bench.py xcheck --server postfix
python3 report.py > "$BENCH/report.md"; ./setup.sh down
