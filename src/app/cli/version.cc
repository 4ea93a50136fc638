// posthouse version
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/cli/cli.h"
#include "app/cli/output.h"

namespace ph::cli {

void add_version(CLI::App& app, Common& common) {
  auto* command = app.add_subcommand("version", "which Posthouse this is");
  command->footer("Examples:\n  posthouse version --json\n");
  command->callback([&common] {
    common.run = [&common] {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
      constexpr std::string_view build = "sanitized";
#else
      constexpr std::string_view build = "release";
#endif
      if (common.json) {
        print_json({{"version", kVersion}, {"compiler", __VERSION__}, {"build", build}});
      } else {
        fmt::print("posthouse {}\n", kVersion);
      }
      return kFine;
    };
  });
}

}  // namespace ph::cli
