// Gradients of processes that share a batch against those of one that has all of it.
#include "models/train/gradient_average.h"

#include "models/train/recompute.h"
#include "tests/models/train/shared_batch.h"

#include <algorithm>
#include <string>

namespace ctforge::train {
namespace {

using namespace support;

StepInput draw(std::int64_t number) { return {number, number, static_cast<std::uint64_t>(100 + number)}; }

// The greatest difference of the gradients of two networks over the greatest gradient.
double difference(const torch::nn::Module& a, const torch::nn::Module& b) {
  double most = 0, greatest = 0;
  const auto left = a.parameters(), right = b.parameters();
  for (std::size_t i = 0; i < left.size(); ++i) {
    most = std::max(most, (left[i].grad() - right[i].grad()).abs().max().item<double>());
    greatest = std::max(greatest, right[i].grad().abs().max().item<double>());
  }
  return most / greatest;
}

struct Case {
  double dropout = 0;
  std::int64_t accumulate = 1;
  bool recomputed = false;
  Precision precision = Precision::Fp32;
  std::int64_t bucket_bytes = 4096;  // many buckets
  torch::Dtype kind = torch::kFloat32;
  double tolerance = 2e-6;  // float32; relative to the greatest gradient
};

// Gradients of one step in each process against those of the whole batch computed beside it.
std::vector<ProcessEnd> compare_gradients(int processes, const Case& test) {
  return run_processes(processes, [&test](Group& group) -> std::string {
    nets::UNet own = small_unet(test.dropout), whole = small_unet(test.dropout);
    own->to(test.kind);
    whole->to(test.kind);
    if (test.recomputed) own->set_block_runner(recomputed);
    nets::share_batch(*own, share_in(group));
    GradientAverage average(group, own->parameters(), test.bucket_bytes);
    const auto shared = denoising(own, share_in(group)), alone = denoising(whole, nets::all_of(kBatch));
    const auto add = [&test](const StepFunction& loss, std::int64_t number) {
      torch::manual_seed(draw(number).seed);
      torch::Tensor value;
      {
        const Autocast autocast(torch::kCPU, test.precision);
        value = loss(draw(number));
      }
      (value / static_cast<double>(test.accumulate)).backward();
    };
    for (std::int64_t part = 0; part < test.accumulate; ++part) {
      add(alone, part);
      if (part + 1 == test.accumulate) average.begin();
      add(shared, part);
    }
    average.finish();
    const double found = difference(*own, *whole);
    return found <= test.tolerance ? "" : "gradients differ by " + std::to_string(found * 1e15) + "e-15";
  });
}

TEST(GradientAverage, IsTheGradientOfTheWholeBatch) {
  expect_nothing_to_complain_of(compare_gradients(2, {}));
  expect_nothing_to_complain_of(compare_gradients(3, {}));
}

// What float32 leaves is rounding alone: with 29 bits more it is gone.
TEST(GradientAverage, IsItToTheLastDigitsInDoublePrecision) {
  expect_nothing_to_complain_of(compare_gradients(2, {.kind = torch::kFloat64, .tolerance = 1e-14}));
  expect_nothing_to_complain_of(
      compare_gradients(3, {.dropout = 0.3, .accumulate = 2, .kind = torch::kFloat64, .tolerance = 1e-14}));
}

TEST(GradientAverage, HoldsWithDropoutAccumulationAndRecomputation) {
  expect_nothing_to_complain_of(compare_gradients(2, {.dropout = 0.3, .accumulate = 3, .recomputed = true}));
}

// Rounding to bfloat16 does not depend on who computes; sums over the batch in bfloat16 do.
TEST(GradientAverage, HoldsToRoundingInMixedPrecision) {
  expect_nothing_to_complain_of(compare_gradients(2, {.precision = Precision::Bf16, .tolerance = 0.02}));
}

TEST(GradientAverage, CountsAMissingGradientAsZeroAndLeavesUnusedParametersAlone) {
  expect_nothing_to_complain_of(run_processes(2, [](Group& group) -> std::string {
    auto both = torch::ones({3}).requires_grad_(), first = torch::ones({2}).requires_grad_(),
         nobody = torch::ones({4}).requires_grad_();
    GradientAverage average(group, {both, first, nobody}, 1);
    average.begin();
    auto loss = both.sum();
    if (group.leads()) loss = loss + 5 * first.sum();
    loss.backward();
    average.finish();
    if (!torch::equal(both.grad(), torch::ones({3}))) return "the mean of equal gradients is not theirs";
    if (!first.grad().defined() || !torch::equal(first.grad(), torch::full({2}, 2.5)))
      return "a missing one is not zero";
    return nobody.grad().defined() ? "an unused parameter has a gradient" : "";
  }));
}

}  // namespace
}  // namespace ctforge::train
