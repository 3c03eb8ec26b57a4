#include "broker/publish/take_file.h"

#include <sys/resource.h>

#include <csignal>
#include <limits>
#include <thread>

#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

class TakeFile : public Studio {
 protected:
  std::size_t files_in_takes() const {
    std::size_t count = 0;
    if (fs::exists(takes))
      for (const auto& entry : fs::recursive_directory_iterator(takes)) count += entry.is_regular_file();
    return count;
  }
  const std::string key = key_of(1);
};

TEST_F(TakeFile, RefusesAKeyThatIsNoHash) {
  for (const std::string bad : {"", "abc", "../../../../etc/passwd"}) {
    EXPECT_EQ(fault_of([&] { take_path(takes, bad); }).exit(), Exit::internal) << bad;
  }
  EXPECT_EQ(fault_of([&] { take_path(takes, std::string(63, 'a') + "/"); }).exit(), Exit::internal);
  EXPECT_EQ(take_path("t", key), fs::path("t") / key.substr(0, 2) / (key + ".flac"));
}

TEST_F(TakeFile, SaysWhySamplesAreNoTake) {
  Samples samples = tone(440, 0.1);
  EXPECT_EQ(reject_take(samples, kRate), "");
  EXPECT_EQ(reject_take({}, kRate), "no samples");
  EXPECT_EQ(reject_take(silence(0.1), kRate), "silent");
  EXPECT_EQ(reject_take(tone(440, 0.1, 0.0009), kRate), "silent");
  EXPECT_EQ(reject_take(tone(440, 0.1, 0.0012), kRate), "");
  EXPECT_NE(reject_take(samples, 0), "");
  samples[12] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(reject_take(samples, kRate), "not a number at 12");
  samples[7] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(reject_take(samples, kRate), "not a number at 7");
}

TEST_F(TakeFile, RefusesToStoreWhatIsNoTake) {
  EXPECT_EQ(fault_of([&] { write_take(takes, key, silence(0.5), kRate); }).exit(), Exit::internal);
  EXPECT_EQ(files_in_takes(), 0u);
}

TEST_F(TakeFile, ComesBackTo24BitsAndTellsItsSize) {
  const Samples samples = tone(440, 1.234, 0.7);
  const auto bytes = write_take(takes, key, samples, 22050);
  EXPECT_EQ(bytes, fs::file_size(take_path(takes, key)));
  EXPECT_EQ(read_sound(take_path(takes, key)).info.format, SF_FORMAT_FLAC | SF_FORMAT_PCM_24);
  const TakeAudio take = read_take(takes, key);
  EXPECT_EQ(take.sample_rate_hz, 22050);
  ASSERT_EQ(take.samples.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_NEAR(take.samples[i], samples[i], 1.0 / (1 << 23));
  EXPECT_EQ(files_in_takes(), 1u);
}

TEST_F(TakeFile, StoredAgainFromItsOwnSamplesIsTheSameToTheBit) {
  write_take(takes, key, tone(440, 0.5, 1.0), kRate);
  const Samples once = read_take(takes, key).samples;
  const std::string bytes = read_text(take_path(takes, key));
  write_take(takes, key, once, kRate);
  EXPECT_EQ(read_take(takes, key).samples, once);
  EXPECT_EQ(read_text(take_path(takes, key)), bytes);
}

TEST_F(TakeFile, LimitsWhatIsBeyondFullScale) {
  Samples samples = tone(440, 0.1);
  samples[100] = 3.5f;
  samples[200] = -1.5f;
  samples[300] = 1.0f;
  write_take(takes, key, samples, kRate);
  const TakeAudio take = read_take(takes, key);
  EXPECT_NEAR(take.samples[100], 1, 1e-6);
  EXPECT_NEAR(take.samples[200], -1, 1e-6);
  EXPECT_NEAR(take.samples[300], 1, 1e-6);
  EXPECT_LE(peak_of(take.samples), 1.0);
}

TEST_F(TakeFile, AMissingOneIsNotFound) {
  const Fault fault = fault_of([&] { read_take(takes, key); });
  EXPECT_EQ(fault.exit(), Exit::not_found);
  EXPECT_NE(std::string(fault.what()).find(key), std::string::npos);
}

TEST_F(TakeFile, ADamagedOneIsNeverReadAsSound) {
  write_take(takes, key, tone(440, 0.5), kRate);
  const fs::path file = take_path(takes, key);
  const std::string whole = read_text(file);
  const Samples sound = read_take(takes, key).samples;
  for (std::size_t length : {std::size_t{0}, std::size_t{3}, std::size_t{42}, whole.size() / 2, whole.size() - 1}) {
    write_text(file, whole.substr(0, length));
    EXPECT_EQ(fault_of([&] { read_take(takes, key); }).exit(), Exit::bad_input) << "cut to " << length;
  }
  const std::size_t audio = whole.size() / 8;  // past the headers
  for (std::size_t at = audio; at < whole.size(); at += whole.size() / 50) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write_text(file, damaged);
    EXPECT_EQ(fault_of([&] { read_take(takes, key); }).exit(), Exit::bad_input) << "flipped at " << at;
  }
  const auto open_files = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_files();
  write_text(file, "This is a text, not sound, although it is called a take.");
  EXPECT_EQ(fault_of([&] { read_take(takes, key); }).exit(), Exit::bad_input);
  write_text(file, whole.substr(0, whole.size() / 2));
  fault_of([&] { read_take(takes, key); });
  EXPECT_EQ(open_files(), before);
}

TEST_F(TakeFile, RefusesStereoAndOtherFormats) {
  const fs::path file = take_path(takes, key);
  fs::create_directories(file.parent_path());
  for (const int format : {SF_FORMAT_FLAC | SF_FORMAT_PCM_24, SF_FORMAT_WAV | SF_FORMAT_PCM_24}) {
    SF_INFO info{};
    info.samplerate = kRate;
    info.channels = format == (SF_FORMAT_WAV | SF_FORMAT_PCM_24) ? 1 : 2;
    info.format = format;
    SNDFILE* sound = sf_open(file.c_str(), SFM_WRITE, &info);
    ASSERT_TRUE(sound);
    sf_write_float(sound, tone(440, 0.5).data(), 12000);
    sf_close(sound);
    EXPECT_EQ(fault_of([&] { read_take(takes, key); }).exit(), Exit::bad_input);
  }
}

int write_budget = 0;
int fail_when_spent(std::size_t bytes) {
  write_budget -= static_cast<int>(bytes);
  return write_budget < 0 ? ENOSPC : 0;
}

TEST_F(TakeFile, AFullDiskAtAnyByteIsNoSpaceAndLeavesNothing) {
  const Samples samples = tone(440, 2, 0.9);
  const int whole = static_cast<int>(write_take(takes, key_of(2), samples, kRate));
  int refused = 0;
  for (int budget = 0; budget <= whole + 4096; budget += 1 + whole / 40) {
    write_budget = budget;
    fault_hooks.before_write = fail_when_spent;
    try {
      write_take(takes, key, samples, kRate);  // headers are written twice, so a little more than the size is needed
      fault_hooks.before_write = nullptr;
      EXPECT_EQ(read_take(takes, key).samples.size(), samples.size());
      fs::remove(take_path(takes, key));
      EXPECT_GE(budget, whole - 4096);
    } catch (const Fault& fault) {
      fault_hooks.before_write = nullptr;
      ++refused;
      EXPECT_EQ(fault.exit(), Exit::no_space) << fault.what();
      EXPECT_EQ(files_in_takes(), 1u) << "budget " << budget;
    }
  }
  EXPECT_GE(refused, 30);
}

TEST_F(TakeFile, ALimitOnTheSizeOfFilesIsNoSpaceAndLeavesNothing) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t limit : {0u, 20u, 10000u}) {
    const rlimit tight{limit, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const Fault fault = fault_of([&] { write_take(takes, key, tone(440, 2, 0.9), kRate); });
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(fault.exit(), Exit::no_space) << fault.what();
    EXPECT_EQ(files_in_takes(), 0u);
  }
  std::signal(SIGXFSZ, handler);
}

TEST_F(TakeFile, ATakesFolderThatIsAFileIsNamed) {
  write_text(takes, "in the way");
  const Fault fault = fault_of([&] { write_take(takes, key, tone(440, 0.1), kRate); });
  EXPECT_NE(std::string(fault.what()).find(takes.string()), std::string::npos) << fault.what();
}

TEST_F(TakeFile, LeftoversOfACrashAreWrittenOver) {
  fs::create_directories(take_path(takes, key).parent_path());
  write_text(take_path(takes, key).parent_path() / ("." + key + ".part"), std::string(1 << 20, 'x'));
  write_take(takes, key, tone(440, 0.1), kRate);
  EXPECT_EQ(read_take(takes, key).samples.size(), 2400u);
  EXPECT_EQ(files_in_takes(), 1u);
}

TEST_F(TakeFile, WritersOfOneKeyAtOnceDoNoHarm) {
  const Samples samples = tone(440, 0.2);
  std::atomic<int> faults{0};
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer)
      writers.emplace_back([&] {
        for (int i = 0; i < 8; ++i) try {
            write_take(takes, key, samples, kRate);
            if (read_take(takes, key).samples.size() != samples.size()) ++faults;
          } catch (const Fault&) {
            ++faults;
          }
      });
  }
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(files_in_takes(), 1u);
}

}  // namespace
}  // namespace lectern::publish
