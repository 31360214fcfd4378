// From the names of section `train` to the parts of models/diffusion.
#include "pipeline/train_method.h"

#include "models/diffusion/schedule.h"
#include "pipeline/config_tree.h"

#include <map>
#include <stdexcept>
#include <vector>

namespace ctforge::pipeline {

namespace {

template <class Value>
Value named(const std::map<std::string, Value>& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) throw std::invalid_argument("unknown " + name);
  return found->second;
}

std::vector<double> betas_named(const std::string& name) {
  using namespace diffusion;
  if (name == "linear") return linear_betas();
  if (name == "scaled_linear") return scaled_linear_betas();
  if (name == "cosine") return cosine_betas();
  if (name == "raised_cosine") return raised_cosine_betas();
  if (name == "sigmoid") return sigmoid_betas();
  throw std::invalid_argument("unknown schedule " + name);
}

diffusion::Path path_of(const Method& method) {
  if (method.name == "edm") return diffusion::ve();
  if (method.name == "rectified_flow") return diffusion::rectified();
  if (method.name != "ddpm") throw std::invalid_argument("unknown method " + method.name);
  const auto betas = betas_named(method.betas);
  return diffusion::vp(method.zero_terminal_snr ? diffusion::with_zero_terminal_snr(betas) : betas);
}

}  // namespace

Method method_of(const TrainConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto refuse = [&problems](const char* key, const std::string& text) {
    problems.push_back({"configuration", std::string("train.") + key, text});
  };
  Method method;
  method.name = config.method;
  const bool ddpm = config.method == "ddpm", flow = config.method == "rectified_flow";
  method.target = config.target != "auto" ? config.target : ddpm ? "velocity" : flow ? "flow" : "edm";
  if (ddpm) method.betas = config.betas;
  method.zero_terminal_snr = config.zero_terminal_snr;
  method.learned_variance = config.learned_variance;
  if (config.zero_terminal_snr && !ddpm) refuse("zero_terminal_snr", "is for train.method ddpm");
  if (config.learned_variance && (!ddpm || config.zero_terminal_snr))
    refuse("learned_variance", "is for train.method ddpm without zero_terminal_snr");
  if (config.learned_variance && config.times == "lognormal")
    refuse("learned_variance", "needs train.times uniform: the bound is a sum over all steps");
  if (method.target == "noise" && (flow || config.zero_terminal_snr))
    refuse("target", "must not be noise on a path that ends without signal: it tells nothing of the data there");
  if (config.weighting == "edm" && config.method != "edm")
    refuse("weighting", "edm is for train.method edm: elsewhere it grows beyond all bounds at an end of the path");
  if (config.weighting == "min_snr" && (flow || config.zero_terminal_snr))
    refuse("weighting", "must not be min_snr on a path that ends without signal: it would weigh nothing there");
  if (config.times == "uniform" && config.method == "edm")
    refuse("times", "must be lognormal for train.method edm, whose noise levels span five orders of magnitude");
  if (!problems.empty()) throw ConfigError(problems);
  return method;
}

diffusion::Parametrisation parametrisation_of(const Method& method, double sigma_data) {
  using diffusion::Target;
  static const std::map<std::string, Target> targets = {{"noise", Target::Noise},
                                                        {"data", Target::Data},
                                                        {"velocity", Target::Velocity},
                                                        {"edm", Target::Edm},
                                                        {"flow", Target::Flow}};
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
  const bool uniform = config.times == "uniform" || (config.times == "auto" && ddpm);
  options.times = uniform ? TimeDistribution::Uniform : TimeDistribution::LogNormal;
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

}  // namespace ctforge::pipeline
