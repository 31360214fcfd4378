// Lines and fields.
#include "pipeline/evaluate/downstream_table.h"

#include "pipeline/evaluate/csv_field.h"
#include "pipeline/evaluate/downstream_json.h"

#include <cmath>

namespace ctforge::pipeline {
namespace {

std::string csv_number(double value) { return std::isfinite(value) ? number_name(value) : ""; }

std::string interval(const eval::Interval& value) {
  return csv_number(value.mean) + "," + csv_number(value.low) + "," + csv_number(value.high);
}

// The fields that compare an arm with the first one.
std::string compared(const FractionResult& result, std::size_t arm, std::size_t measure, std::size_t label) {
  if (arm == 0) return ",,,,,";
  const eval::Difference& difference = result.experiment.differences[arm - 1][measure][label];
  return interval(difference.interval) + "," + csv_number(difference.wilcoxon_p) + "," +
         csv_number(result.wilcoxon_holm[arm - 1][measure][label]) + "," + (difference.valid ? "true" : "false");
}

}  // namespace

std::string downstream_csv(const DownstreamResult& result, const std::vector<std::string>& labels) {
  std::string text =
      "fraction,patients,arm,measure,organ,mean,low,high,n,missed,difference,difference_low,difference_high,wilcoxon_p,"
      "wilcoxon_p_holm,valid\n";
  for (const FractionResult& fraction : result.fractions)
    for (std::size_t arm = 0; arm < fraction.arms.size(); ++arm)
      for (std::size_t measure = 0; measure < eval::kSegmentationMeasures.size(); ++measure)
        for (std::size_t label = 0; label < labels.size(); ++label) {
          if (!is_reported(fraction.experiment, label)) continue;
          const eval::OrganSummary& organ = fraction.experiment.arms[arm].organs[measure][label];
          text += number_name(fraction.fraction) + "," + std::to_string(fraction.train_patients) + "," +
                  fraction.arms[arm].name + "," + eval::kSegmentationMeasures[measure] + "," +
                  csv_field(organ_name(labels, label)) + "," + interval(organ.interval) + "," +
                  std::to_string(organ.interval.count) + "," +
                  (measure == eval::kHausdorffMeasure ? std::to_string(organ.missed) : "") + "," +
                  compared(fraction, arm, measure, label) + "\n";
        }
  return text;
}

}  // namespace ctforge::pipeline
