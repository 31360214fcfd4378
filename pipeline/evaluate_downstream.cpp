// The segmentation experiment: cells of (arm, seed), and the figures made of them.
#include "pipeline/evaluate_downstream.h"

#include "eval/downstream.h"
#include "eval/segmentation.h"
#include "io/digest.h"
#include "io/random.h"
#include "models/train/checkpoint.h"
#include "pipeline/save_timer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

namespace ctforge::pipeline {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kTrainingStream = 11, kBootstrapStream = 12;
constexpr const char* kMeanOfOrgans = "mean";

// Labels that some training series lack: the generator leaves them out for no anatomical reason.
std::vector<bool> not_always_contoured(const eval::PatchSet& train) {
  std::vector<bool> unsure(train.labels.size(), false);
  for (const std::vector<bool>& contoured : train.contoured) {
    for (std::size_t label = 1; label < unsure.size(); ++label) unsure[label] = unsure[label] || !contoured[label];
  }
  return unsure;
}

std::vector<eval::Source> sources_of(const std::string& arm, const EvaluationInputs& inputs, double synthetic_share) {
  if (arm == kBaselineArm) return {{&inputs.train, 1, {}}};
  eval::Source synthetic{&inputs.synthetic, synthetic_share, not_always_contoured(inputs.train)};
  if (synthetic_share >= 1) return {synthetic};
  return {{&inputs.train, 1 - synthetic_share, {}}, synthetic};
}

ordered_json scores_json(const std::vector<eval::PatientDice>& scores) {
  ordered_json json = ordered_json::array();
  for (const eval::PatientDice& score : scores) {
    json.push_back({{"patient", score.patient},
                    {"dice", score.dice},  // a number that is not is written as null
                    {"false_positive_mm3", score.false_positive_mm3}});
  }
  return json;
}

std::vector<eval::PatientDice> scores_from(const ordered_json& json) {
  std::vector<eval::PatientDice> scores;
  for (const ordered_json& entry : json) {
    eval::PatientDice score;
    score.patient = entry.at("patient").get<std::int32_t>();
    for (const ordered_json& dice : entry.at("dice")) {
      score.dice.push_back(dice.is_null() ? eval::kNotScored : dice.get<double>());
    }
    score.false_positive_mm3 = entry.at("false_positive_mm3").get<std::vector<double>>();
    scores.push_back(std::move(score));
  }
  return scores;
}

ordered_json curve_json(const std::vector<eval::CurvePoint>& curve, const std::vector<std::string>& labels) {
  ordered_json json = ordered_json::array();
  for (const eval::CurvePoint& point : curve) {
    ordered_json dice{{kMeanOfOrgans, eval::mean_scored(point.validation_dice)}};
    for (std::size_t label = 1; label < labels.size(); ++label) dice[labels[label]] = point.validation_dice[label];
    json.push_back({{"step", point.step},
                    {"training_loss", point.training_loss},
                    {"validation_loss", point.validation_loss},
                    {"validation_dice", dice}});
  }
  return json;
}

eval::SegmentationOptions options_of(const DownstreamConfig& config, const Context& context) {
  eval::SegmentationOptions options;
  options.steps = config.steps;
  options.batch = config.batch;
  options.learning_rate = config.learning_rate;
  options.weight_decay = config.weight_decay;
  options.channels = config.channels;
  options.validate_every = config.validate_every;
  options.precision = train::precision_from_name(config.precision);
  options.device = torch::Device(context.device);
  return options;
}

// Where the experiment stands, for progress over all its cells.
struct Place {
  std::int64_t cell = 0, cells = 0;
};

ordered_json run_cell(const std::string& arm, std::int64_t seed, const Place& place, const EvaluationInputs& inputs,
                      const DownstreamConfig& config, const Context& context, const train::CheckpointStore& store,
                      const std::string& key) {
  const auto started = std::chrono::steady_clock::now();
  const eval::SegmentationOptions options = options_of(config, context);
  const std::uint64_t stream = io::mix_seed(context.seed, kTrainingStream);
  const std::vector<eval::Source> sources = sources_of(arm, inputs, config.synthetic_share);
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
  eval::TrainedSegmenter trained = eval::train_segmenter(sources, inputs.validation, options,
                                                         io::mix_seed(stream, static_cast<std::uint64_t>(seed)), hooks);
  const torch::Tensor predictions = eval::predict(trained.net, inputs.test, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return {{"arm", arm},
          {"seed", seed},
          {"seconds", seconds},
          {"patches_per_second", trained.patches_per_second},
          {"curve", curve_json(trained.curve, inputs.test.labels)},
          {"test", scores_json(eval::score_patients(inputs.test, predictions))}};
}

ordered_json interval_json(const eval::Interval& interval) {
  return {{"mean", interval.mean}, {"interval", {interval.low, interval.high}}, {"n", interval.count}};
}

std::string organ_name(const std::vector<std::string>& labels, std::size_t label) {
  return label == 0 ? kMeanOfOrgans : labels[label];
}

// An organ is reported when any test patient was scored on it; label 0 stands for the mean over organs.
bool reported(const eval::Experiment& experiment, std::size_t label) {
  return experiment.arms[0].organs[label].interval.count > 0;
}

ordered_json arm_json(const eval::ArmSummary& arm, const eval::Experiment& experiment,
                      const std::vector<ordered_json>& cells, const std::vector<std::string>& labels) {
  ordered_json json{{"dice", ordered_json::object()}};
  for (std::size_t label = 0; label < arm.organs.size(); ++label) {
    if (!reported(experiment, label)) continue;
    ordered_json organ = interval_json(arm.organs[label].interval);
    organ["per_patient"] = arm.organs[label].per_patient;
    organ["seeds"] = arm.organs[label].per_seed;
    json["dice"][organ_name(labels, label)] = std::move(organ);
  }
  json["collapsed"] = ordered_json::array();
  for (const eval::Collapse& collapse : arm.collapsed) {
    json["collapsed"].push_back({{"organ", labels[collapse.label]}, {"seed", collapse.seed}});
  }
  json["cells"] = ordered_json::array();
  for (const ordered_json& cell : cells) {
    const auto seed = cell.at("seed").get<std::size_t>();
    const bool failed = std::any_of(arm.collapsed.begin(), arm.collapsed.end(),
                                    [seed](const eval::Collapse& collapse) { return collapse.seed == seed; });
    json["cells"].push_back({{"seed", seed},
                             {"state", failed ? "failed: an organ collapsed" : "done"},
                             {"seconds", cell.at("seconds")},
                             {"patches_per_second", cell.at("patches_per_second")},
                             {"false_positive_mm3", ordered_json::object()},
                             {"curve", cell.at("curve")}});
    ordered_json& volumes = json["cells"].back()["false_positive_mm3"];
    for (std::size_t label = 1; label < labels.size(); ++label) {
      double volume = 0;
      for (const ordered_json& patient : cell.at("test")) {
        volume += patient.at("false_positive_mm3").at(label).get<double>();
      }
      volumes[labels[label]] = volume;
    }
  }
  return json;
}

ordered_json experiment_json(const eval::Experiment& experiment, const std::vector<std::vector<ordered_json>>& cells,
                             const EvaluationInputs& inputs, const DownstreamConfig& config) {
  const std::vector<std::string>& labels = inputs.test.labels;
  ordered_json json{{"arms", ordered_json::object()}, {"difference", ordered_json::object()}};
  for (std::size_t a = 0; a < experiment.arms.size(); ++a) {
    json["arms"][experiment.arms[a].name] = arm_json(experiment.arms[a], experiment, cells[a], labels);
  }
  for (std::size_t label = 0; label < experiment.differences.size(); ++label) {
    if (!reported(experiment, label)) continue;
    const eval::Difference& difference = experiment.differences[label];
    ordered_json organ = interval_json(difference.interval);
    organ["per_patient"] = difference.per_patient;
    organ["wilcoxon_p"] = difference.wilcoxon_p;
    organ["valid"] = difference.valid;
    json["difference"][organ_name(labels, label)] = std::move(organ);
  }
  json["patients"] = inputs.test.patients;
  json["protocol"] = {{"steps", config.steps},
                      {"batch", config.batch},
                      {"seeds", config.seeds},
                      {"channels", config.channels},
                      {"learning_rate", config.learning_rate},
                      {"synthetic_share", config.synthetic_share},
                      {"train_patches", inputs.train.size()},
                      {"synthetic_patches", inputs.synthetic.size()},
                      {"train_patients", inputs.train.patients.size()},
                      {"validation_patients", inputs.validation.patients.size()},
                      {"score", "3D Dice over all patches of a test patient, contoured organs only"},
                      {"interval", "95 % percentile bootstrap over patients, seeds averaged within each patient first"},
                      {"resamples", config.bootstrap},
                      {"difference", std::string(kSyntheticArm) + " minus " + kBaselineArm + ", paired by patient"}};
  return json;
}

}  // namespace

ordered_json downstream_json(const EvaluationInputs& inputs, const DownstreamConfig& config, const std::string& key,
                             const CellStore& cells, const Context& context) {
  const std::array<std::string, 2> arms = {kBaselineArm, kSyntheticArm};
  std::vector<std::vector<ordered_json>> results(arms.size());
  std::vector<eval::Arm> scored;
  Place place{0, std::ssize(arms) * config.seeds};
  // Seed by seed, so that an early stop leaves pairs.
  for (std::int64_t seed = 0; seed < config.seeds; ++seed) {
    for (std::size_t a = 0; a < arms.size(); ++a, ++place.cell) {
      if (context.part && !context.part->has(place.cell)) continue;
      const std::string name = "segmenter-" + arms[a] + "-" + std::to_string(seed);
      const std::string own_key = io::sha256_hex(key + name);
      auto result = cells.load(name, own_key);
      if (!result) {
        const train::CheckpointStore unfinished(cells.folder(), name, 1);
        result = run_cell(arms[a], seed, place, inputs, config, context, unfinished, own_key);
        cells.save(name, own_key, *result);
        context.tell(
            "segmenter_trained",
            {{"arm", arms[a]}, {"seed", seed}, {"seconds", result->at("seconds")}, {"curve", result->at("curve")}});
        for (const auto& file : unfinished.files()) std::filesystem::remove(file);
        result = cells.load(name, own_key);  // as a resumed run would see it
      }
      results[a].push_back(*result);
    }
  }
  if (context.part) return {};
  for (std::size_t a = 0; a < arms.size(); ++a) {
    eval::Arm arm{arms[a], {}};
    for (const ordered_json& result : results[a]) arm.cells.push_back(scores_from(result.at("test")));
    scored.push_back(std::move(arm));
  }
  const eval::Experiment experiment =
      eval::summarise(scored, config.bootstrap, io::mix_seed(context.seed, kBootstrapStream));
  return {{"schema", 1}, {"downstream", experiment_json(experiment, results, inputs, config)}};
}

}  // namespace ctforge::pipeline
