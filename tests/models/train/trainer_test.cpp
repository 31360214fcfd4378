// The loop learns, stops when it must, and goes on bit for bit after any interruption.
#include "models/train/trainer.h"

#include "io/file/fault.h"
#include "io/file/random.h"
#include "tests/support/support.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>
#include <unistd.h>

namespace ctforge::train {
namespace {

// A network with dropout, so that the global generator matters.
torch::nn::Sequential make_net() {
  torch::manual_seed(1);
  return torch::nn::Sequential(torch::nn::Linear(4, 32), torch::nn::SiLU(), torch::nn::Dropout(0.2),
                               torch::nn::Linear(32, 1));
}

// Regression of a fixed function on inputs that depend on the draw.
StepFunction regression(torch::nn::Sequential net) {
  return [net](const StepInput& input) mutable {
    torch::Generator generator = at::make_generator<at::CPUGeneratorImpl>(input.seed);
    const torch::Tensor x = torch::randn({64, 4}, generator);
    return torch::mse_loss(net->forward(x), x.square().sum(1, true));
  };
}

TrainerOptions small_options() {
  TrainerOptions options;
  options.steps = 60;
  options.learning_rate = {.peak = 1e-2, .schedule = Schedule::Cosine, .warmup_steps = 5};
  options.checkpoint_every = 7;
  options.log_every = 10;
  options.weight_decay = 0.01;
  options.seed = 77;
  options.configuration = R"({"learning_rate":0.01})";
  return options;
}

std::vector<torch::Tensor> final_state(torch::nn::Sequential& net, const Trainer& trainer) {
  std::vector<torch::Tensor> result;
  for (const auto& parameter : net->parameters()) result.push_back(parameter.detach().clone());
  for (const auto& [name, tensor] : trainer.ema().state()) result.push_back(tensor.clone());
  return result;
}

std::vector<torch::Tensor> uninterrupted(const TrainerOptions& options) {
  auto net = make_net();
  Trainer trainer(*net, options, std::nullopt);
  EXPECT_EQ(trainer.run(regression(net)), Outcome::Finished);
  return final_state(net, trainer);
}

void expect_equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i], b[i])) << "tensor " << i;
}

TEST(Trainer, LossGoesDownAndIsLogged) {
  auto net = make_net();
  std::vector<LogEntry> log;
  Hooks hooks;
  hooks.log = [&](const LogEntry& entry) { log.push_back(entry); };
  TrainerOptions options = small_options();
  options.steps = 300;
  Trainer trainer(*net, options, std::nullopt, hooks);
  EXPECT_EQ(trainer.run(regression(net)), Outcome::Finished);
  ASSERT_EQ(log.size(), 30U);
  EXPECT_EQ(log.back().step, 300);
  EXPECT_LT(log.back().loss, 0.5 * log.front().loss);
  EXPECT_GT(log.front().gradient_norm, 0);
  EXPECT_GT(log.front().steps_per_s, 0);
}

// One AdamW step on f(w) = w from w = 1: the bias-corrected moments are the gradient itself, so
// w' = w - lr * weight_decay * w - lr * g / (|g| + eps); clipping changes g but not its sign.
TEST(Trainer, FirstStepIsAdamW) {
  torch::nn::Linear net(torch::nn::LinearOptions(1, 1).bias(false));
  {
    torch::NoGradGuard no_grad;
    net->weight.fill_(1);
  }
  TrainerOptions options;
  options.steps = 1;
  options.learning_rate = {.peak = 0.1};
  options.weight_decay = 0.5;
  options.clip_norm = 0.5;
  Hooks hooks;
  double norm = 0;
  hooks.log = [&](const LogEntry& entry) { norm = entry.gradient_norm; };
  Trainer trainer(*net, options, std::nullopt, hooks);
  trainer.run([&](const StepInput&) { return net->weight.sum() * 3; });
  EXPECT_NEAR(net->weight.item<float>(), 1 - 0.1 * 0.5 - 0.1, 1e-6);
  EXPECT_NEAR(norm, 3, 1e-6);
}

TEST(Trainer, AccumulationAveragesGradients) {
  torch::nn::Linear net(torch::nn::LinearOptions(1, 1).bias(false));
  std::vector<std::int64_t> draws;
  TrainerOptions options;
  options.steps = 2;
  options.accumulate = 4;
  options.log_every = 1;
  Hooks hooks;
  std::vector<double> norms;
  hooks.log = [&](const LogEntry& entry) { norms.push_back(entry.gradient_norm); };
  Trainer trainer(*net, options, std::nullopt, hooks);
  trainer.run([&](const StepInput& input) {
    draws.push_back(input.draw);
    return net->weight.sum() * static_cast<double>(input.draw % 4);
  });
  EXPECT_EQ(draws, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_NEAR(norms.at(0), 1.5, 1e-6);
}

TEST(Trainer, InterruptedRunsGoOnBitForBit) {
  const auto expected = uninterrupted(small_options());
  const test::TemporaryFolder folder;
  int starts = 0;
  std::vector<std::int64_t> resumed, saved;
  for (Outcome outcome = Outcome::Interrupted; outcome == Outcome::Interrupted; ++starts) {
    auto net = make_net();
    int steps_left = 13;
    Hooks hooks;
    hooks.interrupted = [&] { return steps_left == 0; };
    hooks.after_step = [&](std::int64_t) { --steps_left; };
    hooks.start = [&](std::int64_t step) { resumed.push_back(step); };
    hooks.saved = [&](std::int64_t step, const std::string& sha256) {
      saved.push_back(step);
      EXPECT_EQ(sha256, CheckpointStore(folder.path(), "run").load_newest()->sha256);
    };
    Trainer trainer(*net, small_options(), CheckpointStore(folder.path(), "run"), hooks);
    outcome = trainer.run(regression(net));
    if (outcome == Outcome::Finished) expect_equal(expected, final_state(net, trainer));
  }
  EXPECT_EQ(resumed, (std::vector<std::int64_t>{0, 13, 26, 39, 52}));
  for (const std::int64_t step : {13, 26, 39, 52, 60}) EXPECT_EQ(std::count(saved.begin(), saved.end(), step), 1);
}

// The child trains slowly and is killed wherever it happens to be; the last one is left alone.
TEST(Trainer, KilledRunsGoOnBitForBit) {
  const auto expected = uninterrupted(small_options());
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "run");
  io::Random random(4);
  for (int kill_number = 0; kill_number < 6; ++kill_number) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      torch::set_num_threads(1);  // the parent's thread pool does not exist here
      auto net = make_net();
      Hooks hooks;
      hooks.after_step = [](std::int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
      Trainer trainer(*net, small_options(), store, hooks);
      trainer.run(regression(net));
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random.below(60)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
  }
  auto net = make_net();
  Trainer trainer(*net, small_options(), store);
  EXPECT_EQ(trainer.run(regression(net)), Outcome::Finished);
  expect_equal(expected, final_state(net, trainer));
}

TEST(Trainer, DamagedNewestCheckpointCostsOnlyTheStepsSince) {
  const auto expected = uninterrupted(small_options());
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "run");
  {
    auto net = make_net();
    TrainerOptions options = small_options();
    bool stop = false;
    Hooks hooks;
    hooks.after_step = [&](std::int64_t step) { stop = step == 30; };
    hooks.interrupted = [&] { return stop; };
    Trainer(*net, options, store, hooks).run(regression(net));
  }
  const auto newest = store.files().front();
  test::write_file(newest, test::read_file(newest).substr(0, 500));
  auto net = make_net();
  std::string warning;
  Hooks hooks;
  hooks.warn = [&](const std::string& line) { warning = line; };
  Trainer trainer(*net, small_options(), store, hooks);
  EXPECT_EQ(trainer.steps_done(), 28);
  EXPECT_NE(warning.find("damaged"), std::string::npos);
  trainer.run(regression(net));
  expect_equal(expected, final_state(net, trainer));
  // It is still known after another resumption.
  auto later = make_net();
  EXPECT_EQ(Trainer(*later, small_options(), store).damaged_checkpoints(), std::vector<std::string>{warning});
}

TEST(Trainer, AnotherConfigurationIsRefused) {
  const test::TemporaryFolder folder;
  const CheckpointStore store(folder.path(), "run");
  auto net = make_net();
  Trainer(*net, small_options(), store).run(regression(net));
  TrainerOptions other = small_options();
  other.configuration = R"({"learning_rate":0.02})";
  try {
    Trainer(*net, other, store);
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_NE(std::string(error.what()).find("learning_rate was 0.01, is now 0.02"), std::string::npos);
  }
}

TEST(Trainer, LossThatIsNotFiniteStopsWithWhatLedToIt) {
  auto net = make_net();
  Trainer trainer(*net, small_options(), std::nullopt);
  const StepFunction good = regression(net);
  try {
    trainer.run([&](const StepInput& input) {
      const torch::Tensor loss = good(input);
      return input.step == 25 ? loss * std::numeric_limits<float>::quiet_NaN() : loss;
    });
    FAIL() << "went on";
  } catch (const Diverged& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("the loss is not finite at step 25"), std::string::npos) << text;
    EXPECT_NE(text.find("last losses: "), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin() + static_cast<std::ptrdiff_t>(text.find("last losses:")), text.end(), ' '), 21);
  }
}

TEST(Trainer, GradientThatIsNotFiniteNamesTheParameter) {
  auto net = make_net();
  const test::TemporaryFolder folder;
  Trainer trainer(*net, small_options(), CheckpointStore(folder.path(), "run"));
  const StepFunction good = regression(net);
  try {
    trainer.run([&](const StepInput& input) {
      torch::Tensor loss = good(input);
      // sqrt has an infinite slope at 0, times 0 in the forward pass: finite loss, NaN gradient of the last layer.
      const torch::Tensor bias = net->named_parameters()["3.bias"];
      if (input.step == 3) loss = loss + ((bias - bias.detach()) * 0).sqrt().sum();
      return loss;
    });
    FAIL() << "went on";
  } catch (const Diverged& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("the gradient is not finite at step 3"), std::string::npos) << text;
    EXPECT_NE(text.find("3.bias (its gradient)"), std::string::npos) << text;
  }
  EXPECT_TRUE(CheckpointStore(folder.path(), "run").files().empty());
}

TEST(Trainer, TimeLimitEndsTheRunDone) {
  auto net = make_net();
  const test::TemporaryFolder folder;
  TrainerOptions options = small_options();
  options.steps = 1000000;
  options.learning_rate.schedule = Schedule::Constant;
  options.time_limit_s = 0.05;
  const CheckpointStore store(folder.path(), "run");
  Trainer trainer(*net, options, store);
  EXPECT_EQ(trainer.run(regression(net)), Outcome::TimeLimit);
  const std::int64_t done = trainer.steps_done();
  EXPECT_GT(done, 0);
  auto again = make_net();
  Trainer resumed(*again, options, store);
  EXPECT_EQ(resumed.run(regression(again)), Outcome::TimeLimit);
  EXPECT_EQ(resumed.steps_done(), done);
}

TEST(Trainer, ImpossibleOptionsAreRefused) {
  auto net = make_net();
  TrainerOptions options = small_options();
  options.precision = Precision::Fp16;
  EXPECT_THROW(Trainer(*net, options, std::nullopt), std::invalid_argument);
  options = small_options();
  options.steps = 0;
  EXPECT_THROW(Trainer(*net, options, std::nullopt), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::train
