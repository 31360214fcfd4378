// Reading and guarding what the evaluate stage compares.
#include "pipeline/evaluate_inputs.h"

#include "io/atomic_file.h"
#include "io/digest.h"
#include "io/fault.h"
#include "models/nets/lite0.h"
#include "pipeline/config_tree.h"
#include "pipeline/train_data.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <system_error>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

eval::PatchSet open_set(const fs::path& folder, const std::string& prefix) {
  return eval::patches_of(std::make_shared<const io::ShardSet>(folder, prefix));
}

bool has_shards(const fs::path& folder, const std::string& prefix) {
  return fs::exists(folder / (prefix + "-00000.safetensors"));
}

eval::PatchSet empty_like(const eval::PatchSet& set) {
  eval::PatchSet none = eval::subset(set, {});
  none.patients.clear();
  none.contoured.clear();
  return none;
}

std::string digest_of(const std::vector<fs::path>& folders) {
  io::Sha256 digest;
  for (const fs::path& folder : folders) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) digest.update(file.filename().string() + " " + io::sha256_file(file) + "\n");
  }
  return digest.hex();
}

std::pair<std::string, fs::path> parse_extra(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  if (equals == std::string::npos || equals + 1 == text.size() || !plain || name == "noise" || name == "synthetic" ||
      name == "untrained" || name == "reconstructed") {
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

// Samples tell which training set their generator saw. With another split, held-out patients may be among it.
void guard_training_set(const fs::path& data, const fs::path& samples) {
  if (!fs::exists(samples / "samples.json")) return;
  const auto json = nlohmann::json::parse(io::read_whole_file(samples / "samples.json"), nullptr, false);
  const std::string trained = json.is_object() ? json.value("train_sha256", "") : "";
  if (!trained.empty() && trained != split_sha256(data, "train"))
    throw io::DataError(io::Fault::OtherConfiguration,
                        "the samples come from a generator that was trained on other data than is prepared in this "
                        "folder, whose held-out patients it may have seen: run train and sample again");
}

}  // namespace

void check_evaluate(const EvaluateConfig& config) {
  std::vector<ConfigProblem> problems;
  const auto need_file = [&problems](const char* key, const std::string& path) {
    if (!path.empty() && !fs::is_regular_file(path)) problems.push_back({"configuration", key, "no such file"});
  };
  if (config.lite0 != "auto" && config.lite0 != "none") need_file("evaluate.lite0", config.lite0);
  need_file("evaluate.inception", config.inception);
  need_file("evaluate.torchscript.path", config.torchscript.path);
  for (const std::string& text : config.extra_sets) {
    try {
      parse_extra(text);
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw ConfigError(problems);
}

EvaluationInputs load_inputs(const EvaluateConfig& config, const fs::path& out) {
  const fs::path data = out / "data", samples = out / "samples";
  EvaluationInputs inputs;
  inputs.train = open_set(data, "train");
  inputs.test = open_set(data, "test");
  inputs.validation = has_shards(data, "validation") ? open_set(data, "validation") : empty_like(inputs.train);
  inputs.synthetic = open_set(samples, "synthetic");
  guard_training_set(data, samples);
  std::vector<fs::path> folders = {data, samples};
  for (const std::string& text : config.extra_sets) {
    const auto [name, folder] = parse_extra(text);
    inputs.extras.emplace_back(name, open_set(folder, "synthetic"));
    folders.push_back(folder);
  }
  if (const fs::path untrained = samples / "untrained"; has_shards(untrained, "synthetic")) {
    inputs.extras.emplace_back("untrained", open_set(untrained, "synthetic"));
    folders.push_back(untrained);
  }
  guard(inputs);
  inputs.digest = digest_of(folders);
  return inputs;
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
    extractors.list.push_back(eval::inception_extractor(config.inception, torch::Device(device)));
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
