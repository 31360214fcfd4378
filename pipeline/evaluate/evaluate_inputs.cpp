// Reading and guarding what the evaluate stage compares.
#include "pipeline/evaluate/evaluate_inputs.h"

#include "eval/patch_sampler.h"
#include "io/file/atomic_file.h"
#include "io/file/digest.h"
#include "io/file/fault.h"
#include "models/nets/lite0.h"
#include "pipeline/config/config_tree.h"
#include "pipeline/config/config_visitors.h"
#include "pipeline/evaluate/evaluate_distances.h"
#include "pipeline/train/train_data.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <numeric>
#include <system_error>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

eval::PatchSet empty_like(const eval::PatchSet& set) {
  eval::PatchSet none = eval::subset(set, {});
  none.patients.clear();
  none.contoured.clear();
  return none;
}

// The patches that show any label.
eval::Indices showing_labels(const eval::PatchSet& set) {
  eval::Indices indices;
  const auto present = eval::labels_present(set);
  for (std::size_t i = 0; i < present.size(); ++i)
    if (std::find(present[i].begin() + 1, present[i].end(), true) != present[i].end())
      indices.push_back(static_cast<std::int64_t>(i));
  return indices;
}

bool has_unlabelled(const eval::PatchSet& set) {
  constexpr std::int64_t kAtOnce = 256;
  for (std::int64_t start = 0; start < set.size(); start += kAtOnce) {
    eval::Indices some(static_cast<std::size_t>(std::min(kAtOnce, set.size() - start)));
    std::iota(some.begin(), some.end(), start);
    if (showing_labels(eval::subset(set, some)).size() < some.size()) return true;
  }
  return false;
}

std::pair<std::string, fs::path> parse_extra(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  if (equals == std::string::npos || equals + 1 == text.size() || !plain || name == "noise" || name == "synthetic" ||
      name == "untrained" || name == kReconstructed) {
    throw ConfigError({{"configuration", "evaluate.extra_sets",
                        "expected name=FOLDER with a name of letters, digits, - and _ other than 'noise', 'synthetic', "
                        "'untrained' and 'reconstructed'"}});
  }
  return {name, text.substr(equals + 1)};
}

void guard(const EvaluationInputs& inputs) {
  eval::require_disjoint_patients(inputs.train, inputs.validation, "train and validation");
  eval::require_disjoint_patients(inputs.train, inputs.test, "train and test");
  eval::require_disjoint_patients(inputs.validation, inputs.test, "validation and test");
  for (const eval::PatchSet* real : {&inputs.train, &inputs.validation, &inputs.test}) {
    eval::require_disjoint_patients(*real, inputs.synthetic, "real and synthetic");
    eval::require_same_kind(inputs.synthetic, *real);
  }
  for (const auto& [name, extra] : inputs.extras) eval::require_same_kind(inputs.synthetic, extra);
}

}  // namespace

void require_trained_on(const std::string& train_sha256, const fs::path& samples) {
  if (!fs::exists(samples / "samples.json")) return;
  const auto json = nlohmann::json::parse(io::read_whole_file(samples / "samples.json"), nullptr, false);
  const std::string trained = json.is_object() ? json.value("train_sha256", "") : "";
  if (!trained.empty() && trained != train_sha256)
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the samples come from a generator that was trained on other data than is prepared in this "
                        "folder, whose held-out patients it may have seen: run train and sample again");
}

eval::PatchSet held_out_like_train(const eval::PatchSet& train, std::span<const eval::PatchSet> sides) {
  eval::PatchSet held_out = eval::concatenate(sides);
  if (has_unlabelled(train)) return held_out;
  return eval::subset(held_out, showing_labels(held_out));
}

std::vector<ConfigProblem> evaluate_problems(const EvaluateConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto need_file = [&problems](const char* key, const std::string& path) {
    if (!path.empty() && !fs::is_regular_file(path)) problems.push_back({"configuration", key, "no such file"});
  };
  if (config.lite0 != "auto" && config.lite0 != "none") need_file("evaluate.lite0", config.lite0);
  need_file("evaluate.inception", config.inception);
  need_file("evaluate.torchscript.path", config.torchscript.path);
  if (TorchScriptConfig plain;
      config.torchscript.path.empty() && section_json(config.torchscript) != section_json(plain))
    problems.push_back({"configuration", "evaluate.torchscript", "needs evaluate.torchscript.path"});
  if (config.inception.empty() && config.inception_resize != EvaluateConfig().inception_resize)
    problems.push_back({"configuration", "evaluate.inception_resize", "needs evaluate.inception"});
  if (config.measures.empty()) problems.push_back({"configuration", "evaluate.measures", "must not be empty"});
  return problems;
}

void check_evaluate(const EvaluateConfig& config) {
  std::vector<ConfigProblem> problems = evaluate_problems(config);
  const auto refuse = [&problems](const char* key, const char* why) {
    problems.push_back({"configuration", key, why});
  };
  constexpr const char* kVolumesOnly = "is for volumes given with --real and --synthetic";
  if (config.planes != EvaluateConfig().planes) refuse("evaluate.planes", kVolumesOnly);
  if (section_json(config.volumes) != section_json(EvaluateConfig().volumes)) refuse("evaluate.volumes", kVolumesOnly);
  if (config.rounds == 0) refuse("evaluate.rounds", "must not be 0 in a run, whose distances have a floor");
  for (const std::string& text : config.extra_sets) gather_problems(problems, [&] { parse_extra(text); });
  gather_problems(problems, [&] { check_downstream(config.downstream); });
  if (!problems.empty()) throw ConfigError(problems);
}

EvaluationInputs load_inputs(const EvaluateConfig& config, const fs::path& out) {
  const fs::path data = out / "data", samples = out / "samples", untrained = samples / "untrained";
  const auto open = [](const fs::path& folder, const std::string& prefix) {
    return eval::patches_of(std::make_shared<const io::ShardSet>(folder, prefix));
  };
  EvaluationInputs inputs;
  inputs.train = open(data, "train");
  require_trained_on(split_sha256(data, "train"), samples);
  inputs.test = open(data, "test");
  inputs.validation = io::has_shards(data, "validation") ? open(data, "validation") : empty_like(inputs.train);
  inputs.synthetic = open(samples, "synthetic");
  for (const std::string& text : config.extra_sets) {
    const auto [name, folder] = parse_extra(text);
    inputs.extras.emplace_back(name, open(folder, "synthetic"));
  }
  if (io::has_shards(untrained, "synthetic")) inputs.extras.emplace_back("untrained", open(untrained, "synthetic"));
  guard(inputs);
  inputs.held_out = held_out_like_train(inputs.train, std::array{inputs.validation, inputs.test});
  return inputs;
}

bool any_contoured(const eval::PatchSet& set) {
  // A set without patches keeps the contours of the one that it is a part of.
  return set.size() > 0 && std::any_of(set.contoured.begin(), set.contoured.end(), [](const auto& contoured) {
           return std::find(contoured.begin() + 1, contoured.end(), true) != contoured.end();
         });
}

std::string inputs_sha256(const EvaluateConfig& config, const fs::path& out) {
  const fs::path data = out / "data", samples = out / "samples", untrained = samples / "untrained";
  std::string digests;
  const auto add = [&digests](const fs::path& folder, const std::string& prefix) {
    digests += split_sha256(folder, prefix) + "\n";
  };
  add(data, "train");
  add(data, "test");
  if (io::has_shards(data, "validation")) add(data, "validation");
  add(samples, "synthetic");
  for (const std::string& text : config.extra_sets) add(parse_extra(text).second, "synthetic");
  if (io::has_shards(untrained, "synthetic")) add(untrained, "synthetic");
  return io::sha256_hex(digests);
}

std::optional<fs::path> find_lite0(const std::string& configured) {
  if (configured == "none") return std::nullopt;
  const char* environment = std::getenv("CTFORGE_LITE0");
  const std::string named = configured != "auto" ? configured : environment != nullptr ? environment : "";
  if (!named.empty()) {
    if (fs::is_regular_file(named)) return named;
    throw io::DataError(io::Fault::Unreadable, std::string("the weights of EfficientNet-Lite0 are not where ") +
                                                   (configured != "auto" ? "evaluate.lite0" : "CTFORGE_LITE0") +
                                                   " says");
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return std::nullopt;
  for (const char* folder : {"../share/ctforge", "../.deps"}) {
    const fs::path candidate = program.parent_path() / folder / nets::kLite0FileName;
    if (fs::is_regular_file(candidate)) return candidate.lexically_normal();
  }
  return std::nullopt;
}

Extractors load_extractors(const EvaluateConfig& config, const std::string& device) {
  Extractors extractors;
  if (const auto weights = find_lite0(config.lite0)) {
    extractors.list.push_back(eval::lite0_extractor(*weights, torch::Device(device)));
  } else {
    extractors.unavailable.emplace_back(
        eval::kLite0Name, config.lite0 == "none" ? "switched off" : "its weights were not found; see evaluate.lite0");
  }
  if (!config.inception.empty()) {
    extractors.list.push_back(eval::inception_extractor(config.inception, eval::resize_named(config.inception_resize),
                                                        torch::Device(device)));
  } else {
    extractors.unavailable.emplace_back(eval::kInceptionName, "inception-2015-12-05.pt was not given");
  }
  if (!config.torchscript.path.empty()) {
    const eval::TorchScriptInput input{config.torchscript.size, config.torchscript.mean, config.torchscript.scale};
    extractors.list.push_back(eval::torchscript_extractor(config.torchscript.path, input, torch::Device(device)));
  }
  return extractors;
}

}  // namespace ctforge::pipeline
