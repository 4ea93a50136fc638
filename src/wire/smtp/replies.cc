#include "wire/smtp/replies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/idna.h"

namespace ph::smtp {
namespace {

constexpr std::size_t kShownOctetsMax = 256;  // of what came from outside, in a reply

/// A reason's reply, whatever the question; "{}" stands for Verdict::address. Codes: RFC 5321
/// §4.2.3, RFC 3463, RFC 4954 §6. Texts say what the reader can do.
struct Row {
  Reason reason;
  int code;
  std::string_view enhanced, text;
};
constexpr auto kRows = std::to_array<Row>({
    {Reason::ok, 250, "2.0.0", "Ok"},
    {Reason::moved_forwarding, 251, "2.1.5", "User not local; will forward to <{}>"},
    {Reason::moved, 551, "5.1.6", "User not local; please try <{}>"},
    {Reason::cannot_verify, 252, "2.1.5", "Cannot verify that user, but mail for it is looked at"},
    {Reason::verified, 250, "2.1.5", "<{}>"},
    {Reason::ambiguous, 553, "5.1.4", "That names several mailboxes; say the whole address"},
    {Reason::unknown_recipient, 550, "5.1.1", "No such mailbox here; check the address"},
    {Reason::relay_denied, 550, "5.7.1",
     "Not a domain of this server; log in first if you may send through it"},
    {Reason::recipient_disabled, 450, "4.2.1", "The mailbox is closed for now; try again later"},
    {Reason::quota_exceeded, 552, "5.2.2", "The mailbox is full; its owner must make room first"},
    {Reason::too_big, 552, "5.3.4", "The message is larger than this server takes"},
    {Reason::no_space, 452, "4.3.1", "No room for the message now; try again later"},
    {Reason::sender_not_owned, 550, "5.7.1",
     "The sender address is not one of the account that is logged in"},
    {Reason::sender_domain_invalid, 553, "5.1.8", "The sender's domain cannot receive mail"},
    {Reason::login_required, 530, "5.7.0", "Authentication required; log in with AUTH first"},
    {Reason::bad_credentials, 535, "5.7.8", "User name or password is wrong"},
    {Reason::login_locked, 454, "4.7.0", "Too many wrong passwords; wait before trying again"},
    {Reason::too_many_connections, 421, "4.7.0", "Too many connections; close some or try later"},
    {Reason::client_refused, 554, "5.7.1", "This server takes no mail from your address"},
    {Reason::temporary_failure, 451, "4.3.0", "This server cannot answer now; try again later"},
});
static_assert(kRows.size() == std::to_underlying(Reason::temporary_failure) + 1);
static_assert([] {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (std::to_underlying(kRows[i].reason) != i) return false;
  return true;
}());

/// The reasons that accept, and what they say where it is not the row's.
bool accepts(About about, Reason reason) {
  switch (about) {
    case About::connection:
    case About::login:
    case About::sender: return reason == Reason::ok;
    case About::recipient: return reason == Reason::ok || reason == Reason::moved_forwarding;
    case About::verification:
      return reason == Reason::ok || reason == Reason::moved_forwarding ||
             reason == Reason::cannot_verify || reason == Reason::verified;
  }
  std::unreachable();
}

const Row& row_of(Reason reason) {
  const std::size_t index = std::to_underlying(reason);
  return kRows[index < kRows.size() ? index : std::to_underlying(Reason::temporary_failure)];
}

bool is_ascii_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Reply reply_of(const Row& row, const Verdict& verdict, bool smtputf8) {
  Reply reply{row.code, std::string(row.enhanced), std::string(row.text)};
  const std::size_t mark = reply.text.find("{}");
  if (mark == std::string::npos) return reply;
  // What only the domain has beyond ASCII, all clients may be told in A-labels.
  const auto at = verdict.address.rfind('@') + 1;
  const std::string address =
      smtputf8 ? verdict.address
               : verdict.address.substr(0, at) + codec::dns_spelling(verdict.address.substr(at));
  if (!smtputf8 && !is_ascii_text(address)) {  // RFC 6531 §3.7.4.2
    if (row.reason == Reason::verified) return {252, "2.6.7", "The mailbox needs SMTPUTF8"};
    reply.text.replace(mark - 1, 4, "an address that needs SMTPUTF8");
  } else {
    reply.text.replace(mark, 2, shown(address));
  }
  return reply;
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kShownOctetsMax)) {
    const auto octet = static_cast<unsigned char>(c);
    out.push_back(octet < 0x20 || octet == 0x7f ? '?' : c);
  }
  return out;
}

VerdictReply reply_to(About about, const Verdict& verdict, bool smtputf8) {
  const bool accepted = accepts(about, verdict.reason);
  const Row* row = &row_of(verdict.reason);
  if (!accepted && row->code < 400) row = &row_of(Reason::temporary_failure);
  Reply reply = reply_of(*row, verdict, smtputf8);

  switch (about) {
    case About::connection:
      // RFC 5321 §3.1 knows 220 and 554 before the first command, §3.8 a 421 at any time.
      if (!accepted && row->reason != Reason::client_refused) {
        reply.code = 421;
        if (!reply.enhanced.starts_with('4')) reply.enhanced = "4.3.0";
      }
      break;
    case About::login:
      if (accepted) reply = {235, "2.7.0", "Logged in"};
      // RFC 4954 §6: what else may come later is 454 here, too.
      if (!accepted && reply.code < 500 && reply.code != 421) {
        reply.code = 454;
        reply.enhanced = "4.7.0";
      }
      break;
    case About::sender:
      if (accepted) reply = {250, "2.1.0", "Sender ok"};
      break;
    case About::recipient:
      if (verdict.reason == Reason::ok) reply = {250, "2.1.5", "Recipient ok"};
      break;
    case About::verification:
      if (verdict.reason == Reason::ok) reply = {252, "2.1.5", "Mail for that user is taken"};
      break;
  }
  return {reply, accepted, reply.code == 421};
}

Reply reply_to(const Received& received, std::uint64_t octets_max) {
  using What = Received::What;
  switch (received.what) {
    case What::accepted: return {250, "2.0.0", "Ok: queued as " + shown(received.queue_id)};
    case What::too_big:
      return {552, "5.3.4",
              fmt::format("The message is larger than {} octets; send it in parts", octets_max)};
    case What::line_too_long:
      return {554, "5.6.0", "A line of the message is longer than 65536 octets; encode it"};
    case What::bad_line_end:
      return {554, "5.6.0", "The message has a CR or LF alone; only CRLF ends a line"};
    case What::too_many_hops:
      return {554, "5.4.6", "Too many Received fields: the message goes round in a loop"};
    case What::no_space: return {452, "4.3.1", "No room for the message now; try again later"};
    case What::temporary:
      return {451, "4.3.0", "The message could not be stored; nothing was kept, try again later"};
    case What::refused: return {554, "5.7.1", "The message is refused"};
    case What::unproven: return {550, "5.7.1", received.text};
    case What::unprovable: return {451, "4.7.0", received.text};
  }
  std::unreachable();
}

}  // namespace ph::smtp
