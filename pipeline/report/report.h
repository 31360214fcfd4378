// The report stage: one self-contained report.html that a department head can read, and report.json with every number.
#pragma once

#include "pipeline/config/fields.h"
#include "pipeline/run/context.h"

#include <cstdint>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// Section `report`.
struct ReportConfig {
  std::int64_t per_class = 6;
  double level_hu = 40;
  double width_hu = 400;
  std::int64_t neighbours = 12;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("per_class", per_class, "real and synthetic patches shown of each class", Range{1, 50});
    visit("level_hu", level_hu, "centre of the window in which patches are shown, HU", Range{-1024, 3071});
    visit("width_hu", width_hu, "width of that window, HU", Range{1, 8000});
    visit("neighbours", neighbours, "samples shown with their nearest training neighbour", Range{0, 100});
  }
};

// Reads whatever stages have left in OUT (data, metrics.jsonl, samples, evaluation, manifest.json); what is missing is
// said to be missing. Writes OUT/report.html (no scripts, no network) and OUT/report.json. Returns a short form for the
// manifest. Throws io::DataError for files that are damaged. under_way: another process is at work in OUT; what its
// stage has not finished is left out and called so, and the page says how far it is.
nlohmann::ordered_json run_report(const ReportConfig& config, const Context& context, bool under_way = false);

}  // namespace ctforge::pipeline
