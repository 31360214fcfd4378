// Marginal cross-entropy and soft Dice over the organs that were contoured.
#include "eval/segmentation_loss.h"

#include <limits>
#include <stdexcept>

namespace ctforge::eval {
namespace {

constexpr double kNever = -1e4;    // log-probability of what cannot be
constexpr double kDiceSmooth = 1;  // voxels: keeps an organ absent from the batch from dividing by zero

}  // namespace

torch::Tensor marginal_log_probabilities(const torch::Tensor& logits, const torch::Tensor& contoured) {
  if (logits.dim() != 4 || contoured.dim() != 2 || contoured.size(0) != logits.size(0) ||
      contoured.size(1) != logits.size(1)) {
    throw std::invalid_argument("marginal probabilities take logits [n,L,H,W] and contoured [n,L]");
  }
  const torch::Tensor log_probability = logits.log_softmax(1);
  torch::Tensor kept = contoured.clone();
  kept.select(1, 0).fill_(true);
  torch::Tensor merged = kept.logical_not();  // organs merged into the background, and the background itself
  if (!merged.any().item<bool>()) return log_probability;
  merged.select(1, 0).fill_(true);
  const auto per_pixel = [](const torch::Tensor& flags) { return flags.unsqueeze(-1).unsqueeze(-1); };
  const torch::Tensor background =
      log_probability.masked_fill(per_pixel(merged.logical_not()), kNever).logsumexp(1, true);
  const torch::Tensor organs = log_probability.masked_fill(per_pixel(kept.logical_not()), kNever);
  return torch::cat({background, organs.narrow(1, 1, organs.size(1) - 1)}, 1);
}

torch::Tensor segmentation_loss(const torch::Tensor& logits, const torch::Tensor& target,
                                const torch::Tensor& contoured) {
  const torch::Tensor log_probability = marginal_log_probabilities(logits, contoured);
  const std::int64_t labels = logits.size(1);
  torch::Tensor known = torch::one_hot(target, labels).permute({0, 3, 1, 2});  // [n,L,H,W]
  known = known * contoured.unsqueeze(-1).unsqueeze(-1);
  const torch::Tensor contoured_target = known.argmax(1) * (known.sum(1) > 0);
  // Not nll_loss2d, which has no deterministic kernel on GPUs.
  const torch::Tensor cross_entropy = -log_probability.gather(1, contoured_target.unsqueeze(1)).mean();

  const torch::Tensor weight = contoured.to(torch::kFloat32).unsqueeze(-1).unsqueeze(-1);
  const torch::Tensor probability = log_probability.exp() * weight;
  const torch::Tensor reference = known.to(torch::kFloat32);
  const torch::Tensor overlap = (probability * reference).sum({0, 2, 3});
  const torch::Tensor volume = probability.sum({0, 2, 3}) + reference.sum({0, 2, 3});
  const torch::Tensor dice = (2 * overlap + kDiceSmooth) / (volume + kDiceSmooth);
  const torch::Tensor counted = contoured.any(0).to(torch::kFloat32);  // [L]
  const torch::Tensor organs = counted.narrow(0, 1, labels - 1);
  const torch::Tensor mean_dice = (dice.narrow(0, 1, labels - 1) * organs).sum() / organs.sum().clamp_min(1);
  return cross_entropy + 1 - mean_dice;
}

}  // namespace ctforge::eval
