// The marginal loss against its definition, and that an organ nobody contoured is not punished.
#include "eval/segmentation_loss.h"

#include "tests/eval/support.h"

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

torch::Tensor oracle_logits() {
  return (torch::arange(48, torch::kFloat64).sin().reshape({2, 4, 3, 2}) * 2).to(torch::kFloat32);
}

TEST(SegmentationLoss, EqualsItsDefinition) {
  const torch::Tensor target = torch::tensor({0, 1, 2, 0, 3, 1, 0, 1, 0, 0, 1, 3}, torch::kInt64).view({2, 3, 2});
  torch::Tensor contoured = torch::ones({2, 4}, torch::kBool);
  contoured.index_put_({1, 2}, false);
  EXPECT_NEAR(segmentation_loss(oracle_logits(), target, contoured).item<double>(),
              test::oracle().at("marginal").at("loss").get<double>(), 1e-5);
}

TEST(SegmentationLoss, DoesNotPunishAnOrganNobodyContoured) {
  torch::Tensor contoured = torch::ones({1, 3}, torch::kBool);
  contoured.index_put_({0, 2}, false);
  const torch::Tensor target = torch::zeros({1, 4, 4}, torch::kInt64);
  torch::Tensor background = torch::zeros({1, 3, 4, 4}), unknown = torch::zeros({1, 3, 4, 4});
  background.select(1, 0).fill_(8);
  unknown.select(1, 2).fill_(8);
  unknown.requires_grad_(true);
  const torch::Tensor loss = segmentation_loss(unknown, target, contoured);
  EXPECT_NEAR(loss.item<double>(), segmentation_loss(background, target, contoured).item<double>(), 1e-3);
  loss.backward();
  EXPECT_LT(unknown.grad().select(1, 2).abs().max().item<double>(), 1e-3);
}

TEST(SegmentationLoss, CountsAPresentLabelThatIsNotContouredAsBackground) {
  torch::Tensor contoured = torch::ones({1, 3}, torch::kBool);
  contoured.index_put_({0, 2}, false);
  const torch::Tensor logits = oracle_logits().narrow(0, 0, 1).narrow(1, 0, 3);
  const torch::Tensor labelled = torch::full({1, 3, 2}, 2, torch::kInt64);
  EXPECT_NEAR(segmentation_loss(logits, labelled, contoured).item<double>(),
              segmentation_loss(logits, torch::zeros_like(labelled), contoured).item<double>(), 1e-6);
}

TEST(SegmentationLoss, OfAPerfectPredictionIsNextToNothing) {
  const torch::Tensor target = torch::tensor({0, 1, 2, 0}, torch::kInt64).view({1, 2, 2});
  const torch::Tensor logits = torch::one_hot(target, 3).permute({0, 3, 1, 2}).to(torch::kFloat32) * 30;
  EXPECT_LT(segmentation_loss(logits, target, torch::ones({1, 3}, torch::kBool)).item<double>(), 1e-4);
}

TEST(MarginalLogProbabilities, AddUpToOneAndRefuseOtherShapes) {
  torch::Tensor contoured = torch::ones({2, 4}, torch::kBool);
  contoured.index_put_({0, 1}, false);
  contoured.index_put_({0, 3}, false);
  const torch::Tensor sum = marginal_log_probabilities(oracle_logits(), contoured).exp().sum(1);
  EXPECT_TRUE(torch::allclose(sum, torch::ones_like(sum), 0, 1e-5));
  EXPECT_THROW(marginal_log_probabilities(oracle_logits(), torch::ones({2, 3}, torch::kBool)), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
