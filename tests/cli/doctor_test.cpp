// `lectern doctor` over installations that are broken in one way each. The programs beside `lectern` are the real ones,
// but for lectern-engine where a test puts a stand-in in its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/checkup/checkup.h"
#include "config/file.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "tests/cli/as_nobody.h"
#include "tests/cli/program.h"
#include "tests/cli/scripted_broker.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

const fs::path kBuilt = fs::path(LECTERN_PROGRAM).parent_path();

class Doctor : public testing::Test {
 protected:
  Doctor() {
    fs::create_directories(folder.path() / "bin");
    fs::copy_file(LECTERN_PROGRAM, folder.path() / "bin/lectern");
    for (const char* name : {"lectern-broker", "lectern-worker"})
      fs::create_symlink(kBuilt / name, folder.path() / "bin" / name);
    fs::create_symlink(kBuilt.parent_path() / "share", folder.path() / "share");
    healthy = {{"version", LECTERN_VERSION},
               {"memory_available_bytes", 8'000'000'000u},
               {"cores", 4},
               {"blas", {{"file", "/usr/lib/libopenblas.so.0"}, {"reference", false}}},
               {"torch", {{"version", "1.13.1"}, {"cuda", false}, {"cuda_usable", false}, {"threads", 4}}},
               {"espeak", {{"version", "1.51"}, {"data", "/usr/lib/espeak"}, {"languages", 7}, {"fault", ""}}}};
    engine_says(healthy);
    config("");
    for (const char* name : {"TZ", "ESPEAK_DATA_PATH", "LECTERN_TEST_MODELS"}) unsetenv(name);
    setenv("LECTERN_NVML", "/nonexistent/libnvidia-ml.so.1", 1);  // whatever this machine has
  }

  void engine(const std::string& script) {
    fs::remove(folder.path() / "bin/lectern-engine");
    fs::permissions(folder.file("bin/lectern-engine", "#!/bin/sh\n" + script + "\n"), fs::perms(0755));
  }
  void engine_says(const json& report) { engine("echo '" + report.dump() + "'"); }
  // No reserve unless the test is about it: the machine that runs the tests may have little space.
  void config(const std::string& text) {
    const bool reserve = text.find("disk_reserve_bytes") != std::string::npos;
    folder.file("home/config.yaml", text + (reserve ? "" : "disk_reserve_bytes: 0\n"));
  }
  fs::path model() const { return program.paths().model("kokoro-82m"); }
  // A model of one network and one voice, with a record that fits.
  void install_model() {
    json files = json::array();
    for (const char* name : {"net.onnx", "voices/af_heart.bin"}) {
      folder.file("home/data/models/kokoro-82m/" + std::string(name), "bytes");
      files.push_back({{"path", name}, {"bytes", 5}, {"sha256", sha256("bytes")}});
    }
    write_file(model() / "installed.json",
               json({{"model", "kokoro-82m"}, {"source", "a test"}, {"files", files}}).dump());
  }
  void listen_nowhere(const fs::path& path) {  // leaves a socket that nobody serves
    fs::create_directories(path.parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.string().size(), sizeof address.sun_path);
    path.string().copy(address.sun_path, path.string().size());
    const int made = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(made);
  }

  // Runs it, and expects that the exit code tells of errors and that nothing of the home changed.
  json examine(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"doctor", "--json"});
    const auto before = files();
    const Ended ended = program.run(more);
    EXPECT_EQ(files(), before) << "it changed something";
    const json report = json::parse(ended.out, nullptr, false);
    EXPECT_TRUE(report.is_object()) << ended.out << ended.err;
    EXPECT_EQ(ended.exit, report.value("errors", -1) > 0 ? 1 : 0) << ended.out;
    return report;
  }
  // The first finding with that code word; null when there is none.
  static json finding(const json& report, const std::string& code) {
    for (const json& check : report["checks"])
      if (check["code"] == code) return check;
    return nullptr;
  }
  // Expects a finding of that level, with these words in what was found and in the mend.
  void finds(const std::string& code, const std::string& level, const std::string& found, const std::string& mend = "",
             const std::vector<std::string>& more = {}) {
    const json report = examine(more);
    const json got = finding(report, code);
    ASSERT_FALSE(got.is_null()) << report.dump(1);
    EXPECT_EQ(got["level"], level);
    EXPECT_THAT(got["found"].get<std::string>(), HasSubstr(found));
    EXPECT_THAT(got["mend"].is_null() ? "" : got["mend"].get<std::string>(), HasSubstr(mend));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry :
         fs::recursive_directory_iterator(folder.path() / "home", fs::directory_options::skip_permission_denied, none))
      names.push_back(entry.path());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder;
  Program program{folder.path(), (folder.path() / "bin/lectern").string()};
  json healthy;
};

// ---- libraries

TEST_F(Doctor, ALibraryThatTheEngineLacksIsNamedWithItsPackage) {
  fs::remove(folder.path() / "bin/lectern-engine");
  fs::copy_file(LACKING_PROGRAM, folder.path() / "bin/lectern-engine");
  finds("libraries-missing", "error", "required libraries missing: libtorch_absent.so (of lectern-engine)",
        "apt-get install libtorch1.13");
}

TEST_F(Doctor, WhatTheLoaderSaysIsEnough) {
  engine(
      "echo \"$0: error while loading shared libraries: libespeak-ng.so.1: cannot open shared object file\" >&2\nexit "
      "127");
  finds("libraries-missing", "error", "required libraries missing: libespeak-ng.so.1", "apt-get install libespeak-ng1");
}

TEST_F(Doctor, ADamagedLibraryIsToBeInstalledAgain) {
  engine("echo \"$0: error while loading shared libraries: /lib/x/libc10.so.1.13: file too short\" >&2\nexit 127");
  finds("libraries-missing", "error", "/lib/x/libc10.so.1.13", "apt-get install --reinstall libtorch1.13");
}

TEST_F(Doctor, AMissingProgramIsNamed) {
  fs::remove(folder.path() / "bin/lectern-engine");
  finds("libraries-missing", "error", "bin/lectern-engine", "install Lectern again");
  engine_says(healthy);
  fs::remove(folder.path() / "bin/lectern-broker");
  finds("libraries-missing", "error", "bin/lectern-broker");
}

TEST_F(Doctor, AnEngineThatDiesIsToldWithItsLastWords) {
  engine("echo 'no such instruction' >&2; kill -ILL $$");
  finds("program-fails", "error", "signal 4: no such instruction");
  engine("echo words");
  finds("program-fails", "error", "does not say");
  engine("echo '{\"torch\": 5, \"espeak\": []}'");
  finds("program-fails", "error", "does not say");
}

TEST_F(Doctor, ProgramsOfAnotherVersionAreNamed) {
  healthy["version"] = "0.0.1";
  engine_says(healthy);
  finds("program-version", "warning", "lectern-engine is version 0.0.1");
}

TEST_F(Doctor, TheReferenceBlasIsAWarning) {
  healthy["blas"] = {{"file", "/usr/lib/blas/libblas.so.3"}, {"reference", true}};
  engine_says(healthy);
  finds("blas-reference", "warning", "/usr/lib/blas/libblas.so.3", "libopenblas0-pthread");
}

TEST_F(Doctor, TooLittleMemoryIsAWarning) {
  healthy["memory_available_bytes"] = 300'000'000;
  engine_says(healthy);
  finds("memory-low", "warning", "300 MB available, kokoro-82m needs 1.2 GB");
}

TEST_F(Doctor, TheRealEngineSaysWhatItRunsOnAndWhatItLacks) {
  if (!fs::exists(kBuilt / "lectern-engine")) GTEST_SKIP() << "lectern-engine is not built";
  fs::remove(folder.path() / "bin/lectern-engine");
  fs::create_symlink(kBuilt / "lectern-engine", folder.path() / "bin/lectern-engine");
  const json report = examine();
  std::string libraries;
  for (const json& check : report["checks"])
    if (check["check"] == "libraries") libraries = check["found"];
  EXPECT_THAT(libraries, testing::ContainsRegex("libtorch [0-9]+\\.[0-9]+.*BLAS .*thread"));
  fs::create_directories(folder.path() / "nothing");
  setenv("ESPEAK_DATA_PATH", (folder.path() / "nothing").c_str(), 1);
  finds("espeak-data-missing", "error", "espeak-ng cannot start", "espeak-ng-data");
  unsetenv("ESPEAK_DATA_PATH");
}

TEST_F(Doctor, FfmpegIsNeededOnlyByThoseWhoAskForIt) {
  const auto ffmpeg = [](const json& report) {
    for (const json& check : report["checks"])
      if (check["check"] == "ffmpeg") return check;
    return json();
  };
  const fs::path bin = folder.path() / "others";
  fs::create_directories(bin);
  const std::string path = std::getenv("PATH");
  setenv("PATH", bin.c_str(), 1);
  const json none = ffmpeg(examine());
  config("format: m4b\n");
  finds("ffmpeg-missing", "warning", "config.yaml asks for m4b", "apt-get install ffmpeg");
  fs::permissions(folder.file("others/ffmpeg", "#!/bin/sh\necho 'ffmpeg version 9.9-test Copyright (c) them'\n"),
                  fs::perms(0755));
  const json there = ffmpeg(examine());
  fs::permissions(folder.file("others/ffmpeg", "#!/bin/sh\necho broken >&2\nexit 3\n"), fs::perms(0755));
  finds("ffmpeg-missing", "warning", "others/ffmpeg does not run: exit status 3: broken", "apt-get");
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(none["level"], "ok") << none;
  EXPECT_THAT(none["found"].get<std::string>(), HasSubstr("m4b, and recordings as M4A or WebM, need it"));
  EXPECT_EQ(none["mend"], "apt-get install ffmpeg");
  EXPECT_EQ(there["level"], "ok");
  EXPECT_EQ(there["found"], "ffmpeg version 9.9-test");
}

// ---- the device; the driver is played by a library

class DoctorOfDevices : public Doctor {
 protected:
  DoctorOfDevices() {
    setenv("LECTERN_NVML", FAKE_NVML_LIBRARY, 1);
    setenv("FAKE_NVML", (folder.path() / "driver").c_str(), 1);
    folder.file("driver", "6000000000 5000000000\n99999999 300000000\n");
  }
  ~DoctorOfDevices() override { unsetenv("FAKE_NVML"); }
  void libtorch(bool cuda, bool usable) {
    healthy["torch"]["cuda"] = cuda;
    healthy["torch"]["cuda_usable"] = usable;
    engine_says(healthy);
  }
  std::string device() {
    const json report = examine();
    for (const json& check : report["checks"])
      if (check["check"] == "device")
        return check["level"].get<std::string>() + ": " + check["found"].get<std::string>();
    return "";
  }
};

TEST_F(DoctorOfDevices, ADeviceThatIsNotThereIsAnError) {
  config("device: cuda:1\n");
  finds("device-missing", "error", "config.yaml asks for cuda:1", "device: auto");
  config("device: cpu,cuda:0,cuda:1\n");
  finds("device-missing", "error", "the driver has no device cuda:1", "device: auto");
  setenv("LECTERN_NVML", "/nonexistent/libnvidia-ml.so.1", 1);
  config("device: cuda:0\n");
  finds("device-missing", "error", "no NVIDIA driver");
}

TEST_F(DoctorOfDevices, AGpuThatLibtorchCannotUseIsAnErrorWhereWorkWouldGoToIt) {
  libtorch(false, false);
  finds("device-unusable", "error", "this libtorch is CPU only", "device: cpu");
  libtorch(true, false);
  finds("device-unusable", "error", "libtorch cannot use it", "driver");
  config("device: cpu\n");
  EXPECT_THAT(device(), testing::StartsWith("ok: the CPU, as config.yaml says; there is cuda:0"));
}

TEST_F(DoctorOfDevices, AGpuIsShownWithItsMemoryAndWhoHoldsIt) {
  libtorch(true, true);
  EXPECT_EQ(device(), "ok: cuda:0 with 6 GB, 5 GB of it free; held by a process (pid 99999999) 0.3 GB");
}

TEST_F(DoctorOfDevices, WithoutADriverWorkGoesToTheCpu) {
  setenv("LECTERN_NVML", "/nonexistent/libnvidia-ml.so.1", 1);
  EXPECT_THAT(device(), testing::StartsWith("ok: the CPU: there is no NVIDIA driver"));
}

// ---- models and voices

TEST_F(Doctor, MissingModelFilesAreNamedWithTheirFolderAndThePull) {
  finds("model-files-missing", "error", "model files not found: " + model().string(), "lectern model pull kokoro-82m");
  install_model();
  fs::remove(model() / "net.onnx");
  finds("model-files-missing", "error", "model files not found: " + model().string() + " has no net.onnx");
}

TEST_F(Doctor, ATruncatedModelFileIsNamedWithBothSizes) {
  install_model();
  fs::resize_file(model() / "net.onnx", 3);
  finds("model-files-damaged", "error", (model() / "net.onnx").string() + " has 3 bytes, not 5", "lectern model pull");
}

TEST_F(Doctor, ARecordThatCannotBeReadIsDamage) {
  install_model();
  write_file(model() / "installed.json", "{");
  finds("model-files-damaged", "error", "installed.json", "lectern model pull kokoro-82m");
}

TEST_F(Doctor, AChangedByteIsFoundWhenFilesAreRead) {
  fs::remove(folder.path() / "share");
  folder.file(
      "share/lectern/models.yaml",
      "models:\n  kokoro-82m:\n    {title: t, licence: l, needs: n, engine: kokoro, revision: 1,\n"
      "     sample_rate_hz: 24000, max_segment_chars: 300, default_voice: af_heart,\n"
      "     files: [{path: net.onnx, bytes: 5, sha256: " +
          sha256("bytes") +
          "}],\n     voice_file: {path: voices/*.bin, bytes: 5},\n"
          "     sources: [{kind: hub, name: a/b, revision: c, members: {net: net.onnx, v/*.bin: voices/*.bin}}],\n"
          "     voices: [{language: en-US, spoken_as: en-us, female: {af_heart: " +
          sha256("bytes") + "}}]}\n");
  install_model();
  EXPECT_EQ(examine({"--full"})["errors"], 0);
  write_file(model() / "net.onnx", "bytez");
  EXPECT_EQ(examine()["errors"], 0);
  finds("model-files-damaged", "error", "net.onnx is not as published", "lectern model pull", {"--full"});
}

TEST_F(Doctor, AMissingVoiceFileIsNamed) {
  install_model();
  fs::remove(model() / "voices/af_heart.bin");
  finds("voice-file-missing", "error", "voice file not found: " + (model() / "voices/af_heart.bin").string(),
        "lectern model pull kokoro-82m");
}

TEST_F(Doctor, TheRecordingsOfVoicesAreLookedAt) {
  config("test_models: true\nmodel: sine\n");
  const fs::path voice = program.paths().voice("anna");
  folder.file("home/data/voices/anna/recording.flac", "speech");
  write_recorded_voice(voice, {"anna", sha256("speech"), "reading.mp3", 1});
  EXPECT_EQ(examine({"--full"})["warnings"], 0);
  write_file(voice / "recording.flac", "noises");
  EXPECT_EQ(examine()["warnings"], 0);
  finds("voice-file-damaged", "warning", (voice / "recording.flac").string() + " is not what the voice was made of",
        "lectern voice add anna RECORDING (reading.mp3)", {"--full"});
  fs::remove(voice / "recording.flac");
  finds("voice-file-missing", "warning", "voice file not found: " + (voice / "recording.flac").string(),
        "lectern voice remove anna");
  write_file(voice / "voice.json", "{");
  finds("voice-file-damaged", "warning", (voice / "voice.json").string() + " is damaged", "lectern voice remove anna");
}

TEST_F(Doctor, AVoiceThatTheModelLacksOrDoesNotServeIsNoVoice) {
  config("voice: af_hart\n");
  finds("no-voice", "error", "no voice loaded: model kokoro-82m has no voice 'af_hart'", "af_heart");
  config("voice: jf_alpha\n");
  finds("no-voice", "error", "no voice loaded: voice 'jf_alpha'");
}

TEST_F(Doctor, AnUnknownModelIsNamedWithTheNearest) {
  config("model: kokoro\n");
  finds("model-unknown", "error", "unknown model 'kokoro'", "kokoro-82m");
}

// ---- places

TEST_F(Doctor, ABadConfigIsShownWithItsLineAndTheRestIsStillLookedAt) {
  config("format: flac\nspede: 1\n");
  finds("config-invalid", "error", "config.yaml:2", "speed");
  EXPECT_FALSE(finding(examine(), "model-files-missing").is_null());
}

TEST_F(Doctor, AFileInPlaceOfAFolderIsNamed) {
  folder.file("home/data");
  finds("not-writable", "error", "home/data is not a folder");
}

TEST_F(Doctor, AFolderThatCannotBeWrittenIsNamed) {
  program.run({"--version"});  // makes what the test's own bookkeeping needs
  for (const char* name : {"in", "out", "err"}) chmod((folder.path() / name).c_str(), 0666);
  fs::create_directories(program.paths().takes());
  chmod((folder.path() / "home").c_str(), 0777);
  chmod((folder.path() / "home/data").c_str(), 0555);
  const AsNobody nobody(folder.path());
  if (access(LECTERN_PROGRAM, X_OK) != 0) GTEST_SKIP() << "others than root cannot run what was built";
  finds("not-writable", "error", (folder.path() / "home/data").string() + " cannot be written", "permissions");
  EXPECT_EQ(examine()["errors"], 2) << "one for the folder, not for what is inside; and the missing model";
}

TEST_F(Doctor, AHomeThatIsTooLongForSocketsIsNamed) {
  const Ended ended = Program(folder.path() / std::string(100, 'x'), LECTERN_PROGRAM).run({"doctor", "--json"});
  EXPECT_EQ(ended.exit, 1);
  const json got = finding(json::parse(ended.out), "socket-path-too-long");
  ASSERT_FALSE(got.is_null()) << ended.out;
  EXPECT_THAT(got["mend"].get<std::string>(), HasSubstr("shorter --home"));
}

TEST_F(Doctor, SocketsThatNobodyServesAreWarnings) {
  listen_nowhere(program.paths().client_socket());
  finds("socket-stale", "warning", "client.sock", "next start");
  fs::remove(program.paths().client_socket());
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  listen_nowhere(program.paths().engine_socket(gone, 1));
  finds("socket-stale", "warning", "engine-" + std::to_string(gone) + "-1.sock");
}

TEST_F(Doctor, SpaceBelowTheReserveIsAnError) {
  config("disk_reserve_bytes: 1000000000000\n");
  std::error_code none;
  if (fs::space(folder.path(), none).available >= 1'000'000'000'000) GTEST_SKIP() << "more than 1 TB is free";
  finds("space-low", "error", "work pauses", "lectern cleanup");
}

TEST_F(Doctor, AZoneThatTheSystemDoesNotKnowIsAWarning) {
  setenv("TZ", "Mars/Olympus", 1);
  finds("time-zone-missing", "warning", "Mars/Olympus");
  unsetenv("TZ");
}

// ---- the broker

TEST_F(Doctor, ABrokerThatDoesNotAnswerIsAnError) {
  const ScriptedBroker broker(program.paths(), [](const protocol::Message&) { return Answers(); });
  finds("broker-unreachable", "error", "does not answer");
}

TEST_F(Doctor, ABrokerOfAnotherVersionOrFolderIsAWarning) {
  const ScriptedBroker broker(program.paths(), [](const protocol::Message& message) -> Answers {
    protocol::Welcome welcome;
    welcome.version = "0.0.1";
    welcome.data_folder = "/elsewhere";
    protocol::Jobs jobs;
    jobs.notice = "work pauses: it is Sunday";
    if (message.type == protocol::Hello::kType) return {protocol::encode(welcome, message.request)};
    return {protocol::encode(jobs, message.request)};
  });
  const json report = examine();
  EXPECT_THAT(finding(report, "broker-version")["found"].get<std::string>(), HasSubstr("0.0.1"));
  EXPECT_THAT(finding(report, "broker-elsewhere")["found"].get<std::string>(), HasSubstr("/elsewhere"));
  EXPECT_THAT(finding(report, "work-held-up")["found"].get<std::string>(), HasSubstr("Sunday"));
}

TEST_F(Doctor, ARunningBrokerIsSeen) {
  config("test_models: true\nmodel: sine\n");
  ASSERT_EQ(program.run({"start"}).exit, 0);
  const Ended ended = program.run({"doctor"});
  EXPECT_EQ(ended.exit, 0) << ended.out;
  EXPECT_THAT(ended.out, testing::ContainsRegex("ok +broker +runs \\(process [0-9]+, version " LECTERN_VERSION));
  EXPECT_EQ(program.run({"stop"}).exit, 0);
}

// ---- as a whole

TEST_F(Doctor, WhenAllIsWellItSaysSoAndLeavesNoTrace) {
  config("test_models: true\nmodel: sine\n");
  const json report = examine();
  EXPECT_EQ(report["errors"], 0) << report.dump(1);
  EXPECT_EQ(report["warnings"], 0) << report.dump(1);
  const Ended text = program.run({"doctor"});
  EXPECT_EQ(text.exit, 0);
  EXPECT_THAT(text.out, testing::EndsWith("\nall is well\n"));
  EXPECT_FALSE(fs::exists(folder.path() / "home/run")) << "something was started";
}

TEST_F(Doctor, TheTextNamesTheCodeAndTheMend) {
  const Ended ended = program.run({"doctor"});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_THAT(ended.out, HasSubstr("error    model      model-files-missing: model files not found: " +
                                   model().string() + "\n                    mend: lectern model pull kokoro-82m\n"));
  EXPECT_THAT(ended.out, testing::EndsWith("\n1 error, 0 warnings\n"));
}

TEST(DoctorsWords, EachStandsInTheReadme) {
  const std::string readme = read_file(fs::path(TEST_DATA) / "../../README.md");
  for (const char* code : cli::kCodes) EXPECT_THAT(readme, HasSubstr(std::string("`") + code + "`"));
}

}  // namespace
}  // namespace lectern
