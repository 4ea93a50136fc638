// libunbound's context with our settings; only rt/os/resolver.cc uses it.
#pragma once

#include <unbound.h>

#include <memory>

#include "base/error.h"
#include "rt/os/resolver.h"

namespace ph::rt::os {

struct ContextDeleter {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
/// Deleting it ends what is under way; no callback is called for that.
using DnsContext = std::unique_ptr<ub_ctx, ContextDeleter>;

/// Ready for questions; reads the files that `options` names.
///   validate  with options.root_keys, which exist
/// unavailable: libunbound took a setting amiss.
Result<DnsContext> make_dns_context(const ResolverOptions& options, bool validate);

/// What libunbound found; `question` is what it was asked.
dns::Answer dns_answer(const dns::Question& question, int error, const ub_result* result);

}  // namespace ph::rt::os
