// The sections of the report, each from what one stage left.
#pragma once

#include "io/file/shard.h"
#include "pipeline/report/report.h"
#include "pipeline/report/report_page.h"

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// What stages have left; null JSON and absent sets where they have not run.
struct ReportInputs {
  std::optional<io::ShardSet> train, synthetic;
  nlohmann::ordered_json prepare, samples, distances, nearest, release, downstream, manifest;
  nlohmann::ordered_json radiomics, noise_power, diversity, quality;
  std::vector<nlohmann::ordered_json> metrics;  // lines of metrics.jsonl
  nlohmann::ordered_json progress;              // progress.json
  bool under_way = false;                       // another process is at work in the folder
};

// Real above synthetic for every class, with the key of the contours.
PageSection gallery_section(const ReportInputs& inputs, const ReportConfig& config);
// The first `count` patches of a set as a row of pictures.
std::string first_pictures(const io::ShardSet& set, std::int64_t count, const ReportConfig& config);
PageSection distances_section(const ReportInputs& inputs);
PageSection dice_section(const ReportInputs& inputs);
// Samples beside their nearest training neighbours.
PageSection neighbours_section(const ReportInputs& inputs, const ReportConfig& config);
// What a round trip through the autoencoder costs; without a body where there is none.
PageSection autoencoder_section(const ReportInputs& inputs);
PageSection training_section(const ReportInputs& inputs);
PageSection data_section(const ReportInputs& inputs);
PageSection provenance_section(const ReportInputs& inputs);
// The figures that a reader wants first, above all sections.
std::string summary_block(const ReportInputs& inputs);

}  // namespace ctforge::pipeline
