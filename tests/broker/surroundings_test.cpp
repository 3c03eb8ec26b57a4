// What windows ask of the machine: power supplies as files, a driver that the test plays, a login manager that it
// plays.
#include "broker/surroundings.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "broker/sleep_lock.h"
#include "tests/broker/fake_clock.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "lectern-surroundings-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

class PowerSupply : public testing::Test {
 protected:
  void supply(const std::string& name, const std::vector<std::pair<std::string, std::string>>& files) {
    fs::create_directories(folder.path / name);
    for (const auto& [file, word] : files) std::ofstream(folder.path / name / file) << word << "\n";
  }
  std::string against(bool only_on_mains) {
    WindowSetting window;
    window.only_on_mains = only_on_mains;
    return Surroundings([] { return std::vector<protocol::WorkerView>(); }, folder.path).against(window);
  }
  Folder folder;
};

TEST_F(PowerSupply, AMachineWithoutBatteryIsOnMains) {
  EXPECT_FALSE(on_battery(folder.path));
  EXPECT_FALSE(on_battery(folder.path / "missing"));
}

TEST_F(PowerSupply, ALaptopIsOnBatteryWhenItDischargesWithoutMains) {
  supply("AC", {{"type", "Mains"}, {"online", "0"}});
  supply("BAT0", {{"type", "Battery"}, {"status", "Discharging"}});
  EXPECT_TRUE(on_battery(folder.path));
  EXPECT_EQ(against(true), "the machine runs on battery");
  EXPECT_EQ(against(false), "");
  supply("AC", {{"online", "1"}});
  EXPECT_FALSE(on_battery(folder.path));
  EXPECT_EQ(against(true), "");
}

TEST_F(PowerSupply, ABatteryThatIsFullOrThatOfAMouseDoesNotCount) {
  supply("BAT0", {{"type", "Battery"}, {"status", "Full"}});
  supply("hidpp_battery_0", {{"type", "Battery"}, {"status", "Discharging"}, {"scope", "Device"}});
  EXPECT_FALSE(on_battery(folder.path));
}

TEST_F(PowerSupply, AUsbSupplyIsMainsToo) {
  supply("BAT0", {{"type", "Battery"}, {"status", "Discharging"}});
  supply("ucsi", {{"type", "USB"}, {"online", "1"}});
  EXPECT_FALSE(on_battery(folder.path));
}

TEST(DeviceUsers, OnAProcessorNobodyIsInTheWay) {
  protocol::WorkerView worker;
  worker.device = "cpu";
  WindowSetting window;
  window.only_when_device_free = true;
  Surroundings around([&] { return std::vector{worker}; });
  EXPECT_EQ(around.against(window), "");
  EXPECT_EQ(around.energy_used(), 0);
}

// The driver is loaded once in a process: each test is a process of its own.
class DeviceUser : public testing::Test {
 protected:
  DeviceUser() {
    setenv("LECTERN_NVML", FAKE_NVML_LIBRARY, 1);
    setenv("FAKE_NVML", (folder.path / "driver").c_str(), 1);
    worker.device = "cuda:0";
    worker.pid = 4000;
    window.only_when_device_free = true;
  }
  void driver_says(const std::string& text) { std::ofstream(folder.path / "driver") << "6000 5000\n" << text; }
  void used(int millijoules) { std::ofstream(folder.path / "driver.energy") << millijoules; }

  Folder folder;
  protocol::WorkerView worker;
  WindowSetting window;
  Surroundings around{[this] { return std::vector{worker}; }};
};

TEST_F(DeviceUser, ThatIsNoWorkerOfOursClosesTheWindow) {
  driver_says("");
  EXPECT_EQ(around.against(window), "");
  driver_says("999999 1000000000\n");
  EXPECT_NE(around.against(window).find("cuda:0 is used by "), std::string::npos);
  EXPECT_NE(around.against(window).find("pid 999999"), std::string::npos) << around.against(window);
  window.only_when_device_free = false;
  EXPECT_EQ(around.against(window), "");
}

TEST_F(DeviceUser, OurOwnEngineIsNotInTheWay) {
  worker.engine_pid = 4711;
  worker.state = "busy";
  driver_says("4711 1000000000\n");
  EXPECT_EQ(around.against(window), "");
  driver_says("4711 1000000000\n999999 5\n");
  EXPECT_NE(around.against(window), "");
}

TEST_F(DeviceUser, CannotBeToldWhenTheDriverCountsProcessesDifferently) {
  worker.engine_pid = 4711;
  worker.state = "busy";
  driver_says("999999 1000000000\n");
  EXPECT_EQ(around.against(window), "");
}

TEST_F(DeviceUser, EnergyIsWhatWasUsedSinceTheLastLook) {
  driver_says("");
  EXPECT_EQ(around.energy_used(), 0) << "the driver does not tell";
  used(5'000);
  EXPECT_EQ(around.energy_used(), 0) << "what was used before is not ours";
  used(12'500);
  EXPECT_EQ(around.energy_used(), 7.5);
  used(100);  // the driver was loaded anew
  EXPECT_EQ(around.energy_used(), 0);
  used(1'100);
  EXPECT_EQ(around.energy_used(), 1);
}

// A system bus of one client with a login manager on it: says hello, gives descriptors out, sees them closed.
class PlayedLogind {
 public:
  explicit PlayedLogind(const fs::path& socket) : path_(socket) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 4) != 0)
      abort();
    thread_ = std::thread([this] { serve(); });
  }
  ~PlayedLogind() {
    ending_ = true;
    thread_.join();
    close(listener_);
    if (kept_ >= 0) close(kept_);
  }
  std::string asked() const { return asked_; }
  // The other end of the lock that was given out is closed; here too, which takes a moment.
  bool let_go() const {
    char byte;
    for (int tries = 0; tries < 1000; ++tries, usleep(2000))
      if (kept_ >= 0 && recv(kept_, &byte, 1, MSG_DONTWAIT) == 0) return true;
    return false;
  }
  bool holds() const {
    char byte;
    return kept_ >= 0 && recv(kept_, &byte, 1, MSG_DONTWAIT) < 0;
  }
  bool given() const { return given_; }

 private:
  static int on_message(sd_bus_message* message, void* self, sd_bus_error*) {
    auto& me = *static_cast<PlayedLogind*>(self);
    if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus", "Hello"))
      return sd_bus_reply_method_return(message, "s", ":1.1");
    if (sd_bus_message_is_method_call(message, "org.freedesktop.login1.Manager", "Inhibit")) {
      const char *what, *who, *why, *mode;
      sd_bus_message_read(message, "ssss", &what, &who, &why, &mode);
      me.asked_ = std::string(what) + "|" + who + "|" + mode;
      int pair[2];
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -errno;
      if (me.kept_ >= 0) close(me.kept_);
      me.kept_ = pair[0];
      const int code = sd_bus_reply_method_return(message, "h", pair[1]);
      close(pair[1]);
      me.given_ = true;
      return code < 0 ? code : 1;
    }
    return 0;
  }
  void serve() {
    while (!ending_) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client < 0) {
        usleep(2000);
        continue;
      }
      sd_bus* bus = nullptr;
      sd_id128_t id{};
      sd_id128_randomize(&id);
      sd_bus_new(&bus);
      sd_bus_set_fd(bus, client, client);
      sd_bus_set_server(bus, 1, id);
      sd_bus_set_anonymous(bus, 1);
      sd_bus_negotiate_fds(bus, 1);
      sd_bus_add_filter(bus, nullptr, on_message, this);
      if (sd_bus_start(bus) >= 0)
        while (!ending_) {
          const int code = sd_bus_process(bus, nullptr);
          if (code < 0) break;
          if (code == 0 && sd_bus_wait(bus, 20'000) < 0) break;
        }
      sd_bus_flush_close_unref(bus);
    }
  }

  fs::path path_;
  int listener_ = -1;
  std::atomic<int> kept_{-1};
  std::atomic<bool> ending_{false}, given_{false};
  std::string asked_;
  std::thread thread_;
};

class SleepLockTest : public testing::Test {
 protected:
  ~SleepLockTest() override { unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }
  void bus_at(const fs::path& socket) {
    setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + socket.string()).c_str(), 1);
  }
  Folder folder;
  FakeClock clock{1'000'000};
};

TEST_F(SleepLockTest, HoldsTheMachineAwakeWhileWorkRunsAndAMinuteLonger) {
  PlayedLogind logind(folder.path / "bus");
  bus_at(folder.path / "bus");
  SleepLock lock(true, clock);
  lock.set_working(false);
  EXPECT_FALSE(logind.given());
  lock.set_working(true);
  ASSERT_TRUE(lock.held());
  EXPECT_EQ(logind.asked(), "sleep:idle|Lectern|block");
  clock.now += 3'600'000;
  lock.set_working(true);
  EXPECT_TRUE(logind.holds());
  EXPECT_EQ(lock.set_working(false), clock.now + 60'000);
  clock.now += 59'999;
  lock.set_working(false);
  EXPECT_TRUE(lock.held());
  clock.now += 1;
  lock.set_working(false);
  EXPECT_FALSE(lock.held());
  EXPECT_TRUE(logind.let_go());
}

TEST_F(SleepLockTest, AMachineWithoutBusIsNormalAndNotAskedAllTheTime) {
  bus_at(folder.path / "no-bus");
  SleepLock lock(true, clock);
  lock.set_working(true);
  EXPECT_FALSE(lock.held());
  PlayedLogind logind(folder.path / "no-bus");
  clock.now += 599'999;
  lock.set_working(true);
  EXPECT_FALSE(lock.held()) << "it asked again too soon";
  clock.now += 1;
  lock.set_working(true);
  EXPECT_TRUE(lock.held());
}

TEST_F(SleepLockTest, NothingIsAskedWhenItIsNotWanted) {
  PlayedLogind logind(folder.path / "bus");
  bus_at(folder.path / "bus");
  SleepLock lock(false, clock);
  lock.set_working(true);
  EXPECT_FALSE(lock.held());
  EXPECT_FALSE(logind.given());
}

}  // namespace
}  // namespace lectern
