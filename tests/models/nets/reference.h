// Reads the reference files that tests/oracle/make_nets_reference.py made with diffusers.
#pragma once

#include "models/nets/weights.h"
#include "tests/support/support.h"

#include <string>

#include <torch/types.h>

namespace ctforge::test {

struct Reference {
  std::string config;          // config.json
  nets::NamedTensors weights;  // of the network
  nets::NamedTensors values;   // inputs and outputs
};

inline Reference read_reference(const std::string& name) {
  const auto file = nets::load_tensors(source_dir() / "tests" / "oracle" / ("nets_" + name + ".safetensors"));
  Reference reference;
  reference.config = file.metadata.at("config");
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
