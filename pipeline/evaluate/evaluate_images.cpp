// PNG files and slices of volumes as sets of patches.
#include "pipeline/evaluate/evaluate_images.h"

#include "io/file/fault.h"
#include "io/file/png_image.h"
#include "io/volume/load.h"
#include "io/volume/patch.h"
#include "io/volume/resample.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace ctforge::pipeline {
namespace {

using Shape = std::array<std::int64_t, 3>;  // x y z

std::size_t axis_of(const std::string& plane) { return plane == "axial" ? 2 : plane == "coronal" ? 1 : 0; }

// One slice [rows,columns] along an axis: axial rows go to the back, the others' to the feet.
std::vector<std::int16_t> slice_of(const io::Volume& volume, std::size_t axis, std::int64_t index) {
  const Shape& size = volume.geometry.size;
  const std::int64_t columns = axis == 0 ? size[1] : size[0], rows = axis == 2 ? size[1] : size[2];
  std::vector<std::int16_t> slice(static_cast<std::size_t>(rows * columns));
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t x = axis == 0 ? index : c,
                         y = axis == 1   ? index
                             : axis == 0 ? c
                                         : r,
                         z = axis == 2 ? index : rows - 1 - r;
      slice[static_cast<std::size_t>(r * columns + c)] =
          volume.hu[static_cast<std::size_t>((z * size[1] + y) * size[0] + x)];
    }
  return slice;
}

// The slice about its middle, cut or padded to a square.
torch::Tensor square_of(const std::vector<std::int16_t>& slice, std::int64_t columns, std::int64_t size) {
  const std::int64_t rows = std::ssize(slice) / columns;
  const double middle = 0.5;
  const io::Window2d window =
      io::window_about(static_cast<double>(columns) / 2 - middle, static_cast<double>(rows) / 2 - middle, size, size);
  std::vector<std::int16_t> cut;
  io::cut(slice, {columns, rows, 1}, 0, window, io::kPaddingHu, cut);
  return torch::tensor(cut, torch::kInt16).view({size, size});
}

// As many slices as asked for, or all, evenly spread over the middle part of an axis.
std::vector<std::int64_t> chosen_slices(std::int64_t length, double centre, std::int64_t most) {
  const auto part = std::max<std::int64_t>(1, std::llround(static_cast<double>(length) * centre));
  const std::int64_t first = (length - part) / 2, count = most > 0 ? std::min(most, part) : part;
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < count; ++i) chosen.push_back(first + (2 * i + 1) * part / (2 * count));
  return chosen;
}

// The volume's extremes within the window become the window's ends: what MAISI's evaluation does to each volume.
void stretch(std::vector<std::int16_t>& hu, const std::array<double, 2>& window) {
  const auto [low, high] = std::minmax_element(hu.begin(), hu.end());
  const double from = std::clamp<double>(*low, window[0], window[1]),
               to = std::clamp<double>(*high, window[0], window[1]);
  if (!(to > from)) return;
  for (std::int16_t& value : hu) {
    const double part = (std::clamp<double>(value, from, to) - from) / (to - from);
    value = static_cast<std::int16_t>(std::lround(window[0] + part * (window[1] - window[0])));
  }
}

// Cut or padded with air about its middle, to `size` voxels along each axis.
io::Volume cube_of(const io::Volume& volume, std::int64_t size) {
  io::Volume cube;
  cube.geometry = volume.geometry;
  cube.geometry.size = {size, size, size};
  cube.hu.assign(static_cast<std::size_t>(size * size * size), io::kPaddingHu);
  Shape from{}, to{}, count{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t length = volume.geometry.size[axis];
    from[axis] = std::max<std::int64_t>(0, length / 2 - size / 2);
    to[axis] = std::max<std::int64_t>(0, (size - length) / 2);
    count[axis] = std::min(length, size);
  }
  const Shape& full = volume.geometry.size;
  for (std::int64_t z = 0; z < count[2]; ++z)
    for (std::int64_t y = 0; y < count[1]; ++y)
      std::copy_n(volume.hu.begin() + ((from[2] + z) * full[1] + from[1] + y) * full[0] + from[0], count[0],
                  cube.hu.begin() + ((to[2] + z) * size + to[1] + y) * size + to[0]);
  return cube;
}

io::Volume loaded(const io::Series& series, const VolumeSlicesConfig& config, int threads) {
  io::DecodeOptions options;
  options.threads = std::max(1, threads);
  io::Volume volume = io::to_axial(io::load_volume(series, options));
  const io::Geometry grid = io::resampled_grid(volume.geometry, config.spacing_mm);
  if (grid.size != volume.geometry.size) volume = io::resample(volume, grid);
  if (config.cube) volume = cube_of(volume, config.size);
  if (config.scaling == "volume") stretch(volume.hu, config.window_hu);
  return volume;
}

// Slices of one plane as they gather.
struct Gathered {
  std::vector<torch::Tensor> slices;
  std::vector<std::int32_t> patient;
};

void gather(Gathered& plane, const io::Volume& volume, std::size_t axis, const VolumeSlicesConfig& config,
            std::int64_t most, std::int32_t patient) {
  const Shape& size = volume.geometry.size;
  for (const std::int64_t index : chosen_slices(size[axis], config.centre, most)) {
    plane.slices.push_back(square_of(slice_of(volume, axis, index), axis == 0 ? size[1] : size[0], config.size));
    plane.patient.push_back(patient);
  }
}

}  // namespace

eval::PatchSet item_set(std::int64_t count) {
  eval::PatchSet set;
  set.class_index.assign(static_cast<std::size_t>(count), 0);
  set.series.assign(static_cast<std::size_t>(count), 0);
  set.place.resize(static_cast<std::size_t>(count));
  set.patient.resize(static_cast<std::size_t>(count));
  std::iota(set.patient.begin(), set.patient.end(), 0);
  for (std::int64_t i = 0; i < count; ++i) set.patients.push_back(std::to_string(i));
  set.contoured = {{true}};
  set.classes = {"all"};
  set.labels = {"background"};
  return set;
}

eval::PatchSet image_set(const torch::Tensor& hu, std::vector<std::int32_t> patient, std::size_t patients,
                         const std::array<double, 2>& window_hu) {
  eval::PatchSet set = item_set(hu.size(0));
  set.height = hu.size(1);
  set.width = hu.size(2);
  set.patient = std::move(patient);
  set.patients.clear();
  for (std::size_t i = 0; i < patients; ++i) set.patients.push_back(std::to_string(i));
  set.window_hu = window_hu;
  set.pixels = [hu](std::span<const std::int64_t> indices) {
    const torch::Tensor rows = torch::tensor(eval::Indices(indices.begin(), indices.end()), torch::kInt64);
    const torch::Tensor some = hu.index_select(0, rows);
    return eval::Pixels{some, torch::zeros(some.sizes(), torch::kUInt8)};
  };
  return set;
}

eval::PatchSet png_images(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == ".png") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<torch::Tensor> images;
  for (const auto& file : files) {
    const io::GreyImage image = io::read_grey_png(file);
    images.push_back(torch::tensor(image.level, torch::kUInt8).to(torch::kInt16).view({image.height, image.width}));
    if (images.back().sizes() != images.front().sizes())
      throw io::DataError(io::Fault::MixedSize, "the PNG images of a folder differ in size");
  }
  if (images.empty()) throw io::DataError(io::Fault::NothingUsable, "a folder without PNG images");
  std::vector<std::int32_t> patient(images.size());
  std::iota(patient.begin(), patient.end(), 0);
  return image_set(torch::stack(images), std::move(patient), images.size(), {0, 255});
}

VolumeSlices volume_slices(const std::vector<io::Series>& series, const EvaluateConfig& config,
                           const Context& context) {
  const auto usable = std::count_if(series.begin(), series.end(), [](const io::Series& one) { return one.accepted(); });
  VolumeSlices result;
  const std::int64_t most = config.images > 0 && usable > 0 ? (config.images + usable - 1) / usable : 0;
  std::vector<Gathered> planes(config.planes.size());
  std::vector<std::string> patients;
  for (const io::Series& one : series) {
    if (context.interrupted()) throw Interrupted{"evaluate"};
    context.progress(result.volumes + result.refused, std::ssize(series), "volumes");
    try {
      if (!one.accepted()) throw io::DataError(one.refusals.front().fault, one.refusals.front().message);
      const io::Volume volume = loaded(one, config.volumes, context.threads);
      auto place = std::find(patients.begin(), patients.end(), one.patient);
      if (place == patients.end()) place = patients.insert(patients.end(), one.patient);
      for (std::size_t p = 0; p < planes.size(); ++p)
        gather(planes[p], volume, axis_of(config.planes[p]), config.volumes, most,
               static_cast<std::int32_t>(place - patients.begin()));
      ++result.volumes;
    } catch (const io::DataError&) {
      ++result.refused;
    }
  }
  if (result.volumes == 0)
    throw io::DataError(io::Fault::NothingUsable, "no volume can be used: `ctforge inspect` says why");
  const auto& mm = config.volumes.spacing_mm;
  for (std::size_t p = 0; p < planes.size(); ++p) {
    eval::PatchSet set =
        image_set(torch::stack(planes[p].slices), planes[p].patient, patients.size(), config.volumes.window_hu);
    const std::size_t axis = axis_of(config.planes[p]);
    const io::Vector3 in_plane = axis == 2   ? io::Vector3{mm[0], mm[1], mm[2]}
                                 : axis == 1 ? io::Vector3{mm[0], mm[2], mm[1]}
                                             : io::Vector3{mm[1], mm[2], mm[0]};
    if (std::all_of(mm.begin(), mm.end(), [](double step) { return step > 0; })) set.spacing_mm = in_plane;
    result.planes.emplace_back(config.planes[p], std::move(set));
  }
  return result;
}

}  // namespace ctforge::pipeline
