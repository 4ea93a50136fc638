// Input: a configuration file. Oracles: no crash under ASan and UBSan; the number of problems is
// bounded, and each stands on a line that the file has.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "app/daemon/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view toml(reinterpret_cast<const char*>(data), size);
  const auto read = ph::daemon::read_config(toml, "fuzz.toml", "/var/lib/posthouse");
  if (read.problems.size() > ph::daemon::kProblemsMax + 1) std::abort();
  const auto lines = static_cast<std::size_t>(std::ranges::count(toml, '\n')) + 1;
  for (const auto& problem : read.problems) {
    if (problem.line > lines + 1) std::abort();
    if (problem.problem.empty()) std::abort();
  }
  return 0;
}
