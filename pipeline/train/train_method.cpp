// From the names of section `train` to the parts of models/diffusion.
#include "pipeline/train/train_method.h"

#include "models/diffusion/schedule.h"
#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

namespace {

template <class Value>
Value named(const std::map<std::string, Value>& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) throw std::invalid_argument("unknown " + name);
  return found->second;
}

diffusion::Path path_of(const Method& method) {
  // A GAN's samples come in one step, along no path.
  if (method.name == "edm" || method.name == "consistency" || method.name == "gan") return diffusion::ve();
  if (method.name == "rectified_flow") return diffusion::rectified();
  if (method.name != "ddpm") throw std::invalid_argument("unknown method " + method.name);
  const auto betas = betas_of(method);
  return diffusion::vp(method.zero_terminal_snr ? diffusion::with_zero_terminal_snr(betas) : betas);
}

}  // namespace

std::vector<double> betas_of(const Method& method) {
  using namespace diffusion;
  const std::string& name = method.betas;
  const auto& limits = method.beta_limits;
  constexpr int kSteps = 1000;
  const auto wrong_number = [&] { return std::invalid_argument("schedule " + name + " has another number of limits"); };
  const auto between = [&](const auto& schedule) -> std::vector<double> {
    if (limits.empty()) return schedule();
    if (limits.size() != 2) throw wrong_number();
    return schedule(kSteps, limits[0], limits[1]);
  };
  if (name == "linear") return between([](auto... given) { return linear_betas(given...); });
  if (name == "scaled_linear") return between([](auto... given) { return scaled_linear_betas(given...); });
  if (name == "sigmoid") return between([](auto... given) { return sigmoid_betas(given...); });
  if (name != "cosine" && name != "raised_cosine") throw std::invalid_argument("unknown schedule " + name);
  if (limits.size() > (name == "cosine" ? 0U : 1U)) throw wrong_number();
  if (name == "cosine") return cosine_betas();
  return limits.empty() ? raised_cosine_betas() : raised_cosine_betas(kSteps, limits[0]);
}

Method method_of(const TrainConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto refuse = [&problems](bool wrong, const char* key, const std::string& text) {
    if (wrong) problems.push_back({"configuration", std::string("train.") + key, text});
  };
  Method method;
  method.name = config.method;
  const bool ddpm = config.method == "ddpm", flow = config.method == "rectified_flow", edm = config.method == "edm";
  const bool consistency = config.method == "consistency";
  method.target = config.target != "auto" ? config.target
                  : ddpm                  ? "velocity"
                  : flow                  ? "flow"
                  : consistency           ? "boundary"
                                          : "edm";
  if (ddpm) {
    method.betas = config.betas;
    method.beta_limits = config.beta_limits;
    try {
      betas_of(method);
    } catch (const std::invalid_argument& error) {
      refuse(true, "beta_limits", error.what());
    }
  }
  method.zero_terminal_snr = config.zero_terminal_snr;
  method.learned_variance = config.learned_variance;
  refuse(config.zero_terminal_snr && !ddpm, "zero_terminal_snr", "is for train.method ddpm");
  refuse(config.learned_variance && (!ddpm || config.zero_terminal_snr), "learned_variance",
         "is for train.method ddpm without zero_terminal_snr");
  refuse(config.learned_variance && config.times != "auto" && config.times != "uniform", "learned_variance",
         "needs train.times uniform: the bound is a sum over all steps");
  refuse(method.target == "noise" && (flow || config.zero_terminal_snr), "target",
         "must not be noise on a path that ends without signal: it tells nothing of the data there");
  refuse(config.weighting == "edm" && !edm && (method.target == "noise" || method.target == "data"), "weighting",
         "must not be edm where the network predicts noise or data: it grows beyond all bounds at an end of the path");
  refuse(config.weighting == "min_snr" && edm, "weighting",
         "must not be min_snr for train.method edm, whose highest noise levels it would hardly train");
  refuse(config.weighting == "min_snr" && (flow || config.zero_terminal_snr), "weighting",
         "must not be min_snr on a path that ends without signal: it would weigh nothing there");
  refuse((config.times == "uniform" || config.times == "u_shaped") && edm, "times",
         "must be lognormal or noisiest for train.method edm, whose noise levels span five orders of magnitude");
  refuse(config.times == "u_shaped" && ddpm, "times", "u_shaped is for train.method rectified_flow");
  refuse(config.times == "noisiest" && method.target == "noise", "target",
         "must not be noise where only the noisiest level is learned: it tells next to nothing of the data there");
  for (const auto& [key, set] : {std::pair{"target", config.target != "auto"},
                                 {"weighting", config.weighting != "auto"},
                                 {"times", config.times != "auto"},
                                 {"loss", config.loss != "l2"},
                                 {"uncertainty", config.uncertainty},
                                 {"pairs", !config.pairs.empty()}})
    refuse(consistency && set, key, "is not for train.method consistency, whose settings are train.consistency");
  refuse(config.learning_rate_last != 0 && config.schedule != "cosine", "learning_rate_last",
         "is for train.schedule cosine");
  refuse(config.learning_rate_last > config.learning_rate, "learning_rate_last",
         "must not be above train.learning_rate");
  refuse(config.consistency.distil && !consistency, "consistency.distil", "is for train.method consistency");
  refuse(config.consistency.distil && config.from.empty(), "consistency.distil", "needs a teacher, train.from");
  refuse(config.consistency.distil && config.augment.probability > 0, "augment.probability",
         "must be 0 for train.consistency.distil: the teacher's networks are not told of movements");
  refuse(config.consistency.teacher_guidance != 1 && !config.consistency.distil, "consistency.teacher_guidance",
         "is for train.consistency.distil");
  refuse(!config.pairs.empty() && config.augment.probability > 0, "augment.probability",
         "must be 0 where train.pairs are learned, which are what they are");
  refuse(!config.pairs.empty() && config.from.empty(), "pairs",
         "needs the run whose generator drew them as train.from, for its autoencoder");
  if (!problems.empty()) throw ConfigError(problems);
  return method;
}

diffusion::Parametrisation parametrisation_of(const Method& method, double sigma_data) {
  using diffusion::Target;
  static const std::map<std::string, Target> targets = {{"noise", Target::Noise},       {"data", Target::Data},
                                                        {"velocity", Target::Velocity}, {"edm", Target::Edm},
                                                        {"flow", Target::Flow},         {"boundary", Target::Boundary}};
  return {path_of(method), named(targets, method.target), sigma_data, method.learned_variance};
}

diffusion::LossOptions loss_options_of(const TrainConfig& config) {
  using diffusion::Metric;
  using diffusion::TimeDistribution;
  using diffusion::Weighting;
  static const std::map<std::string, Metric> metrics = {
      {"l2", Metric::L2}, {"l1", Metric::L1}, {"huber", Metric::Huber}};
  static const std::map<std::string, Weighting> weightings = {
      {"edm", Weighting::Edm}, {"unit", Weighting::Unit}, {"min_snr", Weighting::MinSnr}};
  diffusion::LossOptions options;
  const bool edm = config.method == "edm", ddpm = config.method == "ddpm";
  static const std::map<std::string, TimeDistribution> times = {{"lognormal", TimeDistribution::LogNormal},
                                                                {"uniform", TimeDistribution::Uniform},
                                                                {"u_shaped", TimeDistribution::UShaped},
                                                                {"noisiest", TimeDistribution::Noisiest}};
  options.times = named(times, config.times != "auto" ? config.times : ddpm ? "uniform" : "lognormal");
  options.log_mean = config.method == "rectified_flow" ? config.logit_mean : config.noise_mean;
  options.log_deviation = config.method == "rectified_flow" ? config.logit_deviation : config.noise_deviation;
  options.weighting = config.weighting != "auto" ? named(weightings, config.weighting)
                      : edm                      ? Weighting::Edm
                                                 : Weighting::Unit;
  options.min_snr_gamma = config.min_snr_gamma;
  options.metric = named(metrics, config.loss);
  options.huber_delta = config.huber_delta;
  options.bound_weight = config.bound_weight;
  return options;
}

diffusion::ConsistencyOptions consistency_options_of(const TrainConfig& config, std::int64_t step) {
  const ConsistencyTraining& own = config.consistency;
  diffusion::ConsistencyOptions options;
  options.log_mean = own.noise_mean;
  options.log_deviation = own.noise_deviation;
  // Stage 0 is plain diffusion, which weights of a generator have behind them.
  const bool diffused = !config.from.empty() && config.from_weights;
  options.stage = static_cast<int>((diffused ? 1 : 0) + std::min(step, config.steps - 1) * own.stages / config.steps);
  options.base = own.base;
  options.huber = own.huber;
  return options;
}

}  // namespace ctforge::pipeline
