// The text of a report for people: who did not get the mail, and what was said of it.
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "message/readable.h"
#include "message/reply_text.h"
#include "message/report_parts.h"
#include "message/report_signs.h"

namespace ph::message {
namespace {

/// A line that is longer says what it says in its beginning: returned messages, JSON.
constexpr std::size_t kReportLineOctetsMax = 4096;

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_front(std::string_view text, std::string_view signs) {
  const std::size_t at = text.find_first_not_of(signs);
  return at == text.npos ? std::string_view() : text.substr(at);
}

std::string_view without_back(std::string_view text, std::string_view signs) {
  const std::size_t at = text.find_last_not_of(signs);
  return at == text.npos ? std::string_view() : text.substr(0, at + 1);
}

bool announces_returned(std::string_view line) {
  const bool dashed = line.starts_with("--") || line.starts_with("  --") || line.contains("---");
  const std::string lower = ascii_lower(without_front(line.substr(0, 160), " \t->*=_."));
  for (const std::string_view mark : kReturnedMarks) {
    if (!lower.starts_with(mark)) continue;
    const std::string_view rest = without_front(std::string_view(lower).substr(mark.size()), " ");
    if (dashed || lower.contains("follow") || lower.contains("copy of") ||
        rest.starts_with("headers") || rest.starts_with(":") || rest.empty())
      return true;
  }
  return false;
}

/// The beginning of a message that nothing announces: "Received: from", "Return-Path: <" at the
/// beginning of a line.
bool begins_returned(std::string_view line) {
  const std::string lower = ascii_lower(line.substr(0, 16));
  return lower.starts_with("received: ") || lower.starts_with("return-path:") ||
         lower.starts_with("message-id:") || lower.starts_with("dkim-signature:");
}

struct Block {
  std::string address, said;
  bool by_reply = false;  // found in a reply, not named by itself
};

class TextReader {
 public:
  TextReader(const std::vector<std::string>& failed, Report& report) : report_(report) {
    for (const auto& one : report.recipients) add(one.final, one.original);
    seeded_ = !blocks_.empty();
    if (seeded_) return;
    for (const auto& address : failed) add(address, "");
    seeded_ = !blocks_.empty();
  }

  void read(std::string_view said) {
    while (!said.empty()) {
      const std::string_view line = next_line(said).substr(0, kReportLineOctetsMax);
      choose(line);
      append(current_ == kNone ? common_ : blocks_[current_].said, line);
    }
  }

  std::vector<Block> blocks() && { return std::move(blocks_); }
  const std::string& common() const { return common_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void append(std::string& text, std::string_view line) {
    if (text.size() + line.size() > 4 * kReportReplyOctetsMax) return;
    text.append(line);
    text += '\n';
  }

  std::size_t add(std::string_view address, std::string_view alias) {
    if (blocks_.size() >= kReportRecipientsMax) {
      add_finding(report_, ReportOddity::too_many_recipients);
      return current_;
    }
    const std::string key = ascii_lower(address);
    const auto [found, is_new] = known_.try_emplace(key, blocks_.size());
    if (is_new || address.empty()) blocks_.push_back({std::string(address), "", false});
    if (!alias.empty()) known_.try_emplace(ascii_lower(alias), found->second);
    return found->second;
  }

  /// To whom a line belongs.
  void choose(std::string_view line) {
    const auto addresses = find_addresses(line);
    if (addresses.empty()) return;
    const std::string lower = ascii_lower(without_front(line, " \t>*"));
    if (lower.contains("mail from:") || lower.contains("mailto:postmaster")) return;
    if (std::ranges::any_of(kNoRecipientLines,
                            [&](std::string_view begin) { return lower.starts_with(begin); }))
      return;
    for (const auto& each : addresses) {
      const auto known = known_.find(ascii_lower(each.address));
      if (known != known_.end()) {
        current_ = known->second;
        return;
      }
    }
    if (seeded_) return;
    const auto& first = addresses.front();
    const std::string before = ascii_lower(line.substr(0, first.offset));
    if (!introduces(before)) return;
    const bool by_reply = find_reply(before).code != 0 || before.contains("rcpt to");
    // Behind an address that was named by itself, another one in a reply is what it leads to.
    if (by_reply && current_ != kNone && !blocks_[current_].by_reply) return;
    current_ = add(first.address, "");
    blocks_[current_].by_reply = by_reply;
  }

  static bool introduces(std::string_view before) {
    before = without_back(before, " \t<\"':([*>-|;");
    if (before.empty()) return true;
    if (find_reply(before).code != 0 && before.size() < 16) return true;
    return std::ranges::any_of(kRecipientLeads, [&](std::string_view lead) {
      return before.ends_with(lead) || before.ends_with(without_back(lead, ";"));
    });
  }

  Report& report_;
  std::vector<Block> blocks_;
  std::map<std::string, std::size_t> known_;
  std::string common_;
  std::size_t current_ = kNone;
  bool seeded_ = false;
};

bool says_something(std::string_view said) {
  const ReplyFound found = find_reply(said);
  return found.code >= 400 || !found.status.empty() ||
         bounce_reason({.status = "", .code = 0, .text = said, .is_delay = false}) !=
             BounceReason::unspecified;
}

std::string kept(std::string_view said) {
  said = without_back(without_front(said, " \t\r\n"), " \t\r\n");
  return valid_utf8(said.substr(0, kReportReplyOctetsMax));
}

}  // namespace

ReportText split_report_text(std::string text) {
  ReportText out;
  std::string_view left = text;
  bool blank_before = true;
  std::size_t at = 0;
  while (!left.empty()) {
    const std::size_t begin = at;
    const std::string_view line = next_line(left);
    at = text.size() - left.size();
    const bool announced = announces_returned(line);
    if (announced || (blank_before && begin > 0 && begins_returned(line))) {
      out.returned = text.substr(announced ? at : begin);
      text.resize(begin);
      break;
    }
    blank_before = line.find_first_not_of(" \t") == line.npos;
  }
  out.said = std::move(text);
  return out;
}

void read_report_text(std::string_view said, const std::vector<std::string>& failed,
                      std::string_view to, Report& report) {
  const bool had_fields = !report.recipients.empty();
  TextReader reader(failed, report);
  reader.read(said);
  const std::string common = reader.common();
  auto blocks = std::move(reader).blocks();
  if (!had_fields && blocks.size() > 1) {
    std::erase_if(blocks, [&](const Block& block) {
      return same_ascii(block.address, to) && !says_something(block.said);
    });
  }
  const bool delay = speaks_of_delay(said);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const bool own = says_something(blocks[i].said);
    std::string text = own ? blocks[i].said : common + blocks[i].said;
    if (had_fields) {
      if (i >= report.recipients.size()) break;
      ReportRecipient& one = report.recipients[i];
      const ReplyFound given = find_reply(one.reply);
      const bool is_only = blocks.size() == 1 && find_reply(common).code >= 400;
      if (one.reply.empty() || (given.code == 0 && (own || is_only))) {
        one.reply += one.reply.empty() ? "" : "\n";
        one.reply += kept(text);
      }
      continue;
    }
    ReportRecipient one;
    one.final = blocks[i].address;
    one.reply = kept(text);
    if (delay) one.action = DsnAction::delayed;
    report.recipients.push_back(std::move(one));
  }
  if (report.recipients.empty() && !common.empty()) {
    ReportRecipient one;
    one.reply = kept(common);
    if (delay) one.action = DsnAction::delayed;
    report.recipients.push_back(std::move(one));
  }
}

}  // namespace ph::message
