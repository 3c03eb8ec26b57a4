// beanstalkd and redis over their text protocols: the same submits and drains as queue_bench, by blocking clients.
// line_queue_bench beanstalkd|redis PORT JOBS: prints "SUBJECT FIGURE VALUE" a line.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Time = std::chrono::steady_clock;
double seconds_since(Time::time_point begun) { return std::chrono::duration<double>(Time::now() - begun).count(); }

class Connection {
 public:
  explicit Connection(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("nobody listens on port " + std::to_string(port));
    const int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void put(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = write(fd_, text.data() + done, text.size() - done);
      if (n <= 0) throw std::runtime_error("the server hung up");
      done += static_cast<std::size_t>(n);
    }
  }
  std::string line() {
    for (;;) {
      if (const auto end = in_.find("\r\n", at_); end != std::string::npos) {
        std::string text = in_.substr(at_, end - at_);
        at_ = end + 2;
        return text;
      }
      fill();
    }
  }
  void skip(std::size_t bytes) {
    while (in_.size() - at_ < bytes) fill();
    at_ += bytes;
  }

 private:
  void fill() {
    if (at_ > 1 << 20) in_.erase(0, std::exchange(at_, 0));
    char block[65536];
    const ssize_t n = read(fd_, block, sizeof block);
    if (n <= 0) throw std::runtime_error("the server hung up");
    in_.append(block, static_cast<std::size_t>(n));
  }
  int fd_;
  std::string in_;
  std::size_t at_ = 0;
};

const std::string kBody(1024, 'x');

class Server {
 public:
  Server(const std::string& kind, int port) : beanstalkd_(kind == "beanstalkd"), port_(port) {
    submit_ = beanstalkd_ ? "put 0 0 60 1024\r\n" + kBody + "\r\n" : redis({"LPUSH", "q", kBody});
  }
  int port() const { return port_; }
  const std::string& submit() const { return submit_; }
  void await_submitted(Connection& c) const {
    if (const std::string line = c.line(); line.empty() || line[0] != (beanstalkd_ ? 'I' : ':'))
      throw std::runtime_error("not submitted: " + line);
  }
  // Takes a job so that it comes back if the client dies, and deletes it.
  void work_one(Connection& c) const {
    if (beanstalkd_) {
      c.put("reserve\r\n");
      const std::string line = c.line();
      c.skip(kBody.size() + 2);
      c.put("delete " + line.substr(9, line.find(' ', 9) - 9) + "\r\n");
    } else {
      c.put(redis({"BLMOVE", "q", "work", "RIGHT", "LEFT", "0"}));
      c.line();
      c.skip(kBody.size() + 2);
      c.put(redis({"LREM", "work", "1", kBody}));
    }
    c.line();
  }

 private:
  static std::string redis(const std::vector<std::string>& words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return text;
  }
  bool beanstalkd_;
  int port_;
  std::string submit_;
};

long submit_one_by_one(const Server& server, const char* name, long jobs) {
  Connection c(server.port());
  std::vector<double> times;
  for (long i = 0; i < jobs / 2; ++i) {
    const auto sent = Time::now();
    c.put(server.submit());
    server.await_submitted(c);
    times.push_back(seconds_since(sent) * 1e6);
  }
  std::sort(times.begin(), times.end());
  std::printf("%s submit_1_p50_us %.1f\n%s submit_1_p99_us %.1f\n", name, times[times.size() / 2], name,
              times[times.size() * 99 / 100]);
  return jobs / 2;
}

long submit_by_16(const Server& server, const char* name, long jobs) {
  std::vector<std::thread> clients;
  const long each = jobs / 16;
  const auto begun = Time::now();
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&] {
      Connection c(server.port());
      for (long j = 0; j < each; ++j) {
        c.put(server.submit());
        server.await_submitted(c);
      }
    });
  for (auto& client : clients) client.join();
  std::printf("%s submit_16_per_s %.1f\n", name, static_cast<double>(each * 16) / seconds_since(begun));
  return each * 16;
}

long submit_256_in_flight(const Server& server, const char* name, long jobs) {
  Connection c(server.port());
  const auto begun = Time::now();
  for (long sent = 0, answered = 0; answered < jobs; ++answered) {
    std::string out;
    while (sent < jobs && sent - answered < 256) out += server.submit(), ++sent;
    if (!out.empty()) c.put(out);
    server.await_submitted(c);
  }
  std::printf("%s submit_256_per_s %.1f\n", name, static_cast<double>(jobs) / seconds_since(begun));
  return jobs;
}

void drain(const Server& server, const char* name, int workers, long jobs) {
  std::vector<std::thread> threads;
  const auto begun = Time::now();
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([&] {
      Connection c(server.port());
      for (long i = 0; i < jobs / workers; ++i) server.work_one(c);
    });
  for (auto& thread : threads) thread.join();
  std::printf("%s drain_%d_per_s %.1f\n", name, workers,
              static_cast<double>(jobs / workers * workers) / seconds_since(begun));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: line_queue_bench beanstalkd|redis PORT JOBS");
  const Server server(argv[1], std::atoi(argv[2]));
  const long jobs = std::atol(argv[3]);
  const long queued = submit_one_by_one(server, argv[1], jobs) + submit_by_16(server, argv[1], jobs) +
                      submit_256_in_flight(server, argv[1], jobs);
  const long drained = std::min(jobs, queued / 2);
  drain(server, argv[1], 1, drained);
  drain(server, argv[1], 4, drained);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return 1;
}
