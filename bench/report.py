#!/usr/bin/env python3
"""Markdown tables of $BENCH/results/*.jsonl (the last record of each key wins)."""
import json, os, sys
HERE = os.path.dirname(os.path.abspath(__file__))
B = os.environ.get('BENCH', os.path.dirname(HERE) + '/build/bench') + '/results'
def rd(k, *key):
    d = {}
    try:
        for l in open(f'{B}/{k}.jsonl'):
            r = json.loads(l); d[tuple(r.get(x) for x in key)] = r
    except FileNotFoundError: pass
    return d
def tab(h, rows):
    if not rows: return
    print('| ' + ' | '.join(h) + ' |'); print('|' + ' --- |' * len(h))
    for r in rows: print('| ' + ' | '.join(str(x) for x in r) + ' |')
    print()
K = lambda s: f'{s//1024} KiB'
rng = lambda r: f"{r['rate']:.0f} ({r['rate_min']:.0f}–{r['rate_max']:.0f})"
order = ['posthouse', 'postfix', 'exim', 'opensmtpd', 'haraka']; srv = lambda d: sorted({k[0] for k in d}, key=lambda s: (order.index(s) if s in order else 9, s))
what = sys.argv[1:] 
def on(x): return not what or x in what
if on('limits'):
    d = rd('synclat', 'op', 'size'); print('### Disk\n'); tab(['operation', 'bytes', 'p50 µs', 'p99 µs', 'per s'], [(k[0], k[1], f"{r['p50_us']:.0f}", f"{r['p99_us']:.0f}", f"{r['per_s']:.0f}") for k, r in d.items()])
    d = rd('limits', 'mode', 'N', 'per', 'size'); modes = list(dict.fromkeys(k[0] for k in d)); cells = list(dict.fromkeys(k[1:] for k in d)); print('### Limits of the machine: trivial sink, msgs/s median (min–max)\n')
    tab(['sessions', 'msgs/session', 'size'] + modes + ['durable: msgs per sync', 'sink CPU s/1000 null / durable', 'other CPU'], [(c[0], c[1], K(c[2])) + tuple(rng(d[(m,) + c]) if (m,) + c in d else '–' for m in modes) + (d.get(('durable',) + c, {}).get('msgs_per_sync', '–'), f"{d[('null',)+c]['cpu_per_1000'] if ('null',)+c in d else '–'} / {d.get(('durable',)+c, {}).get('cpu_per_1000','–')}", '/'.join(str(d[(m,)+c]['other_cpu']) for m in modes if (m,)+c in d)) for c in cells])
if on('fsync'):
    d = rd('fsync', 'server', 'role'); print('### Sync and file calls per message (strace, 10 KiB, 5 sessions × 10 messages)\n')
    tab(['server', 'role', 'fsync', 'fdatasync', 'files created', 'rename', 'unlink', 'forks', 'execs'], [(k[0], k[1], r['fsync'], r['fdatasync'], r['created'], r['rename'], r['unlink'], r['forks'], r['execs']) for k, r in d.items()])
if on('w1'):
    d = rd('w1', 'server', 'N', 'per', 'size'); S = srv(d)
    for size in sorted({k[3] for k in d}):
        cells = sorted({k[1:3] for k in d if k[3] == size}); print(f'### W1 accept + durable queue, {K(size)}: msgs/s median (min–max); CPU s/1000 msgs; p99 ms; PSS MiB [other CPU]\n')
        tab(['sessions × msgs'] + S, [(f'{c[0]} × {c[1]}',) + tuple((lambda r: f"**{r['rate']:.0f}** ({r['rate_min']:.0f}–{r['rate_max']:.0f}); {r['cpu_per_1000']:.2f}; {r['p99_ms']:.0f}; {r['pss_mib']:.0f} [{r['other_cpu']:.1f}]" + (f" err {r['err']}" if r['err'] else '') + ('' if r['queued'] == r['expected'] else f" queued {r['queued']}/{r['expected']}"))(d[(s,) + c + (size,)]) if (s,) + c + (size,) in d else '–' for s in S) for c in cells])
for w, t in (('w2', 'W2 relay, 20 sessions, until the sink has all'), ('w3', 'W3 local delivery, 20 sessions, 20 users, until all are in the Maildirs')):
    if on(w):
        d = rd(w, 'server', 'size'); S = srv(d); print(f'### {t}\n')
        tab(['server', 'size', 'msgs/s (min–max)', 'accepted/s', 'p50 ms', 'p99 ms', 'CPU s/1000', 'procs', 'PSS MiB', 'missing', 'runs', 'other CPU'], [(s, K(z), rng(d[s, z]), d[s, z]['accept_rate'], d[s, z]['p50_ms'], d[s, z]['p99_ms'], d[s, z]['cpu_per_1000'], d[s, z]['procs'], d[s, z]['pss_mib'], d[s, z]['missing'], d[s, z]['runs'], d[s, z]['other_cpu']) for s in S for z in sorted({k[1] for k in d if k[0] == s})])
if on('xcheck'):
    d = rd('xcheck', 'server', 'tool', 'N', 'per'); print("### Cross-check of the tools (10 KiB): Postfix's smtp-source / smtp-sink beside ours\n"); tab(['server', 'client', 'sessions × msgs', 'msgs/s (min–max)', 'client CPU s/1000', 'other CPU'], [(k[0], k[1], f'{k[2]} × {k[3]}', rng(x), x['client_cpu_per_1000'], x['other_cpu']) for k, x in d.items()])
if on('w6'):
    d = rd('w6', 'server', 'conns'); print('### W6 idle SMTP connections (after EHLO)\n')
    tab(['server', 'asked', 'open', 'procs before → after', 'PSS MiB before → after', 'PSS KiB/conn', 'RSS KiB/conn (shared pages counted each time)', 'kernel slab+stacks+page tables KiB/conn (client side too)', 'open took s'], [(k[0], k[1], r['open'], f"{r['procs0']} → {r['procs']}", f"{r['pss0_kib']/1024:.1f} → {r['pss_kib']/1024:.1f}", r['per_conn_pss_kib'], r['per_conn_rss_kib'], r['kernel_kib_per_conn'], r['secs']) for k, r in d.items()])
if on('w4'):
    d = rd('w4', 'server', 'tag', 'box', 'op'); print('### W4 IMAP\n')
    tab(['server', 'variant', 'mailbox', 'operation', 'ms median (min–max)', 'server CPU s', 'answer bytes', 'other CPU'], [(k[0], k[1], k[2], f'`{k[3]}`', f"{r['ms']}" + (f" ({r['ms_min']}–{r['ms_max']})" if 'ms_min' in r else ''), r.get('cpu_s', ''), r.get('bytes', ''), r.get('other_cpu', '')) for k, r in d.items() if k[2] and 'ms' in r])
    tab(['server', 'variant', 'operation', 'per s (min–max)', 'p50 ms', 'p99 ms', 'CPU s/1000', 'other CPU'], [(k[0], k[1], k[3], rng(r), r['p50_ms'], r['p99_ms'], r['cpu_per_1000'], r['other_cpu']) for k, r in d.items() if 'rate' in r and 'rate_min' in r])
    tab(['server', 'variant', 'what', 'open', 'procs', 'PSS MiB', 'PSS KiB/conn', 'RSS KiB/conn', 'kernel KiB/conn', 'opened in s'], [(k[0], k[1], k[3], r['open'], r['procs'], r['pss_mib'], r['per_conn_pss_kib'], r['per_conn_rss_kib'], r['kernel_kib_per_conn'], r['secs']) for k, r in d.items() if 'per_conn_pss_kib' in r])
if on('w5'):
    d = rd('w5', 'server', 'what'); print('### W5 POP3, 1000 messages of 4 KiB\n')
    tab(['server', 'what', 'total s', 'login ms', 'STAT ms', 'UIDL ms', 'RETR all ms', 'CPU s', 'other CPU'], [(k[0], k[1], r['secs'], r['login_ms'], r['stat_ms'], r['uidl_ms'], r['retr_ms'], r['cpu_s'], r['other_cpu']) for k, r in d.items() if 'login_ms' in r])
    tab(['server', 'what', 'RETR/s (min–max)', 'CPU s/1000', 'other CPU'], [(k[0], k[1], rng(r), r['cpu_per_1000'], r['other_cpu']) for k, r in d.items() if 'rate_min' in r])
if on('w7'):
    print('### W7 queue scale\n')
    try:
        for l in open(f'{B}/w7.jsonl'): r = json.loads(l); print('- ' + ', '.join(f'{k}={v}' for k, v in r.items() if v != ''))
    except FileNotFoundError: pass
