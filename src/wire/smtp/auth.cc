// The AUTH exchange: PLAIN (RFC 4616) and LOGIN, as RFC 4954 §4 frames them.
#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "codec/base64.h"
#include "wire/smtp/session.h"

namespace ph::smtp {
namespace {

/// Overwrites a secret in a way that the compiler may not leave out.
void wipe(std::string& secret) {
  volatile char* octets = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) octets[i] = 0;
  secret.clear();
}

/// 334: no enhanced code (RFC 2034 §4). The text is base64.
Reply challenge(std::string_view octets) { return {334, "", codec::encode_base64(octets)}; }

}  // namespace

bool ServerSession::auth_usable() const {
  return options_.offer_auth && client_.account.empty() &&
         (client_.tls || options_.allow_plaintext_auth);
}

Action ServerSession::auth(std::string_view arguments) {
  const std::size_t space = std::min(arguments.find(' '), arguments.size());
  const std::string mechanism = ascii_upper(arguments.substr(0, space));
  const std::string_view initial = trimmed(arguments.substr(space));
  if (!client_.account.empty()) return send({503, "5.5.1", "You are logged in already"});
  if (!options_.offer_auth) return send({502, "5.5.1", "AUTH is not offered here"});
  if (mechanism.empty()) return send({501, "5.5.4", "Syntax: AUTH PLAIN or AUTH LOGIN"});
  if (mechanism != "PLAIN" && mechanism != "LOGIN") {
    return send({504, "5.5.4", "That mechanism is not offered; use PLAIN or LOGIN"});
  }
  if (!auth_usable()) {
    return send({538, "5.7.11",
                 options_.tls_available
                     ? "Passwords only travel encrypted here; STARTTLS first"
                     : "Passwords only travel encrypted, and there is no TLS here"});
  }
  if (initial.contains(' ')) {
    return send({501, "5.5.4", "Syntax: AUTH mechanism [initial response in base64]"});
  }
  login_ = mechanism == "PLAIN" ? Login::plain : Login::login_user;
  if (initial.empty()) {
    return send(challenge(login_ == Login::plain ? "" : "Username:"));
  }
  return on_login_line(initial == "=" ? "" : initial);  // RFC 4954 §4: "=" is the empty response
}

/// A line of the exchange, or the initial response.
Action ServerSession::on_login_line(std::string_view line) {
  if (line == "*") {
    login_ = Login::none;
    return send({501, "5.7.0", "Authentication cancelled"});
  }
  auto octets = codec::decode_base64(line);
  if (!octets) {
    login_ = Login::none;
    return send({501, "5.5.2", "That is not base64"});
  }
  return on_login_octets(*std::move(octets));
}

Action ServerSession::on_login_octets(std::string octets) {
  switch (std::exchange(login_, Login::none)) {
    case Login::plain: return check_plain(std::move(octets));
    case Login::login_user:
      if (octets.empty() || octets.size() > kCredentialOctetsMax) break;
      login_user_ = std::move(octets);
      login_ = Login::login_password;
      return send(challenge("Password:"));
    case Login::login_password:
      return ask_login("LOGIN", std::exchange(login_user_, {}), std::move(octets));
    case Login::none: break;
  }
  return send({501, "5.5.2", "The user name is empty, or longer than 1024 octets"});
}

/// message = [authzid] NUL authcid NUL passwd. RFC 4616 §2.
Action ServerSession::check_plain(std::string octets) {
  const std::string_view all = octets;
  const std::size_t first = std::min(all.find('\0'), all.size());
  const std::size_t second =
      first == all.size() ? first : std::min(all.find('\0', first + 1), all.size());
  if (second == all.size() || all.find('\0', second + 1) != all.npos) {
    wipe(octets);
    return send({501, "5.5.2", "PLAIN is [name] NUL user NUL password, in base64"});
  }
  const std::string_view identity = all.substr(0, first);
  std::string user(all.substr(first + 1, second - first - 1));
  std::string password(all.substr(second + 1));
  const bool itself = identity.empty() || same_ascii(identity, user);
  wipe(octets);
  if (!itself) {
    wipe(password);
    return send({535, "5.7.8", "To act for another user is not offered"});
  }
  return ask_login("PLAIN", std::move(user), std::move(password));
}

Action ServerSession::ask_login(std::string_view mechanism, std::string user,
                                std::string password) {
  if (user.empty() || password.empty() || user.size() > kCredentialOctetsMax ||
      password.size() > kCredentialOctetsMax) {
    wipe(password);
    return send({501, "5.5.2", "User name or password is empty, or longer than 1024 octets"});
  }
  return ask(About::login, AskLogin{std::string(mechanism), std::move(user), std::move(password)});
}

}  // namespace ph::smtp
