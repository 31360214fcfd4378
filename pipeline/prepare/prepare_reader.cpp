// The prepare stage on files: series are found by io::scan and decoded in child processes.
#include "io/file/digest.h"
#include "io/volume/load.h"
#include "pipeline/prepare/prepare.h"

#include <algorithm>

namespace ctforge::pipeline {

namespace {

std::string content_sha256(const io::Series& series) {
  io::Sha256 digest;
  for (const auto& file : series.files) digest.update(io::sha256_file(file));
  if (!series.labels.empty()) digest.update(io::sha256_file(series.labels));
  for (const io::LabelObject& object : series.label_objects) digest.update(io::sha256_file(object.file));
  return digest.hex();
}

}  // namespace

SeriesReader file_reader(const PrepareConfig& config, const Context& context) {
  io::DecodeOptions options;
  options.interrupted = context.interrupted;
  options.time_limit_s = config.decode_time_limit_s;
  options.threads = std::max(1, context.threads);
  return {io::scan, [options](const io::Series& series) { return io::load_volume(series, options); },
          [options](const io::Series& series) { return io::load_labels(series, options); }, content_sha256};
}

nlohmann::ordered_json run_prepare(const PrepareConfig& config, const Context& context) {
  return run_prepare(config, context, file_reader(config, context));
}

}  // namespace ctforge::pipeline
