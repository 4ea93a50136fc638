#!/bin/bash
# blocks.sh FILE: each line of FILE is one block of bench.py commands (separated by ;) run under one hold of the lock
cd "$(dirname "$0")"; export BENCH=${BENCH:-$(dirname "$PWD")/build/bench}; export PYTHONDONTWRITEBYTECODE=1
while IFS= read -r line; do [ -n "$line" ] || continue
  case $line in
    nolock*) eval "${line#nolock}";;
    *) t0=$(date +%s); flock -o /tmp/bench.lock bash -c "export BENCH_LOCKED=1; $line"; echo "== block took $(( $(date +%s)-t0 )) s incl. waiting: $line";;
  esac
done < "$1"
echo ALL DONE
