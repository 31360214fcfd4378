// Classes, patch size and split, decided from the configuration, the tables and the headers.
#include "pipeline/prepare/prepare_plan.h"

#include "io/file/fault.h"
#include "io/file/random.h"
#include "io/volume/resample.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/observe/log.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>

namespace ctforge::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kUnknownRegion = "unknown";
constexpr std::uint64_t kFractionStream = 1;  // of the split's stream

[[noreturn]] void refuse(const std::string& key, const std::string& message) {
  throw ConfigError({{"configuration", "prepare." + key, message}});
}

std::map<std::string, std::string> parse_regions(const std::vector<std::string>& entries) {
  std::map<std::string, std::string> regions;
  for (const std::string& entry : entries) {
    const auto colon = entry.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == entry.size())
      refuse("classes.regions", "'" + entry + "' is not BODYPART:class");
    if (!regions.emplace(entry.substr(0, colon), entry.substr(colon + 1)).second)
      refuse("classes.regions", "two entries for " + entry.substr(0, colon));
  }
  return regions;
}

std::vector<std::size_t> parse_priority(const std::vector<std::string>& names, const LabelPlan& labels) {
  std::vector<std::size_t> priority;
  for (const std::string& name : names) {
    const auto found = std::find(labels.names.begin() + 1, labels.names.end(), name);
    if (found == labels.names.end()) refuse("classes.priority", "no label is called '" + name + "'");
    priority.push_back(static_cast<std::size_t>(found - labels.names.begin()));
  }
  for (std::size_t value = 1; names.empty() && value < labels.names.size(); ++value) priority.push_back(value);
  return priority;
}

// Voxels along x and y of the largest slice that resampling gives.
std::array<std::int64_t, 2> largest_slice(const PrepareConfig& config, const std::vector<io::Series>& series) {
  std::array<std::int64_t, 2> size = {1, 1};
  for (const io::Series& each : series) {
    if (!each.accepted()) continue;
    const auto grid = io::resampled_grid(io::axial_geometry(each.geometry), config.spacing_mm);
    for (std::size_t axis = 0; axis < 2; ++axis) size[axis] = std::max(size[axis], grid.size[axis]);
  }
  return size;
}

io::ShardInfo plan_shard(const PrepareConfig& config, const LabelPlan& labels, const ClassPlan& classes,
                         const std::vector<io::Series>& series) {
  io::ShardInfo info;
  info.width = config.patch.width;
  info.height = config.patch.height;
  if (config.patch.cut == "whole") {
    const auto largest = largest_slice(config, series);
    if (info.width == 0) info.width = largest[0];
    if (info.height == 0) info.height = largest[1];
  } else if (info.width == 0 || info.height == 0) {
    refuse("patch.width", "0 is for cut whole only: give width and height");
  }
  if (!(config.window_hu[0] < config.window_hu[1])) refuse("window_hu", "the first value must be below the second");
  info.classes = classes.classes();
  info.labels = labels.names;
  info.window_hu = config.window_hu;
  info.spacing_mm = config.spacing_mm;
  // Series at their own spacing: the median tells what the set is like.
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (info.spacing_mm[axis] > 0) continue;
    std::vector<double> spacings;
    for (const io::Series& each : series)
      if (each.accepted()) spacings.push_back(io::axial_geometry(each.geometry).spacing_mm[axis]);
    std::sort(spacings.begin(), spacings.end());
    info.spacing_mm[axis] = spacings[spacings.size() / 2];
  }
  return info;
}

// The classes of a patient's series as one text; empty where classes are not of whole series.
std::string stratum_of(const ClassPlan& classes, const std::vector<const io::Series*>& series) {
  std::set<std::int32_t> found;
  for (const io::Series* each : series) {
    const auto of_series = classes.of_series(*each);
    if (!of_series) return {};
    found.insert(*of_series);
  }
  std::string text;
  for (const std::int32_t value : found) text += std::to_string(value) + " ";
  return text;
}

using BySeries = std::map<std::string, std::vector<const io::Series*>>;

std::map<std::string, io::Split> read_split(const fs::path& path, const BySeries& patients) {
  const auto table = io::read_name_table(path, "split", {"train", "validation", "test"});
  std::map<std::string, io::Split> split;
  std::int64_t missing = 0;
  for (const auto& [patient, series] : patients)
    for (const io::Series* each : series) {
      const auto row = table.find(each->name);
      if (row == table.end()) {
        ++missing;
        continue;
      }
      const io::Split value = row->second == "test"         ? io::Split::Test
                              : row->second == "validation" ? io::Split::Validation
                                                            : io::Split::Train;
      if (split.emplace(patient, value).first->second != value)
        throw io::DataError(io::Fault::InvalidTable, "the split table puts the series of one patient into two splits");
    }
  if (missing > 0)
    throw io::DataError(io::Fault::InvalidTable, "the split table lacks " + std::to_string(missing) + " of the series");
  return split;
}

// Removes the training patients beyond the fraction from the split; returns how many.
std::int64_t leave_out(std::map<std::string, io::Split>& split, const std::vector<io::SplitPatient>& patients,
                       const SplitConfig& config, std::uint64_t seed) {
  if (config.train_fraction == 1) return 0;
  std::vector<io::SplitPatient> train;
  std::copy_if(patients.begin(), patients.end(), std::back_inserter(train),
               [&split](const io::SplitPatient& patient) { return split.at(patient.id) == io::Split::Train; });
  const std::uint64_t own_seed = io::mix_seed(seed, kFractionStream);
  std::set<std::string> kept;
  if (config.table.empty() && config.draw == "hash") {
    // Each by itself, as the split is: a part of the input knows nobody else's patients.
    for (const io::SplitPatient& patient : train)
      if (io::split_of(patient.id, {0, config.train_fraction}, own_seed) == io::Split::Test) kept.insert(patient.id);
  } else {
    kept = io::nested_fraction(train, config.train_fraction, own_seed);
  }
  for (const io::SplitPatient& patient : train)
    if (kept.count(patient.id) == 0) split.erase(patient.id);
  return std::ssize(train) - std::ssize(kept);
}

std::vector<PatientTask> plan_tasks(const PrepareConfig& config, const ClassPlan& classes,
                                    const std::vector<io::Series>& series, std::uint64_t seed, std::int64_t& left_out) {
  BySeries patients;
  for (const io::Series& each : series)
    if (each.accepted()) patients[each.patient].push_back(&each);
  std::vector<io::SplitPatient> list;
  for (const auto& [patient, own] : patients) {
    std::string name = own.front()->name;
    for (const io::Series* each : own) name = std::min(name, each->name);
    list.push_back({patient, name, config.split.stratify ? stratum_of(classes, own) : std::string()});
  }
  std::map<std::string, io::Split> split;
  const io::SplitSizes sizes = {config.split.validation_patients, config.split.test_patients};
  if (!config.split.table.empty()) {
    split = read_split(config.split.table, patients);
  } else if (config.split.draw == "hash") {
    for (const auto& [patient, own] : patients) split[patient] = io::split_of(patient, sizes, seed);
  } else {
    split = io::split_patients(list, sizes, seed);
  }
  left_out = leave_out(split, list, config.split, seed);
  std::vector<PatientTask> tasks;
  for (const io::Split which : io::kSplits)
    for (const auto& [patient, own] : patients) {
      const auto place = split.find(patient);
      if (place == split.end() || place->second != which) continue;
      PatientTask task{patient, which, {}};
      for (const io::Series* each : own) task.series.push_back(static_cast<std::size_t>(each - series.data()));
      // By pseudonym: the order of folders is nobody's business.
      std::sort(task.series.begin(), task.series.end(),
                [&](std::size_t a, std::size_t b) { return series[a].id < series[b].id; });
      tasks.push_back(std::move(task));
    }
  return tasks;
}

void require_usable(const io::Inventory& inventory) {
  if (std::any_of(inventory.series.begin(), inventory.series.end(), [](const auto& each) { return each.accepted(); }))
    return;
  throw io::DataError(io::Fault::NothingUsable,
                      inventory.series.empty()
                          ? "no CT series was found among " + std::to_string(inventory.files) + " files"
                          : "all " + std::to_string(inventory.series.size()) + " series found were refused");
}

void check_sizes(const SplitConfig& split) {
  for (const double size : {split.test_patients, split.validation_patients})
    if (size >= 1 && size != static_cast<double>(static_cast<std::int64_t>(size)))
      refuse("split", "a number of patients must be whole, a part of them below 1");
  if (split.draw == "hash" && !(split.test_patients + split.validation_patients < 1))
    refuse("split.draw", "hash needs parts of the patients that leave some to train on, not their numbers");
}

}  // namespace

ClassPlan::ClassPlan(const PrepareConfig& config, const fs::path& input, const LabelPlan& labels,
                     const std::vector<io::Series>& series)
    : from_(config.classes.from), min_voxels_(config.classes.min_voxels) {
  if (from_ == "none") {
    classes_ = {"ct"};
  } else if (from_ == "table") {
    table_.emplace(config.classes.table.empty() ? input / "classes.csv" : fs::path(config.classes.table));
    classes_ = table_->classes();
  } else if (from_ == "region") {
    regions_ = parse_regions(config.classes.regions);
    std::set<std::string> found;
    for (const io::Series& each : series)
      if (each.accepted()) found.insert(region_of(each));
    if (found == std::set<std::string>{kUnknownRegion})
      refuse("classes.from", "no series states its body part; use another source of classes");
    classes_.assign(found.begin(), found.end());
  } else {
    if (labels.names.size() < 2) refuse("classes.from", "'" + from_ + "' needs label maps");
    priority_ = parse_priority(config.classes.priority, labels);
    classes_ = {labels.names[0]};
    for (const std::size_t value : priority_) classes_.push_back(labels.names[value]);
  }
}

std::string ClassPlan::region_of(const io::Series& series) const {
  const auto mapped = regions_.find(series.body_part);
  if (mapped != regions_.end()) return mapped->second;
  if (series.body_part.empty()) return kUnknownRegion;
  std::string name = series.body_part;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

bool ClassPlan::knows(const io::Series& series) const { return !table_ || table_->has(series.name); }

std::optional<std::int32_t> ClassPlan::of_series(const io::Series& series) const {
  if (from_ == "none") return 0;
  if (from_ == "region")
    return static_cast<std::int32_t>(std::find(classes_.begin(), classes_.end(), region_of(series)) - classes_.begin());
  if (from_ == "table" && !table_->by_slice(series.name)) return table_->find(series.name, 0);
  return std::nullopt;
}

std::optional<std::int32_t> ClassPlan::find(const io::Series& series, std::int64_t slice,
                                            const std::array<std::int64_t, 256>& counts) const {
  if (from_ == "table") return table_->find(series.name, slice);
  if (from_ == "none" || from_ == "region") return of_series(series);
  std::int32_t best = 0;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < priority_.size(); ++i) {
    const std::int64_t count = counts[priority_[i]];
    if (count < min_voxels_ || count <= most) continue;
    best = static_cast<std::int32_t>(i) + 1;
    most = count;
    if (from_ == "present") break;
  }
  return best;
}

std::int64_t ClassPlan::unused_rows(const std::vector<io::Series>& series) const {
  if (!table_) return 0;
  const auto names = table_->names();
  return std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    return std::none_of(series.begin(), series.end(), [&](const io::Series& each) { return each.name == name; });
  });
}

PreparePlan make_plan(const PrepareConfig& config, const fs::path& input, io::Inventory& inventory, std::uint64_t seed,
                      Extent extent) {
  check_sizes(config.split);
  const bool whole = extent == Extent::Whole;
  if (whole) require_usable(inventory);  // before the tables beside the series are missed, when there are no series
  LabelPlan labels = plan_labels(config, input);
  ClassPlan classes(config, input, labels, inventory.series);
  for (io::Series& each : inventory.series)
    if (each.accepted() && !classes.knows(each))
      each.refusals.push_back({io::Fault::InvalidTable, "the class table has no row for it"});
  if (whole) require_usable(inventory);
  io::ShardInfo shard = plan_shard(config, labels, classes, inventory.series);
  std::int64_t left_out = 0;
  auto tasks = plan_tasks(config, classes, inventory.series, seed, left_out);
  return {std::move(labels), std::move(classes), std::move(shard), std::move(tasks), left_out};
}

LabelCount count_labelled(const PrepareConfig& config, const io::Inventory& inventory) {
  LabelCount count;
  if (config.masks.empty() && config.structures.empty()) return count;
  for (const io::Series& series : inventory.series)
    if (series.accepted() || series.labelled()) ++(series.labelled() ? count.with : count.without);
  return count;
}

void judge_labelled(const PrepareConfig& config, const LabelCount& count) {
  if (count.without == 0) return;
  if (count.with == 0)
    throw io::DataError(io::Fault::NothingUsable,
                        (config.masks.empty() ? "no structure of prepare.structures was found for any of the "
                                              : "prepare.masks finds a label map for none of the ") +
                            std::to_string(count.without) + " series: " +
                            (config.masks.empty() ? "`ctforge structures` lists the names" : "check the pattern"));
  log_warning("prepare: " + std::to_string(count.without) + " of " + std::to_string(count.with + count.without) +
              " series have no label map; they are taken as having none of the labels, unless "
              "train.partly_contoured is exclude");
}

}  // namespace ctforge::pipeline
