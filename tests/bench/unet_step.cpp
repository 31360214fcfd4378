// Time and memory of training steps of the U-Net: 64x64, channels 64/128/256, attention at the last level, bfloat16.
//
//   ctforge_unet_step STEPS BATCH plain|recomputed [THREADS]
//
// Prints one line of JSON: images per second (median of the steps after the second) and bytes of memory that the steps
// took at most beyond what the network, its gradients and its optimiser hold.
#include "models/nets/unet.h"
#include "models/nets/weights.h"
#include "models/train/adamw.h"
#include "models/train/precision.h"
#include "models/train/recompute.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <torch/utils.h>

namespace {

double memory_bytes(const char* name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kilobytes = 0; word == name && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ctforge;
  if (argc < 4) return 2;
  const int steps = std::atoi(argv[1]);
  const std::int64_t batch = std::atoll(argv[2]);
  if (argc > 4) torch::set_num_threads(std::atoi(argv[4]));
  torch::manual_seed(0);
  nets::UNet net(
      nets::UNetConfig{.sample_size = 64,
                       .in_channels = 3,
                       .out_channels = 3,
                       .down_block_types = {nets::LevelType::Plain, nets::LevelType::Plain, nets::LevelType::Attention},
                       .up_block_types = {nets::LevelType::Attention, nets::LevelType::Plain, nets::LevelType::Plain},
                       .block_out_channels = {64, 128, 256},
                       .layers_per_block = 2});
  if (std::string(argv[3]) == "recomputed") net->set_block_runner(train::recomputed);
  nets::use_channels_last(*net);
  train::AdamW optimiser(train::trained_parameters(*net), {});
  const auto step = [&](std::int64_t images) {
    const auto x = torch::randn({images, 3, 64, 64}).contiguous(torch::MemoryFormat::ChannelsLast);
    optimiser.zero_grad();
    torch::Tensor y;
    {
      const train::Autocast autocast(torch::kCPU, train::Precision::Bf16);
      y = net(x, torch::rand({images}) * 1000);
    }
    (y.to(torch::kFloat32) - x).square().mean().backward();
    optimiser.step(1e-3);
  };
  step(1);  // makes gradients and the optimiser's state
  const double base = memory_bytes("VmRSS:");
  std::ofstream("/proc/self/clear_refs") << "5";
  std::vector<double> seconds;
  for (int i = 0; i < steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step(batch);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const double peak = memory_bytes("VmHWM:") - base;
  const auto first = seconds.begin() + std::min<std::ptrdiff_t>(2, static_cast<std::ptrdiff_t>(seconds.size()) - 1);
  std::sort(first, seconds.end());
  const double median = *(first + (seconds.end() - first) / 2);
  std::printf("{\"images_per_s\": %.3f, \"peak_bytes\": %.0f}\n", static_cast<double>(batch) / median, peak);
  return 0;
}
