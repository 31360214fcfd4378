// From a cell to its network, and from its predictions to JSON.
#include "pipeline/evaluate/downstream_cells.h"

#include "eval/dice.h"
#include "eval/segmentation.h"
#include "io/file/digest.h"
#include "io/file/random.h"
#include "models/train/checkpoint.h"
#include "pipeline/evaluate/downstream_json.h"
#include "pipeline/observe/log.h"
#include "pipeline/train/save_timer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kTrainingStream = 11;
constexpr double kHeavier = 2;  // heavy_augmentation: ranges of the standard one times this
// Raised by a change of the program after which the same settings give another network or other scores.
constexpr int kCellVersion = 2;
// In a cell that a part trained: who watches the run itself has not been told of it.
constexpr const char* kOfPart = "of_part";

// Labels that some training series lack: the generator leaves them out for no anatomical reason.
std::vector<bool> not_always_contoured(const eval::PatchSet& train) {
  std::vector<bool> unsure(train.labels.size(), false);
  for (const std::vector<bool>& contoured : train.contoured) {
    for (std::size_t label = 1; label < unsure.size(); ++label) unsure[label] = unsure[label] || !contoured[label];
  }
  return unsure;
}

std::vector<eval::Source> sources_of(const DownstreamCell& cell, const FractionInputs& inputs) {
  if (!uses_synthetic(cell.arm)) return {{&inputs.train, 1, {}}};
  const double share = cell.arm == kSyntheticArm ? cell.candidate.synthetic_share : 1;
  const double until = cell.arm == kSyntheticArm ? cell.candidate.synthetic_until : 1;
  eval::Source synthetic{&inputs.synthetic, share, not_always_contoured(inputs.train), until};
  if (share >= 1 && until >= 1) return {synthetic};
  return {{&inputs.train, 1 - share, {}}, synthetic};
}

eval::SegmentationOptions options_of(const DownstreamCell& cell, const DownstreamConfig& config,
                                     const Context& context) {
  eval::SegmentationOptions options;
  options.steps = config.steps;
  options.batch = config.batch;
  options.learning_rate = cell.candidate.learning_rate;
  options.weight_decay = config.weight_decay;
  options.channels = config.channels;
  options.validate_every = config.validate_every;
  options.precision = train::precision_from_name(config.precision);
  options.device = torch::Device(context.device);
  if (cell.arm == "heavy_augmentation") options.augmentation = eval::stronger(options.augmentation, kHeavier);
  if (cell.arm == "oversampled") options.foreground_share = 1;
  return options;
}

// Of everything that the cell's result depends on.
std::string key_of(const DownstreamCell& cell, const FractionInputs& own, const DownstreamInputs& inputs,
                   const DownstreamConfig& config, const Context& context) {
  const ordered_json settings = {{"version", kCellVersion},
                                 {"cell", cell_name(cell)},
                                 {"seed", context.seed},
                                 {"train", own.train_sha256},
                                 {"synthetic", uses_synthetic(cell.arm) ? own.synthetic_sha256 : ""},
                                 {"reject_labels", uses_synthetic(cell.arm) && config.reject_labels},
                                 {"held_out", inputs.held_out_sha256},
                                 {"steps", config.steps},
                                 {"batch", config.batch},
                                 {"weight_decay", config.weight_decay},
                                 {"channels", config.channels},
                                 {"validate_every", config.validate_every},
                                 {"precision", config.precision},
                                 {"surface_tolerance_mm", config.surface_tolerance_mm}};
  return io::sha256_hex(settings.dump());
}

ordered_json curve_json(const std::vector<eval::CurvePoint>& curve, const std::vector<std::string>& labels) {
  ordered_json json = ordered_json::array();
  for (const eval::CurvePoint& point : curve) {
    ordered_json dice{{"mean", eval::mean_scored(point.validation_dice)}};
    for (std::size_t label = 1; label < labels.size(); ++label) dice[labels[label]] = point.validation_dice[label];
    json.push_back({{"step", point.step},
                    {"training_loss", point.training_loss},
                    {"validation_loss", point.validation_loss},
                    {"validation_dice", dice}});
  }
  return json;
}

ordered_json test_json(const std::vector<eval::PatientScores>& scores) {
  ordered_json json = ordered_json::array();
  for (const eval::PatientScores& score : scores) {
    ordered_json entry{{"patient", score.patient}};
    std::vector<bool> missed(score.false_positive_mm3.size(), false);
    for (std::size_t measure = 0; measure < eval::kSegmentationMeasures.size(); ++measure) {
      const std::vector<double>& values = score.values[measure];
      entry[eval::kSegmentationMeasures[measure]] = values;  // numbers that JSON does not have are written as null
      for (std::size_t label = 0; label < missed.size(); ++label)
        missed[label] = missed[label] || std::isinf(values[label]);
    }
    entry["missed"] = missed;
    entry["false_positive_mm3"] = score.false_positive_mm3;
    json.push_back(std::move(entry));
  }
  return json;
}

// The arm alone where nothing else tells its networks apart but the seed.
std::string short_name(const DownstreamCell& cell, const DownstreamConfig& config) {
  std::string name = cell.arm;
  if (cell.fraction < 1) name += "-of-" + number_name(cell.fraction);
  if (cell.arm == kSyntheticArm && config.synthetic_shares.size() > 1)
    name += "-share-" + number_name(cell.candidate.synthetic_share);
  if (cell.arm == kSyntheticArm && config.synthetic_until.size() > 1)
    name += "-until-" + number_name(cell.candidate.synthetic_until);
  if (config.learning_rates.size() > 1) name += "-rate-" + number_name(cell.candidate.learning_rate);
  return name;
}

// Where the experiment stands, for progress over all its cells.
struct Place {
  std::int64_t cell = 0, cells = 0;
};

ordered_json cell_json(const DownstreamCell& cell) {
  ordered_json json{{"fraction", cell.fraction}, {"arm", cell.arm}};
  json.update(candidate_json(cell.candidate, cell.arm));
  json["seed"] = cell.seed;
  return json;
}

void tell_trained(const DownstreamCell& cell, const DownstreamConfig& config, const ordered_json& result,
                  const Context& context) {
  context.tell("segmenter_trained", {{"arm", cell.arm},
                                     {"fraction", cell.fraction},
                                     {"network", short_name(cell, config)},
                                     {"seed", cell.seed},
                                     {"seconds", result.at("seconds")},
                                     {"curve", result.value("curve", ordered_json::array())}});
}

void add_result(ordered_json& json, eval::TrainedSegmenter& trained, const DownstreamInputs& inputs,
                const DownstreamConfig& config, const eval::SegmentationOptions& options) {
  std::vector<std::pair<std::int64_t, double>> curve;
  for (const eval::CurvePoint& point : trained.curve)
    curve.emplace_back(point.step, eval::mean_scored(point.validation_dice));
  const auto rests = at_rest(curve, config.steps);
  const torch::Tensor predictions = eval::predict(trained.net, inputs.test, options);
  json["patches_per_second"] = trained.patches_per_second;
  json["curve"] = curve_json(trained.curve, inputs.test.labels);
  json["converged"] = rests ? ordered_json(*rests) : ordered_json();
  json["validation_dice"] = curve.back().second;
  json["test"] = test_json(eval::score_volumes(inputs.test, predictions, config.surface_tolerance_mm));
}

ordered_json run_cell(const DownstreamCell& cell, const Place& place, const FractionInputs& own,
                      const DownstreamInputs& inputs, const DownstreamConfig& config, const Context& context,
                      const train::CheckpointStore& store, const std::string& key) {
  const auto started = std::chrono::steady_clock::now();
  const eval::SegmentationOptions options = options_of(cell, config, context);
  // Of the seed alone: every arm at every fraction starts from the same weights.
  const std::uint64_t seed =
      io::mix_seed(io::mix_seed(context.seed, kTrainingStream), static_cast<std::uint64_t>(cell.seed));
  SaveTimer timer(context.save_every_s);
  bool interrupted = false;
  eval::SegmentationHooks hooks;
  hooks.store = store;
  hooks.identity = key;
  hooks.save = [&] {
    interrupted = context.interrupted();
    if (!interrupted && !timer.due()) return false;
    timer.saved();
    return true;
  };
  hooks.after_step = [&](std::int64_t step) {
    context.progress(place.cell * config.steps + step, place.cells * config.steps, "segmentation steps");
    if (interrupted) throw Interrupted{"evaluate"};
  };
  const std::vector<eval::Source> sources = sources_of(cell, own);
  ordered_json json = cell_json(cell);
  try {
    eval::TrainedSegmenter trained = eval::train_segmenter(sources, inputs.validation, options, seed, hooks);
    add_result(json, trained, inputs, config, options);
  } catch (const eval::Diverged& diverged) {
    log_warning("evaluate: " + cell_name(cell) + ": " + diverged.what());
    json["diverged"] = diverged.step;
  }
  json["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return json;
}

}  // namespace

std::string cell_name(const DownstreamCell& cell) {
  std::string name = "segmenter-" + cell.arm + "-of-" + number_name(cell.fraction);
  if (cell.arm == kSyntheticArm) name += "-share-" + number_name(cell.candidate.synthetic_share);
  if (cell.candidate.synthetic_until < 1) name += "-until-" + number_name(cell.candidate.synthetic_until);
  name += "-rate-" + number_name(cell.candidate.learning_rate) + "-" + std::to_string(cell.seed);
  std::replace(name.begin(), name.end(), '.', '_');  // a plain word, as cells are called
  return name;
}

std::optional<bool> at_rest(const std::vector<std::pair<std::int64_t, double>>& curve, std::int64_t steps) {
  double before = eval::kNotScored;
  for (const auto& [step, dice] : curve)
    if (4 * step <= 3 * steps) before = dice;
  if (curve.empty() || std::isnan(before) || std::isnan(curve.back().second)) return std::nullopt;
  return curve.back().second - before < kAtRest;
}

std::vector<eval::PatientScores> scores_from(const ordered_json& test) {
  std::vector<eval::PatientScores> scores;
  for (const ordered_json& entry : test) {
    eval::PatientScores score;
    score.patient = entry.at("patient").get<std::int32_t>();
    const auto missed = entry.at("missed").get<std::vector<bool>>();
    for (std::size_t measure = 0; measure < eval::kSegmentationMeasures.size(); ++measure) {
      const std::string name = eval::kSegmentationMeasures[measure];
      for (const ordered_json& value : entry.at(name)) {
        const bool infinite = name == "hausdorff95_mm" && missed.at(score.values[measure].size());
        score.values[measure].push_back(!value.is_null() ? value.get<double>()
                                        : infinite       ? std::numeric_limits<double>::infinity()
                                                         : eval::kNotScored);
      }
    }
    score.false_positive_mm3 = entry.at("false_positive_mm3").get<std::vector<double>>();
    scores.push_back(std::move(score));
  }
  return scores;
}

std::vector<ordered_json> train_cells(const DownstreamInputs& inputs, const DownstreamConfig& config,
                                      const CellStore& cells, const Context& context) {
  const std::vector<DownstreamCell> wanted = cells_of(config);
  std::vector<ordered_json> results;
  Place place{0, std::ssize(wanted)};
  for (const DownstreamCell& cell : wanted) {
    const std::int64_t number = place.cell++;
    if (context.part && !context.part->has(number)) continue;
    const auto own = std::find_if(inputs.fractions.begin(), inputs.fractions.end(),
                                  [&cell](const FractionInputs& each) { return each.fraction == cell.fraction; });
    const std::string name = cell_name(cell), key = key_of(cell, *own, inputs, config, context);
    auto result = cells.load(name, key);
    const bool untold = result && !context.part && result->value(kOfPart, false);
    if (!result) {
      // A folder of its own: what it cleans up after itself must not be what another part is writing.
      const std::filesystem::path folder = cells.folder() / name;
      const train::CheckpointStore unfinished(folder, "unfinished", 1);
      result = run_cell(cell, {number, place.cells}, *own, inputs, config, context, unfinished, key);
      (*result)[kOfPart] = context.part && (context.group == nullptr || !context.leads);
      cells.save(name, key, *result);
      tell_trained(cell, config, *result, context);
      std::filesystem::remove_all(folder);
      result = cells.load(name, key);  // as a resumed run would see it
    } else if (untold) {
      tell_trained(cell, config, *result, context);
    }
    results.push_back(*result);
  }
  if (context.part) return {};
  return results;
}

}  // namespace ctforge::pipeline
