// The addresses of From, To, Cc, Reply-To and their like, as people's programs write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ph::message {

inline constexpr std::size_t kMailboxesMax = 10000;  // of one field; further ones are passed over
/// Words, comments and "@" of one address with its name; further ones are passed over.
inline constexpr std::size_t kAddressWordsMax = 4096;
inline constexpr std::size_t kAddressFindingsMax =
    32;  // named one by one; further ones are left out

/// One address of a field. Every text is valid UTF-8.
struct Mailbox {
  std::string name;        // display name: unquoted, unfolded, encoded words decoded (RFC 2047 §5)
  std::string local;       // unquoted value, case as written; "" when there is only a name
  std::string domain;      // case as written; a literal keeps its brackets; "" when there is none
  std::string comment;     // what stood in comments beside it, joined by blanks
  std::size_t offset = 0;  // in the value, of the address (of the name, where there is no address)

  /// The name; where there is none, the comment (the form of before RFC 822: "jdoe@x.test (John)").
  std::string_view shown_name() const { return name.empty() ? comment : name; }
  /// "local@domain" for display and comparison: not quoted again. "local" without a domain.
  std::string address() const;
  bool operator==(const Mailbox&) const = default;
};

/// "Friends: a@x.test, b@x.test;". Its mailboxes are those from `first` on, `count` of them.
struct AddressGroup {
  std::string name, comment;
  std::size_t first = 0, count = 0;
  std::size_t offset = 0;
  bool operator==(const AddressGroup&) const = default;
};

/// What did not fit the grammar, and where. `what` is a text for people.
struct AddressFinding {
  std::string_view what;
  std::size_t offset = 0;
  bool operator==(const AddressFinding&) const = default;
};

struct AddressList {
  std::vector<Mailbox> mailboxes;  // of all groups and of none, in order
  std::vector<AddressGroup> groups;
  std::vector<AddressFinding> findings;
};

/// Reads a field's value: address-list with groups (RFC 5322 §3.4), comments and white space
/// anywhere, the obsolete forms (RFC 5322 §4.4: routes, which are dropped, and empty elements),
/// UTF-8 (RFC 6532 §3.2).
///
///   value   may be folded; borrowed for the call
///   fails   never; what breaks the grammar is a finding, with the likeliest reading: dots and
///           commas in names without quotes, "a b@x" and "b@x a" without <>, addresses in quotes,
///           semicolons between addresses, quotes, comments and <> that nothing closes, encoded
///           words in quotes, "mailto:"; octets that are not UTF-8 become U+FFFD
///   cost    O(value) time; memory: the answer
AddressList parse_address_list(std::string_view value);

}  // namespace ph::message
