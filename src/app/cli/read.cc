// posthouse read
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>

#include "app/cli/cli.h"
#include "app/cli/network.h"
#include "app/cli/output.h"
#include "app/cli/world.h"
#include "wire/pop3/client.h"

namespace ph::cli {
namespace {

using daemon::Protocol;
using pop3::ClientSession;

struct Args {
  NetworkArgs network;
  std::vector<std::uint64_t> numbers;
  bool all = false, raw = false, remove = false, print = false;
};

/// Message octets to standard output, CRLF as LF unless raw.
class Printer {
 public:
  explicit Printer(bool raw) : raw_(raw) {}
  void write(std::string_view octets) {
    if (raw_) return put(octets);
    std::string out;
    for (const char c : octets) {
      if (cr_ && c != '\n') out += '\r';
      cr_ = c == '\r';
      if (!cr_) out += c;
    }
    put(out);
  }
  void end() {
    if (cr_) put("\r");
    cr_ = false;
  }

 private:
  static void put(std::string_view octets) { std::fwrite(octets.data(), 1, octets.size(), stdout); }
  bool raw_;
  bool cr_ = false;
};

/// A number that no maildrop has stands for those that are too big: the server says so.
std::uint32_t message_number(std::uint64_t typed) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(typed, 0xffffffff));
}

/// One conversation, from the connection to QUIT.
class Reader {
 public:
  Reader(Args args, bool json, net::Connection connection, Target target, ClientSession session,
         rt::World& world)
      : args_(std::move(args)),
        json_(json),
        connection_(std::move(connection)),
        target_(std::move(target)),
        session_(std::move(session)),
        world_(world),
        printer_(args_.raw) {}

  /// The exit code; an error ended the conversation.
  Task<Result<int>> converse();

 private:
  /// Performs steps until the machine is Ready (its outcome) or Finished (true).
  Task<Result<bool>> advance();
  Task<Result<bool>> command(std::string octets);
  Task<Result<Done>> send(std::string octets);
  void print_listing() const;

  Args args_;
  bool json_;
  net::Connection connection_;
  Target target_;
  ClientSession session_;
  rt::World& world_;
  Printer printer_;
  std::string said_;  // the server's last words to a command
};

Task<Result<Done>> Reader::send(std::string octets) {
  co_return co_await connection_.send(std::move(octets), world_.clock.now() + target_.timeout);
}

Task<Result<bool>> Reader::command(std::string octets) {
  PH_CO_TRY([[maybe_unused]] const auto sent, co_await send(std::move(octets)));
  co_return co_await advance();
}

Task<Result<bool>> Reader::advance() {
  for (;;) {
    PH_CO_TRY(auto step, session_.next(connection_.input()));
    if (const auto* content = std::get_if<ClientSession::Content>(&step.action)) {
      printer_.write(content->octets);
    }
    connection_.consume(step.consumed);
    if (auto* transmit = std::get_if<ClientSession::Transmit>(&step.action)) {
      PH_CO_TRY([[maybe_unused]] const auto sent, co_await send(std::move(transmit->octets)));
    } else if (std::holds_alternative<ClientSession::Handshake>(step.action)) {
      PH_CO_TRY([[maybe_unused]] const auto safe, co_await secure(connection_, target_, world_));
      PH_CO_TRY(auto first, session_.on_tls());
      PH_CO_TRY([[maybe_unused]] const auto sent, co_await send(std::move(first)));
    } else if (auto* ready = std::get_if<ClientSession::Ready>(&step.action)) {
      said_ = std::move(ready->reply);
      co_return ready->done;
    } else if (std::holds_alternative<ClientSession::Finished>(step.action)) {
      co_return true;
    } else if (std::holds_alternative<ClientSession::Receive>(step.action)) {
      const auto deadline = world_.clock.now() + target_.timeout;
      PH_CO_TRY([[maybe_unused]] const auto got, co_await connection_.receive(deadline));
    }
  }
}

void Reader::print_listing() const {
  std::vector<std::vector<std::string>> rows{{"NUMBER", "OCTETS", "UIDL"}};
  for (const auto& message : session_.listing()) {
    if (json_) {
      print_json(
          {{"number", message.number}, {"uidl", message.unique_id}, {"octets", message.octets}});
    }
    rows.push_back(
        {std::to_string(message.number), std::to_string(message.octets), message.unique_id});
  }
  if (json_) return;
  if (rows.size() == 1) {
    fmt::print("No messages.\n");
  } else {
    print_table(rows);
  }
}

Task<Result<int>> Reader::converse() {
  PH_CO_TRY([[maybe_unused]] const bool in, co_await advance());  // greeting to login
  PH_CO_TRY(const bool listed, co_await command(session_.list()));
  if (!listed) co_return fail(Kind::refused, "the server gives no list", said_);
  auto numbers = args_.numbers;
  if (args_.all) {
    for (const auto& message : session_.listing()) numbers.push_back(message.number);
  }
  if (numbers.empty() && !args_.all) print_listing();
  int code = kFine;
  const bool print = args_.print || !args_.remove;
  for (const auto number : numbers) {
    if (print && numbers.size() > 1) fmt::print("=== message {} ===\n", number);
    bool done = true;
    if (print) {
      PH_CO_TRY(done, co_await command(session_.retrieve(message_number(number))));
      printer_.end();
    }
    if (done && args_.remove) {
      PH_CO_TRY(done, co_await command(session_.remove(message_number(number))));
    }
    if (!done) {
      complain(fmt::format("message {}: {}", number, said_),
               "'posthouse read' without N lists them");
      code = kFoundWrong;
    }
  }
  PH_CO_TRY([[maybe_unused]] const bool out, co_await command(session_.quit()));
  co_return code;
}

Task<Result<int>> read_mail(Args args, bool json, Target target, std::string password,
                            rt::World& world) {  // NOLINT: outlives the task
  PH_CO_TRY(auto connection, co_await dial(target, world));
  const bool stls =
      target.security == Security::starttls || target.security == Security::opportunistic;
  ClientSession session({args.network.user, std::move(password), stls});
  Reader reader(std::move(args), json, std::move(connection), std::move(target), std::move(session),
                world);
  co_return co_await reader.converse();
}

int read(const Common& common, const Args& args) {
  const auto target =
      find_target(common, args.network,
                  {{Protocol::pop3s, Security::tls}, {Protocol::pop3, Security::starttls}}, 995);
  if (!target) return kCouldNotRun;
  const auto password = find_password(args.network, false);
  if (!password) return kCouldNotRun;
  CommandWorld world;
  const auto code = world.run(read_mail(args, common.json, *target, *password, *world));
  if (code) return *code;
  complain(fmt::format("{}: {}{}{}", rt::to_string(target->at), code.error().what,
                       code.error().detail.empty() ? "" : ": ", code.error().detail),
           code.error().kind == Kind::refused
               ? "a self-signed certificate needs --insecure; else check --user and the password"
               : "is the server running, and are --host and --port right?");
  return code.error().kind == Kind::refused ? kFoundWrong : kCouldNotRun;
}

}  // namespace

void add_read(Command program, Common& common) {
  auto command = program.add("read", "list, print and delete mail over POP3");
  const auto args = std::make_shared<Args>();
  command.numbers("N", args->numbers, "numbers of messages to print; none: list");
  command.flag("--all", args->all, "every message");
  command.flag("--raw", args->raw, "keep CRLF line ends");
  auto remove = command.flag("--delete", args->remove, "delete them (and do not print)");
  command.flag("--print", args->print, "with --delete: print them first").needs(remove);
  add_network_arguments(command, args->network).required();
  command.notes(
      "Examples:\n"
      "  posthouse read --user bob@example.test -k\n"
      "  posthouse read --user bob@example.test -k 1 > message.eml\n"
      "  posthouse read --user bob@example.test --host 192.0.2.1 --all --delete --print\n");
  command.on_run(common, [&common, args] { return read(common, *args); });
}

}  // namespace ph::cli
