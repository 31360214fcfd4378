// The prepare stage on files: series are found by io::scan and decoded in child processes.
#include "io/load.h"
#include "pipeline/prepare.h"

#include <algorithm>

namespace ctforge::pipeline {

nlohmann::ordered_json run_prepare(const PrepareConfig& config, const Context& context) {
  io::DecodeOptions options;
  options.time_limit_s = config.decode_time_limit_s;
  options.threads = std::max(1, context.threads);
  const SeriesReader reader = {io::scan,
                               [options](const io::Series& series) { return io::load_volume(series, options); },
                               [options](const io::Series& series) { return io::load_labels(series, options); }};
  return run_prepare(config, context, reader);
}

}  // namespace ctforge::pipeline
