// The reasons for which mail is not delivered, in words for those who are no experts.
#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "message/dsn_parts.h"

namespace ph::message {
namespace {

constexpr std::string_view kCheck =
    "Check the address for typing errors. If it is right, ask the recipient in another way for an "
    "address that works.";
constexpr std::string_view kLater =
    "Try again later. If it keeps failing, tell the recipient in another way.";
constexpr std::string_view kTellThem =
    "Tell the recipient in another way, so that they can ask those who run their mail server.";
constexpr std::string_view kTellUs =
    "Ask the postmaster of this server (see below), and pass on this message.";
constexpr std::string_view kSmaller =
    "Send it in several smaller messages, or put the files where the recipient can fetch them.";
constexpr std::string_view kPolicy =
    "If the other server gave a reason, it stands below. If that does not help, tell the recipient "
    "in another way, or ask the postmaster of this server.";
constexpr std::string_view kNotProven =
    "Ask those who run the mail of your own domain; the words of the other server below will help "
    "them.";

constexpr std::string_view kUnsafe =
    "The recipient's mail server could not be reached over a connection that is safe enough.";

struct Row {
  std::string_view code;  // subject.detail; subject alone: any other detail
  Advice advice;
};

// RFC 3463 §3; 1.10, 7.27: RFC 7505 §4; 6.7, 6.9: RFC 6531 §3.5; 7.20 to 7.26: RFC 7372 §3; 7.30:
// RFC 8689 §5.
constexpr auto kTable = std::to_array<Row>({
    {"1", {"There is something wrong with the recipient's address.", kCheck}},
    {"1.1", {"There is no mailbox with this address.", kCheck}},
    {"1.10", {"The recipient's domain takes no mail at all.", kCheck}},
    {"1.2", {"The recipient's domain, the part behind the @, does not exist.", kCheck}},
    {"1.3", {"The recipient's server does not understand the address.", kCheck}},
    {"1.4", {"The recipient's server knows several mailboxes that this could be.", kCheck}},
    {"1.6", {"The recipient has moved, and left no new address.", kCheck}},
    {"1.7", {"The recipient's server does not understand your own address.", kTellUs}},
    {"1.8", {"The recipient's server does not accept the domain of your own address.", kTellUs}},
    {"2", {"There is something wrong with the recipient's mailbox.", kTellThem}},
    {"2.1", {"The recipient's mailbox is closed: it takes no mail.", kTellThem}},
    {"2.2", {"The recipient's mailbox is full.", kLater}},
    {"2.3", {"The message is larger than the recipient's mailbox accepts.", kSmaller}},
    {"2.4", {"The address is a mailing list, and its members could not be found.", kTellThem}},
    {"3", {"There is something wrong with the recipient's mail server.", kLater}},
    {"3.1", {"The recipient's mail server has no space left.", kLater}},
    {"3.2", {"The recipient's mail server takes no mail at the moment.", kLater}},
    {"3.4", {"The message is larger than the recipient's server accepts.", kSmaller}},
    {"4", {"The recipient's mail server could not be reached.", kLater}},
    {"4.1", {"The recipient's mail server does not answer.", kLater}},
    {"4.2", {"The connection to the recipient's mail server broke.", kLater}},
    {"4.3", {"It could not be found out which server takes the recipient's mail.", kLater}},
    {"4.4", {"It could not be found out which server takes the recipient's mail.", kCheck}},
    {"4.5", {"The recipient's mail server has too much to do.", kLater}},
    {"4.6",
     {"The message went round in circles between servers; one of them is set up wrongly.",
      kTellThem}},
    {"4.7", {"The message could not be delivered in the time we keep trying.", kLater}},
    {"5", {"The recipient's mail server and this one did not understand each other.", kTellUs}},
    {"5.3",
     {"The message has more recipients than the server accepts.", "Send it to fewer at a time."}},
    {"6", {"The recipient's mail server cannot take a message of this form.", kTellUs}},
    {"6.3",
     {"The message has characters or lines that the recipient's old server cannot take, and could "
      "not be converted.",
      "Send it as plain text, or the files in an archive (zip)."}},
    {"6.7",
     {"The message has an address with characters that the recipient's server does not know.",
      "Use an address in plain letters, for yourself or for the recipient."}},
    {"6.9",
     {"The message has characters in its header that the recipient's server does not know.",
      "Send it with a subject and names in plain letters."}},
    {"7", {"The recipient's mail server refused the message.", kPolicy}},
    {"7.1", {"The recipient's mail server refused the message.", kPolicy}},
    {"7.2", {"You may not write to this mailing list.", "Ask its owner, or join the list."}},
    {"7.20", {"The recipient's server found no valid signature of your domain.", kNotProven}},
    {"7.21", {"The recipient's server found no valid signature of your domain.", kNotProven}},
    {"7.22", {"The recipient's server found no valid signature of your domain.", kNotProven}},
    {"7.23", {"Your domain does not name this server among those that send for it.", kNotProven}},
    {"7.24", {"Your domain's list of sending servers could not be read.", kNotProven}},
    {"7.25", {"The recipient's server found no host name for the address of this one.", kTellUs}},
    {"7.26", {"The recipient's server could not prove that you are the sender.", kNotProven}},
    {"7.27", {"Your own domain says that it takes no mail.", kNotProven}},
    {"7.30", {kUnsafe, kTellThem}},
    {"7.5", {kUnsafe, kTellThem}},
});
static_assert(std::ranges::is_sorted(kTable, {}, &Row::code));  // searched by halves

const Row* find(std::string_view code) {
  const auto found = std::ranges::lower_bound(kTable, code, {}, &Row::code);
  return found != kTable.end() && found->code == code ? &*found : nullptr;
}

}  // namespace

Advice advice(std::string_view status) {
  const std::string_view code = status.substr(std::min(status.find('.') + 1, status.size()));
  // A refusal for now is mostly greylisting.
  if (status.starts_with("4.7.") && (code == "7.0" || code == "7.1"))
    return {"The recipient's mail server does not take the message at the moment.", kLater};
  if (const Row* row = find(code)) return row->advice;
  if (const Row* row = find(code.substr(0, code.find('.')))) return row->advice;
  return {"The reason is not known in more detail.", kTellUs};
}

std::string status_of(const DsnRecipient& recipient) {
  const std::string_view text = recipient.status;
  // class "." subject "." detail, each of up to three digits: RFC 3463 §2.
  std::size_t dots = 0, digits = 0;
  bool fits = text.size() > 1 && text[1] == '.';
  for (const char c : text) {
    if (c == '.')
      fits = fits && ++dots <= 2 && std::exchange(digits, 0) > 0;
    else
      fits = fits && is_digit(c) && ++digits <= 3;
  }
  fits = fits && dots == 2 && digits > 0;
  const char group = text.empty() ? '0' : text.front();
  switch (recipient.action) {
    case DsnAction::failed:
      return fits && (group == '5' || group == '4') ? recipient.status : "5.0.0";
    case DsnAction::delayed: return fits && group == '4' ? recipient.status : "4.0.0";
    default: return fits && group == '2' ? recipient.status : "2.0.0";
  }
}

}  // namespace ph::message
