// The vectors of mail-parser and SpamAssassin against our readers of field values.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/ascii.h"
#include "message/address_list.h"
#include "message/date.h"
#include "message/field_values.h"
#include "message/readable.h"
#include "message/received_parse.h"
#include "message/testing/vectors.h"

namespace ph::message {
namespace {

using boost::json::value;
using testing::Agreement, testing::field_of, testing::vectors;

std::string text(const value& of) {
  return of.is_null() ? std::string() : std::string(of.as_string());
}

std::string without_blanks(std::string out) {
  std::erase_if(out, [](char c) { return c == ' '; });
  return out;
}

/// As that parser shows a mailbox: the comment in parentheses behind the name.
std::string shown(const std::string& name, const std::string& comment) {
  if (name.empty()) return comment;
  return comment.empty() ? name : name + " (" + comment + ")";
}

std::string listing(const AddressList& list) {
  std::string out;
  std::size_t i = 0;
  const auto mailboxes = [&](std::size_t end) {
    for (; i < end; ++i) {
      const Mailbox& one = list.mailboxes[i];
      out += "<" + shown(one.name, one.comment) + "|" + without_blanks(one.address()) + ">";
    }
  };
  for (const AddressGroup& group : list.groups) {
    mailboxes(group.first);
    out += "[" + shown(group.name, group.comment) + "]";
    mailboxes(group.first + group.count);
    out += ";";
  }
  mailboxes(list.mailboxes.size());
  return out;
}

std::string listing(const value& expected) {
  std::string out;
  const auto mailboxes = [&out](const value& list) {
    for (const value& one : list.as_array())
      out += "<" + text(one.at("name")) + "|" + without_blanks(text(one.at("address"))) + ">";
  };
  if (const auto* list = expected.as_object().if_contains("List")) mailboxes(*list);
  if (const auto* groups = expected.as_object().if_contains("Group")) {
    for (const value& group : groups->as_array()) {
      const bool named = !group.at("name").is_null();
      if (named) out += "[" + text(group.at("name")) + "]";
      mailboxes(group.at("addresses"));
      if (named) out += ";";
    }
  }
  return out;
}

TEST(ValueVectors, Addresses) {
  Agreement agreement("mime-mail-parser/address.json", {10, 11, 13});
  std::size_t index = 0;
  for (const value& one : vectors("mime-mail-parser/address.json")) {
    const std::string header = text(one.at("header"));
    const std::string got = listing(parse_address_list(field_of(header)));
    const std::string expected = listing(one.at("expected"));
    agreement.note(index++, got == expected,
                   header + "\n  got      " + got + "\n  expected " + expected);
  }
  agreement.check(0.95);
}

std::string listing(const DateReading& date) {
  const std::string written = format_date(date.at, date.zone.value_or(std::chrono::minutes(0)));
  return written.substr(written.find(' ') + 1);
}

std::string date_of(const value& expected) {
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto number = [&expected](const char* name) { return expected.at(name).to_number<int>(); };
  const bool zero = number("tz_hour") == 0 && number("tz_minute") == 0;
  return fmt::format("{} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}", number("day"),
                     months[number("month") - 1], number("year"), number("hour"), number("minute"),
                     number("second"), expected.at("tz_before_gmt").as_bool() && !zero ? '-' : '+',
                     number("tz_hour"), number("tz_minute"));
}

TEST(ValueVectors, Dates) {
  Agreement agreement("mime-mail-parser/date.json", {12});
  std::size_t index = 0;
  for (const value& one : vectors("mime-mail-parser/date.json")) {
    const std::string header = text(one.at("header"));
    std::string_view field = field_of(header);
    field = field.substr(field.rfind(';') + 1);  // one of them is a whole Received field
    const auto date = read_date(field);
    const std::string got = date ? listing(*date) : "none";
    const std::string expected =
        one.at("expected").is_null() ? "none" : date_of(one.at("expected"));
    agreement.note(index++, got == expected, header + " got " + got + " expected " + expected);
  }
  agreement.check(0.95);
}

template <class Parse>
void compare_lists(const std::string& file, std::set<std::size_t> otherwise, double share,
                   Parse parse) {
  Agreement agreement(file, std::move(otherwise));
  std::size_t index = 0;
  for (const value& one : vectors(file)) {
    const std::string header = text(one.at("header"));
    std::string got, expected;
    for (const std::string& item : parse(field_of(header))) got += item + "|";
    if (!one.at("expected").is_null())
      for (const value& item : one.at("expected").as_array()) expected += text(item) + "|";
    agreement.note(index++, got == expected, header + " got " + got + " expected " + expected);
  }
  agreement.check(share);
}

TEST(ValueVectors, Identifiers) {
  compare_lists("mime-mail-parser/id.json", {6}, 0.9, parse_message_ids);
}

TEST(ValueVectors, Lists) {
  compare_lists("mime-mail-parser/list.json", {}, 0.95, parse_text_list);
}

TEST(ValueVectors, Unstructured) {
  Agreement agreement("mime-mail-parser/unstructured.json", {21, 22, 24, 25, 26, 27, 28});
  std::size_t index = 0;
  for (const value& one : vectors("mime-mail-parser/unstructured.json")) {
    const std::string header = text(one.at("header"));
    const std::string got = readable_text(field_of(header));
    const std::string expected = text(one.at("expected"));
    agreement.note(index++, got == expected, header + " got " + got + " expected " + expected);
  }
  agreement.check(0.75);
}

std::string host_of(const value& expected, const char* name) {
  const auto* found = expected.as_object().if_contains(name);
  if (found == nullptr || found->is_null()) return {};
  if (found->is_string()) return text(*found);
  const auto& host = found->as_object();
  const auto* ip = host.if_contains("IpAddr");
  return text(ip != nullptr ? *ip : host.at("Name"));
}

/// Names and literals compared without regard to brackets, case and the root's dot.
std::string plain(std::string_view name) {
  while (!name.empty() && std::string_view("[.]").find(name.back()) != std::string_view::npos)
    name.remove_suffix(1);
  while (name.starts_with('[')) name.remove_prefix(1);
  if (ascii_lower(name.substr(0, 5)) == "ipv6:") name.remove_prefix(5);
  return ascii_lower(name);
}

TEST(ValueVectors, ReceivedOfMailParser) {
  Agreement by("received.json by", {123}), from("received.json from", {107, 125, 151, 165, 171}),
      ip("received.json ip", {78, 80}), id("received.json id", {28, 29, 30}),
      recipient("received.json for", {153});
  std::size_t index = 0;
  for (const value& one : vectors("mime-mail-parser/received.json")) {
    const std::string header = text(one.at("header"));
    const value& expected = one.at("expected");
    const ReceivedLine got = parse_received(field_of(header));
    const auto note = [&](Agreement& which, const std::string& mine, const char* name) {
      const std::string theirs = host_of(expected, name);
      // It has no IP where the word behind "from" is one: nothing to compare.
      if (&which == &ip && theirs.empty()) return;
      which.note(index, plain(mine) == plain(theirs),
                 header + "\n  got " + mine + " expected " + theirs);
    };
    note(by, got.by, "by");
    note(from, got.from, "from");
    note(ip, got.ip, "from_ip");
    note(id, got.id, "id");
    note(recipient, got.recipient, "for_");
    ++index;
  }
  for (const Agreement& one : {by, from, ip, id, recipient}) one.check(0.95);
}

TEST(ValueVectors, ReceivedOfSpamAssassin) {
  std::string lines = testing::corpus_text("received-spamassassin/received.jsonl");
  const auto make = [](const char* name) {
    return Agreement(std::string("spamassassin ") + name, {});
  };
  std::vector<std::pair<const char*, Agreement>> fields;
  for (const char* name : {"ip", "helo", "by", "rdns", "id", "ident", "envfrom"})
    fields.emplace_back(name, make(name));
  fields[3].second = Agreement("spamassassin rdns", {17, 45, 48, 49});
  std::size_t index = 0;
  for (std::size_t at = 0; at < lines.size(); ++index) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const value one = boost::json::parse(lines.substr(at, end - at));
    at = end + 1;
    if (one.at("expect").is_null()) continue;
    const std::string header = text(one.at("header"));
    const ReceivedLine got = parse_received(header);
    for (auto& [name, agreement] : fields) {
      std::string theirs = text(one.at("expect").at(name));
      std::ranges::replace(theirs, '!', '[');
      const std::string_view field = name;
      const std::string mine = field == "ip"      ? got.ip
                               : field == "helo"  ? got.helo
                               : field == "by"    ? got.by
                               : field == "rdns"  ? got.rdns
                               : field == "id"    ? got.id
                               : field == "ident" ? got.ident
                                                  : got.envelope_from;
      std::string alike = mine;
      std::ranges::replace(alike, ']', '[');
      agreement.note(index, alike == theirs,
                     fmt::format("{}\n  {}: got {} expected {}", header, name, mine, theirs));
    }
  }
  for (const auto& [name, agreement] : fields)
    agreement.check(std::string_view(name) == "rdns" ? 0.9 : 0.95);
}

}  // namespace
}  // namespace ph::message
