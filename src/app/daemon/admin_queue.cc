// queue.list, show, stats, hold, release, retry, delete.
#include <algorithm>

#include "app/daemon/admin_request.h"

namespace ph::daemon {
namespace {

namespace json = boost::json;

Result<queue::Select> selection(const AdminRequest& request) {
  queue::Select which;
  which.all = request.flag("all");
  PH_TRY(which.queue_id, request.optional_text("queue_id"));
  PH_TRY(which.sender, request.optional_text("sender"));
  PH_TRY(which.recipient, request.optional_text("recipient"));
  PH_TRY(which.domain, request.optional_text("domain"));
  return which;
}

json::object changed(const queue::Changed& sum) {
  return {
      {"changed", sum.recipients}, {"attempting", sum.attempting}, {"unchanged", sum.unchanged}};
}

}  // namespace

Task<AdminReply> queue_list(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(const auto max, request.number("max"));
  PH_CO_TRY(auto which, selection(request));
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(max.value_or(1000), kAdminListedMax));
  PH_CO_TRY(auto jobs, co_await rooms.queue.list(std::move(which), count + 1, deadline_of(rooms)));
  const bool more = jobs.size() > count;
  if (more) jobs.resize(count);
  auto out = listed("jobs", jobs);
  if (more) out["complete"] = false;
  co_return out;
}

Task<AdminReply> queue_show(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(auto id, request.text("queue_id"));
  PH_CO_TRY(const auto jobs, co_await rooms.queue.show(std::move(id), deadline_of(rooms)));
  co_return listed("jobs", jobs);
}

Task<AdminReply> queue_stats(AdminRequest, AdminRooms rooms) {
  PH_CO_TRY(const auto stats, co_await rooms.queue.stats(deadline_of(rooms)));
  co_return json::object{{"stats", facts(stats)}};
}

Task<AdminReply> queue_hold(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(auto which, selection(request));
  PH_CO_TRY(const auto sum, co_await rooms.queue.hold(std::move(which)));
  co_return changed(sum);
}

Task<AdminReply> queue_release(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(auto which, selection(request));
  PH_CO_TRY(const auto sum, co_await rooms.queue.release(std::move(which)));
  co_return changed(sum);
}

Task<AdminReply> queue_retry(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(auto which, selection(request));
  PH_CO_TRY(const auto sum, co_await rooms.queue.retry(std::move(which)));
  co_return changed(sum);
}

Task<AdminReply> queue_delete(AdminRequest request, AdminRooms rooms) {
  PH_CO_TRY(auto which, selection(request));
  PH_CO_TRY(const auto sum, co_await rooms.queue.remove(std::move(which)));
  co_return changed(sum);
}

}  // namespace ph::daemon
