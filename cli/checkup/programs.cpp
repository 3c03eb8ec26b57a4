// What runs: the programs beside this one, the libraries of the engine, the device, memory. The command line links no
// libtorch: lectern-engine is asked what it runs on.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/checkup/checkup.h"
#include "cli/program_answer.h"
#include "config/quantity.h"
#include "config/fault.h"

namespace lectern::cli {
namespace {

using nlohmann::json;

// Debian 12's package of a library, by the start of its file name.
constexpr struct {
  const char* library;
  const char* package;
} kPackages[] = {
    {"libtorch", "libtorch1.13"},
    {"libc10", "libtorch1.13"},
    {"libopenblas", "libopenblas0-pthread"},
    {"libblas", "libopenblas0-pthread"},
    {"liblapack", "libopenblas0-pthread"},
    {"libespeak-ng", "libespeak-ng1"},
    {"libgomp", "libgomp1"},
    {"libzmq", "libzmq5"},
    {"libsqlite3", "libsqlite3-0"},
    {"libyaml-cpp", "libyaml-cpp0.7"},
    {"libspdlog", "libspdlog1.10"},
    {"libfmt", "libfmt9"},
    {"libnettle", "libnettle8"},
    {"libsndfile", "libsndfile1"},
    {"libsoxr", "libsoxr0"},
    {"libicu", "libicu72"},
    {"libmd4c", "libmd4c0"},
    {"libarchive", "libarchive13"},
    {"libpugixml", "libpugixml1v5"},
    {"libxml2", "libxml2"},
    {"libdate-tz", "libdate-tz3"},
    {"libebur128", "libebur128-1"},
    {"libprotobuf", "libprotobuf32"},
    {"libglog", "libgoogle-glog0v6"},
    {"libgflags", "libgflags2.2"},
};

std::string joined(const std::vector<std::string>& words, const char* between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::string mend_of(const std::vector<std::string>& libraries) {
  std::vector<std::string> packages;
  bool damaged = false;  // the loader names a file that is there by its path
  for (const std::string& library : libraries) {
    damaged |= library[0] == '/';
    const std::string name = std::filesystem::path(library).filename();
    for (const auto& [start, package] : kPackages)
      if (name.rfind(start, 0) == 0 && std::find(packages.begin(), packages.end(), package) == packages.end())
        packages.emplace_back(package);
  }
  if (packages.empty()) return "install the package that has it; config/install-packages.sh lists all";
  return std::string("apt-get install ") + (damaged ? "--reinstall " : "") + joined(packages, " ");
}

// The names between `start` and `end`, one a line of the text.
std::vector<std::string> names_between(const std::string& text, const std::string& start, const std::string& end) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto begin = line.find(start);
    const auto stop = begin == std::string::npos ? begin : line.find(end, begin + start.size());
    if (stop != std::string::npos) names.push_back(line.substr(begin + start.size(), stop - begin - start.size()));
  }
  return names;
}

// All libraries that a program lacks, as the loader says; it stops at the first one unless it is asked to list them.
std::vector<std::string> missing_libraries(const std::filesystem::path& program, const std::string& complaint) {
  const ProgramAnswer listed = ask_program(program, {}, {{"LD_TRACE_LOADED_OBJECTS", "1"}});
  const auto all = names_between(listed.out, "\t", " => not found");
  return all.empty() ? names_between(complaint, "loading shared libraries: ", ":") : all;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string how_it_ended(const ProgramAnswer& answer) {
  if (!answer.in_time) return "no answer in time";
  const std::string end =
      answer.exit < 0 ? fmt::format("signal {}", -answer.exit) : fmt::format("exit status {}", answer.exit);
  return answer.err.empty() ? end : end + ": " + first_line(answer.err);
}

}  // namespace

// What a program beside this one answers; nullopt when it does not run, which is said.
std::optional<std::string> Checkup::answer_of(const std::string& program, const std::string& question) {
  std::filesystem::path file;
  try {
    file = sibling_program(program);
  } catch (const Fault& fault) {
    error("libraries-missing", "required libraries missing: " + program + " (" + fault.what() + ")", fault.hint());
    return std::nullopt;
  }
  const ProgramAnswer answer = ask_program(file, {question});
  if (answer.exit == 0 && answer.in_time) return answer.out;
  if (const auto missing = missing_libraries(file, answer.err); !missing.empty())
    error("libraries-missing", fmt::format("required libraries missing: {} (of {})", joined(missing, ", "), program),
          mend_of(missing));
  else
    error("program-fails", fmt::format("{} does not run: {}", file.string(), how_it_ended(answer)),
          "install Lectern again");
  return std::nullopt;
}

void Checkup::programs() {
  const std::size_t before = findings_.size();
  for (const char* program : {"lectern-broker", "lectern-worker"}) {
    const auto version = answer_of(program, "--version");
    if (version && first_line(*version) != LECTERN_VERSION)
      warning("program-version",
              fmt::format("{} is version {}, this is {}", program, first_line(*version), LECTERN_VERSION),
              "install Lectern again");
  }
  if (clean(before)) ok(std::string("broker and worker, version ") + LECTERN_VERSION);
}

void Checkup::libraries() {
  const auto answer = answer_of("lectern-engine", "--check");
  if (!answer) return;
  engine_ = json::parse(*answer, nullptr, false);
  const auto has = [&](const char* part) { return engine_.is_object() && engine_[part].is_object(); };
  if (!has("torch") || !has("espeak") || !has("blas")) {
    engine_ = nullptr;
    return error("program-fails", "lectern-engine does not say what it runs on", "install Lectern again");
  }
  if (const std::string version = engine_.value("version", "unknown"); version != LECTERN_VERSION)
    warning("program-version", fmt::format("lectern-engine is version {}, this is {}", version, LECTERN_VERSION),
            "install Lectern again");
  const json& torch = engine_["torch"];
  const std::string blas = engine_["blas"].value("file", "");
  const auto threads = settings_.threads > 0 ? settings_.threads : engine_.value("cores", 0);
  const std::string found = fmt::format("libtorch {}, {}; BLAS {}; {}", torch.value("version", "?"),
                                        torch.value("cuda", false) ? "with CUDA" : "CPU only",
                                        blas.empty() ? "inside libtorch" : blas, count(threads, "thread"));
  if (engine_["blas"].value("reference", false))
    return warning("blas-reference", found + "; this BLAS makes speech many times slower",
                   "apt-get install libopenblas0-pthread");
  ok(found);
}

void Checkup::espeak() {
  if (engine_.is_null()) return;
  const json& espeak = engine_["espeak"];
  const std::string found = fmt::format("espeak-ng {}, {}", espeak.value("version", "?"), espeak.value("data", ""));
  if (const std::string fault = espeak.value("fault", ""); !fault.empty())
    return error("espeak-data-missing", fault, "apt-get install espeak-ng-data, or unset ESPEAK_DATA_PATH");
  ok(fmt::format("{}, {}", found, count(espeak.value("languages", 0), "language")));
}

// Only some outputs and recordings need it.
void Checkup::ffmpeg() {
  const std::filesystem::path program = find_program("ffmpeg");
  if (program.empty()) {
    const std::string found = "ffmpeg is not installed: m4b, and recordings as M4A or WebM, need it";
    const std::string mend = "apt-get install ffmpeg";
    return settings_.format == "m4b" ? warning("ffmpeg-missing", found + "; config.yaml asks for m4b", mend)
                                     : ok(found, mend);
  }
  const ProgramAnswer answer = ask_program(program, {"-version"});
  if (answer.exit != 0 || !answer.in_time)
    return warning("ffmpeg-missing", fmt::format("{} does not run: {}", program.string(), how_it_ended(answer)),
                   "apt-get install --reinstall ffmpeg");
  ok(answer.out.substr(0, std::min(answer.out.find(" Copyright"), answer.out.find('\n'))));
}

void Checkup::memory() {
  if (engine_.is_null()) return;
  const std::uint64_t available = engine_.value("memory_available_bytes", std::uint64_t{0});
  const CatalogueModel* model = default_model();
  const std::uint64_t needed = model ? model->memory_bytes : 0;
  const std::string found = size_of(available) + " available" +
                            (needed > 0 ? ", " + model->name + " needs " + size_of(needed) + " on the CPU" : "");
  if (available >= needed) return ok(found);
  warning("memory-low", found, "close other programs, or use a machine with more memory");
}

}  // namespace lectern::cli
