#include <libpsl.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "mailauth/dmarc.h"

namespace ph::mailauth {

struct PublicSuffixes::State {
  const psl_ctx_t* list = nullptr;
  bool own = false;  // made by us: freed by us
  ~State() {
    if (own) psl_free(const_cast<psl_ctx_t*>(list));
  }
};

PublicSuffixes::PublicSuffixes() : state_(std::make_unique<State>()) {
  state_->list = psl_builtin();
}
PublicSuffixes::PublicSuffixes(std::unique_ptr<State> state) : state_(std::move(state)) {}
PublicSuffixes::PublicSuffixes(PublicSuffixes&&) noexcept = default;
PublicSuffixes& PublicSuffixes::operator=(PublicSuffixes&&) noexcept = default;
PublicSuffixes::~PublicSuffixes() = default;

Result<PublicSuffixes> PublicSuffixes::parse(const std::string& list) {
  // libpsl reads from a FILE: one over memory does no I/O.
  std::FILE* memory = fmemopen(const_cast<char*>(list.data()), list.size(), "rb");
  if (memory == nullptr) return fail(Kind::malformed, "an empty list of public suffixes");
  auto state = std::make_unique<State>();
  state->list = psl_load_fp(memory);
  state->own = true;
  std::fclose(memory);
  if (state->list == nullptr || psl_suffix_count(state->list) <= 0)
    return fail(Kind::malformed, "not a list of public suffixes");
  return PublicSuffixes(std::move(state));
}

std::string PublicSuffixes::organizational_domain(std::string_view domain) const {
  if (state_->list == nullptr) return std::string(domain);
  const std::string text(domain);
  const char* found = psl_registrable_domain(state_->list, text.c_str());
  return found == nullptr ? std::string() : std::string(found);
}

}  // namespace ph::mailauth
