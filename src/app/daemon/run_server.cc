// The process around a Server: event loops, signals, and the way down.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <utility>

#include "app/daemon/server.h"
#include "rt/os/event_loops.h"
#include "rt/os/open_files.h"
#include "rt/os/processors.h"
#include "rt/os/resolver.h"
#include "rt/os/signals.h"
#include "rt/os/world.h"

namespace ph::daemon {
namespace {

Task<void> run_to(Server& server, std::promise<Result<bool>>& ended) {  // NOLINT: outlive the loops
  auto result = co_await server.run();
  ended.set_value(std::move(result));
}

}  // namespace

Result<Done> run_server(Config config, ServeOptions options) {
  const auto log =
      make_log(config.log.json ? LogFormat::json : LogFormat::logfmt, config.log.level);
  const std::size_t files = rt::os::raise_open_files_limit();
  if (files < config.limits.connections + kOpenFilesBeside)
    log->write(
        rt::Level::warning, "start.few_files",
        {{"limit", std::to_string(files)},
         {"why",
          fmt::format("[limits] connections = {} needs about {}; raise the limit of open "
                      "files (ulimit -Hn, LimitNOFILE=) or lower connections",
                      config.limits.connections, config.limits.connections + kOpenFilesBeside)}});
  const auto threads = static_cast<unsigned>(
      config.threads > 0 ? config.threads
                         : std::clamp<std::size_t>(rt::os::processors(), 1, kThreadsMax));
  rt::os::OsWorld world(*log, std::max(threads, rt::os::kWorkerThreads));
  PH_TRY(auto certificate, load_certificate(config, world));

  PH_TRY(auto resolver, rt::os::make_resolver({.servers = config.dns_servers}));
  rt::os::EventLoops loops(threads);
  const auto executors = loops.executors();
  PH_TRY(auto house, House::open(config, world, executors.front()));
  Server server(std::move(config), std::move(options), *log, std::move(house), *resolver,
                std::move(certificate), executors);

  bool stopping = false;
  rt::os::Signals signals(executors.front(), [&](rt::os::Signal signal) {
    if (signal == rt::os::Signal::reload) return server.reload();
    if (std::exchange(stopping, true)) {
      log->write(rt::Level::warning, "stop.forced", {{"why", "second signal"}});
      std::_Exit(1);  // what was acknowledged is on disk
    }
    server.stop();
  });
  std::promise<Result<bool>> ended;
  auto outcome = ended.get_future();
  rt::spawn(executors.front(), run_to(server, ended));
  loops.run();
  auto result = outcome.get();
  resolver->close();
  // A session that does not end even when closed would wake up in rooms that are gone. The store is
  // closed and everything is on disk: end here.
  if (result && !*result) std::_Exit(0);
  loops.stop();
  loops.join();
  if (!result) return std::unexpected(std::move(result).error());
  return Done{};
}

}  // namespace ph::daemon
