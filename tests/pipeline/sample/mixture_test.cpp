// Every sampler draws a mixture of Gaussians whose score is known: how far from it, as the steps grow. Not among them
// are euler, which is ddim with eta 0, and consistency, which wants a consistency function and not a score.
//
// The whole table: CTFORGE_WHOLE_TABLE=1 build/ctforge_pipeline_tests --gtest_filter='Mixture.*'
#include "models/diffusion/noise.h"
#include "models/diffusion/schedule.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/sampler.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

using diffusion::AlphaSigma;
using diffusion::Path;

constexpr std::int64_t kSamples = 8192;
constexpr int kDirections = 64;

// Five round Gaussians of different weight and width in the plane, of zero mean and about unit deviation.
struct Mixture {
  torch::Tensor centres = torch::tensor({{1.2, 0.0}, {-0.4, 1.1}, {-1.1, -0.6}, {0.5, -1.2}, {-0.3, -0.1}},
                                        torch::kFloat64);  // [5,2]
  torch::Tensor widths = torch::tensor({0.10, 0.20, 0.15, 0.05, 0.30}, torch::kFloat64);
  torch::Tensor weights = torch::tensor({0.25, 0.25, 0.2, 0.2, 0.1}, torch::kFloat64);

  // E[x_0 | x] for x [N,2,1,1].
  diffusion::Denoise denoise(const Path& path) const {
    return [*this, path](const torch::Tensor& state, double t) -> diffusion::Estimate {
      const AlphaSigma level = path.at(t);
      const auto x = state.view({-1, 1, 2});                                              // [N,1,2]
      const auto variance = (level.alpha * widths).square() + level.sigma * level.sigma;  // [5]
      const auto offset = x - level.alpha * centres;                                      // [N,5,2]
      const auto logit = torch::log(weights) - torch::log(variance) - offset.square().sum(2) / (2 * variance);
      const auto share = torch::softmax(logit, 1).unsqueeze(2);  // [N,5,1]
      const auto kept = (level.alpha * widths.square() / variance).view({1, -1, 1});
      return (share * (centres + offset * kept)).sum(1).view_as(state);
    };
  }

  torch::Tensor draw(std::uint64_t seed) const {
    torch::Generator generator = torch::make_generator<at::CPUGeneratorImpl>(seed);
    const auto which = torch::multinomial(weights, kSamples, true, generator);
    return centres.index_select(0, which) +
           widths.index_select(0, which).unsqueeze(1) * torch::randn({kSamples, 2}, generator, torch::kFloat64);
  }
};

// The 2-Wasserstein distance of two sets of equal size, [n,2] each, in the root mean square over directions (Bonneel et
// al. 2015): along a line the nearest matching is that of the sorted values.
double sliced_wasserstein(const torch::Tensor& a, const torch::Tensor& b) {
  const auto angle = torch::arange(kDirections, torch::kFloat64) * (std::acos(-1.0) / kDirections);
  const auto directions = torch::stack({torch::cos(angle), torch::sin(angle)});  // [2,D]
  const auto sorted = [&](const torch::Tensor& x) { return std::get<0>(torch::matmul(x, directions).sort(0)); };
  return std::sqrt((sorted(a) - sorted(b)).square().mean().item<double>());
}

double distance(const Mixture& mixture, const SampleConfig& config, const diffusion::Parametrisation& what) {
  const auto times = make_times(config, what);
  const auto noise = [](int stream) { return diffusion::sample_noise(3, 0, stream, {kSamples, 2, 1, 1}); };
  const auto start = diffusion::starting_point(what.path, times[0], noise(0));
  const auto x = make_solver(config)(mixture.denoise(what.path), what.path, start, times,
                                     [&](int step) { return noise(step + 1); }, {});
  return sliced_wasserstein(x.view({-1, 2}), mixture.draw(1));
}

TEST(Mixture, IsDrawnByEverySamplerTheBetterTheMoreItSteps) {
  const Mixture mixture;
  double floor = 0;
  for (std::uint64_t seed = 2; seed < 12; ++seed) floor += sliced_wasserstein(mixture.draw(1), mixture.draw(seed)) / 10;
  std::printf("sliced 2-Wasserstein distance to 8192 true samples; of other true samples %.4f\n", floor);
  const std::vector<std::pair<const char*, diffusion::Parametrisation>> paths = {
      {"edm", {diffusion::ve(), diffusion::Target::Edm, 1}},
      {"ddpm linear", {diffusion::vp(diffusion::linear_betas()), diffusion::Target::Velocity, 1}},
      {"ddpm cosine", {diffusion::vp(diffusion::cosine_betas()), diffusion::Target::Velocity, 1}},
      {"rectified", {diffusion::rectified(), diffusion::Target::Flow, 1}}};
  const bool whole = std::getenv("CTFORGE_WHOLE_TABLE") != nullptr;
  const auto steps = whole ? std::vector<std::int64_t>{5, 10, 20, 40, 80, 160} : std::vector<std::int64_t>{5, 40};
  for (const auto& [name, what] : paths) {
    std::printf("%-12s", name);
    for (const std::int64_t n : steps) std::printf("%8lld", static_cast<long long>(n));
    std::printf("  steps\n");
    for (const char* sampler :
         {"ddpm", "ddim", "heun", "edm_sde", "dpmpp_2m", "dpmpp_2s", "dpmpp_3m", "dpmpp_2m_sde", "unipc", "pndm"}) {
      SampleConfig config;
      config.sampler = sampler;
      std::vector<double> found;
      std::string row;
      for (const std::int64_t n : steps) {
        config.steps = n;
        try {
          check_sampler(config, what);
          found.push_back(distance(mixture, config, what));
          char text[16];
          std::snprintf(text, sizeof text, "%8.4f", found.back());
          row += text;
        } catch (const ConfigError&) {
          row += "       -";
        }
      }
      std::printf("  %-12s%s\n", sampler, row.c_str());
      if (found.size() != steps.size()) continue;
      EXPECT_LT(found.back(), 4 * floor) << name << " " << sampler;
      EXPECT_LT(found.back(), found.front()) << name << " " << sampler;
    }
  }
}

}  // namespace
}  // namespace ctforge::pipeline
