// A Received field as words and comments: what its readers share. Not for other rooms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/received_parse.h"

namespace ph::message {

struct ReceivedToken {
  enum class Kind { word, comment } kind = Kind::word;
  std::string_view text;  // a comment's without its parentheses
  bool glued = false;     // no blank before it
};

/// Splits at blanks and parentheses; stops at kReceivedTokensMax. Parentheses that nothing closes
/// are octets like others.
std::vector<ReceivedToken> received_tokens(std::string_view text);

/// What stands between "from" and the next clause.
///   qmail_like  the software names hosts as qmail does: the word behind "from" is the reverse name
///   exim_like   it is Exim or its kin, which do so as well
struct FromStyle {
  bool qmail_like = false, exim_like = false, web = false;
};
void read_from(const std::vector<ReceivedToken>& tokens, FromStyle style, ReceivedLine& line);

/// What a comment anywhere may say: TLS, authentication, the envelope's sender. False: none of
/// these.
bool read_remark(std::string_view comment, ReceivedLine& line);

/// The IP address in "192.0.2.1", "[192.0.2.1]", "[IPv6:::1]:25", "192.0.2.1:25", "192.0.2.1.4711";
/// "" when there is none.
std::string ip_in(std::string_view text);

/// Without <> around it, and without the punctuation behind it.
std::string_view bare(std::string_view text);

}  // namespace ph::message
