#include "mailbox/links.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "mailbox/limits.h"

namespace ph::mailbox {
namespace {

struct Gathered {
  std::vector<Link> links;
  std::vector<std::optional<Result<Done>>> results;
  std::atomic<std::size_t> next{0}, left{0};
  std::optional<rt::Resume<bool>> resume;
};

Task<Result<Done>> change_one(store::Store& store, Link link, LinkWhat what,  // NOLINT: see header
                              store::Opt opt) {
  if (what == LinkWhat::link)
    co_return co_await store.link(std::move(link.blob), std::move(link.holder), opt);
  co_return co_await store.unlink(std::move(link.blob), std::move(link.holder), opt);
}

/// Does links until none is left; the last of the runners wakes the waiting call.
Task<void> run(store::Store& store, std::shared_ptr<Gathered> all, LinkWhat what,  // NOLINT
               store::Opt opt) {
  for (;;) {
    const std::size_t index = all->next.fetch_add(1);
    if (index >= all->links.size()) break;
    auto result = co_await change_one(store, std::move(all->links[index]), what, opt);
    all->results[index] = std::move(result);
  }
  if (all->left.fetch_sub(1) == 1) (*all->resume)(true);
}

}  // namespace

Task<std::vector<Result<Done>>> change_links(store::Store& store,  // NOLINT: see header
                                             std::vector<Link> links, LinkWhat what,
                                             store::Opt opt) {
  std::vector<Result<Done>> out;
  if (links.size() <= 1) {
    for (auto& link : links) {
      auto result = co_await change_one(store, std::move(link), what, opt);
      out.push_back(std::move(result));
    }
    co_return out;
  }
  const rt::Executor executor = co_await boost::asio::this_coro::executor;
  auto all = std::make_shared<Gathered>();  // owners: this call and its runners
  all->links = std::move(links);
  all->results.resize(all->links.size());
  const std::size_t runners = std::min(all->links.size(), kLinksAtOnceMax);
  all->left = runners;
  co_await rt::suspend<bool>([&store, executor, all, what, opt, runners](rt::Resume<bool> resume) {
    all->resume = std::move(resume);
    for (std::size_t i = 0; i < runners; ++i) rt::spawn(executor, run(store, all, what, opt));
  });
  for (auto& result : all->results) out.push_back(std::move(*result));
  co_return out;
}

}  // namespace ph::mailbox
