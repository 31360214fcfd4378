// Sets of patches: from shards, parts and joints of them, fair draws, noise, and the guard against leaks.
#include "eval/patch_set.h"

#include "io/file/fault.h"
#include "tests/eval/support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

PatchSet numbered(std::int64_t count, const std::vector<std::int32_t>& patient) {
  const torch::Tensor hu = torch::arange(count, torch::kInt16).view({count, 1, 1}).expand({count, 2, 2}).contiguous();
  return test::patch_set(hu, torch::zeros({count, 2, 2}, torch::kUInt8), patient);
}

std::int64_t value(const PatchSet& set, std::int64_t index) {
  const Indices one = {index};
  return set.pixels(one).hu[0][0][0].item<std::int64_t>();
}

TEST(PatchesOf, ReadsShardsAndWhatWasContoured) {
  const test::TemporaryFolder folder;
  io::ShardInfo info;
  info.height = 1;
  info.width = 2;
  info.classes = {"neck"};
  info.labels = {"background", "cord", "larynx"};
  io::ShardWriter writer(folder.path(), "train", info, 2);
  writer.set_contoured("S-1", {1});
  for (std::int16_t i = 0; i < 3; ++i) {
    writer.add({{i, 7}, {0, 1}, 0, i < 2 ? "P-a" : "P-b", i < 1 ? "S-1" : "S-2", {.slice = i}});
  }
  writer.finish();
  const PatchSet set = patches_of(std::make_shared<const io::ShardSet>(folder.path(), "train"));
  EXPECT_EQ(set.patients, (std::vector<std::string>{"P-a", "P-b"}));
  EXPECT_EQ(set.patient, (std::vector<std::int32_t>{0, 0, 1}));
  EXPECT_EQ(set.series, (std::vector<std::int32_t>{0, 1, 1}));
  EXPECT_EQ(set.contoured[0], (std::vector<bool>{true, true, false}));
  EXPECT_EQ(set.contoured[1], (std::vector<bool>{true, true, true}));
  const Indices backwards = {2, 0};
  const Pixels pixels = set.pixels(backwards);
  EXPECT_EQ(pixels.hu[0][0][0].item<int>(), 2);
  EXPECT_EQ(pixels.hu[1][0][1].item<int>(), 7);
  EXPECT_EQ(pixels.mask[1][0][1].item<int>(), 1);
}

TEST(PatchSets, JoinedAndCutFetchTheRightPixels) {
  const PatchSet a = numbered(4, {0, 0, 1, 1});
  PatchSet b = numbered(3, {0, 1, 1});
  b.patients = {"P-1", "P-new"};
  b.contoured[0] = {true, false, true};
  const std::vector<PatchSet> both = {a, subset(b, {2, 1})};
  const PatchSet joint = concatenate(both);
  EXPECT_EQ(joint.size(), 6);
  EXPECT_EQ(joint.patients, (std::vector<std::string>{"P-0", "P-1", "P-new"}));
  EXPECT_EQ(joint.patient[5], 2);
  EXPECT_EQ(joint.series, (std::vector<std::int32_t>{0, 0, 1, 1, 3, 3}));
  EXPECT_EQ(joint.contoured[2], (std::vector<bool>{true, false, true}));
  EXPECT_EQ(joint.contoured[3], (std::vector<bool>{true, true, true}));
  EXPECT_EQ(value(joint, 3), 3);
  EXPECT_EQ(value(joint, 4), 2);
  EXPECT_EQ(value(subset(joint, {5, 0}), 0), 1);
  EXPECT_EQ(joint.all().hu.size(0), 6);
}

TEST(EvenOverPatients, GivesEveryPatientItsShare) {
  std::vector<std::int32_t> patient(90, 0);
  std::fill(patient.begin() + 60, patient.begin() + 62, 1);
  std::fill(patient.begin() + 62, patient.end(), 2);
  const PatchSet set = numbered(90, patient);
  const Indices drawn = even_over_patients(set, 22, 3);
  std::map<std::int32_t, int> counts;
  for (const std::int64_t index : drawn) ++counts[set.patient[static_cast<std::size_t>(index)]];
  EXPECT_EQ(counts[0], 10);
  EXPECT_EQ(counts[1], 2);  // all it has
  EXPECT_EQ(counts[2], 10);
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  EXPECT_EQ(even_over_patients(set, 0, 3).size(), 90u);
}

TEST(NoiseLike, IsClippedNoiseThatDependsOnSeedAndIndexAlone) {
  const PatchSet like =
      test::patch_set(torch::zeros({1, 64, 64}, torch::kInt16), torch::zeros({1, 64, 64}, torch::kUInt8), {0});
  const PatchSet noise = noise_like(like, 20, 9);
  const torch::Tensor all = noise.all().hu.to(torch::kFloat64);
  EXPECT_EQ(all.min().item<double>(), -1000);
  EXPECT_EQ(all.max().item<double>(), 1000);
  EXPECT_NEAR(all.mean().item<double>(), 0, 10);
  EXPECT_NEAR((all == 1000).to(torch::kFloat64).mean().item<double>(), 0.1587, 0.01);  // P(N(0,1) > 1)
  const Indices one = {7};
  EXPECT_TRUE(torch::equal(noise.pixels(one).hu[0].to(torch::kFloat64), all[7]));
}

TEST(Windowed, MapsTheWindowsEndsAndClips) {
  const torch::Tensor hu = torch::tensor({-2000, -160, 40, 240, 3000}, torch::kInt16);
  const torch::Tensor expected = torch::tensor({-1.0F, -1.0F, 0.0F, 1.0F, 1.0F});
  EXPECT_TRUE(torch::allclose(windowed(hu, {-160, 240}), expected, 0, 1e-6));
  EXPECT_THROW(windowed(hu, {10, 10}), std::invalid_argument);
}

TEST(Unwindowed, UndoesTheWindowInWholeHu) {
  const torch::Tensor image = torch::tensor({-1.0F, 0.0F, 0.5F, 1.0F, 7.0F, -7.0F}).reshape({3, 2});
  const torch::Tensor expected = torch::tensor({-160, 40, 140, 240, 240, -160}, torch::kInt16).reshape({2, 3}).t();
  EXPECT_TRUE(torch::equal(unwindowed(image, {-160, 240}).flatten(),
                           torch::tensor({-160, 40, 140, 240, 240, -160}, torch::kInt16)));
  EXPECT_TRUE(torch::equal(unwindowed(image.reshape({2, 3}).t(), {-160, 240}), expected));
}

TEST(RequireDisjointPatients, StopsALeakAndNamesNobody) {
  const PatchSet a = numbered(2, {0, 1});
  PatchSet b = numbered(1, {0});
  try {
    require_disjoint_patients(a, b, "train and test");
    FAIL() << "a patient on both sides was let through";
  } catch (const io::DataError& error) {
    EXPECT_EQ(std::string(error.what()).find("P-0"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("train and test"), std::string::npos);
  }
  b.patients = {"P-other"};
  EXPECT_NO_THROW(require_disjoint_patients(a, b, "train and test"));
}

TEST(PatchSets, OfDifferentKindsAreNotJoined) {
  PatchSet a = numbered(2, {0, 1}), b = numbered(2, {0, 1});
  b.labels.back() = "another organ";
  const std::vector<PatchSet> both = {a, b};
  EXPECT_THROW(concatenate(both), io::DataError);
  EXPECT_THROW(subset(a, {2}), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
