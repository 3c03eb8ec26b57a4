// What the queue costs, measured at a real broker: durable submits, drains, claims, memory, idling, restart.
//
// Prints one "SUBJECT FIGURE VALUE" a line. A drained unit is a segment of one long script: its take comes as a
// message, is stored and committed, and the next segment is claimed and committed before it is sent. The script never
// ends within the drain, so nothing is published; the takes' files go to a tmpfs ("takes left out") or to the disk
// ("with takes").
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <thread>

#include <CLI/CLI.hpp>

#include "broker/store/store.h"
#include "tests/bench/measured_broker.h"
#include "tests/bench/queue_peer.h"

namespace lectern::bench {
namespace {

namespace fs = std::filesystem;
using Time = std::chrono::steady_clock;

struct Options {
  fs::path folder = "/var/tmp";
  std::uint64_t jobs = 3000, drained = 3000;
};

double seconds_since(Time::time_point begun) { return std::chrono::duration<double>(Time::now() - begun).count(); }

void print(const std::string& figure, double value) {
  std::printf("lectern %s %.6g\n", figure.c_str(), value);
  std::fflush(stdout);
}

double quantile(std::vector<double> values, double part) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * part);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void wait_for(const std::function<bool()>& condition, std::chrono::milliseconds pause) {
  const auto begun = Time::now();
  while (!condition()) {
    if (seconds_since(begun) > 120) throw std::runtime_error("waited 120 s in vain");
    std::this_thread::sleep_for(pause);
  }
}

// Until the job that came last has been cut into segments; how many wait in all.
std::uint64_t await_cut(Client& client, std::uint64_t last) {
  protocol::Jobs jobs;
  wait_for(
      [&] {
        jobs = client.status(last);
        return jobs.jobs.at(0).segments > 0;
      },
      std::chrono::milliseconds(20));
  return jobs.segments_waiting;
}

std::vector<protocol::Frames> submits(std::uint64_t first, std::uint64_t count, const fs::path& folder) {
  std::vector<protocol::Frames> messages;
  for (std::uint64_t i = first; i < first + count; ++i) messages.push_back(submit_message(i, script(i, 1024), folder));
  return messages;
}

// ---- durable submits of 1 KB scripts; messages are made before the clock starts, as the peers' are

void submit_one_by_one(const MeasuredBroker& broker, const Options& options) {
  zmq::context_t context;
  Client client(context, broker.paths());
  std::vector<double> times;
  const std::uint64_t count = options.jobs / 2;
  const auto messages = submits(0, count, broker.work());
  const Syncs before = broker.syncs();
  const auto begun = Time::now();
  for (const auto& message : messages) {
    const auto sent = Time::now();
    client.send(message);
    client.await_submitted();
    times.push_back(seconds_since(sent) * 1e6);
  }
  print("submit_1_per_s", static_cast<double>(count) / seconds_since(begun));
  print("submit_1_p50_us", quantile(times, 0.5));
  print("submit_1_p99_us", quantile(times, 0.99));
  print("submit_1_syncs_per_job",
        static_cast<double>(broker.syncs().database - before.database) / static_cast<double>(count));
}

void submit_by_16(const MeasuredBroker& broker, const Options& options) {
  zmq::context_t context;
  const std::uint64_t each = options.jobs / 16;
  std::vector<std::vector<protocol::Frames>> messages;
  for (std::uint64_t c = 0; c < 16; ++c) messages.push_back(submits(100'000 + c * each, each, broker.work()));
  std::vector<std::thread> clients;
  const auto begun = Time::now();
  for (std::uint64_t c = 0; c < 16; ++c)
    clients.emplace_back([&, c] {
      Client client(context, broker.paths());
      for (const auto& message : messages[c]) {
        client.send(message);
        client.await_submitted();
      }
    });
  for (auto& client : clients) client.join();
  print("submit_16_per_s", static_cast<double>(each * 16) / seconds_since(begun));
}

void submit_256_in_flight(const MeasuredBroker& broker, const Options& options) {
  zmq::context_t context;
  Client client(context, broker.paths());
  const auto messages = submits(200'000, options.jobs, broker.work());
  const Syncs before = broker.syncs();
  const auto begun = Time::now();
  std::size_t sent = 0;
  for (std::size_t answered = 0; answered < messages.size(); ++answered) {
    while (sent < messages.size() && sent - answered < 256) client.send(messages[sent++]);
    client.await_submitted();
  }
  const double spent = seconds_since(begun);
  print("submit_256_per_s", static_cast<double>(messages.size()) / spent);
  print("submit_256_syncs_per_job",
        static_cast<double>(broker.syncs().database - before.database) / static_cast<double>(messages.size()));
}

// ---- each of these on a queue of its own, so that what one leaves to be cut does not slow the next

void measure_submits(const Options& options) {
  for (auto* measure : {submit_one_by_one, submit_by_16, submit_256_in_flight}) {
    MeasuredBroker broker(options.folder, true);
    broker.start();
    const double cpu = broker.cpu_s();
    const auto begun = Time::now();
    measure(broker, options);
    zmq::context_t context;
    Client client(context, broker.paths());
    client.status_all();
    if (measure != submit_256_in_flight) continue;
    print("submit_256_broker_cpu_us_per_job", (broker.cpu_s() - cpu) * 1e6 / static_cast<double>(options.jobs));
    await_cut(client, 200'000 + options.jobs - 1);
    print("submit_256_until_all_cut_s", seconds_since(begun));
  }
}

constexpr std::uint64_t kCredit = 2;  // what an agent asks for whose engine speaks one at a time: one behind it

void drain(const MeasuredBroker& broker, std::uint64_t workers, std::uint64_t credit, std::uint64_t segments,
           const std::string& figure) {
  zmq::context_t context;
  Client client(context, broker.paths());
  auto done = [&] { return client.status_all().jobs.at(0).segments_done; };
  const std::uint64_t done_before = done();
  const Syncs before = broker.syncs();
  const double cpu = broker.cpu_s();
  const auto begun = Time::now();
  std::vector<Worker> crew;
  for (std::uint64_t w = 0; w < workers; ++w)
    crew.emplace_back(context, broker.paths(), figure + "-" + std::to_string(w), credit);
  std::vector<std::thread> threads;
  for (Worker& worker : crew)
    threads.emplace_back([&] {
      worker.connect();
      worker.speak(segments / workers);
    });
  for (auto& thread : threads) thread.join();
  // The last takes are being stored.
  wait_for([&] { return done() >= done_before + segments / workers * workers; }, std::chrono::milliseconds(1));
  const double spent = seconds_since(begun);
  const Syncs now = broker.syncs();
  const auto count = static_cast<double>(segments / workers * workers);
  print(figure + "_per_s", count / spent);
  print(figure + "_syncs_per_segment", static_cast<double>(now.database - before.database) / count);
  print(figure + "_file_syncs_per_segment", static_cast<double>(now.files - before.files) / count);
  print(figure + "_broker_cpu_us_per_segment", (broker.cpu_s() - cpu) * 1e6 / count);
}

void measure_drains(const Options& options) {
  for (const bool takes_left_out : {true, false}) {
    MeasuredBroker broker(options.folder, takes_left_out);
    broker.start();
    zmq::context_t context;
    Client client(context, broker.paths());
    const std::uint64_t segments = takes_left_out ? options.drained : options.drained / 4;
    client.send(submit_message(0, prose(0, segments * 3 + 200), broker.work()));
    client.await_submitted();
    await_cut(client, 0);
    const std::string with = takes_left_out ? "" : "_with_takes";
    drain(broker, 1, kCredit, segments, "drain_1" + with);
    drain(broker, 4, kCredit, segments, "drain_4" + with);
    drain(broker, 1, 1, segments, "drain_1_in_lockstep" + with);
  }
}

// ---- the store alone: choosing a job and leasing its next segment, with no sync in it

double claim_us(const fs::path& folder, std::uint64_t jobs, std::uint64_t segments_each) {
  const SystemClock clock;
  const fs::path file = folder / "claim.sqlite";
  for (const char* tail : {"", "-wal", "-shm"}) fs::remove(file.string() + tail);
  Store store(file, clock);
  for (std::uint64_t j = 0; j < jobs; ++j) {
    NewJob job;
    job.job_id = "bench-job-" + std::to_string(j);
    job.batch_id = "bench-batch-" + std::to_string(j % 100);
    job.text_format = "plain";
    job.model = "sine";
    const auto added = store.add_job(job);
    std::vector<NewSegment> segments(segments_each);
    for (std::uint64_t s = 0; s < segments_each; ++s)
      segments[s] = {s * 100,
                     s * 100 + 100,
                     "sentence",
                     prose(j * segments_each + s, 1),
                     std::to_string(j) + "-" + std::to_string(s),
                     s};
    store.set_segments(added.number, segments, "[]", "");
    if (j % 100 == 99) store.commit();
  }
  store.commit();
  std::vector<double> times;
  for (int i = 0; i < 500; ++i) {
    const auto begun = Time::now();
    const auto runnable = store.runnable({""});
    const auto claims = store.claim(runnable.at(0).number, "w", 1, true);
    if (claims.size() != 1) throw std::runtime_error("nothing to claim");
    times.push_back(seconds_since(begun) * 1e6);
  }
  store.commit();
  for (const char* tail : {"", "-wal", "-shm"}) fs::remove(file.string() + tail);
  return quantile(times, 0.5);
}

void measure_claims(const Options& options) {
  std::string name = (options.folder / "lectern-claim.XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("cannot create a folder in " + options.folder.string());
  const double few = claim_us(name, 1, 1000), many = claim_us(name, 1, 100'000);
  const double few_of_jobs = claim_us(name, 100, 10), many_of_jobs = claim_us(name, 10'000, 10);
  fs::remove_all(name);
  print("claim_1000_us", few);
  print("claim_100000_us", many);
  print("claim_ratio", many / few);
  print("claim_1000_in_100_jobs_us", few_of_jobs);
  print("claim_100000_in_10000_jobs_us", many_of_jobs);
  print("claim_in_jobs_ratio", many_of_jobs / few_of_jobs);
}

// ---- idling

void measure_idle(const Options& options) {
  MeasuredBroker broker(options.folder, true);
  print("start_to_ready_ms", broker.start() * 1000);
  zmq::context_t context;
  Worker worker(context, broker.paths(), "idler", 1);
  worker.connect();
  worker.beat(1.5);
  print("resident_idle_mb", static_cast<double>(broker.resident_bytes()) / 1e6);
  const double cpu = broker.cpu_s();
  const auto switches = broker.context_switches();
  const auto begun = Time::now();
  worker.beat(10);
  const double spent = seconds_since(begun);
  print("idle_cpu_percent", (broker.cpu_s() - cpu) / spent * 100);
  print("idle_switches_per_minute", static_cast<double>(broker.context_switches() - switches) * 60 / spent);
}

// ---- 100,000 segments

void measure_full_queue(const Options& options) {
  MeasuredBroker broker(options.folder, true);
  broker.start();
  {
    zmq::context_t context;
    Client client(context, broker.paths());
    const auto begun = Time::now();
    for (std::uint64_t i = 0; i < 20; ++i) {
      client.send(submit_message(i, prose(i * 5000, 5000), broker.work()));
      client.await_submitted();
    }
    print("queued_segments", static_cast<double>(await_cut(client, 19)));
    print("queued_after_s", seconds_since(begun));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  print("resident_queued_mb", static_cast<double>(broker.resident_bytes()) / 1e6);
  broker.kill();
  const auto begun = Time::now();
  broker.start();
  zmq::context_t context;
  Worker worker(context, broker.paths(), "first", 1);
  worker.connect();
  worker.await_work();
  print("restart_to_dispatch_s", seconds_since(begun));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  print("resident_queued_restarted_mb", static_cast<double>(broker.resident_bytes()) / 1e6);
}

const std::map<std::string, void (*)(const Options&)> kMeasures = {{"submit", measure_submits},
                                                                   {"drain", measure_drains},
                                                                   {"claim", measure_claims},
                                                                   {"idle", measure_idle},
                                                                   {"full", measure_full_queue}};

int body(int argc, char** argv) {
  CLI::App app{"What the queue costs. Prints `lectern FIGURE VALUE`, a line each."};
  Options options;
  std::vector<std::string> wanted;
  app.add_option("measures", wanted, "submit, drain, claim, idle, full; all when none is named");
  app.add_option("--folder", options.folder, "where the queue's home is made: the disk that is measured");
  app.add_option("--jobs", options.jobs, "jobs of a submit");
  app.add_option("--segments", options.drained, "segments of a drain");
  CLI11_PARSE(app, argc, argv);
  if (wanted.empty()) wanted = {"submit", "drain", "claim", "idle", "full"};
  for (const std::string& name : wanted) {
    const auto found = kMeasures.find(name);
    if (found == kMeasures.end()) throw Fault(Exit::usage, "there is no measure '" + name + "'");
    found->second(options);
  }
  return 0;
}

}  // namespace
}  // namespace lectern::bench

int main(int argc, char** argv) { return lectern::run_main(lectern::bench::body, argc, argv); }
