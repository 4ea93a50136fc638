#!/usr/bin/env python3
"""Mail server bench: runs the workloads of README.md against one adapter at a time.
   bench.py w1|w2|w3|w6|limits|w4|w5|w7|fsync --server NAME [--runs N] [--quick]
Results are appended as JSON lines to $BENCH/results/*.jsonl; report.py makes tables of them.
Loopback only; bounded; only processes started here (in our own cgroup) are ended, by pid."""
import argparse, fcntl, glob, json, os, re, signal, socket, statistics, subprocess, sys, threading, time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
import posthouse_admin
BENCH = os.environ.get('BENCH', os.path.dirname(HERE) + '/build/bench'); BIN = BENCH + '/bin'
HOST = '127.7.7.7'; SINK_PORT = 2600
LOCK = '/tmp/bench.lock'   # of the machine, not of this checkout: two benches at once would measure each other
CG = '/sys/fs/cgroup/cpuacct/mailbench'
RES = BENCH + '/results'; os.makedirs(RES, exist_ok=True)
HZ = os.sysconf('SC_CLK_TCK')

def priority():
    """Others share the machine: while measuring, bench + server + load run in one cpu cgroup with the highest share,
    so that background compiles cost little. What they still took is reported as other_cpu."""
    try:
        os.makedirs('/sys/fs/cgroup/cpu/mailbench', exist_ok=True)
        open('/sys/fs/cgroup/cpu/mailbench/cpu.shares', 'w').write('262144'); open('/sys/fs/cgroup/cpu/mailbench/tasks', 'w').write(str(os.getpid()))
    except OSError as e: print('no cpu cgroup:', e)
class lock:
    def __enter__(self):
        self.waited = 0; self.f = None
        if os.environ.get('BENCH_LOCKED'): return self   # the caller holds it
        self.f = open(LOCK, 'a'); os.set_inheritable(self.f.fileno(), False)
        t = time.time(); fcntl.flock(self.f, fcntl.LOCK_EX); self.waited = time.time() - t; time.sleep(0.3)
        return self
    def __exit__(self, *a):
        if not self.f: return
        fcntl.flock(self.f, fcntl.LOCK_UN); self.f.close(); time.sleep(0.05)

def emit(kind, **kw):
    kw['t'] = time.strftime('%H:%M:%S')
    with open(f'{RES}/{kind}.jsonl', 'a') as f: f.write(json.dumps(kw) + '\n')
    print(kind, {k: v for k, v in kw.items() if k not in ('runs_raw',)}, flush=True)

def busy():
    v = list(map(int, open('/proc/stat').readline().split()[1:9])); return (sum(v) - v[3] - v[4]) / HZ, v[4] / HZ, v[7] / HZ
def cgcpu(): return int(open(CG + '/cpuacct.usage').read()) / 1e9
def cgpids():
    try: return [int(x) for x in open(CG + '/cgroup.procs').read().split()]
    except FileNotFoundError: return []
def mem():
    """(processes, sum of PSS KiB, sum of private KiB, sum of RSS KiB)"""
    n = pss = rss = prv = 0
    for p in cgpids():
        try: t = open(f'/proc/{p}/smaps_rollup').read()
        except OSError: continue
        d = dict(re.findall(r'^(\w+):\s+(\d+) kB', t, re.M))
        if not d: continue
        n += 1; pss += int(d['Pss']); rss += int(d['Rss']); prv += int(d['Private_Clean']) + int(d['Private_Dirty'])
    return n, pss, prv, rss

class Sampler(threading.Thread):
    def __init__(s, every=0.25): super().__init__(daemon=True); s.every = every; s.stop = False; s.best = (0, 0, 0, 0)
    def run(s):
        while not s.stop:
            m = mem()
            if m[1] > s.best[1]: s.best = m
            time.sleep(s.every)
    def end(s): s.stop = True; s.join(); return s.best

class Server:
    def __init__(self, name, role, **env):
        self.name, self.role = name, role
        self.env = dict(os.environ, BENCH=BENCH, HOST=HOST, SINK_PORT=str(SINK_PORT), ROLE=role, LIB=HERE + '/lib.sh', LC_ALL='C', **{k: str(v) for k, v in env.items()})
        self.vars = dict(l.split('=', 1) for l in self.sh('set -a; for v in SMTP_PORT IMAP_PORT POP3_PORT LMTP_PORT ROLES MAILDIR_GLOB ADMIN_SOCKET; do echo "$v=${!v-}"; done').splitlines() if '=' in l)
        self.port = int(self.vars['SMTP_PORT'] or 0)
    def sh(self, cmd, check=True, **kw):
        r = subprocess.run(['bash', '-c', f'. {HERE}/adapters/{self.name}.sh; {cmd}'], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
        if check and r.returncode: raise RuntimeError(f'{self.name} {cmd}: rc {r.returncode}: {r.stdout[-800:]}')
        return r.stdout
    def start(self, port=None, prefix=''):
        os.makedirs(CG, exist_ok=True); self.kill()
        self.sh('a_prepare'); self.up(port, prefix)
    def up(self, port=None, prefix=''):
        if port is None: port = self.port
        # the starter and all it spawns live in our cgroup
        subprocess.Popen(['setsid', 'bash', '-c', f'echo $$ > {CG}/tasks; exec </dev/null >{BENCH}/start-{self.name}.log 2>&1; ulimit -n $(ulimit -Hn); . {HERE}/adapters/{self.name}.sh; {prefix} a_start'], env=self.env, close_fds=True)
        t = time.time()
        while time.time() - t < 30:
            try:
                with socket.create_connection((HOST, int(port)), 2) as s:
                    s.settimeout(10)
                    if s.recv(200): time.sleep(0.5); return
            except OSError: time.sleep(0.1)
        raise RuntimeError(f'{self.name} did not come up on {port}: ' + open(f'{BENCH}/start-{self.name}.log').read()[-500:])
    def stop(self):
        subprocess.run(['bash', '-c', f'. {HERE}/adapters/{self.name}.sh; declare -F a_stop >/dev/null && a_stop; true'], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.kill()
    def kill(self):
        for sig, n in ((signal.SIGTERM, 30), (signal.SIGKILL, 50)):
            for _ in range(n):
                ps = cgpids()
                if not ps: return
                if _ % 10 == 0:
                    for p in ps:
                        try: os.kill(p, sig)
                        except OSError: pass
                time.sleep(0.1)
    def delivered(self):
        g = self.vars.get('MAILDIR_GLOB')
        if g: return sum(len(os.listdir(d)) for d in glob.glob(g))
        if self.vars.get('ADMIN_SOCKET'): return posthouse_admin.delivered(self.vars['ADMIN_SOCKET'])   # as cheap as a directory listing: it is asked every 20 ms
        return int(self.sh('a_delivered'))

SINK = None   # the running sink, whose CPU is ours and not foreign
class Sink:
    def __init__(self, mode='null', port=SINK_PORT, *extra):
        self.p = subprocess.Popen([BIN + '/sink', '--host', HOST, '--port', str(port), '--mode', mode, *extra]); self.port = port; self.c = None
        for _ in range(300):
            try: self.c = socket.create_connection((HOST, port)); break
            except OSError: time.sleep(0.1)
        self.f = self.c.makefile('rb'); self.f.readline(); global SINK; SINK = self
    def ask(self, q): self.c.sendall(q.encode() + b'\r\n'); return self.f.readline().decode().split()
    def count(self): return int(self.ask('XCOUNT')[1])
    def reset(self): self.ask('XRESET')
    def stat(self): v = self.ask('XSTAT'); return dict(count=int(v[1]), bytes=int(v[2]), p50=float(v[3]), p99=float(v[4]), first=int(v[5]), last=int(v[6]), syncs=int(v[7]))
    def cpu(self): v = open(f'/proc/{self.p.pid}/stat').read().rsplit(')', 1)[1].split(); return (int(v[11]) + int(v[12])) / HZ
    def close(self):
        global SINK; SINK = None; self.c.close(); self.p.terminate(); self.p.wait()

def load(*a, timeout=180):
    r = subprocess.run([BIN + '/loadgen', *map(str, a)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    try: return json.loads(r.stdout)
    except ValueError: return dict(ok=0, err=-1, secs=0, rate=0, p50_ms=0, p99_ms=0, max_ms=0, client_cpu=0, first_err=(r.stdout + r.stderr)[-200:])

def measured(fn, nclient=1):
    """runs fn(); adds server CPU, other processes' CPU on the machine and idle to its result"""
    b0, w0, s0 = busy(); c0 = cgcpu(); t0 = time.time(); p0 = time.process_time() + (SINK.cpu() if SINK else 0); r = fn(); p1 = time.process_time() + (SINK.cpu() if SINK else 0); dt = time.time() - t0; c1 = cgcpu(); b1, w1, s1 = busy()
    r['srv_cpu'] = c1 - c0; r['other_cpu'] = max(0, (b1 - b0) - (c1 - c0) - (p1 - p0) - r.get('client_cpu', 0)) / dt; r['iowait'] = (w1 - w0) / dt; r['steal'] = (s1 - s0) / dt
    return r
def runs(go, want, cap, pause=0.15, pre=None):
    """at least `want` runs; while other users of the machine are busy, up to 2*want (bounded by cap seconds);
    the `want` runs with the least foreign CPU are kept. Returns (kept, all accepted messages)"""
    rs = []; t = time.time(); ok = 0
    while len(rs) < 2 * want:
        if pre: pre()
        r = measured(go); rs.append(r); ok += r['ok']; time.sleep(pause)
        if len(rs) >= 2 and all(x.get('missing') for x in rs): break   # does not work at all: no use in repeating
        if sum(x['other_cpu'] < 0.25 for x in rs) >= want or (time.time() - t > cap and len(rs) >= want): break
    return sorted(rs, key=lambda r: r['other_cpu'])[:want], ok
def med(rs, k): return statistics.median(r[k] for r in rs)
def summary(rs, n):
    rates = sorted(r['rate'] for r in rs)
    return dict(msgs=n, runs=len(rs), rate=round(med(rs, 'rate'), 1), rate_min=round(rates[0], 1), rate_max=round(rates[-1], 1), p50_ms=round(med(rs, 'p50_ms'), 2), p99_ms=round(med(rs, 'p99_ms'), 2),
                cpu_per_1000=round(statistics.median(r['srv_cpu'] / max(1, r['ok']) * 1000 for r in rs), 3), client_cpu_per_1000=round(statistics.median(r['client_cpu'] / max(1, r['ok']) * 1000 for r in rs), 3),
                other_cpu=round(med(rs, 'other_cpu'), 2), other_cpu_max=round(max(r['other_cpu'] for r in rs), 2), iowait=round(med(rs, 'iowait'), 2), err=sum(r['err'] for r in rs), first_err=next((r['first_err'] for r in rs if r.get('first_err')), ''))

SIZES = (1024, 10240, 102400)
def w1(a):
    combos = [(1, 1, 150), (1, 100, 200), (20, 1, 1000), (20, 100, 2000), (100, 1, 1000), (100, 20, 2000)]
    if a.few: combos = [combos[1], combos[3], combos[4]]
    if a.combo: combos = [tuple(map(int, c.split(','))) for c in a.combo]
    for size in (a.size or SIZES):
      with lock() as L:
        for n, per, total in combos:
            if size > 50000 and not a.combo: total = max(100, total // 2); per = min(per, max(1, total // n))
            if True:
                s = Server(a.server, 'queue'); s.start()
                try:
                    go = lambda m=total: load('smtp', '--host', HOST, '--port', s.port, '-s', n, '-m', m, '-p', per, '-l', size, '--users', 20, '--limit', 60)
                    sm = Sampler(); sm.start(); go(); m = sm.end(); time.sleep(0.5); q0 = int(s.sh('a_queued'))
                    rs, nok = runs(go, a.runs, a.cap)
                    time.sleep(0.5); q1 = int(s.sh('a_queued'))
                finally: s.stop()
            emit('w1', server=a.server, N=n, per=per, size=size, **summary(rs, total), queued=q1, expected=q0 + nok, procs=m[0], pss_mib=round(m[1] / 1024, 1), rss_mib=round(m[3] / 1024, 1), waited=round(L.waited))

def w2(a):
  with lock() as L:
    for size in (a.size or SIZES):
        total = a.total or (600 if size < 50000 else 300); n = 20
        if True:
            s = Server(a.server, 'relay'); k = Sink(); s.start()
            try:
                def go(m=total):
                    k.reset(); t0 = time.monotonic_ns(); r = load('smtp', '--host', HOST, '--port', s.port, '-s', n, '-m', m, '-p', 100, '-l', size, '--users', 20)
                    acc = r['rate']; t = time.time()
                    while k.count() < r['ok'] and time.time() - t < 30: time.sleep(0.01)
                    st = k.stat(); secs = (st['last'] - t0) / 1e9
                    r.update(accept_rate=acc, rate=st['count'] / secs, p50_ms=st['p50'], p99_ms=st['p99'], missing=r['ok'] - st['count']); return r
                sm = Sampler(); sm.start(); go(); m = sm.end(); time.sleep(1); rs, nok = runs(go, a.runs, a.cap, 0.3)
            finally: s.stop(); k.close()
        emit('w2', server=a.server, N=n, size=size, **summary(rs, total), accept_rate=round(med(rs, 'accept_rate'), 1), missing=sum(r['missing'] for r in rs), procs=m[0], pss_mib=round(m[1] / 1024, 1), rss_mib=round(m[3] / 1024, 1), waited=round(L.waited))

def w3(a):
  with lock() as L:
    for size in (a.size or SIZES):
        total = a.total or (600 if size < 50000 else 300); n = 20
        if True:
            s = Server(a.server, 'deliver'); s.start()
            try:
                def go(m=total):
                    b = s.delivered(); t0 = time.time(); r = load('smtp', '--host', HOST, '--port', s.port, '-s', n, '-m', m, '-p', 100, '-l', size, '--users', 20, '--domain', 'local.test')
                    acc = r['rate']; d = b
                    while time.time() - t0 < 45:
                        d = s.delivered()
                        if d - b >= r['ok']: break
                        time.sleep(0.02)
                    secs = time.time() - t0; r.update(accept_rate=acc, rate=(d - b) / secs, missing=r['ok'] - (d - b)); return r
                sm = Sampler(); sm.start(); go(); m = sm.end(); time.sleep(1); rs, nok = runs(go, a.runs, a.cap, 0.3)
            finally: s.stop()
        emit('w3', server=a.server, N=n, size=size, **summary(rs, total), accept_rate=round(med(rs, 'accept_rate'), 1), missing=sum(r['missing'] for r in rs), procs=m[0], pss_mib=round(m[1] / 1024, 1), rss_mib=round(m[3] / 1024, 1), waited=round(L.waited))

def w6(a):
    with lock():
        s = Server(a.server, 'idle', SMTPD_PROCS=700); k = Sink(); s.start()
        try:
            load('smtp', '--host', HOST, '--port', s.port, '-s', 2, '-m', 10, '-p', 5, '-l', 1024); time.sleep(1); m0 = mem()
            def slab(): 
                d = dict(re.findall(r'^(\w+):\s+(\d+) kB', open('/proc/meminfo').read(), re.M)); return int(d['Slab']) + int(d['KernelStack']) + int(d['PageTables'])
            k0 = slab(); out = []
            for n in a.conns or (500,):
                p = subprocess.Popen([BIN + '/loadgen', 'idle', '--host', HOST, '--port', str(s.port), '-s', str(n), '--say', 'EHLO load.test', '--limit', '60'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                r = json.loads(p.stdout.readline()); time.sleep(2); m1 = mem(); k1 = slab(); p.stdin.close(); p.wait(); err = p.stderr.read()[-200:]
                emit('w6', server=a.server, conns=n, **r, procs0=m0[0], procs=m1[0], pss0_kib=m0[1], pss_kib=m1[1], priv_kib=m1[2], rss_kib=m1[3], per_conn_pss_kib=round((m1[1] - m0[1]) / max(1, r['open']), 1), per_conn_rss_kib=round((m1[3] - m0[3]) / max(1, r['open']), 1), kernel_kib_per_conn=round((k1 - k0) / max(1, r['open']), 1), err=err)
        finally: s.stop(); k.close()

def limits(a):
    with lock():
        r = subprocess.run([BIN + '/synclat', BENCH, '500'], stdout=subprocess.PIPE, text=True)
        for l in r.stdout.splitlines(): emit('synclat', **json.loads(l))
    for mode, extra in (('null', ()), ('durable', ()), ('durable', ('--prealloc', '512'))):
      with lock():
        for size in (a.size or SIZES):
            for n, per, total in ((1, 1, 600), (1, 100, 1000), (20, 1, 2000), (20, 100, 6000), (100, 1, 2000), (100, 100, 10000)):
                if size != 10240 and (n, per) not in ((20, 100), (100, 1)): continue
                if mode == 'durable' and n == 1: total //= 2
                if size > 50000: total //= 5
                k = Sink(mode, SINK_PORT, *extra, *(('--log', BENCH + '/sink.log') if mode == 'durable' else ()))
                try:
                    def go():
                        k.reset(); c = k.cpu(); r = load('smtp', '--host', HOST, '--port', SINK_PORT, '-s', n, '-m', total, '-p', per, '-l', size); r['sink_cpu'] = k.cpu() - c; r['syncs'] = k.stat()['syncs']; return r
                    os.makedirs(CG, exist_ok=True); go(); rs, _ = runs(go, a.runs, 2, 0.05)
                    for r in rs: r['srv_cpu'] = r['sink_cpu']
                finally: k.close()
                emit('limits', mode=mode + (' prealloc' if extra else ''), N=n, per=per, size=size, **summary(rs, total), msgs_per_sync=round(total / max(1, med(rs, 'syncs')), 1))
    try: os.unlink(BENCH + '/sink.log')
    except OSError: pass

def fsync(a):
    """strace a short run of each role and count the sync calls per message"""
    for role, dom in (('queue', 'remote.test'), ('relay', 'remote.test'), ('deliver', 'local.test')):
        s = Server(a.server, role)
        if role not in s.vars['ROLES'].split(): continue
        k = Sink(); out = f'{BENCH}/strace-{a.server}-{role}'
        try:
            s.start(); load('smtp', '--host', HOST, '--port', s.port, '-s', 1, '-m', 5, '-p', 5, '-l', 10240, '--users', 1 if role == 'deliver' else 20, '--user', 'u0' if role == 'deliver' else 'u', '--domain', dom); time.sleep(1.5)
            args = ['strace', '-f', '-qq', '-e', 'trace=fsync,fdatasync,sync_file_range,syncfs,msync,openat,open,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fork,vfork,clone,clone3,execve', '-o', out]
            for p in cgpids(): args += ['-p', str(p)]
            st = subprocess.Popen(args, stderr=subprocess.DEVNULL); time.sleep(1); M = 50
            r = load('smtp', '--host', HOST, '--port', s.port, '-s', 5, '-m', M, '-p', 10, '-l', 10240, '--users', 1 if role == 'deliver' else 20, '--user', 'u0' if role == 'deliver' else 'u', '--domain', dom)
            time.sleep(4); st.send_signal(signal.SIGINT); st.wait()
            t = open(out, errors='replace').read(); c = lambda *n: round(sum(len(re.findall(r'^\d+ +%s\(' % x, t, re.M)) for x in n) / max(1, r['ok']), 2)
            osync = len(re.findall(r'O_D?SYNC', t))
            emit('fsync', server=a.server, role=role, msgs=r['ok'], fsync=c('fsync'), fdatasync=c('fdatasync'), msync=c('msync'), o_sync_opens=osync, created=round(len(re.findall(r'O_CREAT', t)) / max(1, r['ok']), 2), rename=c('rename', 'renameat', 'renameat2'), link=c('link', 'linkat'), unlink=c('unlink', 'unlinkat'), forks=c('fork', 'vfork', 'clone', 'clone3'), execs=c('execve'), reached_sink=k.count() - (5 if role == 'relay' else 0), first_err=r.get('first_err', ''))
        finally: s.stop(); k.close()

def xcheck(a):
    """our loadgen beside Postfix's own smtp-source, same server, same shape; and our null sink beside smtp-sink"""
    root = BENCH + '/root-postfix'
    def src(port, n, m, size, keep):
        c0 = os.times(); t = time.time(); r = subprocess.run(['chroot', root, 'smtp-source', *(['-d'] if keep else []), '-s', str(n), '-m', str(m), '-l', str(size), '-f', 'load@sender.test', '-t', 'u@remote.test', '-M', 'load.test', f'{HOST}:{port}'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        d = time.time() - t; c1 = os.times(); return dict(ok=m if r.returncode == 0 else 0, err=r.returncode, secs=d, rate=m / d, p50_ms=0, p99_ms=0, client_cpu=c1.children_user + c1.children_system - c0.children_user - c0.children_system, first_err=r.stdout[-100:])
    with lock():
        s = Server(a.server, 'queue'); s.start()
        try:
            for n, keep, m in ((1, 1, 200), (20, 1, 1000), (20, 0, 600), (100, 0, 600)):
                for nm, go in (('loadgen', lambda: load('smtp', '--host', HOST, '--port', s.port, '-s', n, '-m', m, '-p', m // n if keep else 1, '-l', 10240)), ('smtp-source', lambda: src(s.port, n, m, 10240, keep))):
                    go(); rs, _ = runs(go, a.runs, 8); emit('xcheck', server=a.server, tool=nm, N=n, per=m // n if keep else 1, size=10240, **summary(rs, m))
        finally: s.stop()
        k = Sink(); p = subprocess.Popen(['chroot', root, 'smtp-sink', '-u', 'nobody', f'{HOST}:{SINK_PORT+1}', '1024'], stderr=subprocess.DEVNULL); time.sleep(0.5)
        try:
            for nm, port in (('null sink', SINK_PORT), ('smtp-sink', SINK_PORT + 1)):
                go = lambda: load('smtp', '--host', HOST, '--port', port, '-s', 20, '-m', 6000, '-p', 100, '-l', 10240)
                go(); rs, _ = runs(go, a.runs, 5); emit('xcheck', server=nm, tool='loadgen', N=20, per=100, size=10240, **summary(rs, 6000))
        finally: k.close(); p.terminate(); p.wait()

# ------------------------------------------------------------------ IMAP / POP3
def trash(d):
    os.makedirs(BENCH + '/trash', exist_ok=True)
    if os.path.exists(d): os.rename(d, f'{BENCH}/trash/{time.time_ns()}')

class Imap:
    def __init__(self, port, user='u0', pw='secret', login=True):
        self.s = socket.create_connection((HOST, port)); self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); self.n = 0; self.buf = b''; self.s.recv(4096)
        if login: self.cmd(f'LOGIN {user} {pw}')
    def cmd(self, c):
        """returns (seconds, bytes, tail); the answer is read in large pieces and only its end is looked at"""
        self.n += 1; tag = b'a%d' % self.n; t = time.perf_counter(); self.s.sendall(tag + b' ' + c.encode() + b'\r\n'); n = 0; tail = b''
        while True:
            d = self.s.recv(1 << 20)
            if not d: raise RuntimeError('closed during ' + c)
            n += len(d); tail = (tail + d)[-3000:]
            i = tail.rfind(b'\n' + tag + b' ')
            if i < 0:
                if not tail.startswith(tag + b' '): continue
                i = 0
            if tail.endswith(b'\r\n'):
                last = tail[i:].lstrip(b'\n')
                if not last.startswith(tag + b' OK'): raise RuntimeError(c + ': ' + last.decode(errors='replace'))
                return time.perf_counter() - t, n, tail
    def close(self):
        try: self.cmd('LOGOUT')
        except Exception: pass
        self.s.close()

def mkmail(i, size=4096):
    words = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliet', 'kilo', 'lima', 'mike', 'november', 'oscar', 'papa']
    x = i * 2654435761 & 0xffffffff; b = []
    n = 0
    while n < size - 500:
        l = []
        for _ in range(9): x = (x * 1103515245 + 12345) & 0x7fffffff; l.append(words[(x >> 16) & 15])
        l = ' '.join(l); b.append(l); n += len(l) + 2
    if i % 100 == 0: b.append('needleword here')
    return (f'Return-Path: <s{i%977}@sender.test>\r\nReceived: from load.test (load.test [127.0.0.1]) by mail.test with ESMTP id {i:08x}; Sat, 21 Nov 2026 10:00:00 +0000\r\nFrom: "Sender {i%977}" <s{i%977}@sender.test>\r\nTo: "User Zero" <u0@local.test>\r\nCc: c{i%31}@local.test\r\nSubject: message number {i} about {words[i%16]}\r\nDate: {1+i%28} Oct 2026 {i%24:02d}:{i%60:02d}:00 +0000\r\nMessage-ID: <{i}.{x}@sender.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n' + '\r\n'.join(b) + '\r\n').encode()

def fill_maildir(path, n, uid=5000):
    for d in ('', '/cur', '/new', '/tmp'): os.makedirs(path + d, exist_ok=True); os.chown(path + d, uid, uid)
    now = int(time.time()) - n
    for i in range(n):
        m = mkmail(i); f = f'{path}/cur/{now+i}.M{i}P1.bench,S={len(m)},W={len(m)}:2,' + ('S' if i % 3 else '')
        with open(f, 'wb') as h: h.write(m)
        os.chown(f, uid, uid)
    os.chown(os.path.dirname(path), uid, uid)

def w4(a):
    """IMAP. The adapter's role imap must serve u0..u99; for Dovecot the Maildir is written directly (fill), for another server use --append-fill."""
    env = dict(kv.split('=', 1) for kv in a.env); s = Server(a.server, 'imap', **env); port = int(s.vars['IMAP_PORT']); tag = a.tag or 'default'
    for n in a.boxes or (10000, 100000):
        home = f'{BENCH}/root-postfix/srv/mail'
        if not a.append_fill:
            trash(home + '/u0'); os.makedirs(home + '/u0'); t = time.time(); fill_maildir(home + '/u0/Maildir', n); subprocess.run(['sync']); print('filled', n, round(time.time() - t, 1), flush=True)
        with lock():
            s.start(port)
            try:
                if a.append_fill:
                    r = load('append', '--host', HOST, '--port', port, '-s', 4, '-m', n, '-l', 4096, '--user', 'u0', '--pass', 'secret', timeout=550)
                    emit('w4', server=a.server, tag=tag, box=n, op='fill by APPEND x4 conns, 4 KiB', ms=round(r['secs'] * 1000, 1), rate=r['rate'], err=r['err'], note=r.get('first_err', ''))
                i = Imap(port); cold = measured(lambda: dict(x=i.cmd('SELECT INBOX')))
                emit('w4', server=a.server, tag=tag, box=n, op='first SELECT (no index yet)' if not a.append_fill else 'first SELECT', ms=round(cold['x'][0] * 1000, 1), cpu_s=round(cold['srv_cpu'], 3), bytes=cold['x'][1]); 
                assert f'{n} EXISTS'.encode() in cold['x'][2], cold['x'][2][-400:]
                c1 = measured(lambda: dict(x=i.cmd('FETCH 1:* (ENVELOPE)'))); emit('w4', server=a.server, tag=tag, box=n, op='first FETCH 1:* ENVELOPE (cold cache)', ms=round(c1['x'][0] * 1000, 1), cpu_s=round(c1['srv_cpu'], 3), bytes=c1['x'][1], other_cpu=round(c1['other_cpu'], 2)); i.close()
                ops = [('SELECT INBOX', None), ('FETCH 1:* (FLAGS)', 1), ('FETCH 1:* (UID FLAGS)', 1), ('FETCH 1:* (ENVELOPE)', 1), ('FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])', 1), ('SEARCH SUBJECT charlie', 1), ('SEARCH UNSEEN', 1), ('SEARCH BODY needleword', 1), ('FETCH 1:1000 (BODY.PEEK[])', 1)]
                for op, sel in ops:
                    rs = []
                    for r in range(a.runs + 1 if 'SEARCH BODY' not in op or n <= 10000 else 3):
                        i = Imap(port); i.cmd('NOOP')
                        if sel: i.cmd('SELECT INBOX')
                        x = measured(lambda: dict(x=i.cmd(op))); i.close()
                        if r: rs.append(x)
                    ms = sorted(x['x'][0] * 1000 for x in rs)
                    emit('w4', server=a.server, tag=tag, box=n, op=op, ms=round(statistics.median(ms), 2), ms_min=round(ms[0], 2), ms_max=round(ms[-1], 2), runs=len(rs), cpu_s=round(statistics.median(x['srv_cpu'] for x in rs), 3), bytes=rs[0]['x'][1], other_cpu=round(statistics.median(x['other_cpu'] for x in rs), 2))
                i = Imap(port); i.cmd('SELECT INBOX'); m = mem(); emit('w4', server=a.server, tag=tag, box=n, op='memory with one selected session', procs=m[0], pss_mib=round(m[1] / 1024, 1)); i.close()
            finally: s.stop()

def w4b(a):
    """APPEND rate, login rate, IDLE memory"""
    env = dict(kv.split('=', 1) for kv in a.env); s = Server(a.server, 'imap', **env); port = int(s.vars['IMAP_PORT']); tag = a.tag or 'default'
    s.sh('case "${R-}" in "$BENCH"/*) renew "$R/srv/mail";; esac', check=False)
    with lock():
        s.start(port)
        try:
            for n, total, users in () if a.few else ((1, 200, 1), (20, 2000, 20)):
                for size in (1024, 10240, 102400):
                    tt = total if size < 50000 else total // 4
                    go = lambda: load('append', '--host', HOST, '--port', port, '-s', n, '-m', tt, '-l', size, '--user', 'u%d', '--users', users, '--pass', 'secret')
                    go(); rs = [measured(go) for _ in range(a.runs)]; emit('w4', server=a.server, tag=tag, op=f'APPEND x{n} conns {size} B', N=n, size=size, **summary(rs, tt))
            for n in (1, 20):
                go = lambda: load('login', '--host', HOST, '--port', port, '-s', n, '-m', 300 if n == 1 else 1000, '--user', 'u%d', '--users', 20, '--pass', 'secret')
                go(); rs = [measured(go) for _ in range(a.runs)]; emit('w4', server=a.server, tag=tag, op=f'LOGIN+LOGOUT x{n}', N=n, **summary(rs, 0))
        finally: s.stop()
    if a.few: return
    with lock():
        s.start(port)
        try:
            load('login', '--host', HOST, '--port', port, '-s', 1, '-m', 5, '--user', 'u%d', '--users', 5, '--pass', 'secret'); time.sleep(1); m0 = mem()
            def slab():
                d = dict(re.findall(r'^(\w+):\s+(\d+) kB', open('/proc/meminfo').read(), re.M)); return int(d['Slab']) + int(d['KernelStack']) + int(d['PageTables'])
            k0 = slab(); N = a.idle
            p = subprocess.Popen([BIN + '/loadgen', 'idle', '--host', HOST, '--port', str(port), '-s', str(N), '--users', '100', '--say', 'a LOGIN u%d secret', '--say', 'b SELECT INBOX', '--say', 'c IDLE', '--limit', '90'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            r = json.loads(p.stdout.readline()); time.sleep(3); m1 = mem(); k1 = slab(); p.stdin.close(); p.wait(); err = p.stderr.read()[-200:]
            emit('w4', server=a.server, tag=tag, op=f'IDLE x{N} memory', **r, procs=m1[0], pss_mib=round(m1[1] / 1024, 1), rss_mib=round(m1[3] / 1024, 1), per_conn_pss_kib=round((m1[1] - m0[1]) / max(1, r['open']), 1), per_conn_rss_kib=round((m1[3] - m0[3]) / max(1, r['open']), 1), kernel_kib_per_conn=round((k1 - k0) / max(1, r['open']), 1), err=err)
        finally: s.stop()

def smtp_fill(s, n, *who):
    b = s.delivered(); r = load('smtp', '--host', HOST, '--port', s.port, '-s', 10, '-m', n, '-p', 100, '-l', 4096, '--domain', 'local.test', *who); t = time.time()
    while s.delivered() - b < n and time.time() - t < 60: time.sleep(0.05)
    assert r['ok'] == n and s.delivered() - b == n, (r, s.delivered() - b)

def w5(a):
    s = Server(a.server, 'pop3'); port = int(s.vars['POP3_PORT'])
    with lock():
        s.start(port)
        try:
            home = f'{BENCH}/root-postfix/srv/mail'
            if a.append_fill: load('append', '--host', HOST, '--port', s.vars['IMAP_PORT'], '-s', 1, '-m', 1000, '-l', 10240, '--user', 'u7', '--pass', 'secret')
            elif a.smtp_fill: smtp_fill(s, 1000, '--user', 'u7')
            else:
                trash(home + '/u7'); os.makedirs(home + '/u7'); os.chown(home + '/u7', 5000, 5000); fill_maildir(home + '/u7/Maildir', 1000)
            for label, conns in (('cold', 1), ('warm', 1)):
                rs = [measured(lambda: load('pop3', '--host', HOST, '--port', port, '-s', conns, '--user', 'u7', '--pass', 'secret')) for _ in range(1 if label == 'cold' else a.runs)]
                d = {k: round(med(rs, k), 2) for k in ('login_ms', 'stat_ms', 'uidl_ms', 'retr_ms')}
                emit('w5', server=a.server, what=label, secs=round(med(rs, 'secs'), 4), **d, retr_p99_ms=round(med(rs, 'p99_ms'), 3), msgs=rs[0]['ok'], bytes=rs[0].get('bytes'), cpu_s=round(med(rs, 'srv_cpu'), 3), err=sum(r['err'] for r in rs), first_err=rs[0].get('first_err', ''), other_cpu=round(med(rs, 'other_cpu'), 2))
            if a.smtp_fill: s.stop(); s.start(port); smtp_fill(s, 2000, '--user', 'u', '--users', 20)
            for u in range(20):
                if a.append_fill or a.smtp_fill: break
                trash(f'{home}/u{u}'); os.makedirs(f'{home}/u{u}'); os.chown(f'{home}/u{u}', 5000, 5000); fill_maildir(f'{home}/u{u}/Maildir', 100)
            go = lambda: load('pop3', '--host', HOST, '--port', port, '-s', 20, '--user', 'u%d', '--users', 20, '--pass', 'secret')
            if not a.append_fill:
                go(); rs = [measured(go) for _ in range(a.runs)]; emit('w5', server=a.server, what='20 users x 100 msgs', **summary(rs, 2000))
        finally: s.stop()

def w7(a):
    n = a.total or 100000
    with lock():
        s = Server(a.server, a.role or 'defer'); s.start()
        try:
            m0 = mem(); r = measured(lambda: load('smtp', '--host', HOST, '--port', s.port, '-s', 50, '-m', n, '-p', 100, '-l', 2048, '--users', 1000, '--limit', 500, timeout=560))
            emit('w7', server=a.server, op='inject', msgs=r['ok'], secs=round(r['secs'], 1), rate=round(r['rate'], 1), cpu_s=round(r['srv_cpu'], 1), err=r['err'], other_cpu=round(r['other_cpu'], 2), first_err=r.get('first_err', ''))
            t = time.time(); prev = -1
            while time.time() - t < 240:   # until the server is quiet
                c = cgcpu(); time.sleep(2); d = cgcpu() - c
                if d < 0.06: break
            emit('w7', server=a.server, op='settle (all moved to deferred)', secs=round(time.time() - t, 1)); m = mem(); emit('w7', server=a.server, op='memory', procs=m[0], pss_mib=round(m[1] / 1024, 1), rss_mib=round(m[3] / 1024, 1), queued=int(s.sh('a_queued')))
            for k in range(3):
                t = time.time(); o = s.sh('declare -F a_mailq >/dev/null && a_mailq | tail -1 || echo none'); emit('w7', server=a.server, op='mailq', secs=round(time.time() - t, 2), out=o.strip()[-80:])
            t = time.time(); s.sh('declare -F a_stop >/dev/null && a_stop; true'); s.kill(); t1 = time.time(); c0 = cgcpu(); s.up(); t2 = time.time()
            q = time.time(); 
            while time.time() - q < 240:
                c = cgcpu(); time.sleep(2)
                if cgcpu() - c < 0.06: break
            emit('w7', server=a.server, op='restart', stop_s=round(t1 - t, 2), banner_s=round(t2 - t1 - 0.5, 2), quiet_after_s=round(time.time() - q - 2, 1), cpu_s=round(cgcpu() - c0, 2)); m = mem(); emit('w7', server=a.server, op='memory after restart', pss_mib=round(m[1] / 1024, 1))
        finally:
            s.stop()

if __name__ == '__main__':
    p = argparse.ArgumentParser(); p.add_argument('what'); p.add_argument('--server', default='postfix'); p.add_argument('--runs', type=int, default=5); p.add_argument('--cap', type=float, default=8); p.add_argument('--size', type=int, action='append'); p.add_argument('--combo', action='append'); p.add_argument('--total', type=int); p.add_argument('--conns', type=int, action='append')
    p.add_argument('--boxes', type=int, action='append'); p.add_argument('--append-fill', action='store_true'); p.add_argument('--smtp-fill', action='store_true'); p.add_argument('--env', action='append', default=[]); p.add_argument('--tag'); p.add_argument('--idle', type=int, default=1000); p.add_argument('--role'); p.add_argument('--few', action='store_true')
    a = p.parse_args(); signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated')); priority(); {f.__name__: f for f in (w1, w2, w3, w4, w4b, w5, w6, w7, limits, fsync, xcheck)}[a.what](a)
