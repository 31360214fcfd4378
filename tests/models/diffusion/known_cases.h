// Cases whose answers are known: Gaussian data in closed form, and the fixture and values of diffusers' schedulers.
#pragma once

#include "models/diffusion/precond.h"
#include "tests/support/support.h"

#include <cmath>
#include <string>

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
    return [*this, path](const torch::Tensor& x, double t) {
      const AlphaSigma level = path.at(t);
      const double r = level.ratio();
      return mu + (x / level.alpha - mu) * (s * s / (s * s + r * r));
    };
  }

  // The same as a network of a parametrisation would have to answer, from its own inputs: F(c_in x, c_noise).
  Net network(const Parametrisation& parametrisation) const {
    return [*this, parametrisation](const torch::Tensor& input, const torch::Tensor& c_noise, const Condition&) {
      auto output = torch::empty_like(input);
      for (std::int64_t i = 0; i < input.size(0); ++i) {
        const double heard = c_noise[i].item<double>();
        const Path& path = parametrisation.path;
        const double t = path.discrete() ? heard : std::exp(heard / 250);
        const Precond c = precond(parametrisation.target, path.at(t), t, path, parametrisation.sigma_data);
        const auto x = input[i].to(torch::kFloat64) / c.c_in;
        output[i] = (denoise(path)(x, t) - c.c_skip * x) / c.c_out;
      }
      return output;
    };
  }

  // Where the probability-flow equation takes x / alpha from ratio `from` to ratio `to`.
  torch::Tensor flow(const torch::Tensor& x, double from, double to) const {
    return mu + (x - mu) * std::sqrt((s * s + to * to) / (s * s + from * from));
  }
};

// diffusers' test sample and network, float64; `fixture_denoise` turns the network into an estimate of x_0.
inline torch::Tensor fixture() { return torch::arange(768, torch::kFloat64).view({4, 3, 8, 8}) / 768; }

inline Denoise fixture_denoise(const Path& path, Target target, double sigma_data = 0.5) {
  return [path, target, sigma_data](const torch::Tensor& x, double t) {
    const Precond c = precond(target, path.at(t), t, path, sigma_data);
    const double heard = path.discrete() ? c.c_noise : c.c_noise / 1000;  // ln(sigma) / 4
    return c.c_skip * x + c.c_out * (c.c_in * x * heard / (heard + 1));
  };
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
