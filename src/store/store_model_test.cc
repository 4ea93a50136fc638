// Random batches against a map: whatever the order, both say the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "store/testing/lab.h"

namespace ph::store::testing {
namespace {

struct Cell {
  std::string value;
  Version version;
};
using Rows = std::map<std::string, Cell>;

/// What the batch should do to `rows`, decided without the store.
Kind expected(const Rows& rows, const Batch& batch) {
  const auto version_of = [&rows](const std::string& key) {
    const auto found = rows.find(key);
    return found == rows.end() ? std::nullopt : std::optional(found->second.version);
  };
  if (batch.fence && version_of(batch.fence->lease) != batch.fence->epoch) return Kind::refused;
  for (const Check& check : batch.checks) {
    const auto found = version_of(check.key);
    if (check.what == Check::What::absent && found) return Kind::conflict;
    if (check.what == Check::What::present && !found) return Kind::conflict;
    if (check.what == Check::What::version && found != check.v) return Kind::conflict;
  }
  return Kind::cancelled;  // none of the two: applied
}

class Model {
 public:
  Model(Lab& lab, std::uint64_t seed) : lab_(lab), random_(seed) {}

  /// Several batches on their way at once, in different partitions, so that the order in one is
  /// known.
  void step() {
    std::vector<std::pair<std::string, Batch>> batches;
    std::vector<std::optional<Result<Committed>>> results(3);
    for (int i = 0; i < 3; ++i) batches.emplace_back("p" + std::to_string(i), batch(i));
    for (std::size_t i = 0; i < batches.size(); ++i)
      boost::asio::co_spawn(
          lab_.io.get_executor(), lab_.store().commit(batches[i].first, batches[i].second),
          [&results, i](std::exception_ptr, Result<Committed> r) { results[i] = std::move(r); });
    while (!std::ranges::all_of(results, [](const auto& r) { return r.has_value(); })) {
      lab_.io.restart();
      lab_.io.run_one();
    }
    for (std::size_t i = 0; i < batches.size(); ++i)
      apply(rows_[batches[i].first], batches[i].second, *results[i]);
  }

  void compare() {
    for (const auto& [partition, rows] : rows_) {
      std::string begin = key();
      const std::string end = key();
      const auto page = lab_.run(lab_.store().scan(partition, {begin, end}, 1 + random_.below(8)));
      ASSERT_TRUE(page);
      auto row = rows.lower_bound(begin);
      for (const Record& record : page->records) {
        ASSERT_NE(row, rows.end());
        EXPECT_EQ(record.key, row->first);
        EXPECT_EQ(record.value, row->second.value);
        EXPECT_EQ(record.version, row->second.version);
        ++row;
      }
      const bool more = row != rows.end() && row->first < end;
      EXPECT_EQ(page->next, more ? std::optional(row->first) : std::nullopt);
    }
  }

 private:
  std::string key() { return "k" + std::to_string(10 + random_.below(20)); }
  Version some_version(const Rows& rows) {
    if (rows.empty() || random_.below(4) == 0) return {};
    auto row = rows.begin();
    std::advance(row, static_cast<std::ptrdiff_t>(random_.below(rows.size())));
    return row->second.version;
  }
  Batch batch(int partition) {
    Rows& rows = rows_["p" + std::to_string(partition)];
    Batch batch;
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      const std::string name = key();
      const auto found = rows.find(name);
      auto what = static_cast<Check::What>(random_.below(3));
      if (random_.below(3) > 0) what = found == rows.end() ? Check::What::absent : what;
      const bool right = random_.below(3) > 0 && found != rows.end();
      batch.checks.push_back({name, what, right ? found->second.version : some_version(rows)});
    }
    std::map<std::string, std::optional<std::string>> puts;
    for (std::uint64_t i = random_.below(5); i > 0; --i) {
      std::optional<std::string> value(std::string(random_.below(200), 'a'));
      if (random_.below(3) == 0) value.reset();
      puts[key()] = value;
    }
    for (const auto& [name, value] : puts) batch.puts.push_back({name, value});
    if (random_.below(5) == 0) {
      const std::string lease = key();
      const auto found = rows.find(lease);
      batch.fence = {lease, found != rows.end() ? found->second.version : some_version(rows)};
    }
    return batch;
  }
  static void apply(Rows& rows, const Batch& batch, const Result<Committed>& result) {
    const Kind kind = expected(rows, batch);
    ASSERT_EQ(result ? Kind::cancelled : result.error().kind, kind);
    if (!result) return;
    for (const Put& put : batch.puts) {
      if (put.value) {
        rows.insert_or_assign(put.key, Cell{*put.value, result->version});
      } else {
        rows.erase(put.key);
      }
    }
  }
  Lab& lab_;
  FakeRandom random_;
  std::map<std::string, Rows> rows_;
};

class StoreModel : public ::testing::TestWithParam<const char*> {};

TEST_P(StoreModel, BehavesAsAMap) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    Lab lab(GetParam());
    Model model(lab, seed);
    for (int i = 0; i < 200 && !HasFailure(); ++i) {
      model.step();
      model.compare();
      if (i % 50 == 49 && lab.survives_close()) {
        lab.close();
        lab.open();
        model.compare();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreModel, ::testing::Values("memory", "file", "split"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ph::store::testing
