# Tests that are not C++: the real program end to end, tidy, and the tests of our tools. Python's own unittest.
# Debian's own, where it is: the packages that tests import are installed for it, and not for others in the path.
if(NOT Python3_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python3_EXECUTABLE /usr/bin/python3)
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# ph_python_test(NAME FILE LABEL TIMEOUT_S)
function(ph_python_test name file label timeout_s)
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/${file} --verbose
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout_s}
    ENVIRONMENT "PH_PROGRAM=${CMAKE_BINARY_DIR}/posthouse")
endfunction()

# Several rooms together in a simulated world: a program for each tests/sim/x_test.cc.
if(PH_UNIT_TESTS AND NOT PH_FUZZ)
  file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/sim/*_test.cc)
  foreach(source IN LISTS sim_sources)
    get_filename_component(stem ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" what ${stem})
    add_executable(sim_${what}_test ${source})
    target_include_directories(sim_${what}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(sim_${what}_test PRIVATE room_serve_smtp room_serve_pop3 room_deliver room_intake
      room_policy room_identity room_mailbox room_queue room_journal room_store room_sim GTest::gmock_main)
    add_test(NAME sim.${what} COMMAND sim_${what}_test --gtest_brief=1)
    # A few frames of each allocation tell enough, and take a third less time.
    set_tests_properties(sim.${what} PROPERTIES LABELS sim TIMEOUT 1500
      ENVIRONMENT "ASAN_OPTIONS=malloc_context_size=3")
  endforeach()
endif()

# Against what users run. The program under sanitizers is covered by the unit and simulation tests.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PH_SANITIZE)
  # Real peers in Debian roots of their own. The first time it downloads packages; then it takes a moment.
  add_test(NAME peers.setup COMMAND ${CMAKE_SOURCE_DIR}/tests/peers/setup.sh)
  set_tests_properties(peers.setup PROPERTIES LABELS e2e TIMEOUT 1800 FIXTURES_SETUP peers)

  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/e2e/*_test.py)
  foreach(file IN LISTS files)
    get_filename_component(stem ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" what ${stem})
    if(what STREQUAL "kill")
      ph_python_test(kill.program ${file} kill 900)
      set_tests_properties(kill.program PROPERTIES PROCESSORS 2)
    else()
      ph_python_test(e2e.${what} ${file} e2e 600)
      file(STRINGS ${CMAKE_SOURCE_DIR}/${file} with_peers REGEX "^from (mail_peers|peers|relaying) import")
      if(with_peers)
        set_tests_properties(e2e.${what} PROPERTIES FIXTURES_REQUIRED peers)
      endif()
      if(what STREQUAL "thousand")  # it says how long the others take: not beside another test
        set_tests_properties(e2e.${what} PROPERTIES RUN_SERIAL TRUE)
      endif()
    endif()
  endforeach()

  add_test(NAME tidy.tree COMMAND ${CMAKE_SOURCE_DIR}/tools/tidy)
  add_test(NAME tidy.rfc_index COMMAND ${CMAKE_SOURCE_DIR}/tools/rfc_index check)
  ph_python_test(tidy.rules tests/tidy_test.py tidy 300)
  set_tests_properties(tidy.tree tidy.rfc_index PROPERTIES LABELS tidy TIMEOUT 600)
endif()

# Labels of unit tests by what stands among them: `ctest -L crash` runs the programs with crash tests.
foreach(kind crash)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*_${kind}_test.cc)
  get_property(rooms GLOBAL PROPERTY PH_ROOMS)
  foreach(file IN LISTS files)
    foreach(room IN LISTS rooms)
      string(REPLACE "/" "_" name ${room})
      if(file MATCHES "^${room}/[^/]*$" AND TEST unit.${name})
        set_property(TEST unit.${name} APPEND PROPERTY LABELS ${kind})
      endif()
    endforeach()
  endforeach()
endforeach()
foreach(room sim net serve/smtp serve/pop3)  # these run in the simulated world
  string(REPLACE "/" "_" name ${room})
  if(TEST unit.${name})
    set_property(TEST unit.${name} APPEND PROPERTY LABELS sim)
  endif()
endforeach()

# What other readers make of the messages that we write: over files, without the program.
if(PH_UNIT_TESTS AND NOT PH_FUZZ)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/message/*_test.py)
  foreach(file IN LISTS files)
    get_filename_component(stem ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" what ${stem})
    ph_python_test(unit.message.${what} ${file} unit 60)
  endforeach()
endif()

# A skipped test is a failure: nothing here has a reason to be skipped.
get_property(all DIRECTORY PROPERTY TESTS)
set_tests_properties(${all} PROPERTIES FAIL_REGULAR_EXPRESSION "\\[  SKIPPED \\]|skipped=|\\.\\.\\. skipped")
