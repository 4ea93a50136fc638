// Input: a recipe (testing/build_recipe.h): header texts of any octets, a tree of parts, what the
// way carries. Oracles: no crash; every line is one that relays leave alone; parse_mime() and the
// readers give back exactly what went in; boundaries stand nowhere else; what is proper is built.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/testing/build_recipe.h"
#include "message/testing/built_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ph::message::testing;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const std::string fault = fault_of(read_recipe(octets));
  if (fault.empty()) return 0;
  std::fprintf(stderr, "%s\n", fault.c_str());
  std::abort();
}
