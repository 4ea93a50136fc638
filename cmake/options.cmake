# How everything is compiled. clang-19 is the compiler of record: g++ 12 miscompiles coroutines.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Posthouse is built with clang 19 or newer; this is "
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. Use a preset (cmake --preset release); "
    "./run and ./test install the compiler where it is missing.")
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(PH_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")
# Unit tests run under sanitizers: what users run is tested end to end.
if(PH_SANITIZE)
  set(PH_UNIT_TESTS_DEFAULT ON)
else()
  set(PH_UNIT_TESTS_DEFAULT OFF)
endif()
option(PH_UNIT_TESTS "Build unit, crash, simulation and fuzz-replay tests" ${PH_UNIT_TESTS_DEFAULT})
option(PH_FUZZ "Link the fuzz targets with libFuzzer instead of the replay main" OFF)

find_program(PH_CCACHE ccache)
if(PH_CCACHE)  # what one build folder or clone compiled serves the next
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${PH_CCACHE})
endif()

add_library(ph_options INTERFACE)
target_compile_options(ph_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdangling-gsl -Werror
  -Wno-missing-designated-field-initializers  # naming some fields and defaulting the rest is the point
  -fstack-protector-strong -ftrivial-auto-var-init=zero)
target_compile_definitions(ph_options INTERFACE _GLIBCXX_ASSERTIONS)
target_include_directories(ph_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_options(ph_options INTERFACE -fuse-ld=lld -pie -Wl,-z,relro,-z,now)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")  # asserts stay on: no -DNDEBUG
  target_compile_definitions(ph_options INTERFACE _FORTIFY_SOURCE=3)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")
endif()
if(PH_SANITIZE)
  target_compile_options(ph_options INTERFACE -fsanitize=${PH_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(ph_options INTERFACE -fsanitize=${PH_SANITIZE})
endif()
