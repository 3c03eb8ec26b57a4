// A driver that says what a file says: FAKE_NVML names it; its first line is "TOTAL FREE" in bytes, each further line
// "PID BYTES" of a process on the device. Without the file the driver fails. A file of that name with ".energy" holds the
// millijoules that the device used. One device, number 0, GPU-0 by name.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

struct Process {
  unsigned pid;
  unsigned long long used_bytes;
  unsigned gpu_instance, compute_instance;
};
struct State {
  unsigned long long total = 0, free = 0;
  std::vector<Process> processes;
  bool read() {
    const char* name = std::getenv("FAKE_NVML");
    std::ifstream file(name ? name : "");
    if (!(file >> total >> free)) return false;
    for (Process process{}; file >> process.pid >> process.used_bytes;) processes.push_back(process);
    return true;
  }
};

}  // namespace

extern "C" {
int nvmlInit_v2() { return State().read() ? 0 : 9; }
int nvmlDeviceGetCount_v2(unsigned* count) { return *count = 1, 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static int handle;
  *device = &handle;
  return index == 0 ? 0 : 2;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  return std::string(uuid) == "GPU-0" ? nvmlDeviceGetHandleByIndex_v2(0, device) : 6;
}
int nvmlDeviceGetMemoryInfo(void*, unsigned long long* memory) {
  State state;
  if (!state.read()) return 999;
  memory[0] = state.total;
  memory[1] = state.free;
  memory[2] = state.total - state.free;
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* mj) {
  const char* name = std::getenv("FAKE_NVML");
  std::ifstream file(std::string(name ? name : "") + ".energy");
  return file >> *mj ? 0 : 3;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, Process* processes) {
  State state;
  if (!state.read()) return 999;
  const bool fits = *count >= state.processes.size();
  *count = static_cast<unsigned>(state.processes.size());
  if (!fits) return 7;
  for (unsigned i = 0; i < *count; ++i) processes[i] = state.processes[i];
  return 0;
}
}
