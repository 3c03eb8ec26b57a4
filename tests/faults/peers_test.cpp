// Peers that lie, race, send garbage or never read: the job that runs beside them is done, once, and everybody who asked
// is answered.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <thread>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

long resident_kb(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stol(line.substr(6));
  return 0;
}

// A broker whose agent sleeps: the test is its only worker.
class Played : public testing::Test {
 protected:
  Played() {
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
    client.emplace(lectern.paths().client_socket());
  }
  void submit(const std::string& id, const std::string& text) {
    const auto answer = client->ask<protocol::Submitted>(submit_of(id, output(id)), {text});
    ASSERT_TRUE(answer) << client->refusal;
  }
  fs::path output(const std::string& id) const { return lectern.work() / (id + ".flac"); }
  protocol::Jobs status() {
    const auto jobs = client->ask<protocol::Jobs>(protocol::Status{all_jobs()});
    EXPECT_TRUE(jobs);
    return jobs.value_or(protocol::Jobs{});
  }
  std::string state(std::size_t job = 0) {
    const auto now = status();
    return now.jobs.size() > job ? now.jobs[job].state : "-";
  }
  bool becomes(const std::string& wanted, double seconds = 15) {
    return Installation::until([&] { return state() == wanted; }, seconds);
  }
  // Speaks all that comes as an honest worker until the first job is `wanted`.
  bool serve(PlayedWorker& worker, const std::string& wanted = "done") {
    return Installation::until([&] {
      while (const auto work = worker.work(0.02)) worker.speak(*work);
      return state() == wanted;
    });
  }
  long frames(const std::string& id) {
    const auto audio = lectern.audio();
    const auto found = audio.find(id + ".flac");
    return found == audio.end() ? -1 : found->second;
  }

  const Variable sleeps{"LECTERN_AGENT_SLEEPS", "1"};
  Installation lectern{0, "max_attempts: 3\n", LECTERN_FAULTS_PROGRAM};
  std::optional<Peer> client;
};

constexpr const char* kOne = "There is only one sentence here, and it is spoken once.";

TEST_F(Played, AnAnswerToALeaseThatWasGivenUpIsIgnored) {
  submit("aa-one", kOne);
  PlayedWorker first(lectern.paths(), "worker-first"), honest(lectern.paths(), "worker-honest", 0);
  const auto lost = first.work();
  ASSERT_TRUE(lost);
  first.ready();  // without the lease: it was given up, and comes again with a higher number
  const auto again = first.work();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->lease.segment, lost->lease.segment);
  EXPECT_GT(again->lease.attempt, lost->lease.attempt);
  first.speak(lost->lease, 60);  // the old lease, and far too long
  honest.speak(lost->lease, 60);
  honest.speak(again->lease, 60);  // somebody else's lease
  protocol::SegmentFailed failed;
  failed.retryable = false;
  failed.reason = "a lie";
  for (const auto& lease : {lost->lease, again->lease}) {
    failed.lease = lease;
    honest.say(failed);
    honest.say(protocol::GiveBack{{lease}});
    protocol::EngineFailed engine;
    engine.model = "sine";
    engine.message = "a lie";
    engine.leases = {lease};
    honest.say(engine);
  }
  failed.lease = lost->lease;
  first.say(failed);
  EXPECT_TRUE(client->ask<protocol::Welcome>(protocol::Hello{}));
  EXPECT_EQ(state(), "running");
  first.speak(*again);
  EXPECT_TRUE(becomes("done"));
  EXPECT_LT(frames("aa-one"), 24000 * 10);
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Played, ATakeOfASegmentThatNobodyWasGivenIsIgnored) {
  submit("aa-one", kOne);
  ASSERT_TRUE(Installation::until([&] { return status().segments_waiting == 1; }));
  PlayedWorker liar(lectern.paths(), "worker-liar", 0);
  for (std::uint64_t segment : {0ull, 1ull, 2ull, 1ull << 62, ~0ull})
    for (std::uint64_t attempt : {0ull, 1ull, 7ull, ~0ull}) liar.speak(protocol::Lease{segment, attempt}, 30);
  PlayedWorker honest(lectern.paths(), "worker-honest");
  EXPECT_TRUE(serve(honest));
  EXPECT_LT(frames("aa-one"), 24000 * 10);
  EXPECT_EQ(lectern.broken(), "");
}

// What a lying worker may send as the take of a segment that it holds.
struct Lie {
  const char* name;
  std::function<void(protocol::Take&, std::vector<std::string>&)> tell;
};

class LyingWorker : public Played, public testing::WithParamInterface<Lie> {};

TEST_P(LyingWorker, IsNotBelievedAndTheSegmentIsSpokenByAnother) {
  submit("aa-one", kOne);
  PlayedWorker liar(lectern.paths(), "worker-liar", 1);
  const auto work = liar.work();
  ASSERT_TRUE(work);
  std::vector<float> samples(24000, 0.25f);
  protocol::Take take;
  take.lease = work->lease;
  take.frames = samples.size();
  take.sample_rate_hz = 24000;
  std::vector<std::string> payload{protocol::to_payload(samples)};
  GetParam().tell(take, payload);
  liar.say(take, 0, payload);
  liar.beat(0);  // it lives on, without room
  PlayedWorker honest(lectern.paths(), "worker-honest");
  EXPECT_TRUE(Installation::until([&] {
    liar.beat(0);
    while (const auto next = honest.work(0.05)) honest.speak(*next);
    return state() == "done";
  }, 12)) << "the segment is stuck with the liar: " << state();
  EXPECT_GT(frames("aa-one"), 24000 * 3) << "the lie, of one second, was published";
  EXPECT_EQ(lectern.broken(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Sends, LyingWorker,
    testing::Values(
        Lie{"FewerSamplesThanSaid", [](auto& take, auto&) { take.frames *= 2; }},
        Lie{"MoreSamplesThanSaid", [](auto& take, auto&) { take.frames /= 2; }},
        Lie{"AnAbsurdLength", [](auto& take, auto&) { take.frames = ~0ull; }},
        Lie{"HalfASample", [](auto&, auto& payload) { payload[0].pop_back(); }},
        Lie{"NoPayload", [](auto&, auto& payload) { payload.clear(); }},
        Lie{"TwoPayloads", [](auto&, auto& payload) { payload.push_back(payload[0]); }},
        Lie{"AnEmptyPayload", [](auto& take, auto& payload) { take.frames = 0, payload[0].clear(); }},
        Lie{"NotANumber",
            [](auto& take, auto& payload) {
              payload[0] = protocol::to_payload(std::vector<float>(take.frames, std::nanf("")));
            }},
        Lie{"Silence",
            [](auto& take, auto& payload) { payload[0] = protocol::to_payload(std::vector<float>(take.frames, 0)); }},
        Lie{"NoSampleRate", [](auto& take, auto&) { take.sample_rate_hz = 0; }},
        Lie{"AnotherModelsSampleRate", [](auto& take, auto&) { take.sample_rate_hz = 16000; }},
        Lie{"ANegativeSampleRate", [](auto& take, auto&) { take.sample_rate_hz = -24000; }},
        Lie{"ASampleRateBeyondAll", [](auto& take, auto&) { take.sample_rate_hz = (1ll << 32) + 24000; }}),
    [](const auto& row) { return row.param.name; });

TEST_F(Played, AWorkerCannotBeInAStateThatThereIsNot) {
  PlayedWorker worker(lectern.paths(), "worker-odd", 0);
  worker.beat(0);
  protocol::Heartbeat beat;
  beat.worker = "worker-odd";
  for (const char* state : {"", "asleep", "Busy"}) {
    beat.state = state;
    worker.say(beat);
    const auto answer = worker.word();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->type, protocol::Error::kType);
    EXPECT_NE(protocol::parse<protocol::Error>(*answer).message.find("'state'"), std::string::npos) << answer->header;
    EXPECT_EQ(status().workers.at(0).state, "busy") << "what it was before";
  }
}

TEST_F(Played, AWorkerThatOffersMoreRoomThanThereIsGetsNoMoreThanThereIs) {
  submit("aa-one", sentences(20, "one"));
  PlayedWorker greedy(lectern.paths(), "worker-greedy", 1ull << 63);
  ASSERT_TRUE(greedy.work());
  greedy.ready();
  greedy.ready();
  greedy.beat(~0ull);
  EXPECT_TRUE(serve(greedy));
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Played, AWorkerThatNeverHeartbeatsLosesItsLeases) {
  submit("aa-one", kOne);
  PlayedWorker honest(lectern.paths(), "worker-honest", 0);
  PlayedWorker silent(lectern.paths(), "worker-silent", 1);
  std::optional<protocol::Message> message;
  do message = silent.receive();
  while (message && message->type != protocol::Work::kType);
  ASSERT_TRUE(message);
  const auto work = protocol::parse<protocol::Work>(*message);
  honest.beat(1);
  const auto again = honest.work(12);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->lease.attempt, work.lease.attempt + 1);
  honest.speak(*again);
  EXPECT_TRUE(becomes("done"));
  silent.speak(work, 30);
  EXPECT_EQ(state(), "done");
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Played, TwoWorkersThatRaceForTheSameSegmentMakeOneFile) {
  submit("aa-one", sentences(12, "one"));
  PlayedWorker a(lectern.paths(), "worker-a", 3), b(lectern.paths(), "worker-b", 3);
  std::vector<protocol::Work> late;
  std::mt19937 random(5);
  EXPECT_TRUE(Installation::until([&] {
    for (PlayedWorker* worker : {&a, &b})
      while (const auto work = worker->work(0.01)) switch (random() % 4) {
          case 0: worker->speak(*work); break;
          case 1: late.push_back(*work), worker->ready(); break;  // gives it up
          case 2: worker->speak(*work), worker->speak(*work); break;
          default: worker->speak(*work), worker->ready();
        }
    for (const auto& work : late) (random() % 2 ? a : b).speak(work);  // late answers, of anybody
    if (random() % 2) late.clear();
    return state() == "done";
  }));
  const auto now = status();
  EXPECT_EQ(now.jobs[0].segments_done, now.jobs[0].segments);
  EXPECT_EQ(lectern.audio().size(), 1u);
  EXPECT_EQ(lectern.broken(), "");
}

// ---- garbage --------------------------------------------------------------------------------------------------------

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string nested(std::size_t depth, const std::string& field) {
  return "{\"" + field + "\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

// Every field of every message once with a value of another kind.
std::vector<protocol::Frames> wrong_types() {
  std::vector<protocol::Frames> all;
  protocol::for_each_message([&]<class T>() {
    if (std::is_same_v<T, protocol::Stop>) return;  // it has no fields that could be wrong: it is obeyed
    const protocol::Json right = protocol::Json::parse(protocol::encode(T{})[2]);
    for (const auto& [field, value] : right.items())
      for (const protocol::Json& wrong :
           {protocol::Json(nullptr), protocol::Json(-1), protocol::Json(1.5e300), protocol::Json("text"),
            protocol::Json::array({1, "two"}), protocol::Json::object({{"a", 1}}), protocol::Json(~0ull)}) {
        protocol::Json header = right;
        header[field] = wrong;
        all.push_back({protocol::kVersion, T::kType, header.dump()});
        header.erase(field);
        all.push_back({protocol::kVersion, T::kType, header.dump()});
      }
  });
  return all;
}

std::vector<protocol::Frames> garbage() {
  std::mt19937 random(7);
  std::vector<protocol::Frames> all = {
      {}, {""}, {"", ""}, {"", "", ""}, {"lectern/1"}, {"lectern/1", "hello"}, {"lectern/1", "hello", ""},
      {"lectern/1", "hello", "[]"}, {"lectern/1", "hello", "null"}, {"lectern/1", "hello", "{"},
      {"lectern/0", "hello", "{}"}, {"lectern/99", "hello", "{}"}, {std::string(100000, 'v'), "hello", "{}"},
      {"lectern/1", "no such type", "{}"}, {"lectern/1", std::string(100000, 't'), "{}"},
      {"lectern/1", random_bytes(random, 60), "{\"request\":3}"},
      {"lectern/1", "hello", "{\"request\":-1}"}, {"lectern/1", "hello", "{\"request\":1e99}"},
      {"lectern/1", "hello", "{\"a\":\"\\ud800\"}"}, {"lectern/1", "hello", "{\"a\":1e999}"},
      {"lectern/1", "hello", std::string(5 << 20, ' ')},
      protocol::Frames(9, "lectern/1"), protocol::Frames(1000, "x")};
  for (const char* type : {"hello", "submit", "status", "take", "heartbeat", "ready"})
    for (std::size_t depth : {100u, 10000u, 1900000u})
      for (const char* field : {"notes", "selection", "lease", "unknown"})
        all.push_back({"lectern/1", type, nested(depth, field)});
  protocol::Take deep;  // right in everything but the depth of its notes
  std::string header = protocol::encode(deep)[2];
  header.replace(header.find("\"notes\":{}"), 10, nested(900000, "notes").substr(1, 8 + 1800000));
  all.push_back({"lectern/1", "take", header});
  for (int i = 0; i < 200; ++i) {
    protocol::Frames frames(random() % 6);
    for (auto& frame : frames) frame = random_bytes(random, random() % 300);
    if (!frames.empty() && random() % 2) frames[0] = "lectern/1";
    all.push_back(std::move(frames));
  }
  const auto typed = wrong_types();
  all.insert(all.end(), typed.begin(), typed.end());
  return all;
}

void send_raw(const fs::path& socket, const std::string& bytes) {
  zmq::context_t context(1);
  zmq::socket_t stream(context, zmq::socket_type::dealer);
  // A real connection below ZeroMQ: whatever bytes there are.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
    [[maybe_unused]] const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::close(fd);
}

TEST(Garbage, OnBothSocketsStopsNothingAndFillsNoMemory) {
  Installation lectern(100);
  const auto script = lectern.script("a.txt", sentences(40, "one"));
  EXPECT_EQ(lectern.run({"submit", script}).exit, 0);
  const pid_t broker = lectern.broker();
  const auto all = garbage();
  Peer client(lectern.paths().client_socket()), worker(lectern.paths().worker_socket());
  std::mt19937 random(11);
  for (Peer* peer : {&client, &worker})
    for (const auto& frames : all) peer->send(frames);
  for (int i = 0; i < 40; ++i)
    for (const fs::path& socket : {lectern.paths().client_socket(), lectern.paths().worker_socket()}) {
      send_raw(socket, random_bytes(random, 1 + random() % 400));
      // A greeting as it should be, and then a message that ends in the middle.
      std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
      greeting.resize(64);
      send_raw(socket, greeting + std::string("\4\x19\5READY\13Socket-Type\0\0\0\6DEALER", 27) +
                           std::string("\1\11lectern/1\1\5hel", 16));
    }
  EXPECT_TRUE(client.ask<protocol::Welcome>(protocol::Hello{}, {}, 30)) << "nobody is answered any more";
  const long before = resident_kb(broker);
  for (int i = 0; i < 10000; ++i) {
    client.send({"lectern/1", "nonsense " + std::to_string(i), "{\"request\":0}"});
    worker.send({"lectern/1", "nonsense " + std::to_string(i), "{}"});
    if (i % 500 == 0)
      while (client.receive(0)) {
      }
  }
  Peer other(lectern.paths().client_socket());  // the first one may have missed answers: it read too slowly
  EXPECT_TRUE(other.ask<protocol::Welcome>(protocol::Hello{}, {}, 30));
  std::printf("the broker grew by %ld kB\n", resident_kb(broker) - before);
  EXPECT_LT(resident_kb(broker) - before, 40000) << "from " << before;
  EXPECT_EQ(lectern.broker(), broker) << "it died";
  EXPECT_EQ(lectern.run({"wait", "--timeout", "60"}).exit, 0);
  EXPECT_EQ(lectern.audio().size(), 1u);
  EXPECT_EQ(lectern.broken(), "");
}

TEST(Garbage, IsAnsweredWithAnErrorThatSaysWhatIsWrong) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  struct Row {
    protocol::Frames frames;
    const char* says;
  };
  const Row rows[] = {{{"lectern/9", "hello", "{}"}, "lectern/9"},
                      {{"lectern/1", "hullo", "{}"}, "hullo"},
                      {{"lectern/1", "status", "{}"}, "selection"},
                      {{"lectern/1", "status", "{\"selection\":{\"jobs\":[1],\"batch_id\":\"\",\"all\":true}}"}, "selection.jobs[0]"},
                      {{"lectern/1", "hello", nested(10000, "a")}, "deep"},
                      {{"lectern/1", "hello"}, "three frames"},
                      {protocol::Frames(20, "lectern/1"), "too many frames"}};
  for (const fs::path& socket : {lectern.paths().client_socket(), lectern.paths().worker_socket()}) {
    Peer peer(socket);
    protocol::Ready ready;
    ready.worker = "worker-some";
    if (socket == lectern.paths().worker_socket()) peer.say(ready);
    for (const Row& row : rows) {
      if (socket == lectern.paths().worker_socket() && row.frames.size() > 1 && row.frames[1] == "status") continue;
      peer.send(row.frames);
      std::optional<protocol::Message> answer;
      do answer = peer.receive();
      while (answer && answer->type != protocol::Error::kType);
      ASSERT_TRUE(answer) << row.says;
      if (answer) {
        EXPECT_NE(protocol::parse<protocol::Error>(*answer).message.find(row.says), std::string::npos) << answer->header;
      }
    }
  }
  EXPECT_TRUE(Installation::until([&] {
    std::stringstream log;
    log << std::ifstream(lectern.paths().log_file("broker")).rdbuf();
    return log.str().find("(12 messages so far)") != std::string::npos;
  })) << "not all were counted";
}

TEST(Garbage, AFrameBeyondTheLimitEndsOnlyTheConnectionOfItsSender) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  const pid_t broker = lectern.broker();
  // The header of a frame of 2^40 bytes, after a right greeting.
  std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
  greeting.resize(64);
  send_raw(lectern.paths().client_socket(),
           greeting + std::string("\4\x19\5READY\13Socket-Type\0\0\0\6DEALER", 27) +
               std::string("\2\0\0\1\0\0\0\0\0and so on", 18));
  Peer client(lectern.paths().client_socket());
  EXPECT_TRUE(client.ask<protocol::Welcome>(protocol::Hello{}));
  EXPECT_EQ(lectern.broker(), broker);
  EXPECT_LT(resident_kb(broker), 200000);
}

TEST_F(Played, AFollowerThatNeverReadsHoldsNobodyUpAndFillsNoMemory) {
  for (int job = 0; job < 10; ++job) submit("aa-" + std::to_string(job), sentences(12, "number " + std::to_string(job)));
  Peer reader(lectern.paths().client_socket());
  reader.socket().set(zmq::sockopt::rcvhwm, 1);
  protocol::Follow follow;
  follow.selection = all_jobs();
  const long before = resident_kb(lectern.broker());
  for (int i = 0; i < 2000; ++i) reader.say(follow, 1);  // and reads not one of the answers
  PlayedWorker honest(lectern.paths(), "worker-honest", 8);
  EXPECT_TRUE(Installation::until([&] {
    while (const auto work = honest.work(0.02)) honest.speak(*work, 0.2);
    return status().unfinished == 0;
  }, 90));
  const long grown = resident_kb(lectern.broker()) - before;
  std::printf("the broker grew by %ld kB for a follower that reads nothing\n", grown);
  EXPECT_LT(grown, 150000);
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Played, TheSameSubmitSentManyTimesByManyIsOneJob) {
  const auto submit = submit_of("aa-one", output("aa-one"));
  Peer others[3] = {Peer(lectern.paths().client_socket()), Peer(lectern.paths().client_socket()),
                    Peer(lectern.paths().client_socket())};
  for (int i = 0; i < 5; ++i)
    for (Peer& peer : others) peer.say(submit, i + 1, {kOne});
  int known = 0;
  for (Peer& peer : others)
    for (int i = 0; i < 5; ++i) {
      const auto answer = peer.await<protocol::Submitted>(i + 1);
      ASSERT_TRUE(answer) << peer.refusal;
      EXPECT_EQ(answer->number, 1u);
      known += answer->known;
    }
  EXPECT_EQ(known, 14);
  EXPECT_EQ(status().jobs.size(), 1u);
}

}  // namespace
}  // namespace lectern
