// Solver, guidance and codec as the configuration names them.
#include "pipeline/sample/draw.h"

#include "io/file/fault.h"
#include "models/diffusion/guide.h"
#include "models/diffusion/straightness.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/sample/draw_threads.h"
#include "pipeline/sample/sampler.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace ctforge::pipeline {

namespace {

using diffusion::Denoise;

struct WeightedClass {
  std::int64_t index;
  double weight;
};

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::int64_t class_named(const Generator& generator, const std::string& name, const char* key) {
  const auto& names = generator.patches.classes;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw ConfigError({{"the generator", key, "'" + name + "' is not one of its classes: " + listed(names)}});
  return found - names.begin();
}

std::vector<WeightedClass> blended(const SampleConfig& config, const Generator& generator) {
  std::vector<WeightedClass> classes;
  for (const std::string& text : config.blend) {
    const std::size_t equals = text.rfind('=');
    double weight = 0;
    const char* end = text.data() + text.size();
    const auto parsed =
        equals == std::string::npos ? std::from_chars_result{} : std::from_chars(text.data() + equals + 1, end, weight);
    if (parsed.ptr != end || parsed.ec != std::errc() || !std::isfinite(weight))
      throw ConfigError({{"configuration", "sample.blend", "expected class=weight, found '" + text + "'"}});
    classes.push_back({class_named(generator, text.substr(0, equals), "sample.blend"), weight});
  }
  return classes;
}

Denoise guided(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
               const torch::Tensor& labels) {
  const auto told = [&](const torch::Tensor& classes) {
    return diffusion::bind(net, generator.parametrisation, {classes});
  };
  const Denoise conditional = told(labels);
  const auto further = blended(config, generator);
  if (config.guidance == 1 && further.empty()) return conditional;
  const auto& path = generator.parametrisation.path;
  Denoise base;
  if (generator.weaker) {
    const auto& theirs = generator.weaker->parametrisation;
    base = diffusion::on_path(diffusion::bind(network(*generator.weaker), theirs, {labels}), theirs.path, path);
  } else {
    const std::int64_t from = config.guidance_from.empty()
                                  ? generator.no_class()
                                  : class_named(generator, config.guidance_from, "sample.guidance_from");
    base = told(torch::full_like(labels, from));
  }
  std::vector<std::pair<Denoise, double>> terms = {{conditional, config.guidance}};
  for (const WeightedClass& one : further) terms.emplace_back(told(torch::full_like(labels, one.index)), one.weight);
  const double highest = config.guidance_high == 0 ? std::numeric_limits<double>::infinity() : config.guidance_high;
  return diffusion::guide(base, terms, conditional, {config.guidance_low, highest}, path);
}

void finish(Drawn& drawn, const Generator& generator, const torch::Tensor& latents) {
  if (!torch::isfinite(latents).all().item<bool>()) {
    throw std::runtime_error(
        "the generator's samples are not numbers: its training diverged, or guidance is too strong");
  }
  const auto decoded = generator.codec.decode(latents.to(torch::kFloat32));
  drawn.latents = latents.to(torch::kCPU, torch::kFloat32).contiguous();
  drawn.decoded = {decoded.image.to(torch::kCPU, torch::kFloat32).contiguous(),
                   decoded.mask.to(torch::kCPU, torch::kUInt8).contiguous()};
}

}  // namespace

void check_guidance(const SampleConfig& config, const Generator& generator) {
  const bool leads = config.guidance != 1 || !config.blend.empty();
  const auto trained = nlohmann::json::parse(generator.config, nullptr, false);
  if (leads && config.guidance_from.empty() && !generator.weaker && trained.is_object() &&
      trained.value("label_dropout", 1.0) == 0)
    throw ConfigError({{"the generator", "sample.guidance",
                        "must be 1, without sample.blend: the generator was trained with train.label_dropout 0, never "
                        "without a class. Or give a class or a generator to lead away from, sample.guidance_from or "
                        "sample.weaker"}});
  if (leads && generator.method.name == "consistency")
    throw ConfigError({{"the generator", "sample.guidance",
                        "must be 1, without sample.blend: a consistency model answers with a sample, which must not be "
                        "extrapolated. Its teacher can be guided, train.consistency.teacher_guidance"}});
  if (trained.is_object() && trained.value("times", "") == "noisiest" && config.steps > 1)
    throw ConfigError({{"the generator", "sample.steps",
                        "must be 1: the generator was trained with train.times noisiest, for one step alone"}});
  if (!config.guidance_from.empty()) class_named(generator, config.guidance_from, "sample.guidance_from");
  blended(config, generator);
}

namespace {

// One batch. rows: those that the straightness is of; empty: all.
std::optional<Drawn> draw_batch(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
                                std::uint64_t seed, const std::vector<Wanted>& wanted,
                                const std::function<bool()>& stop, const std::vector<std::int64_t>& rows = {}) {
  const torch::NoGradGuard no_grad;
  const auto& path = generator.parametrisation.path;
  std::vector<std::int64_t> indices, classes;
  for (const Wanted& sample : wanted) {
    indices.push_back(sample.index);
    classes.push_back(sample.class_index);
  }
  const auto labels = torch::tensor(classes, torch::kInt64).to(generator.device);
  const auto noise_of = [&](std::int64_t stream) {
    return diffusion::batch_noise(seed, indices, stream, generator.latent_shape);
  };

  Drawn drawn;
  if (generator.is_gan()) {
    drawn.noise = diffusion::batch_noise(seed, indices, diffusion::kStartStream, generator.noise_shape());
    finish(drawn, generator, net(drawn.noise.to(generator.device), {}, {labels, {}}));
    return drawn;
  }
  Denoise denoise = guided(config, generator, net, labels);
  if (config.clip > 0) denoise = diffusion::clipped(denoise, config.clip);
  const auto times = make_times(config, generator.parametrisation);
  drawn.noise = noise_of(diffusion::kStartStream);
  const auto noise = drawn.noise.to(generator.device);
  const auto start = generator.starts
                         ? diffusion::starting_point(path, times.front(), generator.starts(indices, classes), noise)
                         : diffusion::starting_point(path, times.front(), noise);
  // Elsewhere nobody asks, and it would hold up a GPU at every step.
  std::optional<diffusion::Straightness> straightness;
  if (generator.method.name == "rectified_flow" && times.size() > 1 && !generator.starts) straightness.emplace(path);
  const auto asked = [&rows](const torch::Tensor& x) {
    return rows.empty() ? x : x.index_select(0, torch::tensor(rows, torch::kInt64));
  };
  if (straightness) straightness->add(times.front(), asked(start));
  bool stopped = false;
  const auto hook = [&](int done, const torch::Tensor& x) {
    const auto next = static_cast<std::size_t>(done);
    if (straightness && next < times.size()) straightness->add(times[next], asked(x));
    return !(stopped = stop && stop());
  };
  const auto latents = make_solver(config)(
      denoise, path, start, times,
      [&](int step) { return noise_of(diffusion::kFirstStepStream + step).to(generator.device); }, hook);
  if (stopped) return std::nullopt;

  finish(drawn, generator, latents);
  if (straightness) {
    straightness->add_end(asked(latents));
    drawn.straightness = straightness->value();
  }
  return drawn;
}

// Rows of a batch.
Drawn rows_of(const Drawn& drawn, const std::vector<std::int64_t>& rows) {
  const auto index = torch::tensor(rows, torch::kInt64);
  const auto chosen = [&index](const torch::Tensor& all) { return all.index_select(0, index); };
  return {{chosen(drawn.decoded.image), chosen(drawn.decoded.mask)}, chosen(drawn.noise), chosen(drawn.latents), {}};
}

// Samples of one quotient by kDrawnTogether, and where they stand among those wanted.
struct RowGroup {
  std::int64_t first = 0;  // index of the first of the kDrawnTogether
  std::vector<std::int64_t> rows, places;
};

std::vector<RowGroup> grouped(const std::vector<Wanted>& wanted) {
  std::map<std::int64_t, RowGroup> groups;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::int64_t row = wanted[i].index % kDrawnTogether, first = wanted[i].index - row;
    RowGroup& group = groups[first];
    group.first = first;
    group.rows.push_back(row);
    group.places.push_back(static_cast<std::int64_t>(i));
  }
  std::vector<RowGroup> result;
  for (auto& [first, group] : groups) result.push_back(std::move(group));
  return result;
}

// Puts the groups' samples in the order in which they were wanted.
Drawn joined(const std::vector<RowGroup>& groups, const std::vector<Drawn>& drawn) {
  std::vector<torch::Tensor> places;
  for (const RowGroup& group : groups) places.push_back(torch::tensor(group.places, torch::kInt64));
  const auto order = torch::argsort(torch::cat(places));
  const auto all = [&](const std::function<torch::Tensor(const Drawn&)>& of) {
    std::vector<torch::Tensor> parts;
    for (const Drawn& part : drawn) parts.push_back(of(part));
    return torch::cat(parts).index_select(0, order);
  };
  return {{all([](const Drawn& d) { return d.decoded.image; }), all([](const Drawn& d) { return d.decoded.mask; })},
          all([](const Drawn& d) { return d.noise; }),
          all([](const Drawn& d) { return d.latents; }),
          {}};
}

}  // namespace

std::int64_t drawn_at_once(std::int64_t batch, torch::Device device) {
  return device.is_cpu() ? (batch + kDrawnTogether - 1) / kDrawnTogether * kDrawnTogether : batch;
}

std::optional<Drawn> draw_samples(const SampleConfig& config, const Generator& generator, const diffusion::Net& net,
                                  std::uint64_t seed, const std::vector<Wanted>& wanted,
                                  const std::function<bool()>& stop) {
  if (!generator.device.is_cpu()) return draw_batch(config, generator, net, seed, wanted, stop);
  const auto groups = grouped(wanted);
  std::vector<Drawn> drawn(groups.size());
  std::atomic<bool> stopped{false};
  each_on_one_thread(static_cast<std::int64_t>(groups.size()), [&](std::int64_t i) {
    const RowGroup& group = groups[static_cast<std::size_t>(i)];
    std::vector<Wanted> all;
    for (std::int64_t row = 0; row < kDrawnTogether; ++row)
      all.push_back({group.first + row, wanted[static_cast<std::size_t>(group.places.front())].class_index});
    for (std::size_t k = 0; k < group.rows.size(); ++k)
      all[static_cast<std::size_t>(group.rows[k])] = wanted[static_cast<std::size_t>(group.places[k])];
    const auto batch = stopped ? std::nullopt : draw_batch(config, generator, net, seed, all, stop, group.rows);
    if (!batch) {
      stopped = true;
      return;
    }
    drawn[static_cast<std::size_t>(i)] = rows_of(*batch, group.rows);
    drawn[static_cast<std::size_t>(i)].straightness = batch->straightness;
  });
  if (stopped) return std::nullopt;
  Drawn result = joined(groups, drawn);
  if (drawn.front().straightness) {
    double sum = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i)
      sum += *drawn[i].straightness * static_cast<double>(groups[i].rows.size());
    result.straightness = sum / static_cast<double>(wanted.size());
  }
  return result;
}

std::vector<double> class_proportions(const SampleConfig& config, std::vector<double> counts,
                                      const std::vector<std::string>& names, std::vector<std::string>& notes) {
  const auto least = static_cast<double>(config.class_least);
  if (*std::max_element(counts.begin(), counts.end()) < least)
    throw io::DataError(io::Fault::NothingUsable, "no class has the " + std::to_string(config.class_least) +
                                                      " training patches that sample.class_least asks for");
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0 && counts[c] < least)
      notes.push_back("class '" + names[c] + "' is not drawn: it has " + std::to_string(std::llround(counts[c])) +
                      " training patches, fewer than sample.class_least");
    if (counts[c] < least) counts[c] = 0;
    if (config.classes == "balanced" && counts[c] > 0) counts[c] = 1;
  }
  return counts;
}

std::vector<std::int64_t> class_sequence(std::int64_t count, const std::vector<double>& proportions) {
  const double sum = std::accumulate(proportions.begin(), proportions.end(), 0.0);
  if (!(sum > 0)) throw std::invalid_argument("no class has a positive proportion");
  std::vector<double> given(proportions.size(), 0.0);
  std::vector<std::int64_t> sequence;
  for (std::int64_t i = 0; i < count; ++i) {
    // The class that lags most behind its share of i + 1 samples; the first of equals.
    std::size_t next = proportions.size();
    double greatest = 0;
    for (std::size_t k = 0; k < proportions.size(); ++k) {
      const double lag = proportions[k] / sum * static_cast<double>(i + 1) - given[k];
      if (proportions[k] > 0 && (next == proportions.size() || lag > greatest + 1e-9)) {
        next = k;
        greatest = lag;
      }
    }
    given[next] += 1;
    sequence.push_back(static_cast<std::int64_t>(next));
  }
  return sequence;
}

}  // namespace ctforge::pipeline
