// A small cohort in memory for the tests of the prepare stage.
#include "tests/pipeline/prepare/prepare_support.h"

#include "io/file/digest.h"

#include <cmath>

namespace ctforge::test {

io::Series& Cohort::add(const std::string& patient, const std::string& name, std::uint8_t label) {
  io::Series series;
  series.patient = "P-" + patient;
  series.id = "S-" + name;
  series.name = name;
  series.geometry = {{20, 16, 6}, {2, 2, 5}, {-20, -16, 100}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}};
  io::Volume volume{series.geometry, {}};
  io::LabelMap labels{series.geometry, {}};
  for (int z = 0; z < 6; ++z)
    for (int y = 0; y < 16; ++y)
      for (int x = 0; x < 20; ++x) {
        const bool body = z > 0 && z < 5 && std::hypot(x - 9.5, y - 7.5) < 6;
        const bool organ = z > 0 && z < 5 && x >= 8 && x < 12 && y >= 6 && y < 10;
        volume.hu.push_back(body ? static_cast<std::int16_t>(10 * z + x) : std::int16_t{-1000});
        labels.label.push_back(organ ? label : std::uint8_t{0});
      }
  volume.hu.front() = static_cast<std::int16_t>(-1000 + static_cast<int>(inventory.series.size()));  // no two alike
  volumes_[series.id] = volume;
  labels_[series.id] = labels;
  if (label != 0) series.labels = "label-map";
  inventory.series.push_back(series);
  ++inventory.files;
  return inventory.series.back();
}

pipeline::SeriesReader Cohort::reader() const {
  return {[this](const io::ScanOptions&) { return inventory; },
          [this](const io::Series& series) {
            if (series.name == broken_)
              throw io::DataError(io::Fault::TruncatedPixelData, "half the bytes are missing");
            return volumes_.at(series.id);
          },
          [this](const io::Series& series) { return labels_.at(series.id); },
          [](const io::Series& series) { return io::sha256_hex(series.id); }};
}

pipeline::PrepareConfig small_config() {
  pipeline::PrepareConfig config;
  config.input = "in-memory";
  config.masks = "*";
  config.labels = {"background", "a", "b", "c"};
  config.patch.width = config.patch.height = 8;
  config.split.test_patients = config.split.validation_patients = 0;
  return config;
}

pipeline::Context context_in(const std::filesystem::path& out) {
  pipeline::Context context;
  context.out = out;
  context.seed = 5;
  context.threads = 2;
  return context;
}

}  // namespace ctforge::test
