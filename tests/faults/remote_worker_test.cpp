// Workers of other machines: who holds a key that is allowed works for the broker, and nobody else is even heard.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "broker/protocol/curve.h"
#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

sockaddr_in address_of(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = address_of(0);
  socklen_t length = sizeof address;
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), length), 0);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
  close(probe);
  return ntohs(address.sin_port);
}

int connect_plain(int port) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of(port);
  if (connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return peer;
  close(peer);
  return -1;
}

// A broker whose own agent sleeps, and another machine that may have a worker.
class Remote : public testing::Test {
 protected:
  Remote() { EXPECT_EQ(lectern.run({"start"}).exit, 0); }
  ~Remote() override {
    if (worker_ > 0) kill(worker_, SIGKILL), waitpid(worker_, nullptr, 0);
  }

  nlohmann::json keys(const Installation& at) const { return nlohmann::json::parse(at.run({"key", "--json"}).out); }
  void allow(const std::string& name, const std::string& key) const {
    const Ended ended = lectern.run({"key", "allow", name, key});
    EXPECT_EQ(ended.exit, 0) << ended.err;
  }
  void start_worker(const std::string& broker_key) {
    const std::string program = (fs::path(LECTERN_BROKER).parent_path() / "lectern-worker").string();
    const std::string log = (other.folder() / "worker.log").string();
    worker_ = fork();
    if (worker_ != 0) return;
    unsetenv("LECTERN_AGENT_SLEEPS");
    if (!freopen(log.c_str(), "w", stderr)) _exit(126);
    execl(program.c_str(), program.c_str(), "--home", other.paths().home().c_str(), "--device", "cpu", "--foreground",
          "--join", address.c_str(), "--broker-key", broker_key.c_str(), nullptr);
    _exit(127);
  }
  bool has_worker(double seconds = 10) const {
    return Installation::until([&] { return !lectern.status()["workers"].empty(); }, seconds);
  }
  std::string log() const {
    std::stringstream text;
    text << std::ifstream(lectern.paths().log_file("broker")).rdbuf();
    return text.str();
  }

  const Variable sleeps{"LECTERN_AGENT_SLEEPS", "1"};
  const int port = free_port();
  const std::string address = "tcp://127.0.0.1:" + std::to_string(port);
  Installation lectern{0, "listen: " + address + "\n", LECTERN_FAULTS_PROGRAM};
  Installation other;
  pid_t worker_ = 0;
};

TEST_F(Remote, AWorkerWithAnAllowedKeySpeaksAJobAndOneThatDiesLosesNothing) {
  allow("gpu1", keys(other)["worker"]);
  start_worker(keys(lectern)["broker"]);
  ASSERT_TRUE(has_worker());
  const auto script = lectern.script("a.txt", sentences(4, "distance"));
  EXPECT_EQ(lectern.run({"submit", script.string(), "--wait"}).exit, 0);
  EXPECT_EQ(lectern.audio().count("a.flac"), 1u);
  kill(worker_, SIGKILL);
  waitpid(worker_, nullptr, 0);
  const auto second = lectern.script("b.txt", sentences(4, "return"));
  EXPECT_EQ(lectern.run({"submit", second.string()}).exit, 0);
  start_worker(keys(lectern)["broker"]);
  EXPECT_TRUE(Installation::until([&] { return lectern.audio().count("b.flac") == 1; }, 60));
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Remote, AWorkerThatWouldSoundOtherwiseGetsNoWorkAndNoJobFails) {
  std::ofstream(other.paths().config_file(), std::ios::app) << "precision: bfloat16\n";
  allow("gpu1", keys(other)["worker"]);
  start_worker(keys(lectern)["broker"]);
  ASSERT_TRUE(has_worker());
  const auto script = lectern.script("a.txt", sentences(4, "precision"));
  EXPECT_EQ(lectern.run({"submit", script.string()}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return log().find("is not the same as at the broker") != std::string::npos; }));
  PlayedWorker here(lectern.paths(), "worker-here");  // the job goes on with who speaks alike
  EXPECT_TRUE(Installation::until([&] {
    while (const auto work = here.work(0.02)) here.speak(*work);
    return lectern.audio().count("a.flac") == 1;
  }));
}

TEST_F(Remote, AKeyThatIsNotAllowedIsNotHeardAndTheBrokerSaysWhose) {
  start_worker(keys(lectern)["broker"]);
  EXPECT_FALSE(has_worker(3));
  EXPECT_NE(log().find("a key that is not allowed came from 127.0.0.1: " + keys(other)["worker"].get<std::string>()),
            std::string::npos);
  allow("gpu1", keys(other)["worker"]);  // holds for whoever knocks next, without a restart
  EXPECT_TRUE(has_worker(40));
}

TEST_F(Remote, AForgottenKeyIsNotLetInAgain) {
  allow("gpu1", keys(other)["worker"]);
  EXPECT_EQ(lectern.run({"key", "remove", "gpu1"}).exit, 0);
  EXPECT_EQ(lectern.run({"key", "remove", "gpu1"}).exit, 4);
  start_worker(keys(lectern)["broker"]);
  EXPECT_FALSE(has_worker(3));
}

TEST_F(Remote, AWorkerSpeaksToNoBrokerButTheOneItWasTold) {
  allow("gpu1", keys(other)["worker"]);
  start_worker(keys(other)["broker"]);  // somebody else's key
  EXPECT_FALSE(has_worker(3));
}

TEST_F(Remote, APeerWithoutKeysIsNotHeard) {
  zmq::context_t context;
  zmq::socket_t plain(context, zmq::socket_type::dealer);
  plain.set(zmq::sockopt::linger, 0);
  plain.connect(address);
  protocol::Ready ready;
  ready.worker = "worker-plain";
  ready.device = "cpu";
  ready.credit = 8;
  protocol::send(plain, protocol::encode(ready));
  EXPECT_FALSE(has_worker(2));
}

TEST_F(Remote, GarbageAtThePortHarmsNobody) {
  std::string garbage(100'000, '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<char>(i * 2654435761u >> 13);
  for (int i = 0; i < 20; ++i) {
    const int peer = connect_plain(port);
    ASSERT_GE(peer, 0);
    [[maybe_unused]] const auto sent = send(peer, garbage.data() + i, garbage.size() - i, MSG_NOSIGNAL);
    close(peer);
  }
  allow("gpu1", keys(other)["worker"]);
  start_worker(keys(lectern)["broker"]);
  EXPECT_TRUE(has_worker());
}

TEST_F(Remote, ADamagedListLetsNobodyInAndNamesItsLine) {
  allow("gpu1", keys(other)["worker"]);
  std::ofstream(lectern.paths().allowed_keys(), std::ios::app) << "nonsense\n";
  const Ended ended = lectern.run({"key", "list"});
  EXPECT_EQ(ended.exit, 5);
  EXPECT_NE(ended.err.find("allowed:3"), std::string::npos) << ended.err;
  start_worker(keys(lectern)["broker"]);
  EXPECT_FALSE(has_worker(2));
}

TEST(RemoteOff, WithoutTheSettingNoPortIsOpen) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  std::ifstream sockets("/proc/net/tcp");
  std::vector<std::string> inodes;
  const std::string fds = "/proc/" + std::to_string(lectern.broker()) + "/fd";
  for (const auto& entry : fs::directory_iterator(fds)) {
    std::error_code error;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (target.starts_with("socket:[")) inodes.push_back(target.substr(8, target.size() - 9));
  }
  EXPECT_FALSE(inodes.empty());
  for (std::string line; std::getline(sockets, line);)
    for (const std::string& inode : inodes) EXPECT_EQ(line.find(" " + inode + " "), std::string::npos) << line;
}

TEST(Keys, AreMadeOnceAreTheOwnersAloneAndRefusedWhenOthersCanReadThem) {
  Installation lectern;
  const Ended first = lectern.run({"key", "--json"}), second = lectern.run({"key", "--json"});
  EXPECT_EQ(first.out, second.out);
  const auto keys = nlohmann::json::parse(first.out);
  EXPECT_TRUE(protocol::is_key(keys["broker"]));
  EXPECT_NE(keys["broker"], keys["worker"]);
  const fs::path file = lectern.paths().broker_key();
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  const Ended open = lectern.run({"key"});
  EXPECT_EQ(open.exit, 5);
  EXPECT_NE(open.err.find("chmod 600"), std::string::npos) << open.err;
  fs::permissions(file, fs::perms::group_read, fs::perm_options::remove);
  std::ofstream(file) << "public x\nsecret y\n";
  EXPECT_EQ(lectern.run({"key"}).exit, 5);
  EXPECT_EQ(lectern.run({"key", "allow", "gpu1", "short"}).exit, 2);
}

TEST(Keys, CanBeHandedToACommandWhateverTheyAre) {
  Installation lectern;
  for (int i = 0; i < 50; ++i) {
    const fs::path file = lectern.folder() / ("key" + std::to_string(i));
    const std::string key = protocol::own_keys(file).public_key;
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(key[0]))) << key;
  }
  const std::string like_an_option = "-" + std::string(39, 'a');
  EXPECT_EQ(lectern.run({"key", "allow", "gpu1", "--", like_an_option}).exit, 0);
  EXPECT_EQ(nlohmann::json::parse(lectern.run({"key", "list", "--json"}).out)[0]["key"], like_an_option);
}

}  // namespace
}  // namespace lectern
