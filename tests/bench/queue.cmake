# The queue's figures: queue_bench at a real broker, line_queue_bench at its peers, bare_queue_bench at the least
# broker that could do it; queue_vs_peers.sh runs them all.
find_package(CLI11 REQUIRED)
add_library(preloaded_syncs MODULE ${CMAKE_CURRENT_LIST_DIR}/preloaded_syncs.cpp)
target_link_libraries(preloaded_syncs PRIVATE ${CMAKE_DL_LIBS})
set(queue_bench_folder ${CMAKE_CURRENT_LIST_DIR})
add_executable(queue_bench ${queue_bench_folder}/queue_bench.cpp ${queue_bench_folder}/measured_broker.cpp
                           ${queue_bench_folder}/queue_peer.cpp)
lectern_target(queue_bench)
target_link_libraries(queue_bench PRIVATE lectern_store CLI11::CLI11 Threads::Threads)
target_compile_definitions(queue_bench PRIVATE LECTERN_BROKER="$<TARGET_FILE:lectern-broker>"
                                               PRELOADED_SYNCS="$<TARGET_FILE:preloaded_syncs>")
add_dependencies(queue_bench lectern-broker preloaded_syncs)
add_executable(line_queue_bench ${queue_bench_folder}/line_queue_bench.cpp)
lectern_target(line_queue_bench)
target_link_libraries(line_queue_bench PRIVATE Threads::Threads)
add_executable(bare_queue_bench ${queue_bench_folder}/bare_queue_bench.cpp)
lectern_target(bare_queue_bench)
target_link_libraries(bare_queue_bench PRIVATE lectern_store Threads::Threads)

# Watched folders, on a whole installation.
add_executable(folder_bench ${queue_bench_folder}/folder_bench.cpp)
lectern_target(folder_bench)
set_target_properties(folder_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(folder_bench PRIVATE lectern_installation lectern_broker)

# How fast texts are cut.
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
add_executable(text_bench bench/text_bench.cpp)
lectern_target(text_bench)
target_compile_definitions(text_bench PRIVATE TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
target_link_libraries(text_bench PRIVATE lectern_text PkgConfig::ARCHIVE)
set_target_properties(text_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
