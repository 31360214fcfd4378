// The training loop: steps, clipping, averaging, checkpoints, resumption. It does not know what the loss means.
#pragma once

#include "models/train/adamw.h"
#include "models/train/checkpoint.h"
#include "models/train/ema.h"
#include "models/train/gradient_average.h"
#include "models/train/learning_rate.h"
#include "models/train/parallel.h"
#include "models/train/precision.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/nn/module.h>

namespace ctforge::train {

struct TrainerOptions {
  std::int64_t steps = 1000;
  LearningRateOptions learning_rate;  // its `steps` is taken from above
  double weight_decay = 0;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double clip_norm = 1;  // largest global gradient norm; 0: not clipped
  EmaOptions ema;
  std::vector<double> power_lengths;  // sigma_rel of further averages, as power_ema.h has them
  Precision precision = Precision::Fp32;
  std::int64_t accumulate = 1;           // losses averaged into one step
  std::int64_t checkpoint_every = 1000;  // steps; 0: by time alone
  double checkpoint_every_s = 0;         // also when this long has passed since the last one; 0: by steps alone
  double time_limit_s = 0;               // stop, done, after this much training time over all resumptions; 0: none
  std::int64_t log_every = 50;           // steps between calls of Hooks::log
  std::uint64_t seed = 0;
  std::string configuration = "{}";  // JSON object: what must be the same for a checkpoint to be gone on with
  // Processes that take each step together, each with its share of the batch; null: this one alone. Not owned.
  Group* group = nullptr;
};

// What one evaluation of the loss is given. Everything random must come from `seed` or from torch's global generator,
// which is seeded with it beforehand; data must be chosen by `draw`.
struct StepInput {
  std::int64_t step = 0;   // counted from 0
  std::int64_t draw = 0;   // step * accumulate + part: which batch of the data
  std::uint64_t seed = 0;  // of (options.seed, draw)
};
// A scalar loss with its graph. Called under autocast where the precision asks for it.
using StepFunction = std::function<torch::Tensor(const StepInput&)>;

struct LogEntry {
  std::int64_t step = 0;     // steps done
  double loss = 0;           // mean since the last entry
  double gradient_norm = 0;  // before clipping, mean since the last entry
  double learning_rate = 0;  // of the last step
  double steps_per_s = 0;    // since the last entry
  double elapsed_s = 0;      // training time, over all resumptions
};

struct Hooks {
  std::function<void(const LogEntry&)> log;
  // Steps done, before each step: where a run goes on, to cut logs; called once with the resumed step at the start.
  std::function<void(std::int64_t step)> start;
  std::function<void(const std::string&)> warn;       // damaged checkpoints, skipped fp16 steps
  std::function<bool()> interrupted;                  // asked after every step
  std::function<void(std::int64_t step)> after_step;  // steps done; progress and validation
  // A checkpoint is on disk: steps done, SHA-256 of its contents.
  std::function<void(std::int64_t step, const std::string& sha256)> saved;
};

enum class Outcome { Finished, TimeLimit, Interrupted };

// A loss or a gradient stopped being finite. what() says at which step, the learning rate, the gradient norm, the
// first parameter concerned and the last 20 losses.
class Diverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// AdamW (Loshchilov and Hutter 2019) over the module's parameters. A run that is stopped at any moment, even killed,
// and started again gives the weights of a run never stopped, bit for bit (same machine and number of threads and
// processes; with another number, to rounding).
//
// In a group the loss of each process must be that of its share of the batch, and their mean that of the whole batch.
// All load the same checkpoint; the first alone writes, logs and warns. All stop at the same step.
class Trainer {
 public:
  // Loads the newest good checkpoint of the store into the module and goes on from it. Throws std::invalid_argument
  // for impossible options and io::DataError(InvalidTable) when the checkpoint was made with another configuration.
  Trainer(torch::nn::Module& module, TrainerOptions options, std::optional<CheckpointStore> store, Hooks hooks = {});

  // Until done, out of time or interrupted; a checkpoint is on disk on return. Throws Diverged.
  // In a group also std::runtime_error where its processes begin with different weights.
  Outcome run(const StepFunction& step);

  std::int64_t steps_done() const { return step_; }
  double elapsed_s() const { return elapsed_s_; }
  const Ema& ema() const { return ema_; }
  // One for each of power_lengths.
  const std::vector<Ema>& power_averages() const { return powers_; }
  // More texts to keep in each checkpoint's metadata.
  void set_metadata(const std::string& key, const std::string& text) { extra_[key] = text; }
  // One line for each damaged checkpoint that this training, over all resumptions, went on before.
  const std::vector<std::string>& damaged_checkpoints() const { return damaged_; }
  // SHA-256 of the last checkpoint saved or loaded; empty when there is none.
  const std::string& checkpoint_sha256() const { return sha256_; }

 private:
  struct Signals {
    bool interrupted = false, out_of_time = false, save_due = false;
  };

  void resume();
  void save();
  bool leads() const { return options_.group == nullptr || options_.group->leads(); }
  void check_agreement();
  Signals signals() const;  // of any process
  // False when an fp16 step was left out.
  bool take_step(const StepFunction& step);
  double backward(const StepFunction& step);  // mean loss of the parts
  void log_step();
  [[noreturn]] void diverged(const std::string& what, double loss, double gradient_norm) const;
  std::vector<torch::Tensor> gradients() const;

  torch::nn::Module& module_;
  TrainerOptions options_;
  std::optional<CheckpointStore> store_;
  Hooks hooks_;
  NamedParameters parameters_;  // those that are trained
  torch::Device device_;
  AdamW optimizer_;
  Ema ema_;
  std::vector<Ema> powers_;
  GradScaler scaler_;
  std::optional<GradientAverage> average_;  // in a group
  std::int64_t step_ = 0;
  double elapsed_s_ = 0;
  std::int64_t saved_step_ = -1;
  double saved_elapsed_s_ = 0;
  std::deque<double> losses_;  // the last 20
  struct Window {              // since the last log entry
    double loss = 0, gradient_norm = 0, seconds = 0;
    std::int64_t steps = 0;
  } window_;
  std::string sha256_;
  std::vector<std::string> damaged_;
  io::Metadata extra_;
};

}  // namespace ctforge::train
