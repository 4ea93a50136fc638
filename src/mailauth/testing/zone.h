// A DNS for tests of the checks: records as text, answers at once.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/dns.h"
#include "base/error.h"
#include "mailauth/lookups.h"

namespace ph::mailauth::testing {

class Zone {
 public:
  /// TXT: character strings, each at most 255 octets, as they are; longer ones are cut into such.
  void txt(std::string_view name, const std::vector<std::string>& strings);
  void address(std::string_view name, std::string_view ip);  // A or AAAA
  void mx(std::string_view name, std::uint16_t preference, std::string_view host);
  void target(std::string_view name, std::uint16_t type, std::string_view to);  // PTR, CNAME
  /// Every question about the name that nothing else answers.
  void fails(std::string_view name, dns::Status status);
  void set(std::string_view name, std::uint16_t type, std::string rdata);

  dns::Answer answer(const dns::Question& question) const;
  std::size_t asked() const { return asked_; }

  /// Runs a check to its outcome.
  template <class Check>
  auto run(Check& check, Lookups lookups = {}) {
    for (;;) {
      if (auto outcome = check.run(lookups)) return *std::move(outcome);
      const auto questions = lookups.take_questions();
      PH_CHECK(!questions.empty());  // it waits for nothing
      for (const auto& question : questions) {
        ++asked_;
        lookups.answer(question, answer(question));
      }
    }
  }

 private:
  std::map<dns::Question, std::vector<std::string>> records_;
  std::map<std::string, dns::Status> failures_;
  std::set<std::string> names_;
  std::size_t asked_ = 0;
};

}  // namespace ph::mailauth::testing
