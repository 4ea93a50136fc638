# What we build on (all Debian packages, tools/packages names them). Rooms name the targets here.
# SYSTEM: warnings in other people's headers are not ours to fix.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(lib_fmt INTERFACE)
find_package(fmt REQUIRED)
target_link_libraries(lib_fmt INTERFACE fmt::fmt)

# Only the awaitable headers are included, never <boost/asio.hpp>; the library's non-template part is
# compiled once, in src/rt/asio_impl.cc.
add_library(lib_asio INTERFACE)
target_compile_definitions(lib_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(lib_asio INTERFACE Threads::Threads)

pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libssl libcrypto)
add_library(lib_openssl INTERFACE)
target_link_libraries(lib_openssl INTERFACE PkgConfig::OPENSSL)

add_library(lib_argon2 INTERFACE)
target_link_libraries(lib_argon2 INTERFACE argon2)

add_library(lib_rocksdb INTERFACE)
target_link_libraries(lib_rocksdb INTERFACE rocksdb)

add_library(lib_unbound INTERFACE)
target_link_libraries(lib_unbound INTERFACE unbound)

# Charsets and UTS #46. Only ICU's C API is used: it is stable, and its headers are light.
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc icu-i18n)
add_library(lib_icu INTERFACE)
target_link_libraries(lib_icu INTERFACE PkgConfig::ICU)

# Public suffixes.
pkg_check_modules(PSL REQUIRED IMPORTED_TARGET libpsl)
add_library(lib_psl INTERFACE)
target_link_libraries(lib_psl INTERFACE PkgConfig::PSL)

# gzip and zip of reports; and their XML.
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
add_library(lib_zlib INTERFACE)
target_link_libraries(lib_zlib INTERFACE PkgConfig::ZLIB)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
add_library(lib_expat INTERFACE)
target_link_libraries(lib_expat INTERFACE PkgConfig::EXPAT)

# The release program's allocator (docs/adr/0006-allocator.md); sanitizers bring their own.
add_library(lib_allocator INTERFACE)
if(NOT PH_SANITIZE AND NOT PH_FUZZ)
  target_link_libraries(lib_allocator INTERFACE -Wl,--push-state,--no-as-needed -ljemalloc -Wl,--pop-state)
endif()

add_library(lib_tomlplusplus INTERFACE)

find_package(spdlog REQUIRED)
add_library(lib_spdlog INTERFACE)
target_link_libraries(lib_spdlog INTERFACE spdlog::spdlog)

add_library(lib_cli11 INTERFACE)

add_library(lib_json INTERFACE)
target_link_libraries(lib_json INTERFACE boost_json)

find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
