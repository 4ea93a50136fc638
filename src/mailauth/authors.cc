#include "mailauth/authors.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"
#include "mailauth/dmarc.h"
#include "message/address_list.h"

namespace ph::mailauth {

std::vector<std::string> author_domains(const message::Header& header) {
  std::vector<std::string> out;
  for (const message::Field* field : header.all("from")) {
    for (const message::Mailbox& mailbox : message::parse_address_list(field->value).mailboxes) {
      auto domain = codec::to_ascii_domain(mailbox.domain);
      if (!domain || domain->empty()) continue;
      *domain = ascii_lower(std::string_view(*domain));
      if (domain->ends_with('.')) domain->pop_back();
      if (std::ranges::find(out, *domain) == out.end()) out.push_back(*std::move(domain));
      if (out.size() > kDmarcAuthorDomainsMax) return out;
    }
  }
  return out;
}

}  // namespace ph::mailauth
