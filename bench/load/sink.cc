// sink: trivial epoll SMTP sink, single-threaded, loopback only.
//   --mode null     answers 250 at once and writes nothing           ("protocol limit")
//   --mode durable  appends every message to one log; one fdatasync per event-loop turn covers all
//                   messages that ended in that turn; the 250s leave only after it ("durable
//                   limit")
//   --mode defer    answers 451 to each RCPT
// The log may be preallocated with --prealloc MIB (then fdatasync has no size change to commit).
// XSTAT answers "250 count bytes p50ms p99ms firstns lastns syncs", XRESET clears. Latency comes
// from "X-Bench-T: ns".
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>
using std::string;
static long long nowns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}
struct C {
  int fd = -1;
  string in, out, msg;
  bool data = false;
};
int main(int ac, char** av) {
  string host = "127.0.0.1", mode = "null", log = "sink.log";
  int port = 2525;
  long prealloc = 0;
  for (int i = 1; i + 1 < ac; i += 2) {
    string k = av[i], v = av[i + 1];
    if (k == "--host")
      host = v;
    else if (k == "--port")
      port = stoi(v);
    else if (k == "--mode")
      mode = v;
    else if (k == "--log")
      log = v;
    else if (k == "--prealloc")
      prealloc = stol(v);
    else
      return fprintf(stderr, "?%s\n", av[i]), 2;
  }
  bool durable = mode == "durable", defer = mode == "defer";
  signal(SIGPIPE, SIG_IGN);
  rlimit rl{65536, 65536};
  setrlimit(RLIMIT_NOFILE, &rl);
  int lf = -1;
  if (durable) {
    lf = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (prealloc) {
      string z(1 << 20, '\0');
      for (long i = 0; i < prealloc; i++) (void)!write(lf, z.data(), z.size());
      fsync(lf);
      lseek(lf, 0, SEEK_SET);
    }
  }
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &a.sin_addr);
  if ((ntohl(a.sin_addr.s_addr) >> 24) != 127) return 2;
  if (bind(ls, (sockaddr*)&a, sizeof a) || listen(ls, 4096)) {
    perror("bind");
    return 2;
  }
  int ep = epoll_create1(0);
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.ptr = nullptr;
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  long cnt = 0, syncs = 0;
  long long bytes = 0, first = 0, last = 0;
  std::vector<float> lat;
  string logbuf;
  std::vector<C*> waiting, dead;
  static char buf[262144];
  std::vector<epoll_event> ev(1024);
  long long logpos = 0;
  auto flush = [&](C* c) {
    while (!c->out.empty()) {
      ssize_t w = send(c->fd, c->out.data(), c->out.size(), MSG_NOSIGNAL);
      if (w <= 0) return;
      c->out.erase(0, w);
    }
  };
  for (;;) {
    int k = epoll_wait(ep, ev.data(), ev.size(), -1);
    for (int j = 0; j < k; j++) {
      C* c = (C*)ev[j].data.ptr;
      if (!c) {
        for (int fd; (fd = accept4(ls, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          C* n = new C;
          n->fd = fd;
          epoll_event x{};
          x.events = EPOLLIN;
          x.data.ptr = n;
          epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
          n->out = "220 sink.test ESMTP\r\n";
          flush(n);
        }
        continue;
      }
      ssize_t r = read(c->fd, buf, sizeof buf);
      if (r < 0 && errno == EAGAIN) continue;
      if (r <= 0) {
        close(c->fd);
        c->fd = -1;
        dead.push_back(c);
        continue;
      }
      c->in.append(buf, r);
      for (bool more = true, quit = false; more;) {
        more = false;
        if (c->data) {
          size_t p = c->in.find("\r\n.\r\n");
          if (c->in.compare(0, 3, ".\r\n") == 0 && c->msg.empty()) p = (size_t)-2;
          if (p == string::npos) {
            if (c->in.size() > 4) {
              size_t keep = 4;
              c->msg.append(c->in, 0, c->in.size() - keep);
              c->in.erase(0, c->in.size() - keep);
            }
          } else {
            if (p == (size_t)-2)
              c->in.erase(0, 3);
            else {
              c->msg.append(c->in, 0, p + 2);
              c->in.erase(0, p + 5);
            }
            c->data = false;
            more = true;
            long long t = nowns();
            last = t;
            if (!first) first = t;
            cnt++;
            bytes += c->msg.size();
            size_t h = c->msg.find("X-Bench-T: ");
            if (h != string::npos) lat.push_back((t - atoll(c->msg.c_str() + h + 11)) * 1e-6);
            if (durable) {
              logbuf += c->msg;
              waiting.push_back(c);
            } else
              c->out += "250 2.0.0 Ok\r\n";
            c->msg.clear();
          }
        } else {
          size_t nl = c->in.find('\n');
          if (nl == string::npos) break;
          string l = c->in.substr(0, nl);
          c->in.erase(0, nl + 1);
          more = true;
          for (char& ch : l) ch = toupper(ch);
          if (l.compare(0, 4, "DATA") == 0) {
            c->data = true;
            c->out += "354 go\r\n";
          } else if (l.compare(0, 4, "EHLO") == 0 || l.compare(0, 4, "LHLO") == 0)
            c->out += "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n";
          else if (l.compare(0, 4, "QUIT") == 0) {
            c->out += "221 bye\r\n";
            quit = true;
          } else if (defer && l.compare(0, 4, "RCPT") == 0)
            c->out += "451 4.3.0 later\r\n";
          else if (l.compare(0, 5, "XSTAT") == 0) {
            std::vector<float> v = lat;
            std::sort(v.begin(), v.end());
            char b[300];
            snprintf(b, sizeof b, "250 %ld %lld %.3f %.3f %lld %lld %ld\r\n", cnt, bytes,
                     v.empty() ? 0. : v[v.size() / 2],
                     v.empty() ? 0. : v[std::min(v.size() - 1, (size_t)(v.size() * .99))], first,
                     last, syncs);
            c->out += b;
          } else if (l.compare(0, 6, "XCOUNT") == 0)
            c->out += "250 " + std::to_string(cnt) + "\r\n";
          else if (l.compare(0, 6, "XRESET") == 0) {
            cnt = 0;
            bytes = first = last = syncs = 0;
            lat.clear();
            c->out += "250 ok\r\n";
          } else
            c->out += "250 2.1.0 Ok\r\n";
        }
        if (quit) {
          flush(c);
          close(c->fd);
          c->fd = -1;
          dead.push_back(c);
          more = false;
        }
      }
      if (c->fd >= 0) flush(c);
    }
    if (!waiting.empty()) {
      if (prealloc && logpos + (long long)logbuf.size() > (prealloc << 20)) {
        lseek(lf, 0, SEEK_SET);
        logpos = 0;
      }
      for (size_t of = 0; of < logbuf.size();) {
        ssize_t w = write(lf, logbuf.data() + of, logbuf.size() - of);
        if (w <= 0) {
          perror("write");
          return 1;
        }
        of += w;
      }
      logpos += logbuf.size();
      logbuf.clear();
      fdatasync(lf);
      syncs++;
      for (C* c : waiting)
        if (c->fd >= 0) {
          c->out += "250 2.0.0 Ok\r\n";
          flush(c);
        }
      waiting.clear();
    }
    for (C* c : dead) delete c;
    dead.clear();
  }
}
