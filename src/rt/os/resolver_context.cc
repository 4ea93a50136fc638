#include "rt/os/resolver_context.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "base/ascii.h"

namespace ph::rt::os {
namespace {

/// Names that libunbound answers itself, with "no such name", and that the servers shall answer:
/// tests live under test. (RFC 6761 §6.2), home networks under home.arpa. (RFC 8375 §4). What stays
/// is localhost., invalid. and onion.: there is no mail for them anywhere.
constexpr std::array kServedZones{"test.", "home.arpa."};

class Settings {
 public:
  explicit Settings(ub_ctx* context) : context_(context) {}

  void option(const char* name, const std::string& value) {
    note(name, ub_ctx_set_option(context_, name, value.c_str()));
  }
  void note(const std::string& what, int error) {
    if (error != 0 && failed_.empty()) failed_ = fmt::format("{} {}", what, ub_strerror(error));
  }
  /// The first that was taken amiss; "": none. A context that misses one setting does not fail: it
  /// answers wrongly later, so each is looked at.
  const std::string& failed() const { return failed_; }

 private:
  ub_ctx* context_;
  std::string failed_;
};

void set_options(Settings& settings) {
  settings.option("do-not-query-localhost:", "no");  // a resolver beside us is the usual case
  settings.option("unblock-lan-zones:", "yes");      // 10.in-addr.arpa and the like
  settings.option("insecure-lan-zones:", "yes");
  settings.option("cache-max-negative-ttl:", std::to_string(kDnsNegativeSecondsMax));
  settings.option("outgoing-range:", std::to_string(kDnsUnderWayMax));
  settings.option("num-queries-per-thread:", std::to_string(kDnsUnderWayMax));
  settings.option("outgoing-num-tcp:", "16");
  settings.option("msg-cache-size:", std::to_string(kDnsCacheOctetsMax / 2));
  settings.option("rrset-cache-size:", std::to_string(kDnsCacheOctetsMax / 2));
  // A server that was away for a moment is tried again within a minute, not after fifteen.
  settings.option("infra-host-ttl:", "60");
  settings.option("infra-keep-probing:", "yes");
}

std::string_view rcode_text(int rcode) {
  switch (rcode) {  // RFC 1035 §4.1.1
    case 1: return "FORMERR: the server did not understand the question";
    case 2: return "SERVFAIL: no server for this name gives an answer";
    case 4: return "NOTIMP: the server does not know this kind of question";
    case 5: return "REFUSED: the server does not answer for this name, or not to us";
    default: return "the server answered with an error";
  }
}

/// As Question::name is written; libunbound's has the final dot.
std::string as_name(std::string_view text) {
  if (text.size() > 1 && text.ends_with('.') && !text.ends_with("\\.")) text.remove_suffix(1);
  return ascii_lower(text);
}

}  // namespace

Result<DnsContext> make_dns_context(const ResolverOptions& options, bool validate) {
  DnsContext context(ub_ctx_create());
  if (!context) return fail(Kind::unavailable, "no memory or randomness for the DNS resolver");
  Settings settings(context.get());
  // Threads, said first: else libunbound forks a process at the first question.
  settings.note("threads", ub_ctx_async(context.get(), 1));
  settings.note("no log", ub_ctx_debugout(context.get(), nullptr));
  set_options(settings);
  for (const Endpoint& server : options.servers) {
    const std::string at = fmt::format("{}@{}", to_string(server.ip), server.port);
    settings.note(at, ub_ctx_set_fwd(context.get(), at.c_str()));
  }
  if (options.servers.empty()) {
    settings.note(options.resolv_conf,
                  ub_ctx_resolvconf(context.get(), options.resolv_conf.c_str()));
  }
  if (validate) {
    settings.note(options.root_keys, ub_ctx_add_ta_file(context.get(), options.root_keys.c_str()));
  }
  // Last: it finalises the context, and what is set later is refused.
  for (const char* zone : kServedZones)
    settings.note(zone, ub_ctx_zone_remove(context.get(), zone));
  if (!settings.failed().empty())
    return fail(Kind::unavailable, "the DNS resolver refuses a setting", settings.failed());
  return context;
}

dns::Answer dns_answer(const dns::Question& question, int error, const ub_result* result) {
  dns::Answer answer;
  answer.canonical = as_name(question.name);
  if (error != 0 || result == nullptr) {
    answer.why = fmt::format("the DNS resolver failed: {}", ub_strerror(error));
    return answer;
  }
  if (result->canonname != nullptr && result->canonname[0] != '\0')
    answer.canonical = as_name(result->canonname);
  answer.ttl = result->ttl > 0 ? static_cast<std::uint32_t>(result->ttl) : 0;
  if (result->bogus) {  // looked at first: data may be there, and is not to be used
    answer.status = dns::Status::bogus;
    answer.why = result->why_bogus ? result->why_bogus : "DNSSEC validation failed";
    return answer;
  }
  answer.secure = result->secure != 0;
  if (result->nxdomain) {
    answer.status = dns::Status::no_name;
  } else if (result->rcode != 0) {
    answer.why = rcode_text(result->rcode);
  } else if (result->havedata) {
    answer.status = dns::Status::ok;
    for (std::size_t i = 0; result->data[i] != nullptr; ++i)
      answer.data.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
  } else {
    answer.status = dns::Status::no_data;
  }
  return answer;
}

}  // namespace ph::rt::os
