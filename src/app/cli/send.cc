// posthouse send
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "app/cli/cli.h"
#include "app/cli/compose.h"
#include "app/cli/input.h"
#include "app/cli/network.h"
#include "app/cli/output.h"
#include "app/cli/world.h"
#include "app/daemon/facts.h"
#include "wire/smtp/client.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using daemon::Protocol;
using smtp::ClientSession;

inline constexpr std::size_t kSendOctetsMax = 256 << 20;
inline constexpr std::size_t kSendChunkOctets = 256 << 10;

struct Args {
  NetworkArgs network;
  std::string from, subject, file;
  std::vector<std::string> to;
  bool raw = false;
};

/// What is to be sent, and to whom.
struct Outgoing {
  smtp::Letter letter;
  std::string content;
};

Task<Result<Done>> send_content(net::Connection& connection,  // NOLINT: awaited on the spot
                                ClientSession& session, const std::string& content, Target target,
                                rt::World& world) {
  std::size_t at = 0;
  do {
    const std::string_view piece = std::string_view(content).substr(at, kSendChunkOctets);
    at += piece.size();
    std::string octets = session.content(piece, at == content.size());
    const auto deadline = world.clock.now() + target.timeout;
    PH_CO_TRY([[maybe_unused]] const auto sent,
              co_await connection.send(std::move(octets), deadline));
  } while (at < content.size());
  co_return Done{};
}

/// Runs the conversation. What is known when the connection is lost stays in `report`.
Task<Result<Done>> converse(net::Connection& connection,  // NOLINT: awaited on the spot
                            ClientSession& session, smtp::ClientReport& report,
                            const std::string& content, Target target, rt::World& world) {
  for (;;) {
    auto step = session.next(connection.input());
    connection.consume(step.consumed);
    if (auto* transmit = std::get_if<ClientSession::Transmit>(&step.action)) {
      std::string octets = std::move(transmit->octets);
      const auto deadline = world.clock.now() + target.timeout;
      PH_CO_TRY([[maybe_unused]] const auto sent,
                co_await connection.send(std::move(octets), deadline));
    } else if (std::holds_alternative<ClientSession::Handshake>(step.action)) {
      PH_CO_TRY([[maybe_unused]] const auto safe, co_await secure(connection, target, world));
      session.on_tls();
    } else if (std::holds_alternative<ClientSession::SendContent>(step.action)) {
      PH_CO_TRY([[maybe_unused]] const auto sent,
                co_await send_content(connection, session, content, target, world));
    } else if (std::holds_alternative<ClientSession::Settled>(step.action)) {
      report = session.report();
      session.quit();
    } else if (std::holds_alternative<ClientSession::Finished>(step.action)) {
      co_return Done{};
    } else {
      const auto deadline = world.clock.now() + target.timeout;
      PH_CO_TRY([[maybe_unused]] const auto got, co_await connection.receive(deadline));
    }
  }
}

Task<Result<smtp::ClientReport>> submit(Outgoing outgoing, Target target, std::string user,
                                        std::string password,
                                        rt::World& world) {  // NOLINT: outlives the task
  PH_CO_TRY(auto connection, co_await dial(target, world));
  smtp::ClientOptions options;
  options.hostname = rt::address_literal(connection.local().ip);
  options.tls = connection.tls();
  using StartTls = smtp::ClientOptions::StartTls;
  options.starttls = target.security == Security::starttls        ? StartTls::required
                     : target.security == Security::opportunistic ? StartTls::if_offered
                                                                  : StartTls::never;
  options.user = std::move(user);
  options.password = std::move(password);
  options.allow_plaintext_auth = target.security == Security::plain;
  ClientSession session(std::move(options));
  session.begin(std::move(outgoing.letter));
  smtp::ClientReport report;
  const auto ended =
      co_await converse(connection, session, report, outgoing.content, target, world);
  // Once it is settled nothing that happens to the connection matters any more.
  if (!ended && report.recipients.empty()) {
    Error lost = ended.error();
    if (session.in_doubt()) lost.detail += " (the server may have taken the message all the same)";
    co_return std::unexpected(std::move(lost));
  }
  if (report.fault) co_return std::unexpected(*std::move(report.fault));
  co_return report;
}

std::optional<message::Address> address_of(std::string_view text, std::string_view flag) {
  auto parsed = message::parse_address(text);
  if (parsed) return *parsed;
  complain(fmt::format("{} \"{}\": {}", flag, text, parsed.error().what),
           "write an address such as alice@example.test");
  return std::nullopt;
}

std::optional<std::vector<message::Address>> recipients_of(const Args& args) {
  std::vector<message::Address> out;
  for (std::string_view list : args.to) {
    while (!list.empty()) {
      const auto comma = std::min(list.find(','), list.size());
      const auto address = address_of(list.substr(0, comma), "--to");
      if (!address) return std::nullopt;
      out.push_back(*address);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  return out;
}

std::optional<Outgoing> prepare(const Args& args) {
  Outgoing out;
  const auto from = args.from.empty() ? args.network.user : args.from;
  if (from.empty()) {
    complain("who is the sender?", "give --from ADDRESS (or <>), or --user ADDRESS");
    return std::nullopt;
  }
  if (from != "<>") {
    const auto sender = address_of(from, "--from");
    if (!sender) return std::nullopt;
    out.letter.sender = *sender;
  }
  auto recipients = recipients_of(args);
  if (!recipients) return std::nullopt;
  out.letter.recipients = std::move(*recipients);
  auto body = read_input(args.file, kSendOctetsMax);
  if (!body) return std::nullopt;
  if (args.raw) {
    out.content = std::move(*body);
  } else {
    CommandWorld world;
    Composition what{out.letter.sender,  out.letter.recipients, args.subject, std::move(*body), {},
                     world->clock.wall()};
    const auto domain = out.letter.sender.domain.empty() ? "localhost" : out.letter.sender.domain;
    what.message_id = fmt::format("{:016x}{:016x}.posthouse@{}", world->random.below(~0ULL),
                                  world->random.below(~0ULL), domain);
    out.content = compose(what);
  }
  out.letter.octets = out.content.size();
  out.letter.eight_bit = std::ranges::any_of(
      out.content, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return out;
}

std::string one_line(const smtp::RemoteReply& reply) {
  std::string out = std::to_string(reply.code);
  if (!reply.enhanced.empty()) out += " " + reply.enhanced;
  for (const auto& line : reply.lines) out += " " + line;
  return daemon::utf8_only(printable(out));
}

/// "queued as ID" is what this server says; another's reply has no id that we know of.
std::string queue_id_of(const smtp::RemoteReply& reply) {
  constexpr std::string_view kMark = "queued as ";
  for (const auto& line : reply.lines) {
    const auto at = line.find(kMark);
    if (at == std::string::npos) continue;
    const auto id = std::string_view(line).substr(at + kMark.size());
    return std::string(id.substr(0, id.find_first_of(" ;,")));
  }
  return "";
}

int tell(const Common& common, const std::string& from, const smtp::ClientReport& report) {
  const auto* decisive = report.decisive.code == 0 ? nullptr : &report.decisive;
  const auto reply = decisive ? one_line(*decisive) : report.trouble;
  const auto queue_id = report.accepted && decisive ? queue_id_of(*decisive) : std::string();
  json::array accepted, refused;
  for (const auto& recipient : report.recipients) {
    const auto to = daemon::utf8_only(message::to_string(recipient.address));
    const bool replied = recipient.stage == smtp::Stage::rcpt && recipient.reply.code != 0;
    if (replied || (recipient.stage == smtp::Stage::local && report.accepted)) {
      const auto why = replied ? one_line(recipient.reply) : recipient.trouble;
      refused.push_back(json::object{{"to", to}, {"reply", why}});
      complain(fmt::format("{} refused: {}", to, why));
    } else if (recipient.accepted()) {
      accepted.emplace_back(to);
    }
  }
  const bool fine = report.accepted && refused.empty();
  if (!report.accepted) {
    complain(fmt::format("the server did not take the message: {}", printable(reply)),
             report.trouble.contains("STARTTLS") || !decisive
                 ? "--tls, --starttls or --plain choose the security"
                 : "the reply says why; nothing was sent");
  }
  if (common.json) {
    json::object out{{"queue_id", nullptr},
                     {"reply", daemon::utf8_only(reply)},
                     {"from", from},
                     {"accepted", std::move(accepted)},
                     {"refused", std::move(refused)}};
    if (!queue_id.empty()) out["queue_id"] = queue_id;
    print_json(out);
  } else if (report.accepted) {
    fmt::print("{}\n", queue_id.empty() ? reply : queue_id);
  }
  return fine ? kFine : kFoundWrong;
}

int send(const Common& common, const Args& args) {
  const bool log_in = !args.network.user.empty();
  const std::vector<Preferred> preferred =
      log_in ? std::vector<Preferred>{{Protocol::submissions, Security::tls},
                                      {Protocol::submission, Security::starttls}}
             : std::vector<Preferred>{{Protocol::smtp, Security::opportunistic}};
  const auto target = find_target(common, args.network, preferred, log_in ? 587 : 25);
  if (!target) return kCouldNotRun;
  std::string password;
  if (log_in) {
    const bool stdin_taken = args.file.empty() || args.file == "-";
    auto found = find_password(args.network, stdin_taken);
    if (!found) return kCouldNotRun;
    password = std::move(*found);
  }
  const auto outgoing = prepare(args);
  if (!outgoing) return kCouldNotRun;
  const auto from = message::to_string(outgoing->letter.sender);
  CommandWorld world;
  const auto report = world.run(submit(*outgoing, *target, args.network.user, password, *world));
  if (report) return tell(common, daemon::utf8_only(from), *report);
  complain(fmt::format("{}: {}{}{}", rt::to_string(target->at), report.error().what,
                       report.error().detail.empty() ? "" : ": ", report.error().detail),
           report.error().kind == Kind::refused
               ? "a self-signed certificate needs --insecure"
               : "is the server running, and are --host and --port right?");
  return kCouldNotRun;
}

}  // namespace

void add_send(Command program, Common& common) {
  auto command = program.add("send", "submit one message over SMTP; prints its queue id");
  const auto args = std::make_shared<Args>();
  command.text("--from", args->from, "the sender; default: --user; <> for none");
  command.texts("--to", args->to, "a recipient, or several with commas; may be repeated")
      .required();
  command.text("--subject", args->subject, "the subject");
  command.flag("--raw", args->raw, "FILE is a whole message with its header, sent as it is");
  command.text("FILE", args->file, "the body; default and -: standard input");
  add_network_arguments(command, args->network);
  command.notes(
      "Without --user it goes to the server's smtp listener, with --user to its submission.\n\n"
      "Examples:\n"
      "  echo Hello | posthouse send --from alice@example.test --to bob@example.test --subject Hi\n"
      "  posthouse send --user alice@example.test --to bob@example.test -k --subject Hi "
      "letter.txt\n"
      "  posthouse send --raw --from '<>' --to bob@example.test --host 127.0.0.1 --port 25 "
      "m.eml\n");
  command.on_run(common, [&common, args] { return send(common, *args); });
}

}  // namespace ph::cli
