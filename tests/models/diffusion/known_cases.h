// Cases whose answers are known: Gaussian data in closed form, and the fixture and values of diffusers' schedulers.
#pragma once

#include "models/diffusion/grid.h"
#include "models/diffusion/schedule.h"
#include "models/diffusion/solve.h"
#include "tests/support/support.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/types.h>

namespace ctforge::diffusion::test {

// tests/oracle/diffusion.json, made by diffusion.py beside it.
inline const nlohmann::json& oracle() {
  static const auto values =
      nlohmann::json::parse(ctforge::test::read_file(ctforge::test::source_dir() / "tests/oracle/diffusion.json"));
  return values;
}

// Data N(mu, s^2), every element independent.
struct Gaussian {
  double mu = 0.3, s = 0.5;

  // E[x_0 | x] for x = alpha x_0 + sigma noise.
  Denoise denoise(const Path& path) const {
    return [*this, path](const torch::Tensor& x, double t) -> Estimate {
      const AlphaSigma level = path.at(t);
      const double variance = std::pow(level.alpha * s, 2) + std::pow(level.sigma, 2);
      return mu + (x - level.alpha * mu) * (level.alpha * s * s / variance);
    };
  }

  // The same as a network of a parametrisation would have to answer, from its own inputs: F(c_in x, c_noise).
  Net network(const Parametrisation& parametrisation) const {
    return [*this, parametrisation](const torch::Tensor& input, const torch::Tensor& c_noise, const Condition&) {
      auto output = torch::empty_like(input);
      for (std::int64_t i = 0; i < input.size(0); ++i) {
        const double heard = c_noise[i].item<double>();
        const Path& path = parametrisation.path;
        const double t = time_of(path, heard);
        const Precond c = precond(parametrisation.target, path.at(t), t, path, parametrisation.sigma_data);
        const auto x = input[i].to(torch::kFloat64) / c.c_in;
        output[i] =
            c.c_out > 0 || c.c_out < 0 ? (denoise(path)(x, t).data - c.c_skip * x) / c.c_out : torch::zeros_like(x);
      }
      return output;
    };
  }

  static double time_of(const Path& path, double heard) {
    if (path.discrete()) return heard;
    return path.t_max() == 1 ? heard / 1000 : std::exp(heard / 250);  // rectified() and ve()
  }

  // Where the probability-flow equation takes x / alpha from ratio `from` to ratio `to`.
  torch::Tensor flow(const torch::Tensor& x, double from, double to) const {
    return mu + (x - mu) * std::sqrt((s * s + to * to) / (s * s + from * from));
  }
};

// diffusers' test sample and network, float64; `fixture_denoise` turns the network into an estimate of x_0.
inline torch::Tensor fixture() { return torch::arange(768, torch::kFloat64).view({4, 3, 8, 8}) / 768; }

inline Denoise fixture_denoise(const Path& path, Target target, double sigma_data = 0.5) {
  return [path, target, sigma_data](const torch::Tensor& x, double t) -> Estimate {
    const Precond c = precond(target, path.at(t), t, path, sigma_data);
    const double heard = path.discrete() ? c.c_noise : c.c_noise / 1000;  // ln(sigma) / 4
    return c.c_skip * x + c.c_out * (c.c_in * x * heard / (heard + 1));
  };
}

// The same where the scheduler told the network other times than those of the levels: `told`, one a call.
inline Denoise told_denoise(const Path& path, Target target, std::vector<double> told, double sigma_data = 0.5) {
  const auto calls = std::make_shared<std::size_t>(0);
  return [path, target, told = std::move(told), sigma_data, calls](const torch::Tensor& x, double t) -> Estimate {
    const Precond c = precond(target, path.at(t), t, path, sigma_data);
    const double heard = told.at((*calls)++);
    return c.c_skip * x + c.c_out * (c.c_in * x * heard / (heard + 1));
  };
}

// One of the oracle's trajectories: the levels it visited, what it told the network, and where it ended.
struct Trajectory {
  Levels levels;
  std::vector<double> told;
  const nlohmann::json& expected;

  // The oracle's levels are sigma / alpha, or the times themselves on the rectified path; repeated where its solver
  // asks twice.
  Trajectory(const std::string& name, const Path& path) : levels(std::vector<double>{}), expected(oracle().at(name)) {
    const auto sigmas = expected.at("sigmas").get<std::vector<double>>();
    for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
      const double t = path.t_max() == 1 ? sigmas[i] : path.time_of_ratio(sigmas[i]);
      if (levels.times.empty() || t < levels.times.back()) levels.times.push_back(t);
    }
    if (sigmas.back() > 0) levels.end = path.time_of_ratio(sigmas.back());
    told = expected.at("told").get<std::vector<double>>();
  }
};

// The noise the oracle's script uses for step i.
inline torch::Tensor oracle_noise(int step) {
  return torch::cos(torch::arange(768, torch::kFloat64) * (step + 1)).view({4, 3, 8, 8});
}

inline const GridOptions kNoLimits{7, 0, std::numeric_limits<double>::infinity()};

using Solve = std::function<torch::Tensor(const Denoise&, const Path&, torch::Tensor, const Levels&)>;

// Error of x / alpha at the last level of Karras' n on ve(), for data N(0.3, 0.25) and x_T = 80.
inline double error_at(const Solve& solve, int n) {
  const Gaussian gaussian;
  const Path path = ve();
  const auto x = torch::full({1, 1, 1, 1}, 80.0, torch::kFloat64);
  auto times = make_grid(Grid::Karras, path, n);
  times.pop_back();
  const auto reached = solve(gaussian.denoise(path), path, x, {times, 0.002});
  return (reached - gaussian.flow(x, 80, 0.002)).abs().item<double>();
}

inline void expect_summary(const torch::Tensor& x, const nlohmann::json& expected, double tolerance) {
  const double sum = expected.at("sum"), mean = expected.at("mean");
  EXPECT_NEAR(x.abs().sum().item<double>(), sum, tolerance * sum);
  EXPECT_NEAR(x.abs().mean().item<double>(), mean, tolerance * mean);
  const auto flat = x.flatten();
  const std::int64_t places[] = {1, 100, 767};
  for (std::size_t i = 0; i < 3; ++i) {
    const double value = expected.at("at").at(i);
    EXPECT_NEAR(flat[places[i]].item<double>(), value, tolerance * std::max(std::abs(value), mean));
  }
}

}  // namespace ctforge::diffusion::test
