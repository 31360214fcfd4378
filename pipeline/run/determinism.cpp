// LibTorch's switches and the kernel's account of the processor.
#include "pipeline/run/determinism.h"

#include "io/file/fault.h"
#include "models/train/checkpoint.h"
#include "models/train/parallel.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <version.h>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr const char* kCublasWorkspace = "CUBLAS_WORKSPACE_CONFIG";
// They change which kernels are chosen, or how many threads these have.
constexpr std::array kVariables = {
    kCublasWorkspace, "ATEN_CPU_CAPABILITY",     "ONEDNN_MAX_CPU_ISA",  "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",       "MKL_ENABLE_INSTRUCTIONS", "NVIDIA_TF32_OVERRIDE"};
// Instructions that LibTorch, oneDNN and MKL choose kernels by.
const std::set<std::string> kInstructions = {"avx2",        "fma",      "avx512f",     "avx512bw", "avx512_vnni",
                                             "avx512_bf16", "avx_vnni", "avx512_fp16", "amx_bf16", "amx_tile",
                                             "asimd",       "bf16",     "sve",         "asimddp"};

// What stands after the colon of the first line that begins with the key.
std::string value_in(const fs::path& file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const auto first = line.find_first_not_of(" \t", colon + 1);
    return first == std::string::npos ? "" : line.substr(first);
  }
  return {};
}

ordered_json instructions() {
  const fs::path file = "/proc/cpuinfo";
  std::string flags = value_in(file, "flags");
  if (flags.empty()) flags = value_in(file, "Features");
  std::istringstream words(flags);
  std::set<std::string> found;
  for (std::string word; words >> word;)
    if (kInstructions.contains(word)) found.insert(word);
  return found;
}

std::vector<std::string> gpus() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", error))
    names.push_back(value_in(entry.path() / "information", "Model"));
  std::sort(names.begin(), names.end());
  return names;
}

ordered_json machine(const std::string& device) {
  ordered_json json = {{"processor", value_in("/proc/cpuinfo", "model name")},
                       {"instructions", instructions()},
                       {"libtorch_uses", at::get_cpu_capability()}};
  if (device == "cuda") json["gpus"] = gpus();
  ordered_json variables = ordered_json::object();
  for (const char* name : kVariables)
    if (const char* value = std::getenv(name)) variables[name] = value;
  json["variables"] = variables;
  return json;
}

}  // namespace

Determinism::Determinism(bool on)
    : algorithms_(at::globalContext().deterministicAlgorithms()),
      warn_only_(at::globalContext().deterministicAlgorithmsWarnOnly()),
      cudnn_(at::globalContext().deterministicCuDNN()),
      mkldnn_(at::globalContext().deterministicMkldnn()),
      benchmark_(at::globalContext().benchmarkCuDNN()) {
  if (!on) return;
  ::setenv(kCublasWorkspace, ":4096:8", 0);  // cuBLAS reads it when it is first used
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, false);
  context.setDeterministicCuDNN(true);
  context.setDeterministicMkldnn(true);
  context.setBenchmarkCuDNN(false);
}

Determinism::~Determinism() {
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(algorithms_, warn_only_);
  context.setDeterministicCuDNN(cudnn_);
  context.setDeterministicMkldnn(mkldnn_);
  context.setBenchmarkCuDNN(benchmark_);
}

ordered_json maker(const Context& context, bool deterministic) {
  return {{"ctforge", {{"version", kVersion}, {"commit", kCommit}, {"libtorch", kLibTorchVersion}}},
          {"device", context.device},
          {"machine", machine(context.device)},
          {"threads", context.threads},
          {"processes", context.group != nullptr ? context.group->size() : 1},
          {"deterministic", deterministic}};
}

void require_same_maker(const ordered_json& before, const ordered_json& now, const std::string& stage) {
  for (const ordered_json& other : before) {
    const auto differences = train::configuration_differences(other.dump(), now.dump());
    if (differences.empty()) continue;
    std::string list;
    for (const std::string& difference : differences) list += (list.empty() ? "" : "; ") + difference;
    throw io::DataError(io::Fault::OtherConfiguration,
                        stage + " was begun under other conditions (" + list +
                            "), so that going on would not give the bits of an undisturbed run, which "
                            "run.deterministic asks for: restore them, begin in another folder, or leave it out");
  }
}

}  // namespace ctforge::pipeline
