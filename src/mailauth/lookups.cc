#include "mailauth/lookups.h"

#include "wire/dns/name.h"

namespace ph::mailauth {
namespace {

const dns::Answer kNoName{.status = dns::Status::no_name};
const dns::Answer kTooMany{.status = dns::Status::failed, .why = "too many questions"};

}  // namespace

const dns::Answer* Lookups::find(std::string_view name, std::uint16_t type) {
  auto normal = dns::normal_name(name);
  if (!normal || *normal == ".") return &kNoName;
  dns::Question question{*std::move(normal), type};
  if (const auto found = asked_.find(question); found != asked_.end())
    return found->second ? &*found->second : nullptr;
  if (asked_.size() >= kLookupsMax) return &kTooMany;
  asked_.emplace(question, std::nullopt);
  to_ask_.push_back(std::move(question));
  return nullptr;
}

void Lookups::answer(const dns::Question& question, dns::Answer answer) {
  std::size_t octets = 0;
  for (const std::string& rdata : answer.data) octets += rdata.size();
  if (octets > kLookupOctetsMax - octets_) {
    answer = {.status = dns::Status::failed, .why = "the answers are too long"};
    octets = 0;
  }
  octets_ += octets;
  asked_.insert_or_assign(question, std::move(answer));
}

std::vector<std::string> texts_of(const dns::Answer& answer) {
  std::vector<std::string> out;
  for (std::string_view rdata : answer.data) {
    std::string text;
    bool whole = !rdata.empty();
    while (!rdata.empty()) {
      const std::size_t octets = static_cast<unsigned char>(rdata.front());
      if (octets >= rdata.size()) {
        whole = false;
        break;
      }
      text += rdata.substr(1, octets);
      rdata.remove_prefix(1 + octets);
    }
    if (whole) out.push_back(std::move(text));
  }
  return out;
}

}  // namespace ph::mailauth
