// Finished parts of an evaluation: JSON results and feature tensors, each with the key of what made it.
#include "pipeline/evaluate/evaluate_cells.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "io/file/safetensors.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace ctforge::pipeline {

using nlohmann::ordered_json;

std::filesystem::path CellStore::path(const std::string& name, const char* extension) const {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  if (!plain) throw std::invalid_argument("a part of an evaluation needs a plain name");
  return folder_ / (name + extension);
}

std::optional<ordered_json> CellStore::load(const std::string& name, const std::string& key) const {
  const std::filesystem::path file = path(name, ".json");
  if (!std::filesystem::exists(file)) return std::nullopt;
  const ordered_json json = ordered_json::parse(io::read_whole_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("result") || json.value("key", "") != key) return std::nullopt;
  return json["result"];
}

void CellStore::save(const std::string& name, const std::string& key, const ordered_json& result) const {
  io::write_atomically(path(name, ".json"), ordered_json{{"schema", 1}, {"key", key}, {"result", result}}.dump(1));
}

std::optional<torch::Tensor> CellStore::load_tensor(const std::string& name, const std::string& key) const {
  const std::filesystem::path file = path(name, ".safetensors");
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    const io::SafetensorsFile stored(file);
    const auto found = stored.metadata().find("key");
    const io::TensorView& view = stored.at("features");
    if (found == stored.metadata().end() || found->second != key || view.dtype != io::Dtype::F32) return std::nullopt;
    torch::Tensor tensor = torch::empty(view.shape, torch::kFloat32);
    const auto values = view.as<float>();
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    return tensor;
  } catch (const io::DataError&) {
    return std::nullopt;
  }
}

void CellStore::save_tensor(const std::string& name, const std::string& key, const torch::Tensor& tensor) const {
  const torch::Tensor flat = tensor.to(torch::kCPU, torch::kFloat32).contiguous();
  const auto* begin = static_cast<const std::byte*>(flat.data_ptr());
  const io::TensorView view{io::Dtype::F32, flat.sizes().vec(), {begin, static_cast<std::size_t>(flat.nbytes())}};
  io::write_safetensors(path(name, ".safetensors"), {{"features", view}}, {{"key", key}});
}

}  // namespace ctforge::pipeline
