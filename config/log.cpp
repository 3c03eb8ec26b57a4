#include "config/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "config/fault.h"
#include "config/paths.h"

namespace lectern {

void start_log(const std::string& program, const std::filesystem::path& file, const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off")
    throw Fault(Exit::usage, "unknown log level '" + level + "'", "use trace, debug, info, warn, error or off");
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    } else {
      make_folder(file.parent_path());
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(file.string(), 5u << 20, 3);
    }
    auto logger = std::make_shared<spdlog::logger>(program, sink);
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %n[%P] %l %v");
    logger->set_level(parsed);
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(logger);
  } catch (const spdlog::spdlog_ex& e) {
    throw Fault(Exit::bad_input, "cannot open the log file " + file.string() + ": " + e.what(),
                "make its folder writable");
  }
}

}  // namespace lectern
