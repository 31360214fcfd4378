// Every sampler and grid by name, on every kind of path, for Gaussian data whose exact network is known.
#include "pipeline/sample/sampler.h"

#include "models/diffusion/schedule.h"
#include "pipeline/config/config_tree.h"
#include "tests/models/diffusion/known_cases.h"

#include <limits>
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
  const std::vector<std::string> even = {"auto", "trailing", "leading", "uniform"};
  const std::vector<std::string> all = {"auto",     "karras",  "log_snr", "exponential",
                                        "trailing", "leading", "uniform", "shifted"};
  return {{"edm", {diffusion::ve(), Target::Edm, 0.5}, {"auto", "karras", "log_snr"}},
          {"cosine", {diffusion::vp(diffusion::cosine_betas()), Target::Velocity, 0.5}, all},
          {"linear", {diffusion::vp(diffusion::linear_betas()), Target::Noise, 0.5}, even},
          {"rectified", {diffusion::rectified(), Target::Flow, 0.5}, all},
          {"zero terminal SNR",
           {diffusion::vp(diffusion::with_zero_terminal_snr(diffusion::linear_betas())), Target::Velocity, 0.5},
           even}};
}

const std::vector<std::string> kSamplers = {"ddpm",     "ddim",     "euler",        "heun",  "edm_sde", "dpmpp_2m",
                                            "dpmpp_2s", "dpmpp_3m", "dpmpp_2m_sde", "unipc", "pndm"};

// Standard deviation of 10,000 values drawn from noise with the exact estimate for data N(0.3, 0.5^2).
double deviation(const SampleConfig& config, const diffusion::Parametrisation& parametrisation) {
  const diffusion::test::Gaussian gaussian;
  const auto& path = parametrisation.path;
  const auto times = make_times(config, parametrisation);
  const auto noise = [](int stream) { return diffusion::sample_noise(1, 0, stream, {1, 1, 100, 100}); };
  const auto start = diffusion::starting_point(path, times[0], noise(0)) + path.at(times[0]).alpha * gaussian.mu;
  const auto x =
      make_solver(config)(gaussian.denoise(path), path, start, times, [&](int step) { return noise(step + 1); }, {});
  EXPECT_NEAR(x.mean().item<double>(), gaussian.mu, 0.05);
  return x.std().item<double>();
}

TEST(Sampler, DrawsTheDataOnEveryPathWhereItIsDefined) {
  for (const Case& c : cases()) {
    for (const std::string& sampler : kSamplers) {
      for (const std::string& grid : c.grids) {
        SCOPED_TRACE(std::string(c.name) + ", " + sampler + ", " + grid);
        SampleConfig config;
        config.sampler = sampler;
        config.grid = grid;
        config.steps = 60;
        try {
          check_sampler(config, c.parametrisation);
        } catch (const ConfigError&) {
          const bool even = grid == "trailing" || grid == "uniform" || grid == "leading";
          EXPECT_TRUE(sampler == "pndm" &&
                      (!even || c.parametrisation.path.at(c.parametrisation.path.t_max()).ratio() > 200));
          continue;
        }
        EXPECT_NEAR(deviation(config, c.parametrisation), 0.5, 0.1);
      }
    }
  }
}

TEST(Sampler, RefusesWhatTheGeneratorHasNot) {
  const diffusion::Parametrisation edm{diffusion::ve(), diffusion::Target::Edm, 0.5};
  SampleConfig config;
  config.sampler = "ddpm";
  config.variance = "learned";
  EXPECT_THROW(check_sampler(config, edm), ConfigError);
  config = {};
  config.rho = 3;
  EXPECT_NO_THROW(check_sampler(config, edm));  // auto is karras
  EXPECT_THROW(check_sampler(config, {diffusion::rectified(), diffusion::Target::Flow, 1}), ConfigError);
}

TEST(Sampler, VisitsTheLastPartOfTheStepsForVariations) {
  const diffusion::Parametrisation flow{diffusion::rectified(), diffusion::Target::Flow, 1};
  SampleConfig config;
  config.steps = 10;
  config.strength = 0.35;  // int(steps * strength), as diffusers' image-to-image pipelines count
  const auto times = make_times(config, flow);
  ASSERT_EQ(times.size(), 3U);
  EXPECT_NEAR(times.front(), 0.3, 1e-12);
  config.strength = 0.01;
  EXPECT_EQ(make_times(config, flow).size(), 1U);
}

TEST(Sampler, VisitsTheWholePathUnlessLimited) {
  SampleConfig config;
  config.grid = "trailing";
  config.steps = 1000;
  const diffusion::Parametrisation cosine{diffusion::vp(diffusion::cosine_betas()), diffusion::Target::Velocity, 0.5};
  const auto& path = cosine.path;
  EXPECT_EQ(make_times(config, cosine).front(), 999);
  config.steps = 10;
  config.grid = "karras";
  EXPECT_NEAR(path.at(make_times(config, cosine).front()).ratio(), 80, 1e-9);
  config.sigma_max = 20;
  EXPECT_NEAR(path.at(make_times(config, cosine).front()).ratio(), 20, 1e-9);
  config.grid = "trailing";
  EXPECT_LT(path.at(make_times(config, cosine).front()).ratio(), 20.01);
  SampleConfig plain;
  EXPECT_EQ(make_times(plain, {diffusion::rectified(), diffusion::Target::Flow, 1}).front(), 1);  // trailing
  EXPECT_NEAR(make_times(plain, {diffusion::ve(), diffusion::Target::Edm, 1})[1], 57.59, 0.01);   // karras
  // A network that predicts noise is not asked where its errors would be multiplied by 20291, in however many steps.
  for (const int steps : {50, 900}) {
    plain.steps = steps;
    EXPECT_LT(path.at(make_times(plain, {path, diffusion::Target::Noise, 1}).front()).ratio(), 15.01);
  }
  plain.steps = 20;
  plain.grid = "karras";
  EXPECT_NEAR(path.at(make_times(plain, {path, diffusion::Target::Noise, 1}).front()).ratio(), 15, 1e-9);
  plain.grid = "trailing";
  plain.sigma_max = std::numeric_limits<double>::infinity();
  const auto silent = diffusion::vp(diffusion::with_zero_terminal_snr(diffusion::linear_betas()));
  EXPECT_EQ(make_times(plain, {silent, diffusion::Target::Velocity, 1}).front(), 999);
  plain.steps = 1000;  // DDPM as it was published
  EXPECT_EQ(make_times(plain, {path, diffusion::Target::Noise, 1}).front(), 999);
}

// A network of unit normal data whose noise is wrong by 3 %, as trained ones' is. Exact ones hide what becomes of it.
TEST(Sampler, ErrorsOfPredictedNoiseAreNotMultipliedBeyondUse) {
  const diffusion::Path path = diffusion::vp(diffusion::cosine_betas());
  torch::manual_seed(5);
  const auto error = 0.03 * torch::randn({4000});
  const diffusion::Denoise wrong = [&](const torch::Tensor& x, double time) -> diffusion::Estimate {
    const auto level = path.at(time);
    const auto noise = level.sigma * x + error;  // its mean, given x, and what the network adds to it
    return (x - level.sigma * noise) / level.alpha;
  };
  const auto drawn = [&](const std::string& sampler, int steps, double sigma_max) {
    SampleConfig config;
    config.sampler = sampler;
    config.steps = steps;
    config.sigma_max = sigma_max;
    const auto times = make_times(config, {path, diffusion::Target::Noise, 1});
    torch::manual_seed(3);
    const auto start = diffusion::starting_point(path, times.front(), torch::randn({4000}));
    const auto noise = [&start](int) { return torch::randn_like(start); };
    return make_solver(config)(wrong, path, start, times, noise, [](int, const torch::Tensor&) { return true; })
        .std()
        .item<double>();
  };
  EXPECT_GT(drawn("ddim", 50, 1e6), 2);
  EXPECT_NEAR(drawn("ddim", 50, 0), 1, 0.2);
  EXPECT_NEAR(drawn("ddpm", 900, 0), 1, 0.2);
}

TEST(Sampler, RefusesWhatItDoesNotKnowOrHave) {
  SampleConfig config;
  config.grid = "trailing";
  config.steps = 101;
  EXPECT_THROW(make_times(config, {diffusion::vp(diffusion::linear_betas(100)), diffusion::Target::Noise, 1}),
               ConfigError);
  config.grid = "magic";
  EXPECT_THROW(make_times(config, {diffusion::ve(), diffusion::Target::Edm, 1}), std::invalid_argument);
  config.sampler = "magic";
  EXPECT_THROW(make_solver(config), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::pipeline
