// The floor that the queue is held against: the least ROUTER + SQLite broker that acknowledges after COMMIT, commits
// once for all that has arrived, and folds "done n" and "claim n+1" into one transaction. It knows no states, no
// leases, no takes; one table, one byte of header. Prints "bare FIGURE VALUE" a line, the figures of queue_bench.
//   bare_queue_bench FOLDER JOBS
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

namespace {

using Time = std::chrono::steady_clock;

void check(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("bare broker: ") + what);
}

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    check(sqlite3_prepare_v2(database, sql, -1, &handle_, nullptr) == SQLITE_OK, sql);
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  sqlite3_stmt* handle() const { return handle_; }
  bool row() { return sqlite3_step(handle_) == SQLITE_ROW; }
  void run() {
    check(sqlite3_step(handle_) == SQLITE_DONE, "a statement failed");
    reset();
  }
  void reset() { sqlite3_reset(handle_); }

 private:
  sqlite3_stmt* handle_ = nullptr;
};

struct Answer {
  std::string peer, head, body;
};

void send(zmq::socket_t& socket, const Answer& answer) {
  socket.send(zmq::buffer(answer.peer), zmq::send_flags::sndmore);
  socket.send(zmq::buffer(answer.head), zmq::send_flags::sndmore);
  socket.send(zmq::buffer(answer.body), zmq::send_flags::none);
}

// Messages: [S][script] is answered by [A][number]; [R][] asks for work, [D][number] says that it is done and asks for
// more; work is [J][number]. Runs until it is killed.
void serve(const std::string& endpoint, const std::string& file) {
  sqlite3* database = nullptr;
  check(sqlite3_open(file.c_str(), &database) == SQLITE_OK, "cannot open its database");
  sqlite3_exec(
      database,
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "CREATE TABLE job(id INTEGER PRIMARY KEY, key TEXT UNIQUE, state TEXT NOT NULL, body BLOB NOT NULL) STRICT;"
      "CREATE INDEX ready ON job(id) WHERE state = 'ready'",
      nullptr, nullptr, nullptr);
  Statement insert(database, "INSERT INTO job(key, state, body) VALUES(?, 'ready', ?)");
  Statement claim(database,
                  "UPDATE job SET state = 'running' WHERE id = (SELECT id FROM job WHERE state = 'ready' ORDER BY id "
                  "LIMIT 1) RETURNING id, body");
  Statement finish(database, "UPDATE job SET state = 'done' WHERE id = ? AND state = 'running'");
  Statement begin(database, "BEGIN IMMEDIATE"), commit(database, "COMMIT");
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::router);
  for (auto option : {ZMQ_SNDHWM, ZMQ_RCVHWM}) {
    const int unlimited = 0;
    zmq_setsockopt(socket.handle(), option, &unlimited, sizeof unlimited);
  }
  socket.bind(endpoint);
  std::deque<std::string> idle;
  std::uint64_t keys = 0;
  for (;;) {
    zmq::pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, std::chrono::milliseconds(-1));
    std::vector<Answer> answers;
    bool open = false;
    auto transaction = [&] {
      if (!std::exchange(open, true)) begin.run();
    };
    zmq::message_t peer, head, body;
    for (int i = 0; i < 1000 && socket.recv(peer, zmq::recv_flags::dontwait); ++i) {
      check(socket.recv(head).has_value() && socket.recv(body).has_value(), "a message of wrong form");
      const char kind = head.to_string().at(0);
      transaction();
      if (kind == 'S') {
        const std::string key = std::to_string(++keys * 11400714819323198485ull);
        sqlite3_bind_text(insert.handle(), 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
        sqlite3_bind_blob(insert.handle(), 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
        insert.run();
        answers.push_back({peer.to_string(), "A", std::to_string(sqlite3_last_insert_rowid(database))});
        continue;
      }
      if (kind == 'D') {
        sqlite3_bind_int64(finish.handle(), 1, std::stoll(body.to_string()));
        finish.run();
        check(sqlite3_changes(database) == 1, "a job was done twice");
      }
      idle.push_back(peer.to_string());
    }
    for (; !idle.empty(); idle.pop_front()) {
      transaction();
      const bool found = claim.row();
      if (found) answers.push_back({idle.front(), "J", std::to_string(sqlite3_column_int64(claim.handle(), 0))});
      if (found) check(sqlite3_step(claim.handle()) == SQLITE_DONE, "a claim failed");
      claim.reset();
      if (!found) break;
    }
    if (open) commit.run();
    for (const Answer& answer : answers) send(socket, answer);
  }
}

class Peer {
 public:
  explicit Peer(const std::string& endpoint) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.connect(endpoint);
  }
  void send(const std::string& head, const std::string& body) {
    socket_.send(zmq::buffer(head), zmq::send_flags::sndmore);
    socket_.send(zmq::buffer(body), zmq::send_flags::none);
  }
  std::string receive() {
    zmq::message_t head, body;
    check(socket_.recv(head).has_value() && socket_.recv(body).has_value(), "no answer");
    return body.to_string();
  }

 private:
  zmq::context_t context_{1};
  zmq::socket_t socket_;
};

double seconds_since(Time::time_point begun) { return std::chrono::duration<double>(Time::now() - begun).count(); }

void print(const char* figure, double value) { std::printf("bare %s %.6g\n", figure, value); }

void measure_submits(const std::string& endpoint, std::size_t jobs) {
  const std::string script(1024, 'x');
  {
    Peer client(endpoint);
    std::vector<double> times;
    for (std::size_t i = 0; i < jobs / 2; ++i) {
      const auto sent = Time::now();
      client.send("S", script);
      client.receive();
      times.push_back(seconds_since(sent) * 1e6);
    }
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    print("submit_1_p50_us", times[times.size() / 2]);
  }
  const auto begun = Time::now();
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c)
    clients.emplace_back([&] {
      Peer client(endpoint);
      for (std::size_t i = 0; i < jobs / 16; ++i) {
        client.send("S", script);
        client.receive();
      }
    });
  for (auto& client : clients) client.join();
  print("submit_16_per_s", static_cast<double>(jobs / 16 * 16) / seconds_since(begun));
  Peer client(endpoint);
  const auto bulk = Time::now();
  for (std::size_t sent = 0, answered = 0; answered < jobs; ++answered) {
    for (; sent < jobs && sent - answered < 256; ++sent) client.send("S", script);
    client.receive();
  }
  print("submit_256_per_s", static_cast<double>(jobs) / seconds_since(bulk));
}

void measure_drain(const std::string& endpoint, int workers, std::size_t jobs, const char* figure) {
  const auto begun = Time::now();
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([&] {
      Peer worker(endpoint);
      worker.send("R", "");
      for (std::size_t i = 0; i < jobs / static_cast<std::size_t>(workers); ++i) worker.send("D", worker.receive());
      worker.receive();  // the last one is committed with the next claim
    });
  for (auto& thread : threads) thread.join();
  print(figure, static_cast<double>(jobs) / seconds_since(begun));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: bare_queue_bench FOLDER JOBS\n"), 2;
  std::string folder = std::string(argv[1]) + "/lectern-bare.XXXXXX";
  if (!mkdtemp(folder.data())) return std::perror(folder.c_str()), 1;
  const std::string endpoint = "ipc://" + folder + "/socket";
  const auto jobs = static_cast<std::size_t>(std::stoul(argv[2]));
  const pid_t broker = fork();
  if (broker == 0) {
    serve(endpoint, folder + "/queue.sqlite");
    _exit(0);
  }
  measure_submits(endpoint, jobs);
  measure_drain(endpoint, 1, jobs / 2, "drain_1_per_s");
  measure_drain(endpoint, 4, jobs / 2, "drain_4_per_s");
  kill(broker, SIGKILL);
  waitpid(broker, nullptr, 0);
  std::filesystem::remove_all(folder);
  return 0;
}
