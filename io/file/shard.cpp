// Writing patch shards and reading a folder of them as one data set.
#include "io/file/shard.h"

#include "io/file/fault.h"
#include "version.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace ctforge::io {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kExtension = ".safetensors";
constexpr std::size_t kDigits = 5;

[[noreturn]] void refuse(const std::string& what) { throw DataError(Fault::InvalidShard, "shard: " + what); }

std::string shard_name(const std::string& prefix, std::size_t number) {
  const std::string digits = std::to_string(number);
  return prefix + "-" + std::string(digits.size() < kDigits ? kDigits - digits.size() : 0, '0') + digits + kExtension;
}

// The files PREFIX-<digits>.safetensors; a longer prefix that begins with this one is another data set.
std::vector<fs::path> find_shards(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t around = prefix.size() + 1 + std::string_view(kExtension).size();
    if (name.size() < around + kDigits || !name.starts_with(prefix + "-") || !name.ends_with(kExtension)) continue;
    const std::string digits = name.substr(prefix.size() + 1, name.size() - around);
    if (std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
      found.push_back(entry.path());
  }
  if (error) throw DataError(Fault::Unreadable, "the folder of shards cannot be listed");
  return found;
}

template <class T>
TensorPieces pieces_of(Dtype dtype, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), {std::as_bytes(std::span(values))}};
}

// The place of a name in a list, put at its end when new.
std::int32_t place_of(std::vector<std::string>& names, const std::string& name) {
  // Patches arrive patient by patient, so the last name is nearly always the one.
  const auto found = std::find(names.rbegin(), names.rend(), name);
  if (found != names.rend()) return static_cast<std::int32_t>(names.rend() - found) - 1;
  names.push_back(name);
  return static_cast<std::int32_t>(names.size()) - 1;
}

json parse_metadata(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) refuse("metadata '" + key + "' is missing");
  try {
    return json::parse(found->second);
  } catch (const json::exception&) {
    refuse("metadata '" + key + "' is not JSON");
  }
}

template <class T>
T metadata_as(const Metadata& metadata, const std::string& key) {
  try {
    return parse_metadata(metadata, key).get<T>();
  } catch (const json::exception&) {
    refuse("metadata '" + key + "' has the wrong form");
  }
}

const TensorView& tensor(const SafetensorsFile& file, const std::string& name, Dtype dtype,
                         const std::vector<std::int64_t>& shape) {
  const TensorView& view = file.at(name);
  if (view.dtype != dtype || view.shape != shape) refuse("tensor '" + name + "' has an unexpected type or shape");
  return view;
}

void check_indices(std::span<const std::int32_t> indices, std::size_t bound, const std::string& name) {
  for (const std::int32_t index : indices)
    if (index < 0 || static_cast<std::size_t>(index) >= bound) refuse("tensor '" + name + "' has a value out of range");
}

ShardInfo read_info(const SafetensorsFile& file) {
  const Metadata& metadata = file.metadata();
  if (const auto schema = metadata_as<std::int64_t>(metadata, "schema"); schema != kShardSchema)
    refuse("schema " + std::to_string(schema) + " where " + std::to_string(kShardSchema) +
           " was expected: prepare or sample again");
  const TensorView& hu = file.at("hu");
  if (hu.shape.size() != 3) refuse("tensor 'hu' has an unexpected shape");
  ShardInfo info;
  info.height = hu.shape[1];
  info.width = hu.shape[2];
  info.classes = metadata_as<std::vector<std::string>>(metadata, "classes");
  info.labels = metadata_as<std::vector<std::string>>(metadata, "labels");
  info.contoured = metadata_as<std::map<std::string, std::vector<int>>>(metadata, "contoured");
  info.spacing_mm = metadata_as<Vector3>(metadata, "spacing_mm");
  info.window_hu = metadata_as<std::array<double, 2>>(metadata, "window_hu");
  info.synthetic = metadata_as<bool>(metadata, "synthetic");
  return info;
}

bool agree(const ShardInfo& a, const ShardInfo& b) {
  return a.height == b.height && a.width == b.width && a.classes == b.classes && a.labels == b.labels &&
         a.spacing_mm == b.spacing_mm && a.window_hu == b.window_hu && a.synthetic == b.synthetic;
}

}  // namespace

ShardWriter::ShardWriter(fs::path folder, std::string prefix, ShardInfo info, std::int64_t patches_per_shard)
    : folder_(std::move(folder)),
      prefix_(std::move(prefix)),
      info_(std::move(info)),
      patches_per_shard_(patches_per_shard) {
  if (prefix_.empty() || prefix_.find('/') != std::string::npos)
    throw std::invalid_argument("a shard prefix must be a plain name");
  if (patches_per_shard_ < 1) throw std::invalid_argument("a shard must hold at least one patch");
  if (info_.height < 1 || info_.width < 1) throw std::invalid_argument("a shard's patches must have a size");
  if (info_.classes.empty() || info_.labels.empty())
    throw std::invalid_argument("a shard must have a class and a background label");
}

void ShardWriter::check(const Patch& patch) const {
  const auto pixels = static_cast<std::size_t>(info_.height * info_.width);
  if (patch.hu.size() != pixels || patch.mask.size() != pixels)
    throw std::invalid_argument("a patch of another size than its shard's");
  if (patch.class_index < 0 || static_cast<std::size_t>(patch.class_index) >= info_.classes.size())
    throw std::invalid_argument("a patch's class has no name");
  if (*std::max_element(patch.mask.begin(), patch.mask.end()) >= info_.labels.size())
    throw std::invalid_argument("a patch's mask has a label without a name");
}

void ShardWriter::add(Patch patch) {
  check(patch);
  patches_.push_back(std::move(patch));
  if (std::ssize(patches_) == patches_per_shard_) flush();
}

void ShardWriter::set_contoured(const std::string& series, std::vector<int> label_values) {
  info_.contoured[series] = std::move(label_values);
}

fs::path ShardWriter::next_shard() const { return folder_ / shard_name(prefix_, written_.size()); }

void ShardWriter::flush() {
  const fs::path path = next_shard();
  write(path);
  written_.push_back(path);
  patches_.clear();
}

void ShardWriter::save_unfinished(const fs::path& file) const { write(file); }

void ShardWriter::go_on(std::int64_t shards_written, const fs::path& unfinished) {
  if (!written_.empty() || !patches_.empty()) throw std::invalid_argument("a shard writer that has begun cannot go on");
  while (this->shards_written() < shards_written) {
    const fs::path path = next_shard();
    if (!fs::exists(path)) refuse(path.filename().string() + " is missing from the sequence");
    const SafetensorsFile opened(path);  // throws where it is damaged
    written_.push_back(path);
  }
  if (unfinished.empty()) return;
  const ShardSet set(unfinished);
  if (!agree(set.info(), info_)) refuse("unfinished patches are of another set");
  for (const auto& [series, labels] : set.info().contoured) info_.contoured[series] = labels;
  for (std::int64_t i = 0; i < set.size(); ++i) patches_.push_back(copied(set.at(i)));
}

void ShardWriter::write(const fs::path& file) const {
  const std::int64_t n = std::ssize(patches_);
  std::vector<std::string> patients, series;
  std::vector<std::int32_t> class_index, patient_index, series_index, slice, corner;
  std::vector<float> position_mm, voxel_mm;
  TensorPieces hu{Dtype::I16, {n, info_.height, info_.width}, {}}, mask{Dtype::U8, hu.shape, {}};
  for (const Patch& patch : patches_) {
    hu.pieces.push_back(std::as_bytes(std::span(patch.hu)));
    mask.pieces.push_back(std::as_bytes(std::span(patch.mask)));
    class_index.push_back(patch.class_index);
    patient_index.push_back(place_of(patients, patch.patient));
    series_index.push_back(place_of(series, patch.series));
    slice.push_back(patch.place.slice);
    corner.insert(corner.end(), patch.place.corner.begin(), patch.place.corner.end());
    position_mm.insert(position_mm.end(), patch.place.position_mm.begin(), patch.place.position_mm.end());
    voxel_mm.insert(voxel_mm.end(), patch.place.voxel_mm.begin(), patch.place.voxel_mm.end());
  }
  std::map<std::string, std::vector<int>> contoured;
  for (const std::string& name : series)
    if (const auto found = info_.contoured.find(name); found != info_.contoured.end()) contoured.insert(*found);
  const Metadata metadata = {
      {"schema", json(kShardSchema).dump()},         {"classes", json(info_.classes).dump()},
      {"labels", json(info_.labels).dump()},         {"contoured", json(contoured).dump()},
      {"patients", json(patients).dump()},           {"series", json(series).dump()},
      {"spacing_mm", json(info_.spacing_mm).dump()}, {"window_hu", json(info_.window_hu).dump()},
      {"synthetic", json(info_.synthetic).dump()},   {"ctforge", json(kVersion).dump()},
  };
  write_safetensors_in_pieces(file,
                              {{"hu", std::move(hu)},
                               {"mask", std::move(mask)},
                               {"class", pieces_of(Dtype::I32, {n}, class_index)},
                               {"patient", pieces_of(Dtype::I32, {n}, patient_index)},
                               {"series", pieces_of(Dtype::I32, {n}, series_index)},
                               {"slice", pieces_of(Dtype::I32, {n}, slice)},
                               {"corner", pieces_of(Dtype::I32, {n, 2}, corner)},
                               {"position", pieces_of(Dtype::F32, {n, 3}, position_mm)},
                               {"voxel", pieces_of(Dtype::F32, {n, 3}, voxel_mm)}},
                              metadata);
}

std::vector<fs::path> ShardWriter::finish() {
  if (!patches_.empty()) flush();
  return written_;
}

bool has_shards(const fs::path& folder, const std::string& prefix) {
  return fs::is_directory(folder) && !find_shards(folder, prefix).empty();
}

ShardSet::ShardSet(const fs::path& folder, const std::string& prefix) {
  const std::size_t count = find_shards(folder, prefix).size();
  if (count == 0) refuse("there is none named " + prefix + "-*" + kExtension);
  for (std::size_t number = 0; number < count; ++number) {
    const fs::path path = folder / shard_name(prefix, number);
    if (!fs::exists(path)) refuse(shard_name(prefix, number) + " is missing from the sequence");
    try {
      add_shard(path);
    } catch (const DataError& error) {
      throw DataError(error.fault(), shard_name(prefix, number) + ": " + error.what());
    }
  }
}

ShardSet::ShardSet(const fs::path& file) { add_shard(file); }

void ShardSet::add_shard(const fs::path& path) {
  SafetensorsFile file(path);
  ShardInfo info = read_info(file);
  if (info.classes.empty() || info.labels.empty()) refuse("no classes or no labels");
  const auto patients = metadata_as<std::vector<std::string>>(file.metadata(), "patients");
  const auto series = metadata_as<std::vector<std::string>>(file.metadata(), "series");
  const std::int64_t n = file.at("hu").shape[0];
  tensor(file, "hu", Dtype::I16, {n, info.height, info.width});
  tensor(file, "mask", Dtype::U8, {n, info.height, info.width});
  tensor(file, "slice", Dtype::I32, {n});
  tensor(file, "corner", Dtype::I32, {n, 2});
  tensor(file, "position", Dtype::F32, {n, 3});
  tensor(file, "voxel", Dtype::F32, {n, 3});
  check_indices(tensor(file, "class", Dtype::I32, {n}).as<std::int32_t>(), info.classes.size(), "class");
  check_indices(tensor(file, "patient", Dtype::I32, {n}).as<std::int32_t>(), patients.size(), "patient");
  check_indices(tensor(file, "series", Dtype::I32, {n}).as<std::int32_t>(), series.size(), "series");
  if (shards_.empty()) {
    info_ = std::move(info);
  } else {
    if (!agree(info_, info)) refuse("it disagrees with the first shard about size, classes, labels, spacing or window");
    for (auto& [name, values] : info.contoured) {
      const auto [known, fresh] = info_.contoured.emplace(name, values);
      if (!fresh && known->second != values) refuse("it disagrees with another shard about a series' contours");
    }
  }
  const auto number = static_cast<std::int32_t>(shards_.size());
  for (std::int64_t i = 0; i < n; ++i) index_.emplace_back(number, static_cast<std::int32_t>(i));
  shards_.push_back({std::move(file), patients, series});
}

ShardSet::View ShardSet::at(std::int64_t index) const {
  const auto [number, place] = index_.at(static_cast<std::size_t>(index));
  const Shard& shard = shards_[static_cast<std::size_t>(number)];
  const auto i = static_cast<std::size_t>(place);
  const auto pixels = static_cast<std::size_t>(info_.height * info_.width);
  const auto integer = [&](const char* name) { return shard.file.at(name).as<std::int32_t>()[i]; };
  const auto mask = shard.file.at("mask").as<std::uint8_t>().subspan(i * pixels, pixels);
  // A value without a name would run past every table of labels downstream.
  std::uint8_t largest = 0;
  for (const std::uint8_t value : mask) largest = std::max(largest, value);
  if (largest >= info_.labels.size()) refuse("a mask has a label without a name");
  const auto corner = shard.file.at("corner").as<std::int32_t>().subspan(i * 2, 2);
  const auto position = shard.file.at("position").as<float>().subspan(i * 3, 3);
  const auto voxel = shard.file.at("voxel").as<float>().subspan(i * 3, 3);
  return {shard.file.at("hu").as<std::int16_t>().subspan(i * pixels, pixels),
          mask,
          integer("class"),
          shard.patients[static_cast<std::size_t>(integer("patient"))],
          shard.series[static_cast<std::size_t>(integer("series"))],
          {integer("slice"),
           {corner[0], corner[1]},
           {position[0], position[1], position[2]},
           {voxel[0], voxel[1], voxel[2]}}};
}

Patch copied(const ShardSet::View& view) {
  return {{view.hu.begin(), view.hu.end()},
          {view.mask.begin(), view.mask.end()},
          view.class_index,
          view.patient,
          view.series,
          view.place};
}

}  // namespace ctforge::io
