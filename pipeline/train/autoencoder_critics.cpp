// Losses of features and of the discriminator.
#include "pipeline/train/autoencoder_critics.h"

#include "pipeline/run/frozen.h"

#include <torch/autograd.h>
#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

torch::Tensor grey_to_rgb(const torch::Tensor& image) { return ((image + 1) * 127.5).expand({-1, 3, -1, -1}); }

torch::Tensor unit_length(const torch::Tensor& features) {
  return features / (features.square().sum(1, true) + 1e-10).sqrt();
}

}  // namespace

PerceptualLoss::PerceptualLoss(const std::filesystem::path& lite0, torch::Device device)
    : net_(nets::load_lite0(lite0)) {
  net_->to(device);
}

torch::Tensor PerceptualLoss::operator()(const torch::Tensor& decoded, const torch::Tensor& image) {
  std::vector<torch::Tensor> wanted;
  {
    const torch::NoGradGuard no_grad;
    wanted = net_->stages(grey_to_rgb(image));
  }
  const auto found = net_->stages(grey_to_rgb(decoded));
  torch::Tensor sum;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto part =
        (unit_length(found[i].to(torch::kFloat32)) - unit_length(wanted[i].to(torch::kFloat32))).square().sum(1).mean();
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

AdversarialLoss adversarial_loss(nets::Discriminator& net, const torch::Tensor& decoded, const torch::Tensor& image) {
  AdversarialLoss loss;
  const auto real = net->forward(image).to(torch::kFloat32);
  const auto fake = net->forward(decoded.detach()).to(torch::kFloat32);
  loss.discriminator = 0.5 * (torch::relu(1 - real).mean() + torch::relu(1 + fake).mean());
  const Frozen frozen(*net);
  loss.generator = -net->forward(decoded).to(torch::kFloat32).mean();
  return loss;
}

torch::Tensor balance(const torch::Tensor& reconstruction, const torch::Tensor& generator,
                      const torch::Tensor& last_layer, train::Group* group) {
  const auto pull = [&last_layer, group](const torch::Tensor& loss) {
    const auto gradient = torch::autograd::grad({loss}, {last_layer}, {}, true)[0];
    return (group != nullptr ? group->mean(gradient) : gradient).norm();
  };
  return (pull(reconstruction) / (pull(generator) + 1e-4)).clamp(0, 1e4).detach();
}

}  // namespace ctforge::pipeline
