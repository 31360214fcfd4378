// The inventory of io::scan as a table or as JSON, with what decoding finds.
#include "pipeline/prepare/inspect.h"

#include "io/volume/load.h"
#include "pipeline/prepare/structure_names.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <ostream>
#include <random>
#include <vector>

#include <nlohmann/json.hpp>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace ctforge::pipeline {

namespace {

using nlohmann::ordered_json;

constexpr int kInspectSchema = 1, kUsable = 0, kRefused = 3;

// What decoding shows of one series.
struct Voxels {
  bool decoded = false;
  int lowest_hu = 0, highest_hu = 0;
  double mean_hu = 0;
  std::map<int, std::int64_t> labels;  // voxels of each value
};

// Pseudonyms only group what belongs together here, so their key is forgotten.
std::string passing_key() {
  std::random_device device;
  std::string key;
  for (int i = 0; i < 32; ++i) key += static_cast<char>(device() & 0xFFU);
  return key;
}

void decode_series(io::Series& series, Voxels& voxels) {
  try {
    const io::Volume volume = io::load_volume(series);
    const auto [low, high] = std::minmax_element(volume.hu.begin(), volume.hu.end());
    voxels.lowest_hu = *low;
    voxels.highest_hu = *high;
    double sum = 0;
    for (const std::int16_t value : volume.hu) sum += value;
    voxels.mean_hu = sum / static_cast<double>(volume.hu.size());
    if (series.labelled()) {
      std::array<std::int64_t, 256> counts{};
      for (const std::uint8_t value : io::load_labels(series).label) ++counts[value];
      for (int value = 0; value < 256; ++value)
        if (counts[static_cast<std::size_t>(value)] > 0) voxels.labels[value] = counts[static_cast<std::size_t>(value)];
    }
    voxels.decoded = true;
  } catch (const io::DataError& error) {
    series.refusals.push_back({error.fault(), error.what()});
  }
}

std::vector<Voxels> decode_all(std::vector<io::Series>& series) {
  std::vector<Voxels> voxels(series.size());
  tbb::parallel_for(std::size_t{0}, series.size(), [&](std::size_t i) {
    if (series[i].accepted()) decode_series(series[i], voxels[i]);
  });
  return voxels;
}

// 1, 2, ... for each patient in the order of the list.
std::vector<std::size_t> number_patients(const std::vector<io::Series>& series) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> patients;
  for (const io::Series& each : series)
    patients.push_back(numbers.emplace(each.patient, numbers.size() + 1).first->second);
  return patients;
}

ordered_json series_json(const io::Series& series, const Voxels& voxels, std::size_t patient, bool paths) {
  ordered_json json = {{"patient", patient},
                       {"kind", series.kind == io::SourceKind::Dicom ? "dicom" : "volume-file"},
                       {"size", series.geometry.size},
                       {"spacing_mm", series.geometry.spacing_mm},
                       {"origin_mm", series.geometry.origin_mm},
                       {"direction", series.geometry.direction},
                       {"body_part", series.body_part},
                       {"label_map", series.labelled()},
                       {"accepted", series.accepted()}};
  json["refusals"] = ordered_json::array();
  for (const io::Finding& finding : series.refusals)
    json["refusals"].push_back({{"code", io::fault_code(finding.fault)}, {"message", finding.message}});
  json["notes"] = series.notes;
  if (voxels.decoded) {
    json["hu"] = {{"lowest", voxels.lowest_hu}, {"highest", voxels.highest_hu}, {"mean", voxels.mean_hu}};
    ordered_json labels = ordered_json::object();
    for (const auto& [value, count] : voxels.labels) labels[std::to_string(value)] = count;
    json["label_voxels"] = std::move(labels);
  }
  if (paths) {
    json["files"] = ordered_json::array();
    for (const auto& file : series.files) json["files"].push_back(file.string());
    json["labels"] = series.labels.string();
    for (const io::LabelObject& object : series.label_objects) json["label_objects"].push_back(object.file.string());
  }
  return json;
}

void write_json(const io::Inventory& inventory, const std::vector<Voxels>& voxels, bool paths, std::ostream& out) {
  ordered_json json = {{"schema", kInspectSchema}, {"files", inventory.files}, {"skipped", inventory.skipped}};
  json["series"] = ordered_json::array();
  const auto patients = number_patients(inventory.series);
  for (std::size_t i = 0; i < inventory.series.size(); ++i)
    json["series"].push_back(series_json(inventory.series[i], voxels[i], patients[i], paths));
  // File names need not be UTF-8.
  out << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

std::string row(std::size_t number, std::size_t patient, const io::Series& series) {
  const auto& geometry = series.geometry;
  const auto size = std::to_string(geometry.size[0]) + "x" + std::to_string(geometry.size[1]) + "x" +
                    std::to_string(geometry.size[2]);
  std::array<char, 64> spacing{};
  std::snprintf(spacing.data(), spacing.size(), "%.4gx%.4gx%.4g", geometry.spacing_mm[0], geometry.spacing_mm[1],
                geometry.spacing_mm[2]);
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%6zu  %7zu  %-6s  %-14s  %-20s  %-6s  %s", number, patient,
                series.kind == io::SourceKind::Dicom ? "DICOM" : "volume", size.c_str(), spacing.data(),
                series.labelled() ? "yes" : "-", series.accepted() ? "ok" : "refused");
  return text.data();
}

void write_details(const io::Series& series, const Voxels& voxels, bool paths, std::ostream& out) {
  constexpr const char* indent = "        ";
  for (const io::Finding& finding : series.refusals)
    out << indent << io::fault_code(finding.fault) << ": " << finding.message << '\n';
  for (const std::string& note : series.notes) out << indent << "note: " << note << '\n';
  if (voxels.decoded) {
    out << indent << "HU " << voxels.lowest_hu << " to " << voxels.highest_hu << ", mean "
        << std::llround(voxels.mean_hu) << '\n';
    if (!voxels.labels.empty()) out << indent << "label voxels";
    for (const auto& [value, count] : voxels.labels) out << "  " << value << ": " << count;
    if (!voxels.labels.empty()) out << '\n';
  }
  if (!paths) return;
  out << indent << series.files.front().string();
  if (series.files.size() > 1) out << " and " << series.files.size() - 1 << " more";
  out << '\n';
  if (!series.labels.empty()) out << indent << series.labels.string() << '\n';
  for (const io::LabelObject& object : series.label_objects) out << indent << object.file.string() << '\n';
}

void write_table(const io::Inventory& inventory, const std::vector<Voxels>& voxels, bool paths, std::ostream& out) {
  const auto patients = number_patients(inventory.series);
  if (!inventory.series.empty())
    out << "series  patient  kind    size            spacing mm            labels  state\n";
  for (std::size_t i = 0; i < inventory.series.size(); ++i) {
    out << row(i + 1, patients[i], inventory.series[i]) << '\n';
    write_details(inventory.series[i], voxels[i], paths, out);
  }
  const auto usable = std::count_if(inventory.series.begin(), inventory.series.end(),
                                    [](const io::Series& series) { return series.accepted(); });
  out << inventory.files << " files: " << inventory.series.size() << " series, " << usable << " usable, "
      << inventory.series.size() - static_cast<std::size_t>(usable) << " refused\n";
  for (const auto& [reason, count] : inventory.skipped) out << "skipped: " << count << " x " << reason << '\n';
}

}  // namespace

int inspect(const InspectConfig& config, std::ostream& out) {
  io::ScanOptions options;
  options.path = config.path;
  options.image = config.image;
  options.labels = config.labels;
  if (!config.structures.empty()) options.structures = read_structure_names(config.structures, {}).map;
  options.hash_key = passing_key();
  io::Inventory inventory;
  std::vector<Voxels> voxels;
  tbb::task_arena arena(config.threads > 0 ? static_cast<int>(config.threads) : tbb::task_arena::automatic);
  arena.execute([&] {
    inventory = io::scan(options);
    voxels = config.decode ? decode_all(inventory.series) : std::vector<Voxels>(inventory.series.size());
  });
  if (config.json)
    write_json(inventory, voxels, config.paths, out);
  else
    write_table(inventory, voxels, config.paths, out);
  const bool all_usable = std::all_of(inventory.series.begin(), inventory.series.end(),
                                      [](const io::Series& series) { return series.accepted(); });
  return all_usable && !inventory.series.empty() ? kUsable : kRefused;
}

}  // namespace ctforge::pipeline
