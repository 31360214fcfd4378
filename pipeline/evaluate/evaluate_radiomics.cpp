// Fréchet radiomics distances beside their floors.
#include "pipeline/evaluate/evaluate_radiomics.h"

#include "eval/radiomics.h"
#include "eval/radiomics_set.h"
#include "pipeline/evaluate/evaluate_compared.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

// Features of a set's patches, [N,D] float64; `each` is told how many are done.
using FeaturesOf =
    std::function<torch::Tensor(const eval::PatchSet& set, const std::function<void(std::int64_t)>& each)>;

// Of the real patches and of each compared set.
struct RadiomicRows {
  torch::Tensor real;
  std::vector<torch::Tensor> sets;
};

std::int64_t count_patches(const ComparedSets& compared) {
  std::int64_t count = compared.real.size();
  for (const eval::PatchSet& set : compared.sets) count += set.size();
  return count;
}

// Measures sets, and tells how far all of it is.
class Passes {
 public:
  Passes(std::int64_t total, const Context& context) : total_(total), context_(context) {}

  RadiomicRows rows_of(const ComparedSets& compared, const FeaturesOf& features_of) {
    RadiomicRows rows{measured(compared.real, features_of), {}};
    for (const eval::PatchSet& set : compared.sets) rows.sets.push_back(measured(set, features_of));
    return rows;
  }

 private:
  torch::Tensor measured(const eval::PatchSet& set, const FeaturesOf& features_of) {
    torch::Tensor features = features_of(set, [this](std::int64_t done) {
      context_.progress(before_ + done, total_, "radiomics");
      if (context_.interrupted()) throw Interrupted{"evaluate"};
    });
    before_ += set.size();
    return features;
  }

  std::int64_t total_, before_ = 0;
  const Context& context_;
};

ordered_json distances_of(const ComparedSets& compared, const RadiomicRows& rows, std::int64_t least) {
  const auto measure = [&rows](double (*distance)(const torch::Tensor&, const torch::Tensor&)) {
    return [&rows, distance](const eval::Indices& reference, std::int64_t contender, const eval::Indices& own) {
      return distance(rows.real.index_select(0, torch::tensor(reference)),
                      of_contender(rows.real, rows.sets, contender).index_select(0, torch::tensor(own)));
    };
  };
  return {
      {"frd_v0_original_filters", compared_json(compared, "frechet", least, measure(eval::frechet_radiomics_v0))},
      {"frd_v1_original_filters", compared_json(compared, "log_frechet", least, measure(eval::frechet_radiomics_v1))}};
}

// Whether some feature varies in every reference half, without which version 1 is not defined.
bool varies(const eval::ComparisonPlan& plan, const torch::Tensor& real) {
  return std::all_of(plan.rounds.begin(), plan.rounds.end(), [&](const eval::Round& round) {
    const torch::Tensor rows = real.index_select(0, torch::tensor(round.reference));
    return (std::get<0>(rows.max(0)) > std::get<0>(rows.min(0))).any().item<bool>();
  });
}

// The plan confined to patches that show the organ, whose features are numbers.
eval::ComparisonPlan plan_of_organ(const eval::ComparisonPlan& plan, const RadiomicRows& rows) {
  const auto shows = [](const torch::Tensor& features) { return features.select(1, 0).isfinite().contiguous(); };
  const torch::Tensor real = shows(rows.real);
  const std::vector<torch::Tensor> sets = {shows(rows.sets.front())};
  return eval::confined_to_rows(plan, [&](std::int64_t contender, std::int64_t row) {
    return of_contender(real, sets, contender).const_data_ptr<bool>()[row];
  });
}

void add_organs(ordered_json& json, const ComparedSets& synthetic, const eval::Discretisation& bins, std::int64_t least,
                Passes& passes) {
  ordered_json &organs = json["organs"] = ordered_json::object(),
               &left_out = json["organs_left_out"] = ordered_json::object();
  for (std::size_t label = 1; label < synthetic.real.labels.size(); ++label) {
    const RadiomicRows rows = passes.rows_of(synthetic, [&](const eval::PatchSet& set, const auto& each) {
      return eval::organ_radiomics(set, static_cast<std::uint8_t>(label), bins, each);
    });
    ComparedSets organ = synthetic;
    organ.plan = plan_of_organ(synthetic.plan, rows);
    const std::string& name = synthetic.real.labels[label];
    if (organ.plan.count >= least && varies(organ.plan, rows.real))
      organs[name] = distances_of(organ, rows, least);
    else
      left_out[name] = {{"patches", organ.plan.count}};
  }
}

}  // namespace

ordered_json radiomics_json(const ComparedSets& compared, const EvaluateConfig& config, const Context& context) {
  const eval::Discretisation bins;
  std::vector<bool> first(compared.sets.size(), false);
  first.front() = true;
  ComparedSets synthetic = without_sets(compared, first);
  if (compared.real.labels != compared.sets.front().labels) synthetic.real.labels.clear();
  const std::int64_t organs = std::max<std::int64_t>(std::ssize(synthetic.real.labels) - 1, 0);
  Passes passes(count_patches(compared) + organs * count_patches(synthetic), context);
  const RadiomicRows rows = passes.rows_of(
      compared, [&](const eval::PatchSet& set, const auto& each) { return eval::patch_radiomics(set, bins, each); });
  ordered_json json{{"schema", 1}};
  json["radiomics"] = distances_of(compared, rows, config.per_class_least);
  add_organs(json, synthetic, bins, config.per_class_least, passes);
  json["features"] = eval::radiomic_names();
  json["shape_features"] = eval::shape_2d_names();
  json["protocol"] = {
      {"region", "the whole patch, HU clipped to the window"},
      {"organs", "under the mask, features of shape as well, in patches where the organ has at least " +
                     std::to_string(eval::kLeastOrganPixels) + " pixels; as many of each class on every side"},
      {"bin_width_hu", bins.bin_width},
      {"window_hu", compared.real.window_hu},
      {"frd_v0", "features of both sets scaled together to [0,7.45670747756958], d^2"},
      {"frd_v1", "features standardised by the reference half, ln d^2"},
      {"filters", "none: frd-score's version 1 adds LoG and wavelet images and rescales each image"},
      {"floor", "the other half of the real patients against the reference half"},
      {"interval", "2.5 and 97.5 percentiles over the rounds"}};
  return json;
}

}  // namespace ctforge::pipeline
