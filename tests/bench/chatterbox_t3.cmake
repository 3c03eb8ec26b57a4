find_package(CLI11 REQUIRED)
add_executable(chatterbox_t3_bench ${CMAKE_CURRENT_LIST_DIR}/chatterbox_t3_bench.cpp)
lectern_target(chatterbox_t3_bench)
target_link_libraries(chatterbox_t3_bench PRIVATE lectern_chatterbox_t3 lectern_synthetic_weights
                                                  lectern_engine_environment CLI11::CLI11)
target_compile_definitions(chatterbox_t3_bench PRIVATE TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
