// Input: texts apart by octets 0xFE, put where a peer or a sender has a say. Oracles: the
// notification is 7-bit and has three parts, whatever they say; programs read in it what we wrote.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/dsn_parts.h"
#include "message/testing/dsn_samples.h"
#include "message/testing/mime_leaves.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace message = ph::message;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take = [&rest] {
    const std::size_t end = std::min(rest.find('\xfe'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return std::string(text);
  };
  message::Dsn dsn = message::testing::sample_dsn();
  message::DsnRecipient& one = dsn.recipients.front();
  one.diagnostic = take();
  one.remote_mta = take();
  one.original = take();
  one.why = take();
  one.status = take();
  dsn.envelope_id = take();
  dsn.original_message_id = take();
  dsn.boundary = take();
  dsn.whole_message = take().size() == 1;
  dsn.original = rest;

  const std::string text = message::format_dsn(dsn);
  if (!message::testing::is_seven_bit(text)) std::abort();
  dsn.whole_message = false;  // parts of the message itself are not ours to count
  const auto parts = message::testing::leaves(message::format_dsn(dsn));
  if (parts.size() != 3) std::abort();
  const std::string_view fields = parts[1].body;
  const std::size_t groups = fields.find("\r\n\r\n");
  if (groups == fields.npos || fields.find("\r\n\r\n", groups + 4) != fields.npos) std::abort();
  const std::string_view recipient = fields.substr(groups + 4);
  if (message::header_value(recipient, "Action") != "failed") std::abort();
  if (message::header_value(recipient, "Final-Recipient") != "rfc822; bob@example.net")
    std::abort();
  if (message::header_value(fields, "Reporting-MTA") != "dns; mail.example.org") std::abort();
  if (parts[2].body != message::returned_header(dsn.original)) std::abort();
  return 0;
}
