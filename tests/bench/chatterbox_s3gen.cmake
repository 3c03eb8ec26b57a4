find_package(CLI11 REQUIRED)
add_executable(chatterbox_s3gen_bench ${CMAKE_CURRENT_LIST_DIR}/chatterbox_s3gen_bench.cpp)
lectern_target(chatterbox_s3gen_bench)
target_link_libraries(chatterbox_s3gen_bench PRIVATE lectern_chatterbox_s3gen_parity lectern_engine_environment
                                                     CLI11::CLI11)
