// Terms of the variational bound against improved-diffusion's and against a closed form.
#include "models/diffusion/bound.h"

#include "tests/models/diffusion/known_cases.h"

#include <cmath>
#include <stdexcept>

namespace ctforge::diffusion {
namespace {

const nlohmann::json& oracle() {
  static const auto values =
      nlohmann::json::parse(ctforge::test::read_file(ctforge::test::source_dir() / "tests/oracle/bound.json"));
  return values;
}

torch::Tensor tensor(const nlohmann::json& values) {
  const auto shape = oracle()["shape"].get<std::vector<std::int64_t>>();
  return torch::tensor(values.get<std::vector<double>>(), torch::kFloat64).view(shape);
}

TEST(Bound, HasTheTermsOfImprovedDiffusion) {
  const auto times = oracle()["times"].get<std::vector<double>>();
  const auto x0 = tensor(oracle()["x0"]);
  const Estimate estimate{tensor(oracle()["guess"]), (tensor(oracle()["share"]) + 1) / 2};
  for (const auto& [schedule, path] :
       {std::pair{"linear", vp(linear_betas())}, std::pair{"cosine", vp(cosine_betas())}}) {
    for (const auto& [name, variance] :
         {std::pair{"learned_range", StepVariance::Learned}, std::pair{"fixed_small", StepVariance::Least},
          std::pair{"fixed_large", StepVariance::Greatest}}) {
      const auto& expected = oracle()[std::string(schedule) + "_" + name];
      const auto bits = bound_terms(path, x0, tensor(expected["x"]), times, estimate, variance);
      for (std::size_t i = 0; i < times.size(); ++i) {
        const double wanted = expected["bits"][i], got = bits[static_cast<std::int64_t>(i)].item<double>();
        EXPECT_NEAR(got, wanted, 1e-9 * std::max(1.0, wanted)) << schedule << " " << name << " " << times[i];
      }
      const auto prior = prior_term(path, x0);
      EXPECT_NEAR(prior[3].item<double>(), expected["prior"][3].get<double>(), 1e-12);
    }
  }
}

TEST(Bound, IsZeroForTheExactStepAndGrowsWithItsError) {
  const Path path = vp(linear_betas());
  const auto x0 = torch::randn({1, 1, 2, 2}, torch::kFloat64);
  const auto bits = [&](double error) {
    return bound_terms(path, x0, x0, {300}, Estimate{x0 + error}, StepVariance::Least).item<double>();
  };
  EXPECT_NEAR(bits(0), 0, 1e-12);
  EXPECT_NEAR(bits(0.2) / bits(0.1), 4, 1e-9);
}

TEST(Bound, IsTheSumOverAllSteps) {
  const Path path = vp(linear_betas(50, 1e-8, 0.4));
  // One of 256 values on [-1, 1], and hardly any noise on the last step: who knows it exactly pays for the prior alone.
  const auto x0 = torch::full({2, 1, 4, 4}, 2 * 131 / 255.0 - 1, torch::kFloat64);
  std::vector<double> visited;
  const Denoise exact = [&](const torch::Tensor&, double t) -> Estimate {
    visited.push_back(t);
    return x0;
  };
  auto generator = at::detail::createCPUGenerator(5);
  const auto bits = variational_bound(exact, path, x0, StepVariance::Least, generator);
  EXPECT_EQ(visited.size(), 50U);
  EXPECT_EQ(visited.front(), 49);
  EXPECT_EQ(visited.back(), 0);
  const auto prior = prior_term(path, x0);
  EXPECT_GT(prior.min().item<double>(), 0);
  EXPECT_TRUE(torch::allclose(bits, prior, 0, 1e-9));
  // An error of e in every step costs what the steps cost by themselves.
  const Denoise off = [&](const torch::Tensor&, double) -> Estimate { return x0 + 0.1; };
  auto again = at::detail::createCPUGenerator(5);
  auto expected = prior.clone();
  for (int t = 49; t >= 0; --t) {
    const auto x = path.at(t).alpha * x0 + path.at(t).sigma * torch::randn(x0.sizes(), again, torch::kFloat64);
    expected += bound_terms(path, x0, x, {double(t), double(t)}, {x0 + 0.1}, StepVariance::Least);
  }
  auto same = at::detail::createCPUGenerator(5);
  EXPECT_TRUE(torch::allclose(variational_bound(off, path, x0, StepVariance::Least, same), expected, 1e-12, 1e-12));
  EXPECT_THROW(variational_bound(exact, rectified(), x0, StepVariance::Least, same), std::invalid_argument);
}

TEST(Bound, GivesTheVarianceAGradient) {
  const Path path = vp(linear_betas());
  const auto x0 = torch::zeros({1, 1, 2, 2}, torch::kFloat64);
  const auto share = torch::full({1, 1, 2, 2}, 0.5, torch::TensorOptions(torch::kFloat64).requires_grad(true));
  bound_terms(path, x0, x0, {300}, {x0 + 3, share}, StepVariance::Learned).sum().backward();
  EXPECT_LT(share.grad().max().item<double>(), 0);  // an estimate so far off wants a wider step
}

TEST(Bound, RefusesWhatHasNone) {
  const auto x = torch::zeros({1, 1, 1, 1});
  EXPECT_THROW(bound_terms(ve(), x, x, {1}, x, StepVariance::Least), std::invalid_argument);
  const Path path = vp(linear_betas());
  EXPECT_THROW(bound_terms(path, x, x, {1.5}, x, StepVariance::Least), std::invalid_argument);
  EXPECT_THROW(bound_terms(path, x, x, {1, 2}, x, StepVariance::Least), std::invalid_argument);
  EXPECT_THROW(bound_terms(path, x, x, {1}, x, StepVariance::Learned), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::diffusion
