# Programs as somebody else would write them: no part of ours, and they link what a room shows. `./test` builds
# and runs them.
if(PH_UNIT_TESTS AND NOT PH_FUZZ)
  add_executable(list_parts ${CMAKE_SOURCE_DIR}/examples/list_parts.cc)
  target_link_libraries(list_parts PRIVATE room_message)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME unit.examples COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/examples/list_parts_test.py
    $<TARGET_FILE:list_parts>)
  set_tests_properties(unit.examples PROPERTIES LABELS unit TIMEOUT 60)
endif()
