// Rates of flagged labels and the list of samples to reject.
#include "pipeline/evaluate/evaluate_quality.h"

#include "eval/label_quality.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;
using Ranges = std::vector<std::optional<eval::LabelRange>>;

// How many patches show a label, how many of them are flagged, and for what.
struct Tally {
  std::int64_t patches = 0, flagged = 0;
  std::map<std::size_t, std::int64_t> reasons;  // by measure
};

struct Judged {
  std::vector<Tally> labels;
  std::map<std::int64_t, ordered_json> flagged;  // by patch: its reasons
};

Judged judge(const std::vector<eval::LabelFinding>& findings, const Ranges& ranges,
             const std::vector<std::string>& names) {
  Judged judged{std::vector<Tally>(names.size()), {}};
  for (const eval::LabelFinding& finding : findings) {
    const auto label = static_cast<std::size_t>(finding.label);
    if (label >= names.size()) continue;
    Tally& tally = judged.labels[label];
    ++tally.patches;
    const std::vector<std::size_t> outside = eval::violations(finding, ranges);
    tally.flagged += outside.empty() ? 0 : 1;
    for (const std::size_t measure : outside) {
      ++tally.reasons[measure];
      const auto& limits = ranges[label]->limits[measure];
      ordered_json reason{{"label", names[label]},
                          {"measure", eval::kLabelMeasures[measure]},
                          {"value", finding.value[measure]},
                          {"range", limits}};
      const auto entry = judged.flagged.try_emplace(finding.patch, ordered_json::array()).first;
      entry->second.push_back(std::move(reason));
    }
  }
  return judged;
}

ordered_json rate_json(std::int64_t flagged, std::int64_t patches) {
  ordered_json json{{"patches", patches}, {"flagged", flagged}};
  json["rate"] = patches > 0 ? ordered_json(static_cast<double>(flagged) / static_cast<double>(patches)) : nullptr;
  return json;
}

ordered_json tally_json(const Tally& tally) {
  ordered_json json = rate_json(tally.flagged, tally.patches);
  json["reasons"] = ordered_json::object();
  for (const auto& [measure, count] : tally.reasons) json["reasons"][eval::kLabelMeasures[measure]] = count;
  return json;
}

ordered_json range_json(const eval::LabelRange& range) {
  ordered_json json{{"patches", range.patches}, {"ranges", ordered_json::object()}};
  for (std::size_t m = 0; m < range.limits.size(); ++m) json["ranges"][eval::kLabelMeasures[m]] = range.limits[m];
  return json;
}

}  // namespace

ordered_json quality_json(const EvaluationInputs& inputs) {
  const std::vector<std::string>& names = inputs.train.labels;
  const Ranges ranges = eval::learn_ranges(eval::measure_labels(inputs.train), names.size());
  const Judged synthetic = judge(eval::measure_labels(inputs.synthetic), ranges, names);
  const Judged held_out = judge(eval::measure_labels(inputs.held_out), ranges, names);
  ordered_json json{{"schema", 1}};
  ordered_json& quality = json["quality"];
  quality["synthetic"] = rate_json(std::ssize(synthetic.flagged), inputs.synthetic.size());
  quality["held_out"] = rate_json(std::ssize(held_out.flagged), inputs.held_out.size());
  quality["labels"] = ordered_json::object();
  for (std::size_t label = 1; label < names.size(); ++label) {
    if (!ranges[label]) {
      if (synthetic.labels[label].patches + held_out.labels[label].patches == 0) continue;
      quality["labels"][names[label]] = {
          {"not_judged", "fewer than " + std::to_string(eval::kLeastToLearn) + " training patches show it"}};
      continue;
    }
    quality["labels"][names[label]] = {{"train", range_json(*ranges[label])},
                                       {"synthetic", tally_json(synthetic.labels[label])},
                                       {"held_out", tally_json(held_out.labels[label])}};
  }
  json["rejected"] = ordered_json::array();
  for (const auto& [patch, reasons] : synthetic.flagged) {
    const auto patient = static_cast<std::size_t>(inputs.synthetic.patient[static_cast<std::size_t>(patch)]);
    json["rejected"].push_back(
        {{"sample", inputs.synthetic.patients[patient]}, {"index", patch}, {"reasons", reasons}});
  }
  json["protocol"] = {{"range",
                       "0.5th to 99.5th percentile over the training patches that show the label, widened by a "
                       "tenth on both sides; pieces: at most, in whole numbers"},
                      {"held_out", "false alarms: patches of real patients who are not in the training set"}};
  return json;
}

}  // namespace ctforge::pipeline
