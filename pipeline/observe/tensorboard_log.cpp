// Which record goes into which file.
#include "pipeline/observe/tensorboard_log.h"

#include "io/file/atomic_file.h"
#include "pipeline/observe/event_log.h"
#include "pipeline/report/report_image.h"
#include "pipeline/train/train_metrics.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <system_error>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::string_view kFilePrefix = "events.out.tfevents.";
constexpr int kSamplesPerClass = 4;
constexpr std::int64_t kSampleWidth = 160;  // the least width of a picture

void add_scalars(std::vector<std::pair<std::string, double>>& values, const std::string& name,
                 const ordered_json& json) {
  // What is not finite is null in JSON files.
  if (json.is_number() && std::isfinite(json.get<double>())) values.emplace_back(name, json.get<double>());
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) add_scalars(values, name.empty() ? key : name + "/" + key, value);
}

std::string record_of(const ordered_json& line) {
  return scalars_record(line.value("time", 0.0), line.at("step").get<std::int64_t>(), scalars_of(line));
}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kFilePrefix)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// TensorBoard reads a run's files in the order of their names and goes on to later ones only.
std::string later_name(const std::vector<fs::path>& files) {
  long long number = 0;
  if (!files.empty()) number = std::atoll(files.back().filename().string().substr(kFilePrefix.size()).c_str()) + 1;
  char text[24];
  std::snprintf(text, sizeof text, "%010lld", number);
  return std::string(kFilePrefix) + text;
}

}  // namespace

std::vector<std::pair<std::string, double>> scalars_of(const ordered_json& line) {
  std::vector<std::pair<std::string, double>> values;
  for (const auto& [key, value] : line.items())
    if (key != "schema" && key != "time" && key != "step") add_scalars(values, key, value);
  return values;
}

TensorBoardLog::TensorBoardLog(fs::path folder, fs::path metrics)
    : folder_(std::move(folder)), metrics_(std::move(metrics)) {}

fs::path TensorBoardLog::replace(const std::string& run, const std::string& records) const {
  const fs::path folder = folder_ / run;
  const std::vector<fs::path> before = event_files(folder);
  const fs::path file = folder / later_name(before);
  // The restart makes a TensorBoard that is reading forget what it had of the files before.
  const double now_s = unix_seconds();
  io::write_atomically(file, version_record(now_s) + restart_record(now_s, 0) + records);
  // Emptied and not removed: TensorBoard does not get past a file that it was reading and that has gone.
  for (const fs::path& old : before)
    if (fs::file_size(old) > 0) fs::resize_file(old, 0);
  return file;
}

void TensorBoardLog::rewrite(const std::string& phase, const std::string& kind) {
  const std::string run = phase + "/" + kind;
  std::string records;
  for (const ordered_json& line : read_metrics(metrics_))
    if (line["phase"] == phase && line["kind"] == kind) records += record_of(line);
  open_.erase(run);
  open_[run].open(replace(run, records), std::ios::binary | std::ios::app);
}

void TensorBoardLog::rewrite(const std::string& phase) {
  std::set<std::string> kinds;
  for (const ordered_json& line : read_metrics(metrics_))
    if (line["phase"] == phase) kinds.insert(line["kind"].get<std::string>());
  if (fs::is_directory(folder_ / phase))
    for (const auto& entry : fs::directory_iterator(folder_ / phase)) kinds.insert(entry.path().filename().string());
  for (const std::string& kind : kinds) rewrite(phase, kind);
}

void TensorBoardLog::rewrite_missing() {
  if (fs::exists(folder_)) return;
  std::set<std::string> phases;
  for (const ordered_json& line : read_metrics(metrics_)) phases.insert(line["phase"].get<std::string>());
  for (const std::string& phase : phases) rewrite(phase);
}

void TensorBoardLog::add(const ordered_json& line) {
  const auto phase = line.at("phase").get<std::string>(), kind = line.at("kind").get<std::string>();
  const auto found = open_.find(phase + "/" + kind);
  if (found == open_.end()) return rewrite(phase, kind);  // with this line
  errno = 0;
  found->second << record_of(line) << std::flush;
  if (!found->second) throw std::system_error(errno, std::generic_category(), "TensorBoard's file cannot be written");
}

void TensorBoardLog::segmenter(const std::string& arm, std::int64_t seed, const ordered_json& curve, double time_s) {
  std::string records;
  for (const ordered_json& point : curve)
    records += scalars_record(time_s, point.at("step").get<std::int64_t>(), scalars_of(point));
  replace("segmenter/" + arm + "-" + std::to_string(seed), records);
}

void TensorBoardLog::samples(const io::ShardSet& set, std::int64_t step, double level_hu, double width_hu,
                             double time_s) {
  const auto& info = set.info();
  const std::int64_t scale = std::clamp<std::int64_t>((kSampleWidth + info.width - 1) / info.width, 1, 8);
  std::vector<int> shown(info.classes.size(), 0);
  auto missing = static_cast<std::int64_t>(kSamplesPerClass * std::ssize(shown));
  std::string records;
  for (std::int64_t i = 0; i < set.size() && missing > 0; ++i) {
    const auto view = set.at(i);
    int& count = shown.at(static_cast<std::size_t>(view.class_index));
    if (count == kSamplesPerClass) continue;
    const auto rgb = render_patch(view.hu, view.mask, info.height, info.width, scale, level_hu, width_hu);
    const std::string tag = "synthetic/" + info.classes[static_cast<std::size_t>(view.class_index)];
    const std::int64_t height = info.height * scale, width = info.width * scale;
    records += image_record(time_s, step,
                            {tag + "/" + std::to_string(++count), height, width, encode_png(rgb, height, width)});
    --missing;
  }
  replace("samples", records);
}

}  // namespace ctforge::pipeline
