// The folder's network, the file's noise and one of the solvers.
#include "pipeline/sample/sample_folder.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/interchange/scheduler_config.h"
#include "pipeline/observe/log.h"
#include "pipeline/sample/sampler.h"
#include "pipeline/train/train_method.h"

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr double kSigmaData = 0.5;  // diffusers' default

std::optional<fs::path> scheduler_file(const fs::path& folder) {
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();  // without a slash at the end
  for (const fs::path& place : {plain, plain / "scheduler", plain.parent_path() / "scheduler"})
    if (fs::exists(place / "scheduler_config.json")) return place / "scheduler_config.json";
  return std::nullopt;
}

diffusion::Parametrisation learned_by(const fs::path& folder, const TrainConfig& training) {
  if (const auto file = scheduler_file(folder)) return parametrisation_from_scheduler(io::read_whole_file(*file));
  log_warning("sample: no scheduler_config.json beside the network: it is taken to have learned train.method " +
              training.method + " (sigma_data 0.5)");
  return parametrisation_of(method_of(training), kSigmaData);
}

const torch::Tensor& tensor_of(const nets::TensorFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end())
    throw io::DataError(io::Fault::InvalidShard, "the noise file has no tensor '" + name + "'");
  return found->second;
}

// Class indices, or vectors for networks that embed classes otherwise; the latter are theirs to judge.
torch::Tensor labels_in(const nets::TensorFile& file, std::int64_t count, const nets::UNetConfig& shape) {
  torch::Tensor labels = tensor_of(file, "labels");
  const bool indices = labels.dim() == 1 && labels.scalar_type() == torch::kInt64 && labels.numel() > 0;
  const bool known =
      !indices || shape.num_class_embeds == 0 ||
      (labels.min().item<std::int64_t>() >= 0 && labels.max().item<std::int64_t>() < shape.num_class_embeds);
  if (labels.dim() == 0 || labels.size(0) != count || !known)
    throw io::DataError(io::Fault::InvalidShard,
                        "labels must be [N], each the index of a class that the network knows");
  return labels;
}

// Of a network without a run, whose classes and weights have no names.
void refuse_unused(const SampleConfig& config) {
  const SampleConfig plain;
  std::vector<ConfigProblem> problems;
  const std::pair<const char*, bool> settings[] = {{"guidance", config.guidance != plain.guidance},
                                                   {"guidance_from", !config.guidance_from.empty()},
                                                   {"blend", !config.blend.empty()},
                                                   {"weaker", !config.weaker.empty()},
                                                   {"weights", config.weights != plain.weights},
                                                   {"ema_length", config.ema_length != 0},
                                                   {"format", config.format != plain.format},
                                                   {"pairs", config.pairs},
                                                   {"strength", config.strength != plain.strength},
                                                   {"untrained", config.untrained != 0}};
  for (const auto& [key, given] : settings)
    if (given) problems.push_back({"configuration", std::string("sample.") + key, "is not for --checkpoint"});
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

}  // namespace

ordered_json run_sample_folder(const SampleConfig& given_config, const TrainConfig& training, const Context& context,
                               const fs::path& checkpoint, const fs::path& noise) {
  check_sample(given_config);
  refuse_unused(given_config);
  // A configuration made for a run has them, too: they are no mistake, but do nothing here.
  log_info("sample: --noise tells number, seed and classes of the samples; settings of them are not used");
  // To be held against another program's numbers: no level of its grid is left out unasked.
  SampleConfig config = given_config;
  const bool of_its_own = config.grid == "karras" || config.grid == "log_snr" || config.grid == "exponential";
  if (config.sigma_max == 0 && config.grid != "auto" && !of_its_own)
    config.sigma_max = std::numeric_limits<double>::infinity();
  const torch::NoGradGuard no_grad;
  const torch::Device device(context.device);
  const fs::path folder = fs::exists(checkpoint / "unet" / "config.json") ? checkpoint / "unet" : checkpoint;
  nets::UNet net = nets::load_unet(folder);
  net->to(device);
  auto parametrisation = learned_by(folder, training);
  const auto& shape = net->config();
  if (shape.out_channels != shape.in_channels * (parametrisation.learned_variance ? 2 : 1))
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the network's out_channels must be its in_channels, or twice them where it learned the "
                        "variance");
  check_sampler(config, parametrisation);

  const nets::TensorFile given = nets::load_tensors(noise);
  const auto start = tensor_of(given, "noise").to(device, torch::kFloat32);
  if (start.dim() != 4 || start.size(1) != shape.in_channels)
    throw io::DataError(io::Fault::InvalidShard, "the noise must be [N," + std::to_string(shape.in_channels) + ",H,W]");
  diffusion::Condition condition;
  if (given.tensors.contains("labels")) condition.labels = labels_in(given, start.size(0), shape).to(device);
  const auto step_noise = [&](int step) {
    const auto& all = tensor_of(given, "step_noise");
    if (all.dim() != 5 || step >= all.size(0) || all[0].sizes() != start.sizes())
      throw io::DataError(io::Fault::InvalidShard, "step_noise must be [S,N,C,H,W] with a row for every step");
    return all[step].to(device, torch::kFloat32);
  };
  const diffusion::Net answer = [&net](const torch::Tensor& x, const torch::Tensor& c_noise,
                                       const diffusion::Condition& told) {
    return net->forward(x, c_noise, told.labels);
  };
  auto denoise = diffusion::bind(answer, parametrisation, condition);
  if (config.clip > 0) denoise = diffusion::clipped(denoise, config.clip);
  const auto times = make_times(config, parametrisation);
  torch::Tensor sample;
  try {
    sample = make_solver(config)(denoise, parametrisation.path,
                                 diffusion::starting_point(parametrisation.path, times.front(), start), times,
                                 step_noise, [&](int done, const torch::Tensor&) {
                                   context.progress(done, static_cast<std::int64_t>(times.size()), "steps");
                                   return !context.interrupted();
                                 });
  } catch (const std::invalid_argument& error) {
    throw io::DataError(io::Fault::OtherConfiguration, error.what());  // labels or sizes the network does not take
  }
  if (context.interrupted()) throw Interrupted{"sample"};
  const fs::path out = context.out / "samples";
  fs::create_directories(out);
  nets::save_tensors(out / "raw.safetensors", {{"sample", sample.to(torch::kCPU, torch::kFloat32).contiguous()}},
                     {{"synthetic", "true"}});
  return {{"sampler", config.sampler}, {"steps", config.steps}, {"samples", start.size(0)}};
}

}  // namespace ctforge::pipeline
