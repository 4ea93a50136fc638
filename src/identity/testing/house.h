// A small house for tests: identity over a store in memory, in virtual time. Header only, so that
// the tests of the rooms above can use it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "identity/identity.h"
#include "sim/world.h"
#include "store/store.h"

namespace ph::identity::testing {

inline message::Address at(std::string_view text) {
  auto address = message::parse_address(text);
  EXPECT_TRUE(address) << text;
  return address ? *address : message::Address{};
}

class House {
 public:
  explicit House(Options options = {}) : options_(options) {
    auto opened = store::open("memory:", "", world);
    EXPECT_TRUE(opened);
    store = *std::move(opened);
    restart();
  }

  /// A new process over the same store, or over `other` (which leads to it).
  void restart(store::Store* other = nullptr) {
    identity = make_identity(
        other != nullptr ? *other : *store, world,
        [this](Event event) { events.push_back(std::move(event)); }, options_);
  }

  /// Runs `task` to its end. Time goes on only where the task waits for it.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    world.spawn(keep(std::move(task), &out));
    EXPECT_TRUE(world.run_until([&out] { return out.has_value(); }));
    return *std::move(out);
  }

  rt::Instant soon() const { return world.clock.now() + std::chrono::seconds(60); }

  Resolved resolve(message::Address address) {
    auto found = run(identity->directory().resolve(std::move(address), soon()));
    EXPECT_TRUE(found);
    return found ? *found : Resolved{};
  }
  Resolved resolve(std::string_view address) { return resolve(at(address)); }

  Result<LoginResult> login(std::string user, std::string password, std::string ip = "192.0.2.7") {
    return run(identity->authenticator().login(
        {std::move(user), std::move(password), std::move(ip), "submission"}, soon()));
  }

  Administration& admin() { return identity->administration(); }
  void must(const Result<Done>& done) { EXPECT_TRUE(done) << describe(done.error()); }
  Account add_account(std::string address, std::string password = "secret") {
    auto account = run(admin().add_account(std::move(address), std::move(password)));
    EXPECT_TRUE(account) << describe(account.error());
    return account ? *account : Account{};
  }
  void add_domain(std::string name) { must(run(admin().add_domain(std::move(name)))); }
  void add_alias(std::string address, std::vector<std::string> targets) {
    must(run(admin().add_alias(std::move(address), std::move(targets))));
  }

  sim::World world{7};
  std::vector<Event> events;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Identity> identity;

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* out) {
    T value = co_await std::move(task);
    out->emplace(std::move(value));
  }

  Options options_;
};

}  // namespace ph::identity::testing
