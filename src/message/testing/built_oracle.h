// What the readers find in a built message, beside what went in.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/ascii.h"
#include "message/address_list.h"
#include "message/builder.h"
#include "message/content.h"
#include "message/date.h"
#include "message/field_values.h"
#include "message/header.h"
#include "message/readable.h"
#include "message/testing/build_recipe.h"
#include "message/testing/built_lines.h"

namespace ph::message::testing {

/// The documented form of a header's text: UTF-8 on one line, no blanks at its ends.
inline std::string on_one_line(std::string_view text) {
  std::string out = valid_utf8(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return std::string(trimmed(out));
}

/// The documented form of a text: UTF-8, CRLF, the last line with its end.
inline std::string with_line_ends(std::string_view text) {
  std::string out;
  const std::string valid = valid_utf8(text);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == '\n' && i > 0 && valid[i - 1] == '\r') continue;
    out += valid[i] == '\r' || valid[i] == '\n' ? "\r\n" : std::string(1, valid[i]);
  }
  return out.empty() || out.ends_with('\n') ? out : out + "\r\n";
}

/// Compares what went in with what is read, and keeps the first difference.
class BuiltOracle {
 public:
  BuiltOracle(const BuildRecipe& recipe, std::string_view built)
      : message_(recipe.message), carry_(recipe.carry) {
    parse_mime(built, tree_);
  }

  /// "" if all is well.
  std::string fault() {
    header();
    std::uint32_t next = 0;
    part(message_.body, next, MimePart::kNone);
    same("parts", tree_.parts().size(), next);
    if (fault_.empty()) fault_ = fault_of_all_lines(tree_, carry_);
    if (fault_.empty()) fault_ = fault_of_boundaries(tree_);
    if (fault_.empty()) fault_ = fault_of_standards(tree_, carry_);
    return fault_;
  }

 private:
  template <class A, class B>
  void same(std::string_view what, const A& got, const B& wanted) {
    if (!fault_.empty() || got == wanted) return;
    if constexpr (std::is_convertible_v<A, std::string_view>) {
      const std::string_view is = got, was = wanted;
      const auto at = static_cast<std::size_t>(std::ranges::mismatch(is, was).in1 - is.begin());
      fault_ = fmt::format("{}: differs at {} of {} octets: is {:?}, was {:?}", what, at, is.size(),
                           is.substr(at - std::min<std::size_t>(at, 20)).substr(0, 60),
                           was.substr(at - std::min<std::size_t>(at, 20)).substr(0, 60));
    } else {
      fault_ = fmt::format("{}: is {}, was {}", what, got, wanted);
    }
  }

  void header() {
    at_ = 0;
    const auto date = read_date(take("Date"));
    same("date read", date.has_value(), true);
    if (date) {
      same("date", unix_ms(date->at) / 1000, unix_ms(message_.date) / 1000);
      same("zone", date->zone.value_or(std::chrono::minutes{}).count(), message_.zone.count());
      same("odd dates", date->odd.size(), 0U);
    }
    mailboxes("From", message_.from);
    mailboxes("Reply-To", message_.reply_to);
    mailboxes("To", message_.to);
    mailboxes("Cc", message_.cc);
    if (!message_.message_id.empty()) identifiers("Message-ID", {message_.message_id});
    identifiers("In-Reply-To", message_.in_reply_to);
    identifiers("References", message_.references);
    text("Subject", message_.subject);
    for (const auto& [name, value] : message_.fields) text(name, value);
    same("version", unfold(take("MIME-Version")), "1.0");
    for (const Field& field : tree_.header().fields().subspan(at_))
      same("further fields", field.name.starts_with("Content-"), true);
  }

  /// The value of the next field, which has to be that one.
  std::string_view take(std::string_view name) {
    const auto fields = tree_.header().fields();
    same("field", at_ < fields.size() ? fields[at_].name : "", name);
    return at_ < fields.size() ? fields[at_++].value : std::string_view();
  }
  void text(std::string_view name, std::string_view wanted) {
    std::string buffer;
    const std::string_view value = take(name);
    same(name, readable_value(value, buffer), on_one_line(wanted));
    same(name, readable_text(value), on_one_line(wanted));
  }
  void identifiers(std::string_view name, const std::vector<std::string>& wanted) {
    if (wanted.empty()) return;
    const auto got = parse_message_ids(take(name));
    same(name, fmt::format("{}", fmt::join(got, " ")), fmt::format("{}", fmt::join(wanted, " ")));
  }
  void mailboxes(std::string_view name, const std::vector<Mailbox>& wanted) {
    if (wanted.empty()) return;
    const AddressList list = parse_address_list(take(name));
    same(name, list.mailboxes.size(), wanted.size());
    same("findings of addresses", list.findings.size() + list.groups.size(), 0U);
    for (std::size_t i = 0; i < wanted.size() && fault_.empty(); ++i) {
      const Mailbox& one = list.mailboxes[i];
      same("display name", one.name, on_one_line(wanted[i].name));
      same("local part", one.local, wanted[i].local);
      same("domain", one.domain, wanted[i].domain);
      same("comment", one.comment, "");
    }
  }

  void part(const BuildPart& wanted, std::uint32_t& next, std::uint32_t parent) {
    if (!fault_.empty() || next >= tree_.parts().size()) return;
    const std::uint32_t index = next++;
    const MimePart& got = tree_.parts()[index];
    same("parent", got.parent, parent);
    same("type", got.type + "/" + got.subtype, ascii_lower(std::string_view(wanted.type)));
    same("file name", part_name(got), valid_utf8(wanted.file_name));
    const bool shown = !wanted.file_name.empty();
    const Disposition how = wanted.attachment ? Disposition::attached
                            : shown           ? Disposition::shown
                                              : Disposition::none;
    same("disposition", static_cast<int>(disposition_of(got)), static_cast<int>(how));
    const auto ids = parse_message_ids(got.content_id);
    same("Content-ID", ids.empty() ? "" : ids.front(), wanted.content_id);
    parameters(wanted, got);
    if (got.is_multipart()) {
      same("children", got.children, wanted.parts.size());
      for (const BuildPart& inner : wanted.parts) part(inner, next, index);
    } else {
      content(wanted, got);
      next = got.last;  // of a message inside: what it consists of is its writer's
    }
  }

  void parameters(const BuildPart& wanted, const MimePart& got) {
    ContentValue value;
    parse_content_value(got.content_type, value);
    const auto joined = joined_parameters(value);
    for (const auto& [name, text] : wanted.parameters) {
      const auto found =
          std::ranges::find(joined, ascii_lower(std::string_view(name)), &codec::Parameter::name);
      same("parameter", found == joined.end() ? "(none)" : found->value, valid_utf8(text));
    }
    for (const codec::Parameter& one : joined) same("faulty parameter", one.is_faulty, false);
  }

  void content(const BuildPart& wanted, const MimePart& got) {
    if (got.type == "text") {
      const PartText text = decoded_text(tree_, got);
      same("text", text.text, with_line_ends(wanted.content));
      same("charset", text.charset, "utf-8");
      same("guess", text.is_guess, false);
      same("faults", text.faults, 0U);
    } else if (got.type == "message") {
      same("message", tree_.body_of(got), with_line_ends(wanted.content));
    } else {
      same("octets", decoded_body(tree_, got), wanted.content);
    }
  }

  const BuildMessage& message_;
  Carry carry_;
  MimeTree tree_;
  std::size_t at_ = 0;
  std::string fault_;
};

/// Builds what the recipe says and reads it. "" if all is well: it is refused with good reason, or
/// what is read is what went in.
inline std::string fault_of(const BuildRecipe& recipe) {
  const auto built = build(recipe.message, recipe.carry);
  if (built) return BuiltOracle(recipe, *built).fault();
  if (recipe.is_proper) return fmt::format("refused: {}", built.error().what);
  const bool known =
      built.error().kind == Kind::malformed || built.error().kind == Kind::over_limit;
  return known ? "" : "refused as no caller can expect";
}

}  // namespace ph::message::testing
