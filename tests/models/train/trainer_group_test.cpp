// The training loop in several processes: equal weights, resumption on another number, one end for all.
#include "models/train/trainer.h"
#include "tests/models/train/shared_batch.h"
#include "tests/support/support.h"

#include <stdexcept>
#include <string>

namespace ctforge::train {
namespace {

using namespace support;

TrainerOptions options_of(Group* group, std::int64_t steps) {
  TrainerOptions options;
  options.steps = steps;
  options.learning_rate = {.peak = 2e-3};
  options.checkpoint_every = 25;
  options.log_every = 10;
  options.seed = 5;
  options.group = group;
  return options;
}

// Trains up to `steps` in a folder; all bits of the weights.
std::string train(const std::filesystem::path& folder, Group* group, std::int64_t steps) {
  nets::UNet net = small_unet(0.1);
  const auto share = group != nullptr ? share_in(*group) : nets::all_of(kBatch);
  if (group != nullptr) nets::share_batch(*net, share);
  Trainer trainer(*net, options_of(group, steps), CheckpointStore(folder, "net"));
  trainer.run(denoising(net, share));
  std::string bits;
  for (const auto& parameter : net->parameters()) {
    const auto plain = parameter.detach().contiguous();
    if (!torch::isfinite(plain).all().item<bool>()) throw std::runtime_error("weights are not finite");
    bits.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  return bits;
}

TEST(Trainer, KeepsTheWeightsOfAllProcessesEqual) {
  const ctforge::test::TemporaryFolder folder;
  expect_nothing_to_complain_of(run_processes(2, [&folder](Group& group) -> std::string {
    std::string bits = train(folder.path(), &group, 200);
    if (!group.agree(bits)) return "not equal";  // by SHA-256
    if (!group.leads()) bits[0] = static_cast<char>(bits[0] ^ 1);
    return group.agree(bits) ? "one bit goes unnoticed" : "";
  }));
}

TEST(Trainer, GoesOnWithAnotherNumberOfProcesses) {
  const ctforge::test::TemporaryFolder one, two_then_one, one_then_two;
  const auto on = [](const std::filesystem::path& folder, int processes, std::int64_t steps) {
    const auto work = [&](Group& group) {
      train(folder, &group, steps);
      return std::string();
    };
    if (processes == 2) return expect_nothing_to_complain_of(run_processes(2, work));
    expect_nothing_to_complain_of(run_processes(2, [&](Group& group) {
      if (group.leads()) train(folder, nullptr, steps);
      return std::string();
    }));
  };
  on(one.path(), 1, 40);
  on(two_then_one.path(), 2, 20);
  on(two_then_one.path(), 1, 40);
  on(one_then_two.path(), 1, 20);
  on(one_then_two.path(), 2, 40);
  const auto weights = [](const std::filesystem::path& folder) {
    const auto found = CheckpointStore(folder, "net").load_newest();
    EXPECT_EQ(found->step, 40);
    return with_prefix(found->tensors, "weights.");
  };
  const auto expected = weights(one.path());
  for (const auto* folder : {&two_then_one, &one_then_two}) {
    for (const auto& [name, tensor] : weights(folder->path()))
      EXPECT_LT((tensor - expected.at(name)).abs().max().item<double>(), 1e-4) << name;
  }
}

TEST(Trainer, RefusesProcessesThatBeginDifferently) {
  const auto ends = run_processes(2, [](Group& group) -> std::string {
    nets::UNet net = small_unet(0);
    if (!group.leads()) {
      const torch::NoGradGuard no_grad;
      net->parameters().front().add_(1e-6);
    }
    Trainer(*net, options_of(&group, 5), std::nullopt).run(denoising(net, share_in(group)));
    return "";
  });
  for (const ProcessEnd& end : ends) EXPECT_EQ(end.exit_code, 2);
}

TEST(Trainer, StopsAllProcessesAtTheSameStep) {
  expect_nothing_to_complain_of(run_processes(2, [](Group& group) -> std::string {
    nets::UNet net = small_unet(0);
    int asked = 0;
    Hooks hooks;
    hooks.interrupted = [&] { return ++asked == 4 && group.rank() == 1; };
    Trainer trainer(*net, options_of(&group, 50), std::nullopt, hooks);
    const Outcome outcome = trainer.run(denoising(net, share_in(group)));
    return outcome == Outcome::Interrupted && trainer.steps_done() == 3 ? "" : std::to_string(trainer.steps_done());
  }));
}

}  // namespace
}  // namespace ctforge::train
