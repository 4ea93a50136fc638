// From URLs to engines.
#include <charconv>

#include "store/file_engine.h"
#include "store/memory_engine.h"
#include "store/split_engine.h"

namespace ph::store {
namespace {

constexpr std::string_view kMemory = "memory:", kFile = "file:", kReserve = "?reserve=";

Result<std::uint64_t> parse_octets(std::string_view digits) {
  std::uint64_t octets = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octets);
  if (error != std::errc() || end != digits.data() + digits.size())
    return fail(Kind::malformed, "not a count of octets", std::string(digits));
  return octets;
}

Result<std::unique_ptr<Engine>> open_memory(std::string_view rest, rt::World& world) {
  std::uint64_t room_octets = MemoryEngine::kRoomOctetsDefault;
  if (!rest.empty()) {
    PH_TRY(room_octets, parse_octets(rest));
  }
  return std::make_unique<MemoryEngine>(world, room_octets);
}

Result<std::unique_ptr<Engine>> open_file(std::string_view rest, rt::World& world) {
  FileSetup setup;
  const auto question = std::min(rest.find(kReserve), rest.size());
  if (question < rest.size()) {
    PH_TRY(setup.reserve_octets, parse_octets(rest.substr(question + kReserve.size())));
  }
  setup.database.folder = rest.substr(0, question);
  if (setup.database.folder.empty())
    return fail(Kind::malformed, "file: needs a folder", std::string(rest));
  PH_TRY(std::unique_ptr<Engine> engine, FileEngine::open(std::move(setup), world));
  return engine;
}

Result<std::unique_ptr<Engine>> open_engine(std::string_view url, rt::World& world) {
  if (url.starts_with(kMemory)) return open_memory(url.substr(kMemory.size()), world);
  if (url.starts_with(kFile)) return open_file(url.substr(kFile.size()), world);
  return fail(Kind::malformed, "no engine has this URL; use file:DIR or memory:", std::string(url));
}

}  // namespace

Result<std::unique_ptr<Store>> open(std::string_view data_url, std::string_view blob_url,
                                    rt::World& world) {
  PH_TRY(std::unique_ptr<Engine> rows, open_engine(data_url, world));
  if (blob_url.empty() || blob_url == data_url) return rows;
  PH_TRY(std::unique_ptr<Engine> blobs, open_engine(blob_url, world));
  return std::make_unique<SplitEngine>(std::move(rows), std::move(blobs));
}

}  // namespace ph::store
