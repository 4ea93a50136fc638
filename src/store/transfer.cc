// Exactly-once hand-over between partitions, over any engine.
#include <algorithm>

#include "base/record.h"
#include "store/store.h"

namespace ph::store {

Task<Result<Moved>> transfer(Store& store, Move move, Opt opt) {
  const std::string marker = "!d/" + move.day + "/" + move.id;
  Batch deliver = std::move(move.deliver);
  deliver.checks.push_back({marker, Check::What::absent, {}});
  deliver.puts.push_back({marker, RecordWriter(1).take()});
  deliver.settle = false;  // the marker makes a repeat harmless

  Moved moved = Moved::now;
  auto delivered = co_await store.commit(move.to, std::move(deliver), opt);
  if (!delivered) {
    if (delivered.error().kind != Kind::conflict)
      co_return std::unexpected(std::move(delivered).error());
    std::vector<std::string> keys{marker};
    PH_CO_TRY(const std::vector<Record> done, co_await store.get(move.to, std::move(keys), opt));
    if (done.empty()) co_return std::unexpected(std::move(delivered).error());
    moved = Moved::before;
  }

  Batch remove;
  remove.checks.push_back({move.key.key, Check::What::version, move.key.version});
  remove.puts.push_back({move.key.key, std::nullopt});
  remove.fence = std::move(move.fence);
  remove.settle = false;
  auto removed = co_await store.commit(move.from, std::move(remove), opt);
  if (!removed) {
    if (removed.error().kind != Kind::conflict)
      co_return std::unexpected(std::move(removed).error());
    std::vector<std::string> keys{move.key.key};
    PH_CO_TRY(const std::vector<Record> left, co_await store.get(move.from, std::move(keys), opt));
    if (!left.empty()) co_return std::unexpected(std::move(removed).error());
    // gone already: an earlier try had come as far as this
  }
  co_return moved;
}

std::string ordered(std::uint64_t value) {
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4)
    *digit = "0123456789abcdef"[value & 15];
  return digits;
}

}  // namespace ph::store
