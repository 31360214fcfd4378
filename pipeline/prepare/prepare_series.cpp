// Loading, resampling and cutting one series, a block of slices at a time.
#include "pipeline/prepare/prepare_series.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/volume/patch.h"
#include "io/volume/resample.h"
#include "pipeline/prepare/prepare_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace ctforge::pipeline {

namespace {

using io::Window2d;

// Resampled slices held at a time: bounds the memory of fine grids, while the planes shared by two blocks are few.
constexpr std::int64_t kBlockSlices = 64;

constexpr std::int64_t kRowStep = 17;   // of scan_sha256
constexpr std::int16_t kAirHu = -1000;  // likewise

struct LoadedSeries {
  io::Volume volume;
  std::optional<io::LabelMap> labels;
};

// Values to the kept ones; returns those present but for the background.
std::vector<int> keep_labels(io::LabelMap& labels, const LabelPlan& plan) {
  const auto counts = io::label_counts(labels.label);
  std::array<std::uint8_t, 256> kept = {};
  std::array<bool, 256> present = {};
  for (std::size_t value = 0; value < counts.size(); ++value) {
    if (counts[value] == 0) continue;
    if (plan.kept[value] < 0)
      throw io::DataError(io::Fault::LabelMismatch, "the label map has the value " + std::to_string(value) +
                                                        ", while names are given for 0 to " +
                                                        std::to_string(plan.names.size() - 1));
    kept[value] = static_cast<std::uint8_t>(plan.kept[value]);
    present[kept[value]] = true;
  }
  for (std::uint8_t& value : labels.label) value = kept[value];
  std::vector<int> contoured;
  for (std::size_t value = 1; value < present.size(); ++value)
    if (present[value]) contoured.push_back(static_cast<int>(value));
  return contoured;
}

// Of some of the rows, which noise makes unlike those of any other scan. The step is a prime, so that they lie anywhere
// in the slices. What lies below air is padding, which converters keep or replace.
std::string scan_sha256(const io::Volume& axial) {
  const auto& size = axial.geometry.size;
  const auto columns = static_cast<std::size_t>(size[0]);
  io::Sha256 digest;
  for (const std::int64_t extent : size) digest.update(std::to_string(extent) + " ");
  std::vector<std::int16_t> values(columns);
  for (std::int64_t row = 0; row < size[1] * size[2]; row += kRowStep) {
    const auto voxels = std::span(axial.hu).subspan(static_cast<std::size_t>(row) * columns, columns);
    std::transform(voxels.begin(), voxels.end(), values.begin(), [](std::int16_t hu) { return std::max(hu, kAirHu); });
    digest.update(std::as_bytes(std::span(values)));
  }
  return digest.hex();
}

LoadedSeries load(const io::Series& series, const SeriesReader& reader, bool with_labels) {
  LoadedSeries source{io::to_axial(reader.volume(series)), std::nullopt};
  if (!with_labels || !series.labelled()) return source;
  source.labels = io::to_axial(reader.labels(series));
  if (!io::same_grid(source.volume.geometry, source.labels->geometry))
    throw io::DataError(io::Fault::LabelMismatch, "the label map lies on another grid than the CT");
  return source;
}

std::vector<Window2d> lay_out(const io::Volume& volume, const io::Geometry& grid, const PatchConfig& config,
                              const io::ShardInfo& shard) {
  const auto [nx, ny, nz] = grid.size;
  if (config.cut == "grid")
    return io::window_grid(nx, ny, shard.width, shard.height, config.stride_x > 0 ? config.stride_x : shard.width,
                           config.stride_y > 0 ? config.stride_y : shard.height);
  io::Vector3 centre = {static_cast<double>(nx - 1) / 2, static_cast<double>(ny - 1) / 2, 0};
  if (config.cut == "body")
    if (const auto body = io::body_centre(volume, config.body_hu))
      centre = io::point_to_index(grid, io::index_to_point_mm(volume.geometry, *body));
  return {io::window_about(centre[0], centre[1], shard.width, shard.height)};
}

enum class Drop { Kept, Empty, Unlabelled, Unclassed };

struct JudgedBlock {
  Drop drop = Drop::Kept;
  io::Patch patch;
};

// A block of resampled slices and all that judging a patch of it needs.
struct Block {
  const io::Series& series;
  const PrepareConfig& config;
  const PreparePlan& plan;
  const io::Geometry& native;
  const io::Geometry& grid;
  const Window2d& part;  // of the grid's slices that was resampled
  std::int64_t first_slice;
  io::Volume volume;
  std::optional<io::LabelMap> labels;
};

JudgedBlock judge(const Block& block, std::int64_t z, const Window2d& window) {
  JudgedBlock result;
  io::Patch& patch = result.patch;
  const Window2d inside = {window.x - block.part.x, window.y - block.part.y, window.width, window.height};
  io::cut(block.volume.hu, block.volume.geometry.size, z, inside, io::kPaddingHu, patch.hu);
  if (io::fraction_above(patch.hu, block.config.patch.empty_hu) < block.config.patch.min_body_fraction) {
    result.drop = Drop::Empty;
    return result;
  }
  if (block.labels) {
    io::cut(block.labels->label, block.labels->geometry.size, z, inside, std::uint8_t{0}, patch.mask);
  } else {
    patch.mask.assign(patch.hu.size(), 0);
  }
  const auto counts = io::label_counts(patch.mask);
  if (block.config.patch.require_label && counts[0] == static_cast<std::int64_t>(patch.mask.size())) {
    result.drop = Drop::Unlabelled;
    return result;
  }
  const std::int64_t slice = block.first_slice + z;
  const io::Vector3 point = io::index_to_point_mm(
      block.grid, {static_cast<double>(window.x), static_cast<double>(window.y), static_cast<double>(slice)});
  const io::Vector3 on_axis = io::index_to_point_mm(block.grid, {0, 0, static_cast<double>(slice)});
  const auto native =
      std::clamp<std::int64_t>(std::llround(io::point_to_index(block.native, on_axis)[2]), 0, block.native.size[2] - 1);
  const auto class_index = block.plan.classes.find(block.series, native, counts);
  if (!class_index) {
    result.drop = Drop::Unclassed;
    return result;
  }
  patch.class_index = *class_index;
  patch.patient = block.series.patient;
  patch.series = block.series.id;
  patch.place.slice = static_cast<std::int32_t>(slice);
  patch.place.corner = {static_cast<std::int32_t>(window.x), static_cast<std::int32_t>(window.y)};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    patch.place.position_mm[axis] = static_cast<float>(point[axis]);
    patch.place.voxel_mm[axis] = static_cast<float>(block.grid.spacing_mm[axis]);
  }
  return result;
}

void cut_block(const Block& block, const std::vector<Window2d>& windows, SeriesPatches& result) {
  const auto slices = static_cast<std::size_t>(block.volume.geometry.size[2]);
  std::vector<JudgedBlock> judged(slices * windows.size());
  // Isolated: a thread that waits here must not begin another series, whose memory is not accounted for.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(std::size_t{0}, judged.size(), [&](std::size_t i) {
      judged[i] = judge(block, static_cast<std::int64_t>(i / windows.size()), windows[i % windows.size()]);
    });
  });
  for (JudgedBlock& each : judged) {
    result.dropped_empty += each.drop == Drop::Empty ? 1 : 0;
    result.dropped_unlabelled += each.drop == Drop::Unlabelled ? 1 : 0;
    result.dropped_unclassed += each.drop == Drop::Unclassed ? 1 : 0;
    if (each.drop == Drop::Kept) result.patches.push_back(std::move(each.patch));
  }
}

}  // namespace

SeriesPatches cut_series(const io::Series& series, const SeriesReader& reader, const PrepareConfig& config,
                         const PreparePlan& plan, const std::function<bool()>& stop) {
  LoadedSeries source = load(series, reader, !config.masks.empty() || !config.structures.empty());
  SeriesPatches result;
  result.scan_sha256 = scan_sha256(source.volume);
  if (source.labels) result.contoured = keep_labels(*source.labels, plan.labels);
  const auto filter = config.mask_filter == "nearest" ? io::LabelFilter::Nearest : io::LabelFilter::Linear;
  const io::Geometry grid = io::resampled_grid(source.volume.geometry, config.spacing_mm);
  const auto windows = lay_out(source.volume, grid, config.patch, plan.shard);
  const Window2d part = io::covered_part(windows, grid.size[0], grid.size[1]);
  for (std::int64_t first = 0; first < grid.size[2] && !stop(); first += kBlockSlices) {
    const std::int64_t slices = std::min(kBlockSlices, grid.size[2] - first);
    const io::Geometry target = io::part_of_grid(grid, {part.x, part.y, first}, {part.width, part.height, slices});
    Block block{series, config, plan, source.volume.geometry, grid, part, first, {}, std::nullopt};
    tbb::this_task_arena::isolate([&] {
      block.volume = io::resample(source.volume, target);
      if (source.labels) block.labels = io::resample(*source.labels, target, filter);
    });
    cut_block(block, windows, result);
  }
  return result;
}

}  // namespace ctforge::pipeline
