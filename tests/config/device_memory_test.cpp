// What the driver tells of a device, through a library that plays the driver. The library is opened once in a process:
// each test is a process of its own.
#include "config/device_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace lectern {
namespace {

using testing::HasSubstr;

class DeviceMemoryTest : public testing::Test {
 protected:
  DeviceMemoryTest() {
    setenv("LECTERN_NVML", FAKE_NVML_LIBRARY, 1);
    setenv("FAKE_NVML", file_.c_str(), 1);
    unsetenv("CUDA_VISIBLE_DEVICES");
  }
  ~DeviceMemoryTest() override { std::filesystem::remove(file_); }
  void driver_says(const std::string& text) { std::ofstream(file_) << text; }

  const std::string file_ = testing::TempDir() + "driver-" + std::to_string(getpid());
  std::string why_;
};

TEST_F(DeviceMemoryTest, WithoutADriverThereIsNoDeviceAndAReason) {
  setenv("LECTERN_NVML", "/nonexistent/libnvidia-ml.so.1", 1);
  EXPECT_EQ(open_device_memory("cuda:0", why_), nullptr);
  EXPECT_THAT(why_, HasSubstr("no NVIDIA driver"));
  EXPECT_EQ(count_devices(), 0);
}

TEST_F(DeviceMemoryTest, ADriverThatDoesNotStartIsToldWithItsCode) {
  EXPECT_EQ(open_device_memory("cuda:0", why_), nullptr);
  EXPECT_THAT(why_, HasSubstr("NVML error 9"));
}

TEST_F(DeviceMemoryTest, ADeviceThatTheDriverDoesNotHaveIsRefused) {
  driver_says("6000 5000\n");
  EXPECT_EQ(open_device_memory("cuda:1", why_), nullptr);
  EXPECT_THAT(why_, HasSubstr("no device cuda:1"));
  EXPECT_EQ(count_devices(), 1);
}

TEST_F(DeviceMemoryTest, DevicesAreCountedAsCudaCountsThem) {
  driver_says("6000 5000\n");
  const struct {
    const char* visible;
    const char* device;  // that is the driver's only one
    int count;
  } rows[] = {{"0", "cuda:0", 1}, {"GPU-0", "cuda:0", 1},     {" 0 , -1", "cuda:0", 1}, {"7,0", "cuda:1", 1},
              {"", nullptr, 0},   {"-1,0", nullptr, 0},       {"7", nullptr, 1},        {"GPU-1", nullptr, 1}};
  for (const auto& [visible, device, count] : rows) {
    setenv("CUDA_VISIBLE_DEVICES", visible, 1);
    EXPECT_EQ(count_devices(), count) << visible;
    for (const char* name : {"cuda:0", "cuda:1"})
      EXPECT_EQ(open_device_memory(name, why_) != nullptr, device && std::string(name) == device) << visible << " " << name;
    EXPECT_THAT(why_, HasSubstr("among CUDA_VISIBLE_DEVICES")) << visible;
  }
}

TEST_F(DeviceMemoryTest, TheProcessorHasNoDriverAndNeedsNone) {
  EXPECT_EQ(open_device_memory("cpu", why_), nullptr);
  EXPECT_EQ(why_, "");
}

TEST_F(DeviceMemoryTest, FreeTotalAndHoldersAreAsTheDriverSaysThemNow) {
  driver_says("6000000000 5000000000\n");
  const auto memory = open_device_memory("cuda:0", why_);
  ASSERT_TRUE(memory) << why_;
  EXPECT_EQ(memory->look()->free_bytes, 5'000'000'000u);
  EXPECT_FALSE(memory->look()->held_by(getpid()));
  driver_says("6000000000 1000000000\n" + std::to_string(getpid()) + " 3000000000\n1 0\n");
  const auto state = memory->look();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->held_by(getpid()), 3'000'000'000u);
  EXPECT_EQ(state->held_by(1), 0u);
  EXPECT_THAT(describe_holders(*state), HasSubstr("(pid " + std::to_string(getpid()) + ") 3.0 GB"));
  EXPECT_THAT(describe_holders(*state, getpid()), testing::Not(HasSubstr("3.0 GB")));
  std::filesystem::remove(file_);
  EXPECT_FALSE(memory->look()) << "a driver that answers no more is no answer";
}

TEST_F(DeviceMemoryTest, ALongListOfHoldersIsReadWhole) {
  std::string text = "6000 5000\n";
  for (int i = 1; i <= 200; ++i) text += std::to_string(i) + " 1\n";
  driver_says(text);
  const auto memory = open_device_memory("cuda:0", why_);
  ASSERT_TRUE(memory) << why_;
  EXPECT_EQ(memory->look()->holders.size(), 200u);
}

}  // namespace
}  // namespace lectern
