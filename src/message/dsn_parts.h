// What a delivery status notification is put together from; see dsn.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "message/dsn.h"

namespace ph::message {

/// Whether the parts are in UTF-8 (RFC 6533) because an address is not ASCII.
bool is_global(const Dsn& dsn);

/// `text` with everything but printable characters as \xHH. `utf8`: valid UTF-8 stays.
std::string printable(std::string_view text, bool utf8);

/// The lines of a remote reply, printable, without empty ones, no more than one recipient's share
/// (of `recipient_count`) of what a notification has room for.
std::vector<std::string> diagnostic_lines(std::string_view reply, std::size_t recipient_count,
                                          bool utf8);

/// Appends `text` in lines of at most `width` octets, each behind `indent` and with CRLF, broken at
/// blanks, of which runs become one. Longer words keep their line, up to 900 octets.
void append_wrapped(std::string_view text, std::string_view indent, std::size_t width,
                    std::string& out);

/// The value of the first field of that name in a header, unfolded and trimmed; "" when absent.
std::string header_value(std::string_view header, std::string_view name);

/// "<id>" for a Message-ID; "" when it could not stand in a header as it is.
std::string reference(std::string_view id);

/// What a status code means, and what the sender can do: sentences. By its subject and detail
/// (RFC 3463 §3 and those who added to it), then by its subject alone.
struct Advice {
  std::string_view means, what_to_do;
};
Advice advice(std::string_view status);

/// "5.1.1"; what is malformed or contradicts the action becomes "5.0.0", "4.0.0" or "2.0.0".
std::string status_of(const DsnRecipient& recipient);

/// The part for people.
std::string dsn_text(const Dsn& dsn);
/// The part for programs: RFC 3464 §2.
std::string dsn_fields(const Dsn& dsn);

}  // namespace ph::message
