// Comparing two sets of images, features or statistics.
#include "pipeline/evaluate/evaluate_pair.h"

#include "eval/frechet.h"
#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/random.h"
#include "pipeline/config/config_visitors.h"
#include "pipeline/evaluate/evaluate_distances.h"
#include "pipeline/evaluate/evaluate_images.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/evaluate/evaluate_radiomics.h"
#include "pipeline/evaluate/evaluate_sides.h"
#include "pipeline/evaluate/evaluate_texture.h"
#include "pipeline/observe/log.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kPairStream = 6, kPairThinning = 1, kPairPlan = 2;
constexpr const char* kRowsName = "features";

[[noreturn]] void refuse(const std::string& what) { throw io::DataError(io::Fault::UnsupportedFormat, what); }

// Classes are compared where both sides have the same ones.
void align_classes(eval::PatchSet& real, eval::PatchSet& synthetic) {
  if (real.classes == synthetic.classes) return;
  for (eval::PatchSet* set : {&real, &synthetic}) {
    set->classes = {"all"};
    std::fill(set->class_index.begin(), set->class_index.end(), 0);
  }
}

ComparedSets compared_pair(eval::PatchSet real, eval::PatchSet synthetic, const EvaluateConfig& config,
                           std::uint64_t seed) {
  align_classes(real, synthetic);
  ComparedSets compared;
  const std::uint64_t thinning = io::mix_seed(seed, kPairThinning);
  compared.real_index = eval::even_over_patients(real, config.images, thinning);
  compared.synthetic_index = eval::even_over_patients(synthetic, config.images, thinning);
  compared.real = eval::subset(real, compared.real_index);
  compared.names = {"synthetic"};
  compared.sets = {eval::subset(synthetic, compared.synthetic_index)};
  const std::vector<eval::Contender> contenders = {
      {"synthetic", compared.sets[0].class_index, compared.sets[0].size()}};
  compared.plan.per_class.assign(compared.real.classes.size(), 0);
  if (config.rounds > 0)
    compared.plan = eval::plan_comparison(compared.real, contenders, config.rounds, io::mix_seed(seed, kPairPlan));
  return compared;
}

// What each extractor's features gave, before it is published.
struct PairMeasured {
  SetFeatures features;
  Measured measured;  // empty without rounds
  ordered_json whole_sets;
};

PairMeasured measure_pair(const ComparedSets& compared, SetFeatures features, const EvaluateConfig& config,
                          std::uint64_t seed) {
  const eval::WantedMeasures wanted = eval::wanted_measures(config.measures);
  PairMeasured pair{std::move(features), {}, {}};
  const torch::Tensor& real = pair.features.real;
  if (config.rounds > 0)
    pair.measured = measure_features(compared.plan, names_of(compared), config.per_class_least, real,
                                     pair.features.sets, seed, wanted);
  pair.whole_sets = whole_sets_json(real, pair.features.sets.front(), seed, wanted);
  return pair;
}

ordered_json pair_entry(const PairMeasured& pair, const ComparisonNames& names) {
  ordered_json entry = pair.measured.overall.empty() ? ordered_json::object()
                                                     : measured_json(pair.measured, eval::kFeatureMeasures, names);
  entry["extractor"] = {{"dimensions", pair.features.real.size(1)}};
  if (!pair.features.resize.empty()) {
    entry["extractor"]["weights_sha256"] = pair.features.weights_sha256;
    entry["extractor"]["resize"] = pair.features.resize;
  }
  entry["whole_sets"] = pair.whole_sets;
  return entry;
}

ordered_json pair_protocol(const ComparedSets& compared, const Side& real, const EvaluateConfig& config) {
  ordered_json protocol = protocol_json(compared, config);
  const std::string parts = real.knows_patients() ? "patients" : "items (whose patients are not known)";
  protocol["reference"] = config.rounds > 0 ? "a random half of the real " + parts : "all";
  protocol["floor"] = config.rounds > 0 ? "the other half of the real " + parts + " against it, same number per class"
                                        : "none: evaluate.rounds is 0";
  if (real.form == SideForm::Features) {
    protocol.erase("resize");
    protocol.erase("window_hu");
  }
  if (real.form == SideForm::Volumes)
    protocol["grey_levels"] = config.volumes.scaling == "volume"
                                  ? "from each volume's extremes within the window, rounded to 8 bits (MAISI's scaling)"
                                  : "from the window, rounded to 8 bits";
  return protocol;
}

// distances and hu of one plane, or of images without planes.
struct PlaneResult {
  ordered_json json;
  std::vector<PairMeasured> measured;
};

// Of one window, size and voxel size.
bool same_grid(const eval::PatchSet& a, const eval::PatchSet& b) {
  constexpr double kTolerance = 1e-3;
  bool same = a.window_hu == b.window_hu && a.height == b.height && a.width == b.width;
  for (std::size_t axis = 0; axis < 2; ++axis)
    same = same && std::abs(a.spacing_mm[axis] - b.spacing_mm[axis]) <= kTolerance * a.spacing_mm[axis];
  return same;
}

// radiomics, noise_power and diversity of CT: all that radiomics.json, noise_power.json and diversity.json of a run
// hold.
void add_texture(ordered_json& json, const ComparedSets& compared, const EvaluateConfig& config,
                 const Context& context) {
  const auto check = [&context] {
    if (context.interrupted()) throw Interrupted{"evaluate"};
  };
  if (config.radiomics) json["radiomics"] = radiomics_json(compared, config, context);
  check();
  if (config.noise_power) json["noise_power"] = noise_power_json(compared, config);
  check();
  if (config.diversity) json["diversity"] = diversity_json(compared, config, context.seed);
  check();
}

// ct: both sides are CT of known HU, not pictures.
PlaneResult compare_images(const std::string& plane, const ComparedSets& compared, bool ct, Extractors& extractors,
                           const EvaluateConfig& config, const CellStore& cells, const Context& context) {
  PlaneResult result;
  result.json["distances"] = ordered_json::object();
  std::vector<SetFeatures> features = all_features(compared, extractors, config, cells, context);
  if (config.statistics) write_statistics(features, context.out / "comparison" / "statistics" / plane);
  for (SetFeatures& of_one : features) {
    if (context.interrupted()) throw Interrupted{"evaluate"};
    result.measured.push_back(measure_pair(compared, std::move(of_one), config, context.seed));
    result.json["distances"][result.measured.back().features.name] =
        pair_entry(result.measured.back(), names_of(compared));
  }
  if (config.rounds > 0 && compared.real.window_hu == compared.sets.front().window_hu)
    result.json["hu"] = hu_json(compared, config);
  if (config.rounds > 0 && ct && same_grid(compared.real, compared.sets.front()))
    add_texture(result.json, compared, config, context);
  return result;
}

// The mean over planes of each extractor's measures, at the top; each plane's own below `planes`.
ordered_json planes_json(const std::vector<std::pair<std::string, PlaneResult>>& planes) {
  ordered_json json{{"distances", ordered_json::object()}};
  const auto& first = planes.front().second.measured;
  for (std::size_t e = 0; e < first.size(); ++e) {
    std::vector<Measured> parts;
    ordered_json whole = ordered_json::object();
    for (const auto& [name, result] : planes) {
      parts.push_back(result.measured[e].measured);
      for (const auto& [key, value] : result.measured[e].whole_sets.items())
        if (!key.starts_with("n_"))
          whole[key] = whole.value(key, 0.0) + value.get<double>() / static_cast<double>(planes.size());
    }
    PairMeasured mean{first[e].features, {}, whole};
    if (!parts.front().overall.empty()) mean.measured = mean_of(parts);
    json["distances"][mean.features.name] = pair_entry(mean, {{"synthetic"}, {}});
  }
  for (const auto& [name, result] : planes) json["planes"][name] = result.json;
  return json;
}

ordered_json compare_image_sides(const Side& real, const Side& synthetic, const EvaluateConfig& config,
                                 const Context& context) {
  if (real.images.size() != synthetic.images.size())
    refuse("volumes in several planes can only be compared with volumes: set evaluate.planes to one");
  Extractors extractors = load_extractors(config, context.device);
  for (const auto& [name, reason] : extractors.unavailable) log_info("evaluate: no " + name + ": " + reason);
  const CellStore cells(context.out / "comparison" / "cells");
  // Volumes stretched between their own extremes have no HU any more, and left as they are no common voxel size.
  const auto known = [&config](const Side& side) {
    const auto& spacing = config.volumes.spacing_mm;
    const bool resampled = std::all_of(spacing.begin(), spacing.end(), [](double mm) { return mm > 0; });
    return side.form == SideForm::Shards ||
           (side.form == SideForm::Volumes && config.volumes.scaling == "window" && resampled);
  };
  const bool ct = known(real) && known(synthetic);
  std::vector<std::pair<std::string, PlaneResult>> planes;
  ordered_json protocol;
  for (std::size_t p = 0; p < real.images.size(); ++p) {
    const ComparedSets compared =
        compared_pair(real.images[p].second, synthetic.images[p].second, config, context.seed);
    const std::string& plane = real.images[p].first;
    planes.emplace_back(plane, compare_images(plane, compared, ct, extractors, config, cells, context));
    if (p == 0) protocol = pair_protocol(compared, real, config);
  }
  ordered_json json = planes.size() == 1 ? planes[0].second.json : planes_json(planes);
  if (!planes[0].first.empty()) protocol["planes"] = config.planes;
  json["unavailable"] = ordered_json::object();
  for (const auto& [name, reason] : extractors.unavailable) json["unavailable"][name] = reason;
  json["protocol"] = protocol;
  return json;
}

ordered_json compare_rows(const Side& real, const Side& synthetic, const EvaluateConfig& config,
                          const Context& context) {
  torch::Tensor rows = *real.numbers.rows, others = *synthetic.numbers.rows;
  if (rows.size(1) != others.size(1))
    refuse("features of " + std::to_string(rows.size(1)) + " and of " + std::to_string(others.size(1)) +
           " numbers cannot be compared");
  EvaluateConfig all = config;
  all.images = 0;
  const ComparedSets compared = compared_pair(item_set(rows.size(0)), item_set(others.size(0)), all, context.seed);
  if (rows.scalar_type() != others.scalar_type()) {
    rows = rows.to(torch::kFloat64);
    others = others.to(torch::kFloat64);
  }
  const std::vector<SetFeatures> features = {{kRowsName, "", "", rows, {others}}};
  if (config.statistics) write_statistics(features, context.out / "comparison" / "statistics");
  return {{"distances",
           {{kRowsName, pair_entry(measure_pair(compared, features[0], config, context.seed), names_of(compared))}}},
          {"protocol", pair_protocol(compared, real, config)}};
}

eval::Gaussian gaussian_of(const torch::Tensor& rows) {
  eval::Moments moments;
  moments.add(rows);
  return moments.gaussian();
}

// Statistics against statistics, features, or the features of every extractor of as many dimensions.
ordered_json compare_statistics(const Side& real, const Side& synthetic, const EvaluateConfig& config,
                                const Context& context) {
  const Side& other = real.numbers.statistics ? synthetic : real;
  const eval::Gaussian& known = real.numbers.statistics ? *real.numbers.statistics : *synthetic.numbers.statistics;
  ordered_json distances = ordered_json::object();
  const auto add = [&](const std::string& name, const eval::Gaussian& gaussian) {
    if (gaussian.mean.size(0) != known.mean.size(0)) return;
    const std::int64_t n_known = known.count, n_other = gaussian.count;
    const bool real_known = real.numbers.statistics.has_value();
    ordered_json whole{{"n_real", real_known ? n_known : n_other}, {"n_synthetic", real_known ? n_other : n_known}};
    whole["frechet"] = eval::frechet_distance(known, gaussian);
    distances[name] = {{"extractor", {{"dimensions", known.mean.size(0)}}}, {"whole_sets", whole}};
  };
  if (other.numbers.statistics) add(kRowsName, *other.numbers.statistics);
  if (other.numbers.rows) add(kRowsName, gaussian_of(*other.numbers.rows));
  if (other.images.size() > 1) refuse("statistics are of one plane: set evaluate.planes to one");
  if (other.has_images()) {
    Extractors extractors = load_extractors(config, context.device);
    const eval::PatchSet& images = other.images.front().second;
    const eval::PatchSet thinned = eval::subset(
        images, eval::even_over_patients(images, config.images, io::mix_seed(context.seed, kPairThinning)));
    for (const auto& extractor : extractors.list)
      add(extractor->name(), gaussian_of(eval::extract(*extractor, thinned, config.batch, [&](std::int64_t done) {
            context.progress(done, thinned.size(), "features");
            if (context.interrupted()) throw Interrupted{"evaluate"};
          })));
  }
  if (distances.empty())
    refuse("statistics of " + std::to_string(known.mean.size(0)) + " dimensions, which the other side does not have");
  return {{"distances", distances}, {"protocol", {{"floor", "none: statistics have no items to draw from"}}}};
}

void check_pair(const EvaluateConfig& config, const Side& real, const Side& synthetic) {
  std::vector<ConfigProblem> problems;
  const bool volumes = real.form == SideForm::Volumes || synthetic.form == SideForm::Volumes;
  if (!volumes && config.planes != EvaluateConfig().planes)
    problems.push_back({"configuration", "evaluate.planes", "is for volumes, and neither side is"});
  if (!volumes && section_json(config.volumes) != section_json(EvaluateConfig().volumes))
    problems.push_back({"configuration", "evaluate.volumes", "is for volumes, and neither side is"});
  if (!config.extra_sets.empty())
    problems.push_back({"configuration", "evaluate.extra_sets", "is for a run, not for --real and --synthetic"});
  constexpr std::int64_t kGreatestCube = 1024;  // 2 GB
  if (config.volumes.cube && config.volumes.size > kGreatestCube)
    problems.push_back({"configuration", "evaluate.volumes.size", "must be at most 1024 with evaluate.volumes.cube"});
  if (std::set<std::string>(config.planes.begin(), config.planes.end()).size() != config.planes.size() ||
      config.planes.empty())
    problems.push_back({"configuration", "evaluate.planes", "expected each plane once"});
  if (!problems.empty()) throw ConfigError(problems);
  const bool statistics = real.numbers.statistics || synthetic.numbers.statistics;
  if (!statistics && real.has_images() != synthetic.has_images())
    refuse(std::string("one side is ") + form_name(real.form) + " and the other " + form_name(synthetic.form) +
           ": images are compared with images and features with features");
}

ordered_json side_json(const Side& side) {
  ordered_json json{{"form", form_name(side.form)}};
  if (side.has_images()) json["images"] = side.images.front().second.size();
  if (side.numbers.rows) json["rows"] = side.numbers.rows->size(0);
  if (side.knows_patients()) json["patients"] = side.images.front().second.patients.size();
  if (side.form == SideForm::Volumes) json["volumes_refused"] = side.volumes_refused;
  return json;
}

}  // namespace

ordered_json run_evaluate_pair(const EvaluateConfig& config, const Context& context, const std::filesystem::path& real,
                               const std::filesystem::path& synthetic) {
  if (const auto problems = evaluate_problems(config); !problems.empty()) throw ConfigError(problems);
  Context own = context;
  own.seed = io::mix_seed(context.seed, kPairStream);
  const Side ours = load_side(real, config, own), theirs = load_side(synthetic, config, own);
  check_pair(config, ours, theirs);
  const bool statistics = ours.numbers.statistics || theirs.numbers.statistics;
  const ordered_json compared = statistics          ? compare_statistics(ours, theirs, config, own)
                                : ours.has_images() ? compare_image_sides(ours, theirs, config, own)
                                                    : compare_rows(ours, theirs, config, own);
  ordered_json json{{"schema", 1}, {"real", side_json(ours)}, {"synthetic", side_json(theirs)}};
  json.update(compared);
  io::write_atomically(context.out / "comparison.json", json.dump(1) + "\n");
  return json;
}

}  // namespace ctforge::pipeline
