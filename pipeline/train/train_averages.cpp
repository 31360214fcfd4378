// Snapshots and their least-squares combination.
#include "pipeline/train/train_averages.h"

#include "io/file/fault.h"
#include "models/train/checkpoint.h"
#include "models/train/power_ema.h"
#include "pipeline/train/train_lesson.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr const char* kIdentity = "configuration";

struct Snapshot {
  fs::path file;
  double length = 0;
  std::int64_t step = 0;
};

// The length with all its digits: it is read back from the name.
std::string name_of(double length, std::int64_t step) {
  char digits[32], text[96];
  const auto end = std::to_chars(digits, digits + sizeof digits, length, std::chars_format::fixed).ptr;
  std::snprintf(text, sizeof text, "%.*s-%09lld.safetensors", static_cast<int>(end - digits), digits,
                static_cast<long long>(step));
  return text;
}

std::vector<Snapshot> snapshots_in(const fs::path& folder) {
  std::vector<Snapshot> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    double length = 0;
    long long step = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "%lf-%lld.safetensors", &length, &step) == 2 && name == name_of(length, step))
      found.push_back({entry.path(), length, step});
  }
  std::sort(found.begin(), found.end(), [](const Snapshot& a, const Snapshot& b) { return a.file < b.file; });
  return found;
}

bool is_of(const Snapshot& snapshot, const std::string& identity) {
  try {
    const io::SafetensorsFile file(snapshot.file);
    const auto found = file.metadata().find(kIdentity);
    return found != file.metadata().end() && found->second == identity;
  } catch (const io::DataError&) {
    return false;  // damaged: as good as missing
  }
}

}  // namespace

Averages::Averages(fs::path folder, const TrainConfig& config, std::string identity)
    : folder_(std::move(folder)),
      lengths_(config.ema_lengths),
      steps_(config.steps),
      snapshots_(config.ema_snapshots),
      identity_(std::move(identity)) {}

void Averages::put_aside(const train::Trainer& trainer, std::int64_t step) const {
  if (step > 0 && step * snapshots_ / steps_ != (step - 1) * snapshots_ / steps_) write(trainer, step);
}

void Averages::put_aside_last(const train::Trainer& trainer, std::int64_t step) const {
  const auto snapshots = snapshots_in(folder_);
  const bool there = std::any_of(snapshots.begin(), snapshots.end(),
                                 [step](const Snapshot& snapshot) { return snapshot.step == step; });
  if (step > 0 && !there) write(trainer, step);
}

void Averages::write(const train::Trainer& trainer, std::int64_t step) const {
  if (lengths_.empty()) return;
  fs::create_directories(folder_);
  for (std::size_t i = 0; i < lengths_.size(); ++i)
    nets::save_tensors(folder_ / name_of(lengths_[i], step), unet_tensors(trainer.power_averages()[i].state()),
                       {{kIdentity, identity_}});
}

void Averages::cut(std::int64_t step) const {
  for (const Snapshot& snapshot : snapshots_in(folder_))
    if (snapshot.step > step || !is_of(snapshot, identity_)) fs::remove(snapshot.file);
}

nets::NamedTensors average_of_length(const fs::path& folder, double length, std::int64_t steps,
                                     const std::string& identity) {
  std::vector<Snapshot> usable;
  std::vector<train::EmaProfile> profiles;
  for (const Snapshot& snapshot : snapshots_in(folder)) {
    if (snapshot.step > steps || !is_of(snapshot, identity)) continue;
    usable.push_back(snapshot);
    profiles.push_back({train::power_ema_gamma(snapshot.length), static_cast<double>(snapshot.step)});
  }
  if (usable.empty())
    throw io::DataError(io::Fault::Unreadable,
                        "sample.ema_length needs averages that training put aside (train.ema_lengths); there are none");
  double last = 0;
  for (const auto& profile : profiles) last = std::max(last, profile.steps);
  const auto factors = train::post_hoc_factors(profiles, {train::power_ema_gamma(length), last});
  const torch::NoGradGuard no_grad;
  nets::NamedTensors sum;
  for (std::size_t i = 0; i < usable.size(); ++i) {
    for (const auto& [name, tensor] : nets::load_tensors(usable[i].file).tensors) {
      const auto part = tensor.to(torch::kFloat64) * factors[i];
      const auto found = sum.find(name);
      sum[name] = found == sum.end() ? part : found->second + part;
    }
  }
  return sum;
}

}  // namespace ctforge::pipeline
