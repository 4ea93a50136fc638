// posthouse version
#include <fmt/format.h>

#include "app/cli/cli.h"
#include "app/cli/output.h"

namespace ph::cli {
namespace {

#if __has_feature(address_sanitizer)
constexpr std::string_view kBuild = "sanitized";
#else
constexpr std::string_view kBuild = "release";
#endif

}  // namespace

void add_version(Command program, Common& common) {
  auto command = program.add("version", "which Posthouse this is");
  command.notes("Examples:\n  posthouse version --json\n");
  command.on_run(common, [&common] {
    if (common.json) {
      print_json({{"version", kVersion}, {"compiler", __VERSION__}, {"build", kBuild}});
    } else {
      fmt::print("posthouse {}\n", kVersion);
    }
    return kFine;
  });
}

}  // namespace ph::cli
