// Watched folders: how long a drop takes to be a durable job, 5,000 at once with the latency of the broker's answers
// meanwhile, a scan of 50,000 entries, and what an idle folder costs. folder_bench [FILES] [ENTRIES]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "broker/watch/sighting.h"
#include "tests/faults/peer.h"
#include "tests/faults/watched_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double cpu_s(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

// Drops one file after the other and asks until it is a job.
void one_drop() {
  WatchedFolder folder("", "", LECTERN_PROGRAM, 0.5);
  folder.start();
  Peer peer(folder.lectern.paths().client_socket());
  std::vector<double> past;
  for (int i = 0; i < 10; ++i) {
    const auto before = folder.path("x" + std::to_string(i) + ".txt");
    folder.write(before.filename(), "This is a small script.\n");
    const auto begin = Clock::now();
    while (fs::exists(before)) std::this_thread::sleep_for(std::chrono::microseconds(200));
    protocol::Status status;
    status.selection.jobs = {std::to_string(i + 1)};
    while (!peer.ask<protocol::Jobs>(status)) std::this_thread::sleep_for(std::chrono::microseconds(200));
    past.push_back(seconds_since(begin) - 0.5);
  }
  std::printf("one drop: a job %.0f ms past the stable time (median), %.0f ms (worst of 10)\n",
              1e3 * quantile(past, 0.5), 1e3 * quantile(past, 1));
}

void many_drops(int files) {
  WatchedFolder folder("", "", LECTERN_PROGRAM, 2);
  folder.start();
  Peer peer(folder.lectern.paths().client_socket());
  const auto begin = Clock::now();
  for (int i = 0; i < files; ++i)
    folder.write("story " + std::to_string(i) + ".txt", "This is story " + std::to_string(i) + " of many.\n");
  const double written = seconds_since(begin);
  std::vector<double> one, first, all;
  const protocol::FolderRequest list{"list", ""};
  double taken = 0;
  for (int round = 0; seconds_since(begin) < 600; ++round) {
    auto asked = Clock::now();
    protocol::Status status;
    status.selection.jobs = {"1"};
    peer.ask<protocol::Jobs>(status);
    one.push_back(seconds_since(asked));
    if (round % 10 == 0) {
      asked = Clock::now();
      status.selection = {};
      status.selection.all = true;
      status.most = 200;  // as `lectern status` asks
      peer.ask<protocol::Jobs>(status, {}, 60);
      first.push_back(seconds_since(asked));
      asked = Clock::now();
      status.most = 0;  // `lectern status --all`
      peer.ask<protocol::Jobs>(status, {}, 60);
      all.push_back(seconds_since(asked));
    }
    const auto view = peer.ask<protocol::Folders>(list)->folders.front();
    const bool job_each =
        view.waiting == 0 && view.done + view.failed + view.unfinished >= static_cast<unsigned>(files);
    if (taken == 0 && job_each) taken = seconds_since(begin);
    if (view.done + view.failed >= static_cast<unsigned>(files)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::printf(
      "%d files at once (written in %.1f s): all are jobs after %.1f s, all in done/ after %.1f s; status of one "
      "job: median %.1f ms, 99 %% %.1f ms, worst %.1f ms (%zu asked); `status`: median %.1f ms, worst %.1f ms; "
      "`status --all`: median %.0f ms, worst %.0f ms\n",
      files, written, taken, seconds_since(begin), 1e3 * quantile(one, 0.5), 1e3 * quantile(one, 0.99),
      1e3 * quantile(one, 1), one.size(), 1e3 * quantile(first, 0.5), 1e3 * quantile(first, 1),
      1e3 * quantile(all, 0.5), 1e3 * quantile(all, 1));
}

void large_folder(int entries) {
  TemporaryFolder home;
  FolderSettings settings;
  settings.path = home.path();
  for (int i = 0; i < entries; ++i) {
    const std::string stem = "entry " + std::to_string(i);
    home.file(stem + (i % 5 == 0 ? ".txt" : ".flac"), "x");
  }
  std::vector<double> scans;
  for (int i = 0; i < 5; ++i) {
    const auto begin = Clock::now();
    const auto listing = watch::list_folder(settings);
    scans.push_back(seconds_since(begin));
    if (i == 0)
      std::printf("%d entries: %zu listed%s\n", entries, listing.files.size(), listing.more ? " and more" : "");
  }
  std::printf("scan of %d entries: %.0f ms (median of 5)\n", entries, 1e3 * quantile(scans, 0.5));
}

void idle() {
  WatchedFolder folder;
  folder.start();
  folder.write("a.txt", "One.\n");
  folder.comes("done/a.txt");
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const double before = cpu_s(folder.lectern.broker());
  std::this_thread::sleep_for(std::chrono::seconds(20));
  std::printf("idle: the broker takes %.2f %% of a processor\n", 100 * (cpu_s(folder.lectern.broker()) - before) / 20);
}

}  // namespace
}  // namespace lectern

int main(int argc, char** argv) {
  const int files = argc > 1 ? std::atoi(argv[1]) : 5000, entries = argc > 2 ? std::atoi(argv[2]) : 50000;
  lectern::one_drop();
  lectern::many_drops(files);
  lectern::large_folder(entries);
  lectern::idle();
  return 0;
}
