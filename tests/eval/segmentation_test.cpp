// Training a segmenter on shapes: it learns them, the same way for the same seed, and pads what its strides ask for.
#include "eval/segmentation.h"

#include "eval/dice.h"
#include "tests/eval/support.h"
#include "tests/support/support.h"

#include <cmath>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

SegmentationOptions small(std::int64_t steps) {
  SegmentationOptions options;
  options.steps = steps;
  options.batch = 8;
  options.channels = {8, 16};
  options.warmup = 5;
  options.learning_rate = 1e-2;
  options.validate_every = 20;
  options.precision = train::Precision::Fp32;
  return options;
}

TEST(TrainSegmenter, LearnsShapesAndRecordsItsCurve) {
  // 21 pixels are no multiple of the stride of 2: the padding is exercised too.
  const PatchSet training = test::shapes(64, 21, 1), held_out = test::shapes(16, 21, 2);
  const Source source{&training, 1, {}};
  const SegmentationOptions options = small(60);
  std::int64_t steps = 0;
  TrainedSegmenter trained = train_segmenter(std::span(&source, 1), held_out, options, 1,
                                             {.after_step = [&](std::int64_t step) { steps = step; }});
  EXPECT_EQ(steps, 60);
  ASSERT_EQ(trained.curve.size(), 4u);  // 45 is three quarters
  EXPECT_EQ(trained.curve[3].step, 60);
  EXPECT_LT(trained.curve[3].validation_loss, trained.curve[0].validation_loss);
  EXPECT_GT(trained.patches_per_second, 0);
  const torch::Tensor predictions = predict(trained.net, held_out, options);
  EXPECT_EQ(predictions.sizes(), torch::IntArrayRef({16, 21, 21}));
  for (const PatientDice& score : score_patients(held_out, predictions)) EXPECT_GT(mean_scored(score.dice), 0.7);
}

TEST(TrainSegmenter, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const PatchSet training = test::shapes(16, 16, 3);
  const std::vector<Source> sources = {{&training, 0.5, {}}, {&training, 0.5, {}}};
  const auto loss = [&](std::uint64_t seed) {
    return train_segmenter(sources, subset(training, {}), small(4), seed).curve[0].training_loss;
  };
  EXPECT_EQ(loss(1), loss(1));
  EXPECT_NE(loss(1), loss(2));
}

TEST(TrainSegmenter, StopsWhenAskedTo) {
  const PatchSet training = test::shapes(8, 16, 4);
  const Source source{&training, 1, {}};
  EXPECT_THROW(train_segmenter(std::span(&source, 1), subset(training, {}), small(50), 1,
                               {.after_step =
                                    [](std::int64_t step) {
                                      if (step == 2) throw std::string("stop");
                                    }}),
               std::string);
}

TEST(TrainSegmenter, GoesOnBitForBitWhereItWasStopped) {
  const PatchSet training = test::shapes(16, 16, 3), validation = test::shapes(8, 16, 4);
  const Source source{&training, 1, {}};
  SegmentationOptions options = small(12);
  options.validate_every = 5;
  const auto train = [&](const SegmentationHooks& hooks) {
    TrainedSegmenter trained = train_segmenter(std::span(&source, 1), validation, options, 1, hooks);
    return std::pair{trained.net->parameters(), trained.curve};
  };
  const auto [weights, curve] = train({});
  const ctforge::test::TemporaryFolder folder;
  SegmentationHooks hooks;
  hooks.store.emplace(folder.path(), "cell", 1);
  hooks.identity = "these patches";
  hooks.save = [] { return true; };
  for (const std::int64_t last : {3, 7, 10}) {
    hooks.after_step = [last](std::int64_t step) {
      if (step == last) throw std::string("stop");
    };
    EXPECT_THROW(train(hooks), std::string);
    EXPECT_EQ(hooks.store->files().size(), 1U);
  }
  std::int64_t steps = 0;
  hooks.after_step = [&](std::int64_t) { ++steps; };
  const auto [resumed, resumed_curve] = train(hooks);
  EXPECT_EQ(steps, 2);
  for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_TRUE(torch::equal(weights[i], resumed[i]));
  ASSERT_EQ(resumed_curve.size(), curve.size());
  for (std::size_t i = 0; i < curve.size(); ++i) {
    EXPECT_EQ(resumed_curve[i].step, curve[i].step);
    EXPECT_EQ(resumed_curve[i].training_loss, curve[i].training_loss);
    EXPECT_EQ(resumed_curve[i].validation_loss, curve[i].validation_loss);
  }
  steps = 0;
  hooks.identity = "others";
  train(hooks);
  EXPECT_EQ(steps, 12);
}

TEST(TrainSegmenter, ASourceMayEndEarly) {
  const PatchSet training = test::shapes(16, 16, 3);
  PatchSet first = training;
  std::int64_t drawn = 0;
  first.pixels = [&, all = training.pixels](std::span<const std::int64_t> indices) {
    drawn += std::ssize(indices);
    return all(indices);
  };
  std::vector<std::int64_t> after;
  const SegmentationHooks hooks{.after_step = [&](std::int64_t) { after.push_back(drawn); }};
  const std::vector<Source> sources = {{&training, 0.25, {}}, {&first, 0.75, {}, 0.5}};
  train_segmenter(sources, subset(training, {}), small(4), 1, hooks);
  EXPECT_GE(after[0], 6);
  EXPECT_EQ(after[1] - after[0], 6);
  EXPECT_EQ(after[3], after[1]);  // batches of the other alone
  const std::vector<Source> nothing = {{&training, 1, {}, 0.5}};
  EXPECT_THROW(train_segmenter(nothing, training, small(1), 1), std::invalid_argument);
}

TEST(TrainSegmenter, RefusesSharesThatDoNotAddUp) {
  const PatchSet training = test::shapes(8, 16, 5);
  const Source half{&training, 0.5, {}};
  EXPECT_THROW(train_segmenter(std::span(&half, 1), training, small(1), 1), std::invalid_argument);
  SegmentationOptions none = small(0);
  const Source whole{&training, 1, {}};
  EXPECT_THROW(train_segmenter(std::span(&whole, 1), training, none, 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
