#include "app/daemon/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/daemon/certificates.h"
#include "app/daemon/config_values.h"
#include "app/daemon/facts.h"
#include "crypto/certificate.h"
#include "store/store.h"

namespace ph::daemon {
namespace {

std::string text_of(const Error& error) {
  return error.detail.empty() ? std::string(error.what)
                              : fmt::format("{}: {}", error.what, error.detail);
}

void check_certificate(const Config& config, rt::World& world, Problems& problems) {
  const auto files = certificate_files(config);
  const auto at = config.place("tls.certificate"), key_at = config.place("tls.key");
  const auto certificate = world.disk.read(files.certificate);
  const auto key = world.disk.read(files.key);
  for (const auto& [read, named] : {std::pair(&certificate, &at), std::pair(&key, &key_at)}) {
    if (*read) continue;
    if (files.self_made && read->error().kind == Kind::not_found) return;  // made at the start
    problems.error(*named, text_of(read->error()),
                   "the server's user must be able to read the file; or name another in [tls]");
  }
  if (!certificate || !key) return;
  const auto facts = crypto::read_certificate(*certificate);
  if (!facts) {
    problems.error(at, fmt::format("{}: {}", files.certificate, text_of(facts.error())),
                   "the file must hold a certificate in PEM form, the server's own first");
    return;
  }
  if (const auto fits = crypto::check_key_matches(*certificate, *key); !fits) {
    problems.error(key_at, fmt::format("{}: {}", files.key, text_of(fits.error())),
                   "name the key with which this very certificate was requested");
  }
  const auto now = world.clock.wall();
  const auto from = wall_of(facts->not_before_unix_s * 1000);
  const auto until = wall_of(facts->not_after_unix_s * 1000);
  if (until <= now) {
    problems.error(
        at, fmt::format("{}: the certificate expired at {}", files.certificate, format_utc(until)),
        "renew it; clients refuse it");
  } else if (from > now) {
    problems.error(at,
                   fmt::format("{}: the certificate is valid from {} only", files.certificate,
                               format_utc(from)),
                   "look at this machine's clock, or wait");
  } else if (until - now < kExpirySoon) {
    problems.warning(
        at, fmt::format("{}: the certificate expires at {}", files.certificate, format_utc(until)),
        "renew it, then send the server a SIGHUP");
  }
}

void check_addresses(const Config& config, const RunningServer& running, rt::Executor executor,
                     rt::World& world, Problems& problems) {
  for (const auto& listener : config.listeners) {
    for (const auto& at : listener.at) {
      const auto name = fmt::format("{} {}", to_string(listener.protocol), rt::to_string(at));
      const bool ours = std::ranges::any_of(running.listening, [&](const std::string& one) {
        return one.ends_with(" " + rt::to_string(at));  // another listener's after an edit, too
      });
      if (ours) continue;
      const auto bound = world.net.listen(executor, at, false);
      if (bound) continue;
      problems.error(
          {listener.line, listener.column, fmt::format("listen.{}", to_string(listener.protocol))},
          fmt::format("cannot listen on {}: {}", name, text_of(bound.error())),
          "stop the program that has the port, or choose another; ports below 1024 need "
          "a privilege");
    }
  }
}

void check_store(const Config& config, const RunningServer& running, rt::World& world,
                 Problems& problems) {
  if (running.runs) return;
  for (const auto& [url, key] :
       {std::pair(config.store, "server.store"), std::pair(config.blobs, "server.blobs")}) {
    if (!url.starts_with("file:")) continue;
    // Looking must not make a store: RocksDB's CURRENT says whether there is one.
    const auto there = world.disk.read(url.substr(5) + "/CURRENT");
    if (!there && there.error().kind == Kind::not_found) continue;
    auto opened = store::open(url, "", world);
    if (opened) {
      (*opened)->close();
      continue;
    }
    const auto at = config.place(key);
    problems.error(at,
                   at.line > 0 ? text_of(opened.error())
                               : fmt::format("{} (the default)", text_of(opened.error())),
                   opened.error().kind == Kind::refused
                       ? "another program has it open and does not answer on the admin socket, or "
                         "this user may not use it"
                       : "the folder must be on a disk that works and that this user may write to");
  }
}

}  // namespace

std::vector<Problem> check_surroundings(const Config& config, const RunningServer& running,
                                        rt::Executor executor, rt::World& world) {
  Problems problems;
  check_certificate(config, world, problems);
  check_addresses(config, running, executor, world, problems);
  check_store(config, running, world, problems);
  return problems.take();
}

}  // namespace ph::daemon
