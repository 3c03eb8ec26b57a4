// Joins the steps of publishing to the fault points of the broker that the tests build for themselves.
#include "broker/publish/fault_point.h"
#include "config/fault_point.h"

namespace {
const bool joined = [] {
  lectern::publish::fault_hooks.at_step = lectern::fault_point;
  lectern::publish::fault_hooks.no_sync = lectern::guard_removed("no-fsync");
  return true;
}();
}  // namespace
