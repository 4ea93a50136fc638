// The command table, and what each command does. RFC 5321 §4.1.1.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "wire/smtp/command.h"
#include "wire/smtp/replies.h"
#include "wire/smtp/session.h"

namespace ph::smtp {

/// What cuts across commands is a column; what is special is a function.
struct ServerSession::Command {
  Usage usage;           // its syntax is empty where HELP does not show it
  std::uint8_t allowed;  // phases; in any other 503 5.5.1, before the function runs
  bool arguments;        // may have some; otherwise 501 5.5.4
  bool needs_login;      // 530 5.7.0 where the listener requires AUTH
  bool ends_group;       // must be the last of a pipelined group; RFC 2920 §3.1
  bool idle;             // moves no mail: kIdleCommandsMax of them in a row, then 421
  Action (ServerSession::*run)(std::string_view arguments);
};

std::span<const ServerSession::Command> ServerSession::commands() {
  using S = ServerSession;
  constexpr std::uint8_t any =
      in(Phase::connected, Phase::greeted, Phase::has_sender, Phase::has_recipient);
  constexpr std::uint8_t all = any | in(Phase::refused);
  constexpr std::uint8_t mail = in(Phase::has_sender, Phase::has_recipient);
  constexpr bool yes = true, no = false;
  // clang-format off
  static constexpr auto table = std::to_array<Command>({
      // verb, syntax, spec                                      allowed              args login ends idle
      {{"AUTH", "AUTH PLAIN|LOGIN [initial-response]", "RFC 4954 §4"}, in(Phase::greeted), yes, no, yes, yes, &S::auth},
      {{"CONNECT", "", "RFC 9110 §9.3.6"},                       all,                 yes, no,  yes, no,  &S::foreign},
      {{"DATA", "DATA", "RFC 5321 §4.1.1.4"},                    mail,                no,  no,  yes, no,  &S::data},
      {{"EHLO", "EHLO name", "RFC 5321 §4.1.1.1"},               any,                 yes, no,  yes, yes, &S::ehlo},
      {{"EXPN", "", "RFC 5321 §4.1.1.7"},                        any,                 yes, no,  yes, yes, &S::expn},
      {{"GET", "", "RFC 9110 §9.3.1"},                           all,                 yes, no,  yes, no,  &S::foreign},
      {{"HEAD", "", "RFC 9110 §9.3.2"},                          all,                 yes, no,  yes, no,  &S::foreign},
      {{"HELO", "HELO name", "RFC 5321 §4.1.1.1"},               any,                 yes, no,  yes, yes, &S::helo},
      {{"HELP", "HELP [command|STATUS]", "RFC 5321 §4.1.1.8"},   any,                 yes, no,  yes, yes, &S::help},
      {{"MAIL", "MAIL FROM:<address> [SIZE=octets] [BODY=7BIT|8BITMIME] [SMTPUTF8] [AUTH=address] "
        "[RET=FULL|HDRS] [ENVID=xtext]",
        "RFC 5321 §4.1.1.2"},                                    in(Phase::greeted),  yes, yes, no,  yes, &S::mail},
      {{"NOOP", "NOOP [text]", "RFC 5321 §4.1.1.9"},             any,                 yes, no,  yes, yes, &S::noop},
      {{"OPTIONS", "", "RFC 9110 §9.3.7"},                       all,                 yes, no,  yes, no,  &S::foreign},
      {{"POST", "", "RFC 9110 §9.3.3"},                          all,                 yes, no,  yes, no,  &S::foreign},
      {{"PUT", "", "RFC 9110 §9.3.4"},                           all,                 yes, no,  yes, no,  &S::foreign},
      {{"QUIT", "QUIT", "RFC 5321 §4.1.1.10"},                   all,                 no,  no,  yes, no,  &S::quit},
      {{"RCPT", "RCPT TO:<address> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;xtext]",
        "RFC 5321 §4.1.1.3"},                                    mail,                yes, no,  no,  no,  &S::rcpt},
      {{"RSET", "RSET", "RFC 5321 §4.1.1.5"},                    any,                 no,  no,  no,  yes, &S::rset},
      {{"SAML", "", "RFC 821 §3.4"},                             any,                 yes, no,  yes, yes, &S::unimplemented},
      {{"SEND", "", "RFC 821 §3.4"},                             any,                 yes, no,  yes, yes, &S::unimplemented},
      {{"SOML", "", "RFC 821 §3.4"},                             any,                 yes, no,  yes, yes, &S::unimplemented},
      {{"STARTTLS", "STARTTLS", "RFC 3207 §4"}, in(Phase::connected, Phase::greeted), no,  no,  yes, yes, &S::starttls},
      {{"TURN", "", "RFC 821 §3.8"},                             any,                 yes, no,  yes, yes, &S::unimplemented},
      {{"VRFY", "VRFY address [SMTPUTF8]", "RFC 5321 §4.1.1.6"}, any,                 yes, no,  yes, yes, &S::vrfy},
  });
  // clang-format on
  constexpr auto verb = [](const Command& c) { return c.usage.verb; };
  static_assert(std::ranges::is_sorted(table, {}, verb));  // binary search below
  return table;
}

const ServerSession::Command* ServerSession::find_command(std::string_view verb) {
  const auto name = [](const Command& c) { return c.usage.verb; };
  const auto found = std::ranges::lower_bound(commands(), verb, {}, name);
  return found != commands().end() && found->usage.verb == verb ? &*found : nullptr;
}

Action ServerSession::on_line(std::string_view line) {
  PH_CHECK(awaits_ == Awaits::line);
  if (line.size() + 2 > kAuthLineOctetsMax) return on_line_too_long();
  if (login_ != Login::none) return on_login_line(line);

  line = line.substr(0, line.find_last_not_of(" \t") + 1);  // RFC 5321 §4.1.1 tolerates those
  const std::size_t space = std::min(line.find(' '), line.size());
  constexpr std::size_t kVerbOctetsMax = 16;  // a longer word is no verb, and is not copied
  const std::string verb = ascii_upper(line.substr(0, std::min(space, kVerbOctetsMax)));
  const std::string_view arguments = line.substr(std::min(space + 1, line.size()));
  if (line.size() + 2 > kCommandLineOctetsMax && verb != "AUTH") return on_line_too_long();

  const Command* const command = find_command(verb);
  flush_ = command == nullptr || command->ends_group;
  if (command == nullptr) return send({500, "5.5.2", "Unknown command; HELP lists the known ones"});
  if ((command->allowed & in(phase_)) == 0) {
    return send(
        {503, "5.5.1",
         phase_ == Phase::refused     ? "Only QUIT is left"
         : phase_ == Phase::connected ? "Say EHLO first"
                                      : "Not now: the order is MAIL, RCPT, DATA; RSET starts anew"},
        flush_);
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(line, control)) {
    return send({501, "5.5.2", "The line has control characters"}, flush_);
  }
  if (!arguments.empty() && !command->arguments) {
    return send({501, "5.5.4", fmt::format("{} has no arguments", verb)}, flush_);
  }
  if (command->needs_login && options_.require_login && client_.account.empty()) {
    const bool tls_first = options_.tls_available && !auth_usable();
    return send({530, "5.7.0",
                 tls_first ? "Say STARTTLS first, then log in with AUTH"
                           : "Authentication required; log in with AUTH first"},
                flush_);
  }
  if (command->idle && ++idle_commands_ > kIdleCommandsMax) {
    return close({421, "4.7.0", "Too many commands without a message; closing"});
  }
  return (this->*command->run)(arguments);
}

std::span<const ServerSession::Usage> ServerSession::usages() {
  static const std::vector<Usage> all = [] {
    std::vector<Usage> out;
    for (const Command& command : commands())
      if (!command.usage.syntax.empty()) out.push_back(command.usage);
    return out;
  }();
  return all;
}

Action ServerSession::helo(std::string_view arguments) {
  auto name = parse_helo(arguments, options_.strict_addresses);
  if (!name) return send(std::move(name).error());
  return say_hello(*std::move(name), false);
}

Action ServerSession::ehlo(std::string_view arguments) {
  auto name = parse_helo(arguments, options_.strict_addresses);
  if (!name) return send(std::move(name).error());
  return say_hello(*std::move(name), true);
}

/// RFC 5321 §4.1.4: a new EHLO has the effect of RSET as well.
Action ServerSession::say_hello(std::string name, bool esmtp) {
  end_transaction();
  phase_ = Phase::greeted;
  client_.helo = std::move(name);
  client_.esmtp = esmtp;
  // Nothing of what the client said is repeated: it may be a script's input to another protocol.
  std::string text = fmt::format("{} greets [{}]", options_.hostname, client_.ip);
  if (esmtp) text += keywords();
  return send({250, "", std::move(text)});
}

/// The lines of the EHLO reply after the first. RFC 5321 §4.1.1.1.
std::string ServerSession::keywords() const {
  std::string lines =
      fmt::format("\nPIPELINING\nSIZE {}\n8BITMIME\nSMTPUTF8\nDSN\nENHANCEDSTATUSCODES",
                  options_.message_octets_max);
  if (options_.tls_available && !client_.tls) lines += "\nSTARTTLS";
  if (auth_usable()) lines += "\nAUTH PLAIN LOGIN";
  return lines + "\nHELP";
}

Action ServerSession::mail(std::string_view arguments) {
  if (messages_ >= options_.messages_max) {
    return close({421, "4.7.0", "Enough messages for one connection; connect again"});
  }
  auto parsed = parse_mail(arguments, options_.strict_addresses);
  if (!parsed) return send(std::move(parsed).error(), flush_);
  if (parsed->declared_octets.value_or(0) > options_.message_octets_max) {
    return send(reply_to(Received{Received::What::too_big}, options_.message_octets_max), flush_);
  }
  envelope_.sender = parsed->sender;
  envelope_.declared_octets = parsed->declared_octets;
  envelope_.body = parsed->body;
  envelope_.smtputf8 = parsed->smtputf8;
  envelope_.ret = parsed->ret;
  envelope_.envelope_id = std::move(parsed->envelope_id);
  return ask(About::sender, AskSender{parsed->sender, parsed->declared_octets, parsed->smtputf8});
}

Action ServerSession::rcpt(std::string_view arguments) {
  if (++recipient_tries_ > kRecipientTriesMax) {
    return close({421, "4.7.0", "Too many recipients; closing"});
  }
  auto parsed = parse_rcpt(arguments, options_.strict_addresses, envelope_.smtputf8);
  if (!parsed) return send(std::move(parsed).error(), flush_);
  const std::size_t count = envelope_.recipients.size();
  if (count >= options_.recipients_max) {  // RFC 5321 §4.5.3.1.10
    return send({452, "4.5.3", "Too many recipients; send to the rest in another message"}, flush_);
  }
  recipient_ = std::move(parsed->recipient);
  recipient_options_ = std::move(parsed->options);
  return ask(About::recipient,
             AskRecipient{envelope_.sender, recipient_, envelope_.declared_octets, count});
}

Action ServerSession::data(std::string_view) {
  if (phase_ != Phase::has_recipient) {  // RFC 5321 §3.3
    return send(recipient_tries_ > 0 ? Reply{554, "5.5.1", "No valid recipients"}
                                     : Reply{503, "5.5.1", "Say RCPT first"});
  }
  envelope_.client = client_;
  awaits_ = Awaits::data;
  return ReceiveData{std::exchange(envelope_, {}), options_.message_octets_max,
                     Reply{354, "", "Go ahead; end with <CR><LF>.<CR><LF>"}};
}

Action ServerSession::rset(std::string_view) {
  end_transaction();
  return send({250, "2.0.0", "Ok"}, flush_);
}

Action ServerSession::noop(std::string_view) { return send({250, "2.0.0", "Ok"}); }

Action ServerSession::quit(std::string_view) {
  return close({221, "2.0.0", options_.hostname + " closes the connection; goodbye"});
}

Action ServerSession::vrfy(std::string_view arguments) {
  auto parsed = parse_verify(arguments);
  if (!parsed) return send(std::move(parsed).error());
  verify_smtputf8_ = parsed->smtputf8;
  return ask(About::verification, AskVerify{std::move(parsed->text)});
}

/// Lists show who reads them: known, and never answered (RFC 5321 §3.5.1, §7.3).
Action ServerSession::expn(std::string_view) {
  return send({502, "5.5.1", "Lists are not expanded here"});
}

/// RFC 5321 appendix F.6: obsolete since RFC 2821.
Action ServerSession::unimplemented(std::string_view) {
  return send({502, "5.5.1", "That command is obsolete and not implemented; use MAIL"});
}

/// A web browser that was led here would go on with lines of its choice: end it at once.
Action ServerSession::foreign(std::string_view) {
  return close({554, "5.5.1", "This is a mail server; it does not speak HTTP"});
}

Action ServerSession::help(std::string_view arguments) {
  const std::string topic = ascii_upper(trimmed(arguments));
  if (topic == "STATUS") return send(status());
  if (topic.empty()) {
    std::string verbs;
    for (const Usage& usage : usages()) verbs += ' ' + std::string(usage.verb);
    return send({214, "2.0.0",
                 "Commands:" + verbs + "\nHELP command shows its form, HELP STATUS this session"});
  }
  const Command* const command = find_command(topic);
  if (command == nullptr || command->run == &ServerSession::foreign) {
    return send({504, "5.5.4", "No help on that; HELP lists the commands"});
  }
  const bool offered = !command->usage.syntax.empty();
  return send({214, "2.0.0",
               offered
                   ? fmt::format("{}\n{}", command->usage.syntax, command->usage.spec)
                   : fmt::format("{} is known and not offered ({})", topic, command->usage.spec)});
}

/// 211, system status: what the server knows of this session. RFC 5321 §4.2.2.
Reply ServerSession::status() const {
  return {
      211, "2.0.0",
      fmt::format("{} Posthouse\nYour address: [{}]\nTLS: {}\nLogged in: {}\n"
                  "Messages accepted in this session: {}\n"
                  "A message may have {} octets and {} recipients",
                  options_.hostname, client_.ip, client_.tls ? shown(client_.tls_version) : "no",
                  client_.account.empty() ? "no" : "yes", messages_, options_.message_octets_max,
                  options_.recipients_max)};
}

Action ServerSession::starttls(std::string_view) {
  if (client_.tls) return send({503, "5.5.1", "TLS is active already"});
  if (!options_.tls_available) return send({454, "4.7.0", "TLS is not available here"});
  if (!client_.account.empty()) return send({503, "5.5.1", "Too late: you are logged in"});
  awaits_ = Awaits::tls;
  return StartTls{Reply{220, "2.0.0", "Ready for TLS"}};
}

}  // namespace ph::smtp
