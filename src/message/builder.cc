#include "message/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "codec/encoded_word.h"
#include "message/address.h"
#include "message/builder_body.h"
#include "message/date.h"
#include "message/field_values.h"
#include "message/header.h"
#include "message/readable.h"

namespace ph::message {
namespace {

constexpr std::size_t kHeaderLineMax = 998;    // RFC 5322 §2.1.1
constexpr std::size_t kHeaderLineWanted = 78;  // the same section
constexpr std::size_t kQuotedNameMax = 60;     // a longer one is folded as encoded words

bool is_atext(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

/// Header text: valid UTF-8 on one line, no blanks at its ends.
std::string on_one_line(std::string_view text) {
  std::string out = valid_utf8(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return std::string(trimmed(out));
}

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= kHeaderLineWanted &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

/// Fields that the builder writes of what it is given elsewhere.
bool is_written(std::string_view name) {
  constexpr auto kWritten =
      std::to_array<std::string_view>({"Date", "From", "Reply-To", "To", "Cc", "Message-ID",
                                       "In-Reply-To", "References", "Subject", "MIME-Version"});
  return same_ascii(name.substr(0, 8), "Content-") ||
         std::ranges::any_of(kWritten, [name](auto other) { return same_ascii(name, other); });
}

/// More than readers take: parse_header(), parse_address_list(), parse_message_ids().
bool is_over_limit(const BuildMessage& message) {
  const auto lists = {message.from.size(), message.reply_to.size(), message.to.size(),
                      message.cc.size()};
  return message.fields.size() > kBuildFieldsMax || std::ranges::max(lists) > kMailboxesMax ||
         std::max(message.in_reply_to.size(), message.references.size()) > kListItemsMax;
}

/// A name of atoms stays, another of ASCII gets quotes, the rest encoded words.
std::string phrase(std::string_view name, std::size_t column) {
  const bool atoms = std::ranges::all_of(name, [](char c) { return is_atext(c) || c == ' '; }) &&
                     name.find("=?") == name.npos && name.find("  ") == name.npos;
  const bool ascii = std::ranges::all_of(
      name, [](char c) { return c >= ' ' && static_cast<unsigned char>(c) < 0x7f; });
  if (ascii && name.size() <= kQuotedNameMax && name.find("=?") == name.npos) {
    if (atoms) return std::string(name);
    std::string out = "\"";
    for (const char c : name) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    return out + "\"";
  }
  return codec::encode_encoded_words(name, codec::EncodedWordKind::phrase, column);
}

class HeaderWriter {
 public:
  Result<Done> text(std::string_view name, std::string_view value) {
    if (!is_field_name(name))
      return fail(Kind::malformed, "a field's name is none", std::string(name));
    const std::string line = on_one_line(value);
    out_ += name;
    out_ += ":";
    if (!line.empty())
      append(out_,
             codec::encode_encoded_words(line, codec::EncodedWordKind::text, name.size() + 2));
    out_ += "\r\n";
    return Done{};
  }

  Result<Done> mailboxes(std::string_view name, const std::vector<Mailbox>& all) {
    if (all.empty()) return Done{};
    std::string field = std::string(name) + ":";
    for (const Mailbox& one : all) {
      const std::string written =
          to_string(Address{one.local, ascii_lower(std::string_view(one.domain))});
      const auto address = parse_address(written);
      if (!address || address->domain.empty())
        return fail(Kind::malformed, "an address is none", one.address());
      if (!is_ascii(*address))
        return fail(Kind::malformed, "an address needs SMTPUTF8", one.address());
      if (&one != &all.front()) field += ",";
      const std::size_t column = field.size() - (field.rfind('\n') + 1) + 1;
      std::string text = format_mailbox(one, column);
      const std::size_t first = std::min(text.find('\r'), text.size());
      const bool fold = column > name.size() + 2 && column + first + 1 > kHeaderLineWanted;
      if (fold) text = format_mailbox(one, 1);
      if (fold) field += "\r\n";
      append(field, text);
    }
    out_ += field + "\r\n";
    return Done{};
  }

  Result<Done> identifiers(std::string_view name, const std::vector<std::string>& ids) {
    if (ids.empty()) return Done{};
    out_ += name;
    out_ += ":";
    bool first = true;
    for (const std::string& id : ids) {
      if (!is_identifier(id)) return fail(Kind::malformed, "an identifier is none", id);
      out_ += first ? " <" : "\r\n <";
      out_ += id + ">";
      first = false;
    }
    out_ += "\r\n";
    return Done{};
  }

  void line(std::string_view whole) { (out_ += whole) += "\r\n"; }
  std::string& octets() { return out_; }

 private:
  /// Behind a blank; what begins with a fold has its own.
  static void append(std::string& out, std::string_view text) {
    if (!text.starts_with("\r\n")) out += " ";
    out += text;
  }

  std::string out_;
};

Result<Done> check_lines(std::string_view header) {
  if (header.size() > kHeaderOctetsMax)
    return fail(Kind::over_limit, "the header is longer than readers take");
  while (!header.empty()) {
    const std::size_t end = std::min(header.find("\r\n"), header.size());
    if (end > kHeaderLineMax)
      return fail(Kind::over_limit, "a word of the header is longer than a line");
    header.remove_prefix(std::min(end + 2, header.size()));
  }
  return Done{};
}

BuildPart tree(const char* type, std::vector<BuildPart> parts) {
  BuildPart out{.type = type};
  out.parts = std::move(parts);
  return out;
}

}  // namespace

BuildPart text_part(std::string utf8) { return {.type = "text/plain", .content = std::move(utf8)}; }
BuildPart html_part(std::string utf8) { return {.type = "text/html", .content = std::move(utf8)}; }
BuildPart attachment(std::string type, std::string file_name, std::string octets) {
  return {.type = std::move(type),
          .content = std::move(octets),
          .file_name = std::move(file_name),
          .attachment = true};
}
BuildPart inline_part(std::string type, std::string content_id, std::string octets) {
  return {
      .type = std::move(type), .content = std::move(octets), .content_id = std::move(content_id)};
}
BuildPart alternative(std::vector<BuildPart> parts) {
  return tree("multipart/alternative", std::move(parts));
}
BuildPart related(std::vector<BuildPart> parts) {
  return tree("multipart/related", std::move(parts));
}
BuildPart mixed(std::vector<BuildPart> parts) { return tree("multipart/mixed", std::move(parts)); }

std::string format_mailbox(const Mailbox& mailbox, std::size_t column) {
  const std::string address = to_string(Address{mailbox.local, mailbox.domain});
  const std::string name = on_one_line(mailbox.name);
  if (name.empty()) return address;
  std::string out = phrase(name, column);
  const std::size_t line =
      out.rfind('\n') == out.npos ? column + out.size() : out.size() - out.rfind('\n') - 1;
  out += line + address.size() + 4 > kHeaderLineWanted ? "\r\n <" : " <";
  return out + address + ">";
}

Result<std::string> build(const BuildMessage& message, Carry carry) {
  if (message.from.empty()) return fail(Kind::malformed, "the message has no From");
  const bool plain =
      std::ranges::all_of(message.boundary, [](char c) { return is_alpha(c) || is_digit(c); });
  if (!plain || message.boundary.size() > kBuildBoundaryOctetsMax)
    return fail(Kind::malformed, "the boundary is not of letters and digits, or too long");
  if (is_over_limit(message))
    return fail(Kind::over_limit, "more fields, addresses or identifiers than readers take");
  HeaderWriter header;
  header.line("Date: " + format_date(message.date, message.zone));
  PH_TRY([[maybe_unused]] const auto from, header.mailboxes("From", message.from));
  PH_TRY([[maybe_unused]] const auto reply, header.mailboxes("Reply-To", message.reply_to));
  PH_TRY([[maybe_unused]] const auto to, header.mailboxes("To", message.to));
  PH_TRY([[maybe_unused]] const auto cc, header.mailboxes("Cc", message.cc));
  if (!message.message_id.empty()) {
    PH_TRY([[maybe_unused]] const auto id, header.identifiers("Message-ID", {message.message_id}));
  }
  PH_TRY([[maybe_unused]] const auto in, header.identifiers("In-Reply-To", message.in_reply_to));
  PH_TRY([[maybe_unused]] const auto refs, header.identifiers("References", message.references));
  PH_TRY([[maybe_unused]] const auto subject, header.text("Subject", message.subject));
  for (const auto& [name, value] : message.fields) {
    if (is_written(name)) return fail(Kind::malformed, "a field would come twice", name);
    PH_TRY([[maybe_unused]] const auto field, header.text(name, value));
  }
  header.line("MIME-Version: 1.0");
  PH_TRY(auto body, build_part(message.body, carry, message.boundary));
  header.octets() += body.fields;
  PH_TRY([[maybe_unused]] const auto checked, check_lines(header.octets()));
  return header.octets() + "\r\n" + body.body;
}

}  // namespace ph::message
