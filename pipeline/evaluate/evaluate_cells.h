// Finished parts of an evaluation on disk, so that an interrupted one goes on where it stopped.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>
#include <torch/types.h>

namespace ctforge::pipeline {

// One file a part below `folder`, written atomically, with the key of what it was computed from. A part of another key,
// or a damaged one, counts as absent. Names are plain words; throws std::invalid_argument for others.
class CellStore {
 public:
  explicit CellStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::optional<nlohmann::ordered_json> load(const std::string& name, const std::string& key) const;
  void save(const std::string& name, const std::string& key, const nlohmann::ordered_json& result) const;

  // float32 tensors of any shape.
  std::optional<torch::Tensor> load_tensor(const std::string& name, const std::string& key) const;
  void save_tensor(const std::string& name, const std::string& key, const torch::Tensor& tensor) const;

 private:
  std::filesystem::path path(const std::string& name, const char* extension) const;
  std::filesystem::path folder_;
};

}  // namespace ctforge::pipeline
