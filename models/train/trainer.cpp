// Implements the training loop.
#include "models/train/trainer.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/random.h"
#include "models/nets/weights.h"
#include "models/train/power_ema.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace ctforge::train {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kLossTail = 20;

NamedParameters some_parameters(const torch::nn::Module& module) {
  NamedParameters result = trained_parameters(module);
  if (result.empty()) throw std::invalid_argument("Trainer: the module has nothing to train");
  return result;
}

std::vector<torch::Tensor> values(const NamedParameters& named) {
  std::vector<torch::Tensor> result;
  for (const auto& [name, tensor] : named) result.push_back(tensor);
  return result;
}

TrainerOptions checked(TrainerOptions options) {
  if (options.steps < 1 || options.accumulate < 1 || options.log_every < 1 || options.checkpoint_every < 0) {
    throw std::invalid_argument("Trainer: steps, accumulate and log_every must be at least 1");
  }
  options.learning_rate.steps = options.steps;
  return options;
}

std::vector<Ema> power_averages_of(const torch::nn::Module& module, const std::vector<double>& lengths) {
  std::vector<Ema> averages;
  for (const double length : lengths) {
    averages.emplace_back(
        module, [gamma = power_ema_gamma(length)](std::int64_t step) { return power_ema_decay(gamma, step); });
  }
  return averages;
}

std::string power_prefix(std::size_t index) { return "power." + std::to_string(index) + "."; }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Trainer::Trainer(torch::nn::Module& module, TrainerOptions options, std::optional<CheckpointStore> store, Hooks hooks)
    : module_(module),
      options_(checked(std::move(options))),
      store_(std::move(store)),
      hooks_(std::move(hooks)),
      parameters_(some_parameters(module)),
      device_(parameters_.front().second.device()),
      optimizer_(parameters_, {options_.beta1, options_.beta2, options_.epsilon, options_.weight_decay}),
      ema_(module, options_.ema),
      powers_(power_averages_of(module, options_.power_lengths)),
      scaler_(options_.precision == Precision::Fp16) {
  check_precision(options_.precision, device_);
  if (!leads()) hooks_.warn = {};
  if (options_.group != nullptr) average_.emplace(*options_.group, values(parameters_));
  resume();
}

void Trainer::resume() {
  if (!store_) return;
  const std::optional<Checkpoint> found = store_->load_newest([this](const std::string& line) {
    damaged_.push_back(line);
    if (hooks_.warn) hooks_.warn(line);
  });
  if (!found) return;
  const auto differences = configuration_differences(found->metadata.at("configuration"), options_.configuration);
  if (!differences.empty()) {
    std::string list = differences.front();
    for (std::size_t i = 1; i < differences.size(); ++i) list += "; " + differences[i];
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the checkpoint to go on from was made with another configuration (" + list +
                            "): restore it, remove the run's checkpoints folder, or start in another folder");
  }
  nets::assign_tensors(module_, with_prefix(found->tensors, "weights."), "the checkpoint's weights");
  ema_.restore(with_prefix(found->tensors, "ema."));
  for (std::size_t i = 0; i < powers_.size(); ++i) powers_[i].restore(with_prefix(found->tensors, power_prefix(i)));
  optimizer_.restore(found->tensors);
  const Json state = Json::parse(found->metadata.at("trainer"));
  step_ = saved_step_ = found->step;
  elapsed_s_ = saved_elapsed_s_ = state.at("elapsed_s").get<double>();
  losses_ = state.at("loss_tail").get<std::deque<double>>();
  window_ = {state.at("window_loss"), state.at("window_gradient_norm"), state.at("window_s"), state.at("window_steps")};
  if (const auto before = state.find("damaged_checkpoints"); before != state.end())
    damaged_.insert(damaged_.begin(), before->begin(), before->end());
  scaler_.restore({state.at("loss_scale").get<double>(), state.at("loss_scale_good_steps").get<std::int64_t>()});
  sha256_ = found->sha256;
}

void Trainer::save() {
  if (!store_ || saved_step_ == step_) return;
  if (!leads()) {
    saved_step_ = step_;
    saved_elapsed_s_ = elapsed_s_;
    return;
  }
  Checkpoint checkpoint;
  checkpoint.step = step_;
  for (const auto& [name, tensor] : nets::named_tensors(module_)) checkpoint.tensors["weights." + name] = tensor;
  for (const auto& [name, tensor] : ema_.state()) checkpoint.tensors["ema." + name] = tensor;
  for (std::size_t i = 0; i < powers_.size(); ++i) {
    for (const auto& [name, tensor] : powers_[i].state()) checkpoint.tensors[power_prefix(i) + name] = tensor;
  }
  optimizer_.add_state(checkpoint.tensors);
  checkpoint.metadata = extra_;
  checkpoint.metadata["configuration"] = options_.configuration;
  // The random state: draws and seeds are functions of the seed and the step.
  checkpoint.metadata["trainer"] = Json{
      {"seed", options_.seed},
      {"elapsed_s", elapsed_s_},
      {"loss_tail", losses_},
      {"window_loss", window_.loss},
      {"window_gradient_norm", window_.gradient_norm},
      {"window_s", window_.seconds},
      {"window_steps", window_.steps},
      {"loss_scale", scaler_.state().scale},
      {"loss_scale_good_steps", scaler_.state().good_steps},
      {"damaged_checkpoints",
       damaged_}}.dump();
  store_->save(checkpoint);
  sha256_ = checkpoint.sha256;
  saved_step_ = step_;
  saved_elapsed_s_ = elapsed_s_;
  if (hooks_.saved) hooks_.saved(step_, sha256_);
}

void Trainer::check_agreement() {
  if (options_.group == nullptr) return;
  io::Sha256 hash;
  hash.update(std::to_string(step_));
  for (const auto& [name, parameter] : parameters_) {
    const auto values = parameter.detach().to(torch::kCPU).contiguous();
    hash.update({static_cast<const std::byte*>(values.const_data_ptr()), static_cast<std::size_t>(values.nbytes())});
  }
  if (!options_.group->agree(hash.hex()))
    throw std::runtime_error(
        "the processes that train together begin with different weights: do all see the same output folder?");
}

Trainer::Signals Trainer::signals() const {
  Signals found;
  found.interrupted = hooks_.interrupted && hooks_.interrupted();
  found.out_of_time = options_.time_limit_s > 0 && elapsed_s_ >= options_.time_limit_s;
  found.save_due = options_.checkpoint_every_s > 0 && elapsed_s_ - saved_elapsed_s_ >= options_.checkpoint_every_s;
  if (options_.group == nullptr) return found;
  const auto votes = options_.group->sum(
      {found.interrupted ? 1.0 : 0.0, leads() && found.out_of_time ? 1.0 : 0.0, leads() && found.save_due ? 1.0 : 0.0});
  return {votes[0] > 0, votes[1] > 0, votes[2] > 0};
}

Outcome Trainer::run(const StepFunction& step) {
  check_agreement();
  if (hooks_.start) hooks_.start(step_);
  module_.train();
  while (step_ < options_.steps) {
    const Signals now = signals();
    if (now.interrupted || now.out_of_time) {
      save();
      return now.interrupted ? Outcome::Interrupted : Outcome::TimeLimit;
    }
    if (now.save_due) save();
    const auto start = std::chrono::steady_clock::now();
    if (!take_step(step) && hooks_.warn) {
      hooks_.warn("step " + std::to_string(step_) + " left out: fp16 gradients overflowed");
    }
    ++step_;
    ema_.update(step_);
    for (Ema& average : powers_) average.update(step_);
    const double seconds = seconds_since(start);
    elapsed_s_ += seconds;
    window_.seconds += seconds;
    log_step();
    if (hooks_.after_step) hooks_.after_step(step_);
    const bool by_steps = options_.checkpoint_every > 0 && step_ % options_.checkpoint_every == 0;
    if (by_steps || (store_ && store_->stays(step_))) save();
  }
  save();
  return Outcome::Finished;
}

double Trainer::backward(const StepFunction& step) {
  double loss_sum = 0;
  for (std::int64_t part = 0; part < options_.accumulate; ++part) {
    StepInput input;
    input.step = step_;
    input.draw = step_ * options_.accumulate + part;
    input.seed = io::mix_seed(options_.seed, static_cast<std::uint64_t>(input.draw));
    torch::manual_seed(input.seed);  // dropout draws from the global generator
    torch::Tensor loss;
    {
      const Autocast autocast(device_, options_.precision);
      loss = step(input);
    }
    const double value = loss.item<double>();
    if (!std::isfinite(value) && !scaler_.enabled() && !average_) diverged("the loss", value, std::nan(""));
    loss_sum += value;
    if (average_ && part + 1 == options_.accumulate) average_->begin();
    scaler_.scale(loss / static_cast<double>(options_.accumulate)).backward();
  }
  const double mean_loss = loss_sum / static_cast<double>(options_.accumulate);
  if (!average_) return mean_loss;
  average_->finish();
  return options_.group->mean(mean_loss);
}

bool Trainer::take_step(const StepFunction& step) {
  optimizer_.zero_grad();
  const double loss = backward(step);
  torch::NoGradGuard no_grad;
  const std::vector<torch::Tensor> found = gradients();
  if (found.empty()) throw std::invalid_argument("Trainer: the loss depends on no parameter");
  scaler_.unscale(found);
  const double norm = torch::stack(torch::_foreach_norm(found)).norm().item<double>();
  const bool finite = std::isfinite(norm) && std::isfinite(loss);
  if (!finite && !scaler_.enabled()) diverged(std::isfinite(loss) ? "the gradient" : "the loss", loss, norm);
  try {
    if (!scaler_.update(finite)) return false;
  } catch (const std::overflow_error&) {
    diverged("the gradient at every loss scale", loss, norm);
  }
  if (options_.clip_norm > 0 && norm > options_.clip_norm) torch::_foreach_mul_(found, options_.clip_norm / norm);
  optimizer_.step(learning_rate(options_.learning_rate, step_));
  losses_.push_back(loss);
  if (losses_.size() > kLossTail) losses_.pop_front();
  window_.loss += loss;
  window_.gradient_norm += norm;
  ++window_.steps;
  return true;
}

void Trainer::log_step() {
  if (step_ % options_.log_every != 0 && step_ != options_.steps) return;
  if (hooks_.log && window_.steps > 0) {
    const auto count = static_cast<double>(window_.steps);
    hooks_.log({step_, window_.loss / count, window_.gradient_norm / count,
                learning_rate(options_.learning_rate, step_ - 1), count / std::max(window_.seconds, 1e-9), elapsed_s_});
  }
  window_ = {};
}

std::vector<torch::Tensor> Trainer::gradients() const {
  std::vector<torch::Tensor> result;
  for (const auto& [name, parameter] : parameters_) {
    if (parameter.grad().defined()) result.push_back(parameter.grad());
  }
  return result;
}

void Trainer::diverged(const std::string& what, double loss, double gradient_norm) const {
  std::string first = "none";
  for (const auto& [name, parameter] : parameters_) {
    const bool weight_bad = !torch::isfinite(parameter).all().item<bool>();
    const bool gradient_bad = parameter.grad().defined() && !torch::isfinite(parameter.grad()).all().item<bool>();
    if (weight_bad || gradient_bad) {
      first = name + (weight_bad ? " (its value)" : " (its gradient)");
      break;
    }
  }
  std::ostringstream text;
  text << "training diverged: " << what << " is not finite at step " << step_ << "; loss " << loss << ", learning rate "
       << learning_rate(options_.learning_rate, step_) << ", gradient norm " << gradient_norm
       << ", first parameter that is not finite: " << first << "; last losses:";
  for (const double value : losses_) text << ' ' << value;
  if (losses_.empty()) text << " none";
  throw Diverged(text.str());
}

}  // namespace ctforge::train
