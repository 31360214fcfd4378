// Every sampler and grid by name, on every kind of path, for Gaussian data whose exact network is known.
#include "pipeline/sampler.h"

#include "models/diffusion/schedule.h"
#include "pipeline/config_tree.h"
#include "pipeline/draw.h"
#include "tests/pipeline/toy_generator.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

struct Case {
  const char* name;
  diffusion::Parametrisation parametrisation;
  std::vector<std::string> grids;
};

std::vector<Case> cases() {
  using diffusion::Target;
  const std::vector<std::string> even = {"trailing", "uniform"};
  const std::vector<std::string> all = {"karras", "log_snr", "exponential", "trailing", "uniform", "shifted"};
  return {{"edm", {diffusion::ve(), Target::Edm, 0.5}, {"karras", "log_snr"}},
          {"cosine", {diffusion::vp(diffusion::cosine_betas()), Target::Velocity, 0.5}, all},
          {"linear", {diffusion::vp(diffusion::linear_betas()), Target::Noise, 0.5}, even},
          {"rectified", {diffusion::rectified(), Target::Flow, 0.5}, all},
          {"zero terminal SNR",
           {diffusion::vp(diffusion::with_zero_terminal_snr(diffusion::linear_betas())), Target::Velocity, 0.5},
           even}};
}

const std::vector<std::string> kSamplers = {"ddpm",     "ddim",     "euler",        "heun",  "edm_sde", "dpmpp_2m",
                                            "dpmpp_2s", "dpmpp_3m", "dpmpp_2m_sde", "unipc", "pndm"};

TEST(Sampler, GivesTheDataOfEachClassOnEveryPathWhereItIsDefined) {
  for (const Case& c : cases()) {
    auto generator = test::toy_generator();
    generator.parametrisation = c.parametrisation;
    const auto net = test::toy_network(generator);
    for (const std::string& sampler : kSamplers) {
      for (const std::string& grid : c.grids) {
        SCOPED_TRACE(std::string(c.name) + ", " + sampler + ", " + grid);
        SampleConfig config;
        config.guidance = 1;
        config.steps = 60;
        config.sampler = sampler;
        config.grid = grid;
        const bool even = grid == "trailing" || grid == "uniform";
        const bool without_signal = c.parametrisation.path.at(c.parametrisation.path.t_max()).alpha == 0;
        std::vector<Wanted> wanted;
        for (std::int64_t i = 0; i < 64; ++i) wanted.push_back({i, 1});
        if (sampler == "pndm" && (!even || without_signal)) {
          EXPECT_THROW(draw_samples(config, generator, net, 1, wanted), ConfigError);
          continue;
        }
        const auto samples = draw_samples(config, generator, net, 1, wanted);
        EXPECT_NEAR(samples->image.mean().item<double>(), test::kClassMean[1], 0.02);
        // First-order solvers on even grids end too narrow or too wide for data as narrow as these.
        EXPECT_LT(samples->image.std().item<double>(), 3 * test::kDeviation);
        EXPECT_GT(samples->image.std().item<double>(), 0.3 * test::kDeviation);
      }
    }
  }
}

TEST(Sampler, VisitsTheWholePathUnlessLimited) {
  SampleConfig config;
  config.grid = "trailing";
  config.steps = 1000;
  const auto path = diffusion::vp(diffusion::cosine_betas());
  EXPECT_EQ(make_times(config, path).front(), 999);
  config.steps = 10;
  config.grid = "karras";
  EXPECT_NEAR(path.at(make_times(config, path).front()).ratio(), 80, 1e-9);
  config.sigma_max = 20;
  EXPECT_NEAR(path.at(make_times(config, path).front()).ratio(), 20, 1e-9);
  config.grid = "trailing";
  EXPECT_LT(path.at(make_times(config, path).front()).ratio(), 20.01);
  SampleConfig plain;
  EXPECT_EQ(make_times(plain, diffusion::rectified()).front(), 1);  // trailing
  EXPECT_EQ(make_times(plain, diffusion::ve()).front(), 80);        // karras
  EXPECT_EQ(make_times(plain, diffusion::ve())[1] < 80 * 17 / 18.0, true);
}

TEST(Sampler, RefusesWhatItDoesNotKnowOrHave) {
  SampleConfig config;
  config.grid = "trailing";
  config.steps = 101;
  EXPECT_THROW(make_times(config, diffusion::vp(diffusion::linear_betas(100))), ConfigError);
  config.grid = "magic";
  EXPECT_THROW(make_times(config, diffusion::ve()), std::invalid_argument);
  config.sampler = "magic";
  EXPECT_THROW(make_solver(config), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::pipeline
