// A small network with a loss of any share of a batch, for tests of processes that train together.
#pragma once

#include "models/nets/unet.h"
#include "models/train/trainer.h"
#include "tests/models/train/processes.h"

#include <cstdint>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::train::support {

inline constexpr std::int64_t kBatch = 12;

inline nets::UNet small_unet(double dropout) {
  torch::manual_seed(3);
  return nets::UNet(nets::UNetConfig{.sample_size = 8,
                                     .in_channels = 2,
                                     .out_channels = 2,
                                     .down_block_types = {nets::LevelType::Plain, nets::LevelType::Attention},
                                     .up_block_types = {nets::LevelType::Attention, nets::LevelType::Plain},
                                     .block_out_channels = {16, 32},
                                     .layers_per_block = 1,
                                     .dropout = dropout,
                                     .attention_head_dim = 16,
                                     .norm_num_groups = 8,
                                     .num_class_embeds = 4});
}

// The loss of a share of a batch that depends on the draw alone.
inline StepFunction denoising(nets::UNet net, const nets::BatchShare& share) {
  return [net, share](const StepInput& input) mutable {
    torch::Generator generator = at::make_generator<at::CPUGeneratorImpl>(input.seed);
    const auto kind = net->parameters().front().scalar_type();
    const auto x = share.of(torch::randn({kBatch, 2, 8, 8}, generator)).to(kind);
    const auto level = share.of(torch::rand({kBatch}, generator));
    const auto labels = share.of(torch::randint(4, {kBatch}, generator, torch::kInt64));
    return (net->forward(x, level, labels).to(kind) - x.roll(1, 3)).square().mean();
  };
}

inline nets::BatchShare share_in(const Group& group) {
  return {group.rank() * kBatch / group.size(), kBatch / group.size(), kBatch};
}

}  // namespace ctforge::train::support
