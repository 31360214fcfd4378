// Joining, leaving and failing together.
#include "pipeline/run/session.h"

#include "pipeline/cluster/launch.h"
#include "pipeline/config/command_line.h"
#include "pipeline/observe/log.h"

#include <iostream>

namespace ctforge::pipeline {

int report_error(int code, const std::string& message) {
  std::cerr << "ctforge: " << message << '\n';
  return code;
}

Together Session::join(const Config& config) {
  if (!ranks.several()) return {};
  if (ranks.where.rank != 0) log_nothing();
  train::Group::Options options;
  options.silent = ranks.launched;
  options.lost_code = ranks.launched ? kOnlyLost : kOurFault;
  group_ =
      std::make_unique<train::Group>(ranks.where, torch::Device(resolve_device(config.run.device, ranks)), options);
  return {ranks, group_.get()};
}

void Session::leave() {
  if (!group_) return;
  try {
    group_->leave();
    left_ = true;
  } catch (const train::PeerLost&) {
    // What this process had to do is done.
  }
}

int Session::fail(int code, const std::string& message) {
  const bool tells = !group_ || (left_ ? group_->leads() : group_->first_to_fail());
  return tells ? report_error(code, message) : code;
}

int Session::lost(const train::PeerLost& lost) const {
  if (ranks.launched) return kOnlyLost;  // the launcher says it, where nobody else does
  return lost.told ? kOurFault : report_error(kOurFault, lost.what());
}

}  // namespace ctforge::pipeline
