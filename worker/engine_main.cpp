// The engine process: loads one model, speaks segments until the agent says `finish`, exits. Started by lectern-worker;
// built once for each set of engines, so that the program for tests needs no libtorch.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "config/fault.h"
#include "config/log.h"
#include "worker/engine.h"
#include "worker/engine_environment.h"
#include "worker/engine_host.h"
#ifdef LECTERN_WITH_CHATTERBOX
#include "worker/chatterbox/engine.h"
#include "worker/chatterbox/voice_program.h"
#endif
#ifdef LECTERN_WITH_KOKORO
#include "worker/kokoro/engine.h"
#include "worker/kokoro/espeak.h"
#include "worker/weights/torch_report.h"
#endif
#ifdef LECTERN_WITH_SINE
#include "worker/sine/engine.h"
#endif

namespace lectern {
namespace {

struct KnownEngine {
  const char* name;
  EngineFactory make;
};
constexpr KnownEngine kEngines[] = {
#ifdef LECTERN_WITH_KOKORO
    {"kokoro", kokoro::make_engine},
#endif
#ifdef LECTERN_WITH_CHATTERBOX
    {"chatterbox", chatterbox::make_engine},
#endif
#ifdef LECTERN_WITH_SINE
    {"sine", sine::make_engine},
#endif
};

// What this program runs on, for `lectern doctor`. Loads no model, writes nothing.
void print_check() {
  const LoadedBlas blas = loaded_blas();
  nlohmann::json report = {{"version", LECTERN_VERSION},
                           {"memory_available_bytes", available_memory_bytes()},
                           {"cores", std::thread::hardware_concurrency()},
                           {"blas", {{"file", blas.file}, {"reference", blas.reference}}}};
#ifdef LECTERN_WITH_KOKORO
  report["torch"] = weights::torch_report();
  report["espeak"] = kokoro::espeak_report();
#endif
  std::printf("%s\n", report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

struct Arguments {
  std::string socket, engine, model, log_level = "info", log_file;
  EngineOptions options;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Lectern's speech engine; started by lectern-worker."};
  std::string folder, voices;
  app.set_version_flag("--version", LECTERN_VERSION);
  const auto check = [] {
    print_check();
    std::exit(static_cast<int>(Exit::done));
  };
  app.add_flag_callback("--check", check, "print what this program runs on as JSON, and end");
  app.add_option("--socket", a.socket, "the agent's socket")->required();
  app.add_option("--engine", a.engine, "which engine")->required();
  app.add_option("--model", a.model, "the model's name")->required();
  app.add_option("--model-folder", folder, "where its files are");
  app.add_option("--voices", voices, "where the voices made from recordings are");
  app.add_option("--device", a.options.device, "cpu or cuda:N");
  app.add_option("--threads", a.options.threads, "processor threads; 0: all cores");
  app.add_option("--lanes", a.options.most_lanes, "at most so many segments at once; 0: as many as are worth it");
  app.add_option("--precision", a.options.precision, "float32, bfloat16 or float16");
  app.add_option("--log-level", a.log_level, "trace, debug, info, warn, error or off");
  app.add_option("--log-file", a.log_file, "default: stderr");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : static_cast<int>(Exit::usage));
  }
  a.options.model_folder = folder;
  a.options.voices_folder = voices;
  return a;
}

EngineFactory find_engine(const std::string& name) {
  for (const KnownEngine& engine : kEngines)
    if (name == engine.name) return engine.make;
  throw Fault(Exit::not_found, "this engine program has no engine '" + name + "'", "install Lectern again");
}

// Seconds since the kernel started this process: the loading of libraries counts too.
double process_age_s() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));  // the program's name before it may hold anything
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double started_ticks = 0;
  fields >> started_ticks;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec + now.tv_nsec * 1e-9 - started_ticks / sysconf(_SC_CLK_TCK);
}

protocol::EngineFailed describe_current_exception() {
  protocol::EngineFailed failure;
  try {
    throw;
  } catch (const Fault& fault) {
    failure.exit = static_cast<int>(fault.exit());
    failure.message = fault.what();
    failure.hint = fault.hint();
  } catch (const std::exception& e) {
    // Libraries append a stack to their message; its first line is for people.
    const std::string what = e.what();
    failure.message = what.substr(0, what.find('\n'));
    if (out_of_memory(e)) {
      failure.exit = static_cast<int>(Exit::no_space);
      failure.message = "out of memory (" + failure.message + ")";
      failure.hint = "close other programs, or set fewer `threads` in config.yaml";
    }
  }
  return failure;
}

// `engine` outlives this call, also when it throws: threads of the engine may still be running then.
void work(EngineHost& host, const Arguments& arguments, std::unique_ptr<Engine>& engine) {
  engine = find_engine(arguments.engine)(arguments.options);
  for (const std::string& warning : engine_environment_warnings(arguments.options.device, arguments.options.threads))
    spdlog::warn("{}", warning);
  const EngineFacts facts = engine->facts();
  const double loading_s = process_age_s();
  spdlog::info("model '{}' loaded in {:.2f} s on {}, {} lanes", arguments.model, loading_s, arguments.options.device,
               facts.lanes);
  host.ready({facts.engine, facts.revision, facts.sample_rate_hz, facts.lanes, loading_s});
  engine->run(host);
  if (!host.finishing()) throw Fault(Exit::internal, "the engine ended without being asked to");
}

int engine_main(int argc, char** argv) {
#ifdef LECTERN_WITH_CHATTERBOX
  if (argc > 1 && std::string_view(argv[1]) == chatterbox::kVoiceProgram)
    return chatterbox::voice_program(argc - 1, argv + 1);
#endif
  const Arguments arguments = read_arguments(argc, argv);
  start_log("lectern-engine", arguments.log_file, arguments.log_level);
  EngineHost host(arguments.socket);
  std::unique_ptr<Engine> engine;
  int exit = static_cast<int>(Exit::done);
  try {
    work(host, arguments, engine);
    spdlog::info("model '{}' is done", arguments.model);
  } catch (...) {
    protocol::EngineFailed failure = describe_current_exception();
    failure.model = arguments.model;
    exit = static_cast<int>(failure.exit);
    spdlog::error("{}", failure.message);
    host.failed(failure);
  }
  host.close();
  spdlog::shutdown();
  // At once, whatever the engine's threads are doing: the end of the process is what gives all memory back.
  std::_Exit(exit);
}

}  // namespace
}  // namespace lectern

int main(int argc, char** argv) { return lectern::run_main(lectern::engine_main, argc, argv); }
