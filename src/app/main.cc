#include "app/cli/cli.h"

int main(int argc, char** argv) { return ph::cli::run(argc, argv); }
