#include "cli/resident_model.h"

#include <algorithm>
#include <thread>

#include "config/quantity.h"
#include "config/fault.h"

namespace lectern::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLook = 20ms;
constexpr auto kHearingTime = 300ms;  // until then the worker may speak of something older
constexpr auto kWorkerTime = 5s;      // for the worker of a broker that was just started

const protocol::WorkerView* find(const std::vector<protocol::WorkerView>& views, const std::string& id) {
  const auto found = std::find_if(views.begin(), views.end(), [&](const auto& view) { return view.worker == id; });
  return found == views.end() ? nullptr : &*found;
}

std::vector<std::string> tell(Connection& connection, const protocol::ModelChange& change) {
  return connection.ask<protocol::ModelChanged>(change).workers;
}

}  // namespace

std::vector<protocol::WorkerView> workers(Connection& connection) {
  protocol::Status status;
  status.workers_only = true;
  return connection.ask<protocol::Jobs>(status).workers;
}

protocol::WorkerView load_model(Connection& connection, const std::string& model, const std::string& keep) {
  protocol::ModelChange change;
  change.action = "load";
  change.model = model;
  change.keep = keep;
  std::vector<std::string> told = tell(connection, change);
  for (const auto end = Clock::now() + kWorkerTime; told.empty() && Clock::now() < end;) {
    std::this_thread::sleep_for(kLook);
    told = tell(connection, change);
  }
  if (told.empty()) throw Fault(Exit::no_broker, "no worker is there", "the log says why: lectern doctor");
  const auto heard = Clock::now() + kHearingTime;
  for (bool begun = false;; std::this_thread::sleep_for(kLook)) {
    const auto views = workers(connection);
    const protocol::WorkerView* view = find(views, told.front());
    if (!view) throw Fault(Exit::no_broker, "the worker has gone", "`lectern ps` shows those that are there");
    const bool there = view->state == "warm" || view->state == "busy";
    if (there && (view->model == model || view->leases > 0)) return *view;  // or it will, when that work is done
    begun |= view->state == "loading";
    if (Clock::now() > heard && (begun || !there) && !view->waits_for.empty())
      throw Fault(view->state == "cold" ? Exit::no_space : Exit::job_failed,
                  "model '" + model + "' is not loaded: " + view->waits_for, "`lectern ps` shows how it goes on");
  }
}

Freed unload_models(Connection& connection, const std::string& model, bool now) {
  const auto before = workers(connection);
  protocol::ModelChange change;
  change.action = "unload";
  change.model = model;
  change.now = now;
  Freed freed;
  for (const std::string& id : tell(connection, change)) {
    const protocol::WorkerView* was = find(before, id);
    for (;; std::this_thread::sleep_for(kLook)) {
      const auto views = workers(connection);
      const protocol::WorkerView* view = find(views, id);
      if (!view || view->state == "cold" || view->state == "backoff" || (view->engine_pid == 0 && view->leases == 0)) {
        if (view && !view->waits_for.empty())
          throw Fault(Exit::no_space, view->waits_for, "`lectern ps` shows when it is; else end what holds it");
        break;
      }
    }
    if (!was || was->engine_pid == 0) continue;
    freed.models.push_back(was->model);
    freed.memory_bytes += was->memory_bytes;
    freed.device_bytes += was->device_bytes;
  }
  return freed;
}

std::string text_of(const Freed& freed) {
  if (freed.models.empty()) return "nothing was loaded";
  std::string text = "unloaded";
  for (std::size_t i = 0; i < freed.models.size(); ++i) text += (i ? ", " : " ") + freed.models[i];
  text += ": " + size_of(freed.memory_bytes) + " of memory";
  if (freed.device_bytes > 0) text += " and " + size_of(freed.device_bytes) + " on the device";
  return text + " given back";
}

}  // namespace lectern::cli
