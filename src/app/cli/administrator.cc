#include "app/cli/administrator.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "app/cli/output.h"
#include "app/cli/world.h"
#include "app/daemon/admin_socket.h"
#include "app/daemon/house.h"
#include "net/connection.h"
#include "rt/os/unix_socket.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using daemon::Config;

Task<Result<std::string>> over_socket(std::string path, std::string request,
                                      rt::World& world) {  // NOLINT: outlives the task
  const auto deadline = world.clock.now() + daemon::kAdminDeadline;
  PH_CO_TRY(auto stream, co_await rt::os::connect_unix(std::move(path), deadline));
  net::Connection connection(std::move(stream));
  request += '\n';
  PH_CO_TRY([[maybe_unused]] const auto sent,
            co_await connection.send(std::move(request), deadline));
  // Gathered here: a connection keeps only so much that nobody consumes.
  std::string reply;
  for (;;) {
    const auto input = connection.input();
    const auto end = input.find('\n');
    reply += input.substr(0, end);
    if (end != input.npos) co_return reply;
    connection.consume(input.size());
    if (reply.size() > daemon::kAdminReplyOctetsMax) {
      co_return fail(Kind::over_limit, "the server's reply is too long");
    }
    PH_CO_TRY([[maybe_unused]] const auto got, co_await connection.receive(deadline));
  }
}

Task<Result<std::string>> in_the_store(Config config, std::string request,
                                       rt::World& world) {  // NOLINT: outlives the task
  const auto executor = co_await boost::asio::this_coro::executor;
  PH_CO_TRY(auto house, daemon::House::open(config, world, executor));
  const auto started = co_await house->start();
  if (!started) {
    co_await house->finish();
    co_return std::unexpected(started.error());
  }
  const daemon::ServerFacts nobody{std::string(kVersion), config.hostname, config.store, {}};
  auto reply = co_await daemon::answer_admin(std::move(request), house->admin(nobody));
  co_await house->finish();
  co_return reply;
}

Result<json::object> parse_reply(const std::string& reply) {
  boost::system::error_code error;
  auto parsed = json::parse(reply, error);
  if (error || !parsed.is_object() || !parsed.get_object().contains("ok")) {
    return fail(Kind::malformed, "the server's reply makes no sense", error.message());
  }
  return std::move(parsed.get_object());
}

bool nobody_there(const Error& error) {
  return error.kind == Kind::not_found || error.kind == Kind::unavailable;
}

int code_of(const Error& error) {
  switch (error.kind) {
    case Kind::malformed:
    case Kind::refused:
    case Kind::not_found:
    case Kind::over_limit:
    case Kind::conflict: return kFoundWrong;
    default: return kCouldNotRun;
  }
}

int code_of_kind(std::string_view name) {
  for (int kind = 0; kind <= std::to_underlying(Kind::cancelled); ++kind) {
    const auto each = static_cast<Kind>(kind);
    if (to_string(each) == name) return code_of(Error{each, {}, {}, {}});
  }
  return kCouldNotRun;
}

}  // namespace

std::optional<daemon::ConfigRead> read_found_config(const Common& common) {
  CommandWorld world;
  std::vector<std::string> files{"posthouse.toml", "/etc/posthouse/posthouse.toml"};
  if (!common.config_file.empty()) files = {common.config_file};
  for (const auto& file : files) {
    auto read = daemon::load_config(world->disk, file);
    if (read) return std::move(*read);
    const bool may_be_missing = common.config_file.empty() && read.error().kind == Kind::not_found;
    if (may_be_missing) continue;
    complain(read.error(), "name a readable configuration with --config");
    return std::nullopt;
  }
  return daemon::ConfigRead{daemon::default_config(), {}};
}

std::optional<Config> find_config(const Common& common) {
  auto read = read_found_config(common);
  if (!read) return std::nullopt;
  if (read->ok()) return std::move(read->config);
  complain(*read, read->config.file);
  complain("the configuration has errors", "'posthouse check' says all of it");
  return std::nullopt;
}

Result<json::object> ask_server(const Config& config, json::object request) {
  CommandWorld world;
  PH_TRY(const auto reply, world.run(over_socket(daemon::admin_socket_path(config),
                                                 json::serialize(request), *world)));
  return parse_reply(reply);
}

std::optional<json::object> ask(const Common& common, json::object request, int& code,
                                std::string_view hint) {
  code = kCouldNotRun;
  const auto config = find_config(common);
  if (!config) return std::nullopt;
  auto reply = ask_server(*config, request);
  if (!reply && nobody_there(reply.error())) {
    CommandWorld world;
    const auto answered = world.run(in_the_store(*config, json::serialize(request), *world));
    if (!answered) {
      complain(
          answered.error(),
          answered.error().kind == Kind::refused
              ? fmt::format("another program holds the store, and no server answers on {}: stop "
                            "it, or wait until it has started",
                            daemon::admin_socket_path(*config))
              : "'posthouse check' looks at store and configuration");
      return std::nullopt;
    }
    reply = parse_reply(*answered);
  }
  if (!reply) {
    complain(reply.error(), "is the server well? its log says what it does");
    return std::nullopt;
  }
  if (reply->at("ok") == json::value(true)) {
    code = kFine;
    return std::move(*reply);
  }
  complain(shown(*reply, "error"), hint);
  code = code_of_kind(shown(*reply, "kind"));
  return std::nullopt;
}

}  // namespace ph::cli
