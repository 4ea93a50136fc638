// Texts of strangers in header fields of ours: whole, or not at all. A name that were cut would be
// the name of somebody else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ph::mailauth {

/// A stranger's word in a field of ours: an address is as long as RFC 5321 §4.5.3.1 lets it be, 64
/// octets, "@" and a domain of 255. Longer ones are left out.
inline constexpr std::size_t kWordOctetsMax = 320;
/// A comment is cut between two words beyond it.
inline constexpr std::size_t kCommentOctetsMax = 255;
/// A line where it can be folded. RFC 5322 §2.1.1.
inline constexpr std::size_t kResultsColumnsMax = 78;

/// All of these give what RFC 8601 §2.2 takes for a pvalue, bare or as a quoted string, in
/// printable ASCII; nullopt: what is not, or is longer than kWordOctetsMax.
std::optional<std::string> plain_word(std::string_view text);
/// A domain, or the name in HELO; U-labels as A-labels.
std::optional<std::string> domain_word(std::string_view domain);
/// An address. Where its local part cannot stand here, or makes it too long, its domain alone, as
/// RFC 8601 §2.7 allows; `keeps_at`: behind an "@", as the identity of a signature is written. A
/// text without "@" is a plain word.
std::optional<std::string> address_word(std::string_view address, bool keeps_at = false);

/// "(text)": what is no comment's text is replaced; a text that is too long ends with "..." behind
/// the last word that fits.
std::string comment(std::string_view text);

/// Appends words, folded before the one that does not fit into kResultsColumnsMax; `column` is how
/// long the last line is.
void put_folded(std::string_view text, std::size_t& column, std::string& out);

}  // namespace ph::mailauth
