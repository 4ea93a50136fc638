// Bounces of many servers, and one other project's reading of them. Where we decide otherwise,
// tests/conformance/README.md says why.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/conformance.h"
#include "message/report.h"

namespace ph::message {
namespace {

namespace fs = std::filesystem;

const std::string kCorpus = PH_SOURCE_DIR "/tests/corpus/bounces-sisimai/";

std::string octets_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Expected {
  std::string status, code, reason;
  bool hard = false;
};

std::map<std::string, std::vector<Expected>> expected_rows() {
  std::map<std::string, std::vector<Expected>> out;
  std::istringstream in(octets_of(kCorpus + "expected.tsv"));
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, '\t');) cells.push_back(cell);
    out[cells.at(0)].push_back({cells.at(1), cells.at(2), cells.at(3), cells.at(4) == "1"});
  }
  return out;
}

/// Their reasons in our words (tests/conformance/README.md has the table).
std::string ours(const std::string& theirs) {
  static const std::map<std::string, std::string> kOurs{
      {"userunknown", "mailbox_unknown"},
      {"mailboxfull", "mailbox_full"},
      {"filtered", "recipient_refused"},
      {"rejected", "sender_refused"},
      {"expired", "expired"},
      {"blocked", "client_blocked"},
      {"requireptr", "no_reverse_name"},
      {"hostunknown", "host_unknown"},
      {"authfailure", "not_authenticated"},
      {"networkerror", "network"},
      {"suspend", "mailbox_disabled"},
      {"spamdetected", "spam"},
      {"notaccept", "host_takes_no_mail"},
      {"policyviolation", "policy"},
      {"hasmoved", "mailbox_moved"},
      {"systemerror", "server_fault"},
      {"securityerror", "security"},
      {"mesgtoobig", "too_large"},
      {"exceedlimit", "too_large_for_mailbox"},
      {"mailererror", "program_failed"},
      {"contenterror", "content"},
      {"toomanyconn", "too_many"},
      {"norelaying", "relaying"},
      {"virusdetected", "virus"},
      {"syntaxerror", "syntax"},
      {"notcompliantrfc", "not_standard"},
      {"badreputation", "bad_reputation"},
      {"undefined", "unspecified"},
      {"delivered", "none"},
  };
  const auto found = kOurs.find(theirs);
  return found == kOurs.end() ? theirs : found->second;
}

/// x.0.9NN is that project's own code for "nothing was given": its class counts, and that ours
/// was not read, or says no more.
bool status_agrees(const std::string& theirs, const ReportRecipient& one) {
  if (theirs.size() == 7 && theirs.substr(1, 4) == ".0.9")
    return theirs.front() == one.status.front() &&
           (one.status_derived || one.status.ends_with(".0.0"));
  return theirs == one.status;
}

struct Agreement {
  std::size_t rows = 0, files = 0, counts = 0, status = 0, code = 0, reason = 0, hard = 0;
  std::map<std::string, std::string> otherwise;  // "lhost-exim-06:1": "status"
};

void compare(const std::string& file, const std::vector<Expected>& rows, Agreement& sum) {
  const std::string octets = octets_of(kCorpus + "mail/" + file);
  const std::string name = file.substr(0, file.find(".eml"));
  const Report report = read_report(parse_mime(octets));
  ++sum.files;
  sum.rows += rows.size();
  if (rows.front().reason == "vacation") {
    const std::size_t right = report.kind == ReportKind::auto_reply ? rows.size() : 0;
    sum.counts += right > 0 ? 1 : 0;
    sum.status += right;
    sum.code += right;
    sum.reason += right;
    sum.hard += right;
    if (right == 0) std::printf("%s: no auto_reply\n", file.c_str());
    return;
  }
  sum.counts += report.recipients.size() == rows.size() ? 1 : 0;
  if (report.recipients.size() != rows.size()) {
    sum.otherwise[name + ":1"] = "recipients";
    std::printf("%s: %zu recipients, not %zu\n", file.c_str(), report.recipients.size(),
                rows.size());
  }
  for (std::size_t i = 0; i < rows.size() && i < report.recipients.size(); ++i) {
    const auto& one = report.recipients[i];
    const std::string code = one.reply_code == 0 ? "" : std::to_string(one.reply_code);
    const std::string reason(to_string(one.reason));
    std::string otherwise;
    const auto count = [&otherwise](bool agrees, const char* what, std::size_t& agreed) {
      agreed += agrees ? 1 : 0;
      if (!agrees) otherwise += (otherwise.empty() ? "" : " ") + std::string(what);
    };
    count(status_agrees(rows[i].status, one), "status", sum.status);
    count(code == rows[i].code, "code", sum.code);
    count(reason == ours(rows[i].reason), "reason", sum.reason);
    count(one.hard == rows[i].hard, "hard", sum.hard);
    if (otherwise.empty()) continue;
    sum.otherwise[name + ":" + std::to_string(i + 1)] = otherwise;
    std::printf("%s %zu: %s%s %s %s %d, not %s %s %s %d\n", file.c_str(), i, one.status.c_str(),
                one.status_derived ? "*" : "", code.c_str(), reason.c_str(), one.hard ? 1 : 0,
                rows[i].status.c_str(), rows[i].code.c_str(), ours(rows[i].reason).c_str(),
                rows[i].hard ? 1 : 0);
    if (std::getenv("PH_REPLIES") != nullptr) std::printf("    %s\n", one.reply.c_str());
  }
}

TEST(ReportCorpus, AgreesWithAnotherReader) {
  Agreement sum;
  for (const auto& [file, rows] : expected_rows()) compare(file, rows, sum);
  std::printf(
      "%zu rows: status %zu, reply code %zu, reason %zu, hard %zu; of %zu files %zu with "
      "as many recipients\n",
      sum.rows, sum.status, sum.code, sum.reason, sum.hard, sum.files, sum.counts);
  ASSERT_GT(sum.rows, 240U);
  EXPECT_GE(100 * sum.status, 93 * sum.rows);
  // Each row that differs is decided: none more, and none less.
  std::map<std::string, std::string> decided;
  for (const auto& one : ph::testing::cases("message/bounces_otherwise.json"))
    decided[ph::testing::text(one, "id")] = ph::testing::text(one, "otherwise");
  EXPECT_EQ(sum.otherwise, decided);
}

TEST(ReportCorpus, LettersAreNoReports) {
  std::size_t count = 0;
  const std::string corpus = PH_SOURCE_DIR "/tests/corpus/";
  const std::vector<std::string> folders{corpus + "bounces-sisimai/not-bounces",
                                         corpus + "spam-sample", corpus + "mime-mikel-mail"};
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".eml") continue;
      const std::string octets = octets_of(entry.path());
      const Report report = read_report(parse_mime(octets));
      ++count;
      if (folder.ends_with("not-bounces")) {
        EXPECT_EQ(to_string(report.kind), "none") << entry.path();
      } else if (report.kind != ReportKind::none) {
        std::printf("%s: %s\n", entry.path().c_str(), std::string(to_string(report.kind)).c_str());
      }
    }
  }
  EXPECT_GT(count, 1U);
}

}  // namespace
}  // namespace ph::message
