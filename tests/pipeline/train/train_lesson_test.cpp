// Labels are dropped as often as asked, and what each method learns is what its loss says.
#include "pipeline/train/train_lesson.h"

#include "models/diffusion/bound.h"
#include "pipeline/train/train_augment.h"
#include "pipeline/train/train_data.h"
#include "pipeline/train/train_method.h"
#include "tests/pipeline/train/train_support.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(DropLabels, DropsThePartAskedFor) {
  torch::Generator generator = seeded(2);
  const auto labels = torch::full({20000}, 1, torch::kInt64);
  const auto dropped = drop_labels(labels, 0.1, 3, generator);
  EXPECT_NEAR(dropped.eq(3).to(torch::kFloat64).mean().item<double>(), 0.1, 0.01);
  EXPECT_TRUE(dropped.eq(3).logical_or(dropped.eq(1)).all().item<bool>());
  EXPECT_TRUE(torch::equal(drop_labels(labels, 0, 3, generator), labels));
  EXPECT_TRUE(drop_labels(labels, 1, 3, generator).eq(3).all().item<bool>());
}

// One item of data, in one class, and a record that goes with it.
struct Fixture {
  explicit Fixture(TrainConfig given) : config(std::move(given)) {
    record.method = method_of(config);
    record.sigma_data = 0.5;
    record.patches.classes = {"only"};
    record.unet = {.sample_size = 4,
                   .in_channels = 2,
                   .out_channels = config.learned_variance ? 4 : 2,
                   .down_block_types = {nets::LevelType::Plain},
                   .up_block_types = {nets::LevelType::Plain},
                   .block_out_channels = {4},
                   .layers_per_block = 1,
                   .attention_head_dim = 4,
                   .norm_num_groups = 2,
                   .num_class_embeds = 2};
    data.classes = std::vector<std::int32_t>(8, 0);
    data.draw = [this](const std::vector<std::int64_t>& all, const nets::BatchShare& share, torch::Generator&) {
      const auto items = share.of(all);
      return Pair{torch::full({static_cast<std::int64_t>(items.size()), 2, 4, 4}, 0.25), noise, movement};
    };
    data.validation = {torch::full({6, 2, 4, 4}, 0.25), {}, {}};
    data.validation_labels = torch::zeros({6}, torch::kInt64);
    learner = Learner(nets::UNet(record.unet), config);
    for (auto& parameter : learner->parameters()) parameter.detach().zero_();
  }
  Lesson lesson(const Generator* teacher = nullptr) { return {config, record, data, learner, teacher, torch::kCPU, 1}; }

  TrainConfig config;
  GeneratorRecord record;
  DiffusionData data;
  torch::Tensor noise, movement;
  Learner learner{nullptr};
};

TrainConfig plain(const char* method) {
  TrainConfig config = support::small_config();
  config.method = method;
  config.precision = "fp32";
  return config;
}

TEST(Lesson, LearnsThePairsItIsGiven) {
  Fixture fixture(plain("rectified_flow"));
  // A network that answers 0 errs by the flow itself: noise - data.
  fixture.noise = torch::full({4, 2, 4, 4}, 2.25);
  EXPECT_NEAR(fixture.lesson().step({}).item<double>(), 4, 1e-5);
  fixture.noise = torch::Tensor();
  EXPECT_NEAR(fixture.lesson().step({}).item<double>(), 1 + 0.0625, 0.5);
}

TEST(Lesson, ReportsTheBoundWhereTheVarianceIsLearned) {
  TrainConfig config = plain("ddpm");
  EXPECT_FALSE(Fixture(config).lesson().validate(0).contains("bits_per_dimension"));
  config.learned_variance = true;
  Fixture fixture(config);
  const auto figures = fixture.lesson().validate(0);
  EXPECT_TRUE(std::isfinite(figures.at("bits_per_dimension").get<double>()));
  EXPECT_GT(figures.at("bits_per_dimension").get<double>(), figures.at("loss").get<double>());
  EXPECT_EQ(figures, fixture.lesson().validate(0));
  // The whole sum is at least its last term, coding values of 256 that the network does not know.
  const double whole = fixture.lesson().bits_per_dimension(1);
  EXPECT_GT(whole, 1);
  EXPECT_LT(whole, 1e4);
  EXPECT_EQ(whole, fixture.lesson().bits_per_dimension(1));
}

TEST(Lesson, WeighsByTheErrorExpectedWhileItTrains) {
  TrainConfig config = plain("edm");
  Fixture without(config);
  config.uncertainty = true;
  Fixture with(config);
  // The estimate is 0 at first, which changes nothing but the gradient's reach.
  const auto loss = with.lesson().step({});
  EXPECT_NEAR(loss.item<double>(), without.lesson().step({}).item<double>(), 1e-5);
  loss.backward();
  EXPECT_TRUE(with.learner->expected_error->parameters().at(0).grad().defined());
  EXPECT_EQ(with.lesson().validate(0), without.lesson().validate(0));
  EXPECT_EQ(unet_tensors(nets::named_tensors(*with.learner)).size(),
            nets::named_tensors(*without.learner->unet).size());
}

TEST(Lesson, TellsTheNetworkHowItsDataWereMoved) {
  TrainConfig config = plain("edm");
  config.augment.probability = 1;
  Fixture fixture(config);
  fixture.movement = torch::ones({4, kMovementNumbers});
  fixture.lesson().step({}).backward();
  EXPECT_TRUE(fixture.learner->is_composite());
  EXPECT_TRUE(fixture.learner->movement_embedding->weight.grad().defined());
  // Validation is of data as they are, and so are samples: the U-Net's own tensors are all that is kept for them.
  EXPECT_TRUE(std::isfinite(fixture.lesson().validate(0).at("loss").get<double>()));
  EXPECT_EQ(unet_tensors(nets::named_tensors(*fixture.learner)).size(),
            nets::named_tensors(*fixture.learner->unet).size());
}

TEST(Lesson, TeachesConsistencyWithAndWithoutATeacher) {
  TrainConfig config = plain("consistency");
  Fixture fixture(config);
  const double from_data = fixture.lesson().step({}).item<double>();
  EXPECT_GT(from_data, 0);
  EXPECT_TRUE(std::isfinite(fixture.lesson().validate(0).at("loss").get<double>()));
  Generator teacher;
  teacher.unet = nets::UNet(fixture.record.unet);
  teacher.unet->eval();
  for (auto& parameter : teacher.unet->parameters()) parameter.detach().zero_();
  teacher.parametrisation = {diffusion::rectified(), diffusion::Target::Flow, 0.5};
  teacher.patches.classes = {"only"};
  EXPECT_NE(fixture.lesson(&teacher).step({}).item<double>(), from_data);
}

}  // namespace
}  // namespace ctforge::pipeline
