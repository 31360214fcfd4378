// From names to solvers and grids.
#include "pipeline/sample/sampler.h"

#include "models/diffusion/grid.h"
#include "pipeline/config/config_tree.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

namespace {

using diffusion::Denoise;
using diffusion::Levels;
using diffusion::NoiseSource;
using diffusion::Path;
using diffusion::StepHook;

Solver first_order(diffusion::FirstOrderOptions options) {
  return [options](const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                   const NoiseSource& noise, const StepHook& hook) {
    return diffusion::solve_first_order(denoise, path, std::move(x), levels, options, noise, hook);
  };
}

Solver heun(diffusion::ChurnOptions churn) {
  return [churn](const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                 const NoiseSource& noise, const StepHook& hook) {
    return diffusion::solve_heun(denoise, path, std::move(x), levels, churn, noise, hook);
  };
}

Solver multistep(diffusion::MultistepOptions options) {
  return [options](const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels,
                   const NoiseSource& noise, const StepHook& hook) {
    return diffusion::solve_multistep(denoise, path, std::move(x), levels, options, noise, hook);
  };
}

Solver unipc(diffusion::UniPcOptions options) {
  return [options](const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels, const NoiseSource&,
                   const StepHook& hook) {
    return diffusion::solve_unipc(denoise, path, std::move(x), levels, options, hook);
  };
}

// A solver that has no options and adds no noise.
Solver plain(torch::Tensor (*solve)(const Denoise&, const Path&, torch::Tensor, const Levels&, const StepHook&)) {
  return [solve](const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels, const NoiseSource&,
                 const StepHook& hook) { return solve(denoise, path, std::move(x), levels, hook); };
}

// Where a network predicts noise, its errors are multiplied by sigma / alpha on the way to a sample, in however many
// steps: the cosine schedule begins at 20291, the linear one at 157, and a network that is wrong by a hundredth leaves
// samples of several times the data's deviation. Latent diffusion's scaled linear schedule ends at 14.6.
constexpr double kGreatestRatioOfNoise = 15;

diffusion::StepVariance variance_from_name(const std::string& name) {
  using diffusion::StepVariance;
  static const std::map<std::string, StepVariance> variances = {{"fixed_small", StepVariance::Least},
                                                                {"fixed_large", StepVariance::Greatest},
                                                                {"learned", StepVariance::Learned}};
  return variances.at(name);
}

std::vector<double> times_of(const std::vector<double>& levels, const diffusion::Path& path) {
  std::vector<double> times;
  for (const double level : levels) times.push_back(path.time_of_ratio(level));
  for (std::size_t i = 1; i < times.size(); ++i)
    if (!(times[i] < times[i - 1]))
      throw ConfigError({{"the generator", "sample.levels", "must fall, within what the generator's path has"}});
  return times;
}

std::vector<double> all_times(const SampleConfig& config, const diffusion::Parametrisation& parametrisation) {
  using diffusion::Grid;
  static const std::map<std::string, Grid> grids = {{"karras", Grid::Karras},      {"log_snr", Grid::LogSnr},
                                                    {"exponential", Grid::LogSnr}, {"trailing", Grid::Trailing},
                                                    {"leading", Grid::Leading},    {"uniform", Grid::Uniform},
                                                    {"shifted", Grid::Shifted}};
  const diffusion::Path& path = parametrisation.path;
  if (!config.levels.empty()) return times_of(config.levels, path);
  const bool variance_exploding = path.at(path.t_max()).alpha == 1;
  const auto grid = grids.find(config.grid != "auto" ? config.grid : variance_exploding ? "karras" : "trailing");
  if (grid == grids.end()) throw std::invalid_argument("unknown grid " + config.grid);
  if (config.rho != SampleConfig{}.rho && grid->second != Grid::Karras)
    throw ConfigError({{"the generator", "sample.rho", "is for sample.grid karras"}});
  diffusion::GridOptions options{config.rho, config.sigma_min, config.sigma_max, config.shift};
  if (config.sigma_max == 0) {
    const bool needs_limit = grid->second == Grid::Karras || grid->second == Grid::LogSnr;
    const bool predicts_noise = parametrisation.target == diffusion::Target::Noise;
    options.sigma_max = predicts_noise ? kGreatestRatioOfNoise
                        : needs_limit  ? diffusion::GridOptions{}.sigma_max
                                       : std::numeric_limits<double>::infinity();
  }
  // Where a consistency model is asked last it answers with data: the lowest level would change next to nothing.
  const bool answers_with_data = config.sampler == "consistency";
  try {
    const int steps = static_cast<int>(config.steps) + (answers_with_data ? 1 : 0);
    auto times = diffusion::make_grid(grid->second, path, steps, options);
    if (answers_with_data) times.pop_back();
    return times;
  } catch (const std::invalid_argument& error) {
    // Which limits and numbers of steps are possible is known only once the generator's path is.
    throw ConfigError(
        {{"the generator", "sample.grid, sample.steps, sample.sigma_min, sample.sigma_max", error.what()}});
  }
}

}  // namespace

bool is_deterministic(const SampleConfig& config) {
  const std::string& name = config.sampler;
  const bool noisy = name == "ddpm" || name == "edm_sde" || name == "dpmpp_2m_sde" ||
                     (name == "consistency" && config.steps > 1) || (name == "ddim" && config.eta > 0);
  return !noisy;
}

Solver make_solver(const SampleConfig& config) {
  const std::string& name = config.sampler;
  if (name == "ddpm") return first_order({.eta = 1, .variance = variance_from_name(config.variance)});
  if (name == "ddim") return first_order({.eta = config.eta});
  if (name == "euler") return first_order({});
  if (name == "heun") return heun({});
  if (name == "edm_sde") return heun({config.churn, config.churn_low, config.churn_high, config.churn_noise});
  if (name == "dpmpp_2m") return multistep({.order = 2});
  if (name == "dpmpp_3m") return multistep({.order = 3});
  if (name == "dpmpp_2m_sde") return multistep({.order = 2, .stochastic = true});
  if (name == "dpmpp_2s") return plain(&diffusion::solve_singlestep);
  if (name == "unipc") return unipc({.order = static_cast<int>(config.order)});
  if (name == "pndm") return plain(&diffusion::solve_pndm);
  if (name == "consistency") {
    return [](const Denoise& denoise, const Path& path, torch::Tensor x, const Levels& levels, const NoiseSource& noise,
              const StepHook& hook) {
      return diffusion::solve_consistency(denoise, path, std::move(x), levels, noise, hook);
    };
  }
  throw std::invalid_argument("unknown sampler " + name);
}

std::vector<double> make_times(const SampleConfig& config, const diffusion::Parametrisation& parametrisation) {
  std::vector<double> times = all_times(config, parametrisation);
  const auto steps = static_cast<double>(times.size());
  const auto kept = std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(config.strength * steps));
  times.erase(times.begin(), times.end() - kept);
  return times;
}

void check_sampler(const SampleConfig& config, const diffusion::Parametrisation& parametrisation) {
  const auto refuse = [](const char* key, const std::string& text) {
    throw ConfigError({{"the generator", std::string("sample.") + key, text}});
  };
  const bool consistency = parametrisation.target == diffusion::Target::Boundary;
  if (consistency != (config.sampler == "consistency"))
    refuse("sampler", consistency ? "must be consistency for a generator trained with train.method consistency"
                                  : "consistency is for a generator trained with train.method consistency");
  const auto times = make_times(config, parametrisation);
  if (config.sampler == "pndm") {
    try {
      diffusion::check_pndm(parametrisation.path, times);
    } catch (const std::invalid_argument& error) {
      refuse("sampler", error.what());
    }
  }
  if (config.variance == "learned" && !parametrisation.learned_variance)
    refuse("variance", "must not be learned: the generator was trained with train.learned_variance false");
}

void check_gan_sampling(const SampleConfig& config) {
  std::vector<ConfigProblem> problems;
  for (const auto& [key, set] : {std::pair{"pairs", config.pairs},
                                 {"weaker", !config.weaker.empty()},
                                 {"blend", !config.blend.empty()},
                                 {"guidance_from", !config.guidance_from.empty()},
                                 {"strength", config.strength != 1},
                                 {"ema_length", config.ema_length > 0}})
    if (set)
      problems.push_back({"the generator", std::string("sample.") + key, "is for diffusion models; this is a GAN"});
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

}  // namespace ctforge::pipeline
