// The commands about domains and their keys.
#include <algorithm>

#include "app/daemon/admin_request.h"

namespace ph::daemon {

namespace json = boost::json;

Task<AdminReply> domain_add(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto name, request.text("domain"));
  PH_CO_TRY([[maybe_unused]] const auto made, co_await rooms.identity.add_domain(name));
  // Its first keys. Cut short, the domain has none, and `domain rotate-key` makes them.
  PH_CO_TRY(const auto keys, co_await rooms.keys.rotate(name, std::chrono::seconds(0)));
  json::object out = listed("keys", keys);
  out["domain"] = utf8_only(name);
  co_return out;
}

Task<AdminReply> domain_list(AdminRequest, AdminRooms rooms) {
  PH_CO_TRY(const auto domains, co_await rooms.identity.domains());
  co_return listed("domains", domains);
}

Task<AdminReply> domain_show(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto name, request.text("domain"));
  PH_CO_TRY(const auto keys, co_await rooms.keys.keys(name));
  json::object out = listed("keys", keys);
  out["domain"] = utf8_only(name);
  co_return out;
}

Task<AdminReply> domain_rotate_key(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto name, request.text("domain"));
  PH_CO_TRY(const auto after, request.number("after_seconds"));
  PH_CO_TRY(const auto keys,
            co_await rooms.keys.rotate(name, after ? std::chrono::seconds(static_cast<std::int64_t>(
                                                         std::min(*after, kKeyWaitSecondsMax)))
                                                   : kKeyWaitUsual));
  json::object out = listed("keys", keys);
  out["domain"] = utf8_only(name);
  co_return out;
}

Task<AdminReply> domain_remove_key(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto name, request.text("domain"));
  PH_CO_TRY(const auto selector, request.text("selector"));
  PH_CO_TRY([[maybe_unused]] const auto gone, co_await rooms.keys.remove(name, selector));
  co_return json::object{{"domain", utf8_only(name)}, {"selector", utf8_only(selector)}};
}

// DMARC reports: what is collected about others' domains, by the running server alone.

Task<AdminReply> domain_reports(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto domain, request.optional_text("domain"));
  if (rooms.reports == nullptr)
    co_return fail(Kind::unavailable, "reports are collected by a running server alone");
  PH_CO_TRY(const auto found, co_await rooms.reports->collected(domain, kAdminReportsMax));
  co_return listed("reports", found);
}

Task<AdminReply> domain_send_reports(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto domain, request.optional_text("domain"));
  if (rooms.reports == nullptr)
    co_return fail(Kind::unavailable, "reports are sent by a running server alone");
  PH_CO_TRY(const auto sent, co_await rooms.reports->send_now(domain));
  co_return listed("sent", sent);
}

}  // namespace ph::daemon
