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
