// Drawing training patches: rare organs are seen, and what is unknown is marked so.
#include "eval/patch_sampler.h"

#include "tests/eval/support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

// 100 patches of which one shows label 1 and fifty label 2.
PatchSet rare() {
  torch::Tensor mask = torch::zeros({100, 2, 2}, torch::kUInt8);
  mask[0][0][0] = 1;
  mask.narrow(0, 50, 50).fill_(2);
  return test::patch_set(torch::zeros({100, 2, 2}, torch::kInt16), mask, std::vector<std::int32_t>(100, 0));
}

TEST(PatchSampler, ShowsARareOrganAsOftenAsACommonOne) {
  const PatchSet set = rare();
  const PatchSampler sampler({&set, 1, {}});
  io::Random random(1);
  const TrainingBatch batch = sampler.draw(400, 0.5, random);
  const double with_rare = (batch.images.label == 1).flatten(1).any(1).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(with_rare, 0.25 + 0.005, 0.06);
  const TrainingBatch uniform = sampler.draw(400, 0, random);
  EXPECT_LT((uniform.images.label == 1).flatten(1).any(1).to(torch::kFloat64).mean().item<double>(), 0.04);
}

TEST(PatchSampler, MarksWhatIsUnknownInThePatientOrUnsureInThePatch) {
  PatchSet set = rare();
  set.contoured[0] = {true, false, true};
  io::Random random(2);
  const TrainingBatch plain = PatchSampler({&set, 1, {}}).draw(50, 0.5, random);
  EXPECT_FALSE(plain.contoured.select(1, 1).any().item<bool>());
  EXPECT_TRUE(plain.contoured.select(1, 2).all().item<bool>());
  const TrainingBatch unsure = PatchSampler({&set, 1, {false, false, true}}).draw(50, 0.5, random);
  const torch::Tensor shown = (unsure.images.label == 2).flatten(1).any(1);
  EXPECT_TRUE(torch::equal(unsure.contoured.select(1, 2), shown));
}

TEST(PatchSampler, RefusesASourceWithoutPatches) {
  const PatchSet none = subset(rare(), {});
  EXPECT_THROW(PatchSampler({&none, 1, {}}), std::invalid_argument);
  EXPECT_THROW(PatchSampler({nullptr, 1, {}}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
