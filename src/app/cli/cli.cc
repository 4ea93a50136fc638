#include "app/cli/cli.h"

#include <cstdio>

namespace ph::cli {

int run(int argc, char** argv) {
  Common common;
  common.program = argc > 0 ? argv[0] : "posthouse";
  int code = kCouldNotRun;
  const std::vector<AddCommand> commands{
      add_serve, add_check, add_domain, add_account, add_alias, add_queue, add_why,    add_send,
      add_read,  add_mx,    add_trace,  add_message, add_auth,  add_codec, add_version};
  if (!parse(argc, argv, common, commands, code)) return code;
  code = common.run ? common.run() : kCouldNotRun;
  // A full disk or a closed pipe behind standard output is a failure too.
  return std::fflush(stdout) == 0 ? code : kCouldNotRun;
}

}  // namespace ph::cli
