// Reads the reference files that tests/oracle/make_nets_reference.py made with diffusers.
#pragma once

#include "models/nets/weights.h"
#include "tests/support/support.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/nn/module.h>
#include <torch/utils.h>

namespace ctforge::test {

struct Reference {
  std::string config;          // config.json
  nets::NamedTensors weights;  // of the network; empty where a formula gives them
  nets::NamedTensors values;   // inputs and outputs
  std::string names;           // of such weights, a JSON list
};

// The script's formula() for the tensor of this index among the sorted names.
inline torch::Tensor formula(const std::string& name, torch::IntArrayRef shape, std::int64_t index) {
  const std::int64_t count = c10::multiply_integers(shape);
  const auto i = torch::arange(count, torch::kInt64);
  const auto u = (31 * i * i + 977 * i + (7919 * index + 12345)).remainder(65536).to(torch::kFloat64) / 65536 - 0.5;
  if (shape.size() > 1)
    return (u * std::sqrt(12.0 / static_cast<double>(count / shape[0]))).to(torch::kFloat32).reshape(shape);
  return (0.4 * u).to(torch::kFloat32) + (name.ends_with("weight") ? 1 : 0);
}

// The network's tensors as the reference has them.
inline nets::NamedTensors weights_of(const Reference& reference, const torch::nn::Module& module) {
  if (reference.names.empty()) return reference.weights;
  const nets::NamedTensors own = nets::named_tensors(module);
  nets::NamedTensors weights;
  for (const std::string& name : nlohmann::json::parse(reference.names).get<std::vector<std::string>>()) {
    const auto found = own.find(name);  // a name that is not there is missed when the weights are assigned
    const auto shape = found == own.end() ? std::vector<std::int64_t>{1} : found->second.sizes().vec();
    weights.emplace(name, formula(name, shape, static_cast<std::int64_t>(weights.size())));
  }
  return weights;
}

inline Reference read_reference(const std::string& name) {
  const auto file = nets::load_tensors(source_dir() / "tests" / "oracle" / ("nets_" + name + ".safetensors"));
  Reference reference;
  reference.config = file.metadata.at("config");
  if (const auto names = file.metadata.find("names"); names != file.metadata.end()) reference.names = names->second;
  const std::string prefix = "weights.";
  for (const auto& [key, tensor] : file.tensors) {
    if (key.starts_with(prefix))
      reference.weights.emplace(key.substr(prefix.size()), tensor);
    else
      reference.values.emplace(key, tensor);
  }
  return reference;
}

// Largest absolute difference.
inline double difference(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) return INFINITY;
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

}  // namespace ctforge::test
