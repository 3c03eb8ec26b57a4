find_package(CLI11 REQUIRED)
add_executable(kokoro_bench ${CMAKE_CURRENT_LIST_DIR}/kokoro_bench.cpp)
lectern_target(kokoro_bench)
target_link_libraries(kokoro_bench PRIVATE lectern_kokoro CLI11::CLI11)
