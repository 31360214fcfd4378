// A module's weights to and from safetensors files.
#include "models/nets/weights.h"

#include "io/file/fault.h"

#include <array>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include <torch/utils.h>

namespace ctforge::nets {

using torch::Tensor;

namespace {

constexpr std::array<std::pair<io::Dtype, torch::ScalarType>, 13> kTypes = {{
    {io::Dtype::Bool, torch::kBool},
    {io::Dtype::U8, torch::kUInt8},
    {io::Dtype::I8, torch::kInt8},
    {io::Dtype::I16, torch::kInt16},
    {io::Dtype::U16, torch::kUInt16},
    {io::Dtype::I32, torch::kInt32},
    {io::Dtype::U32, torch::kUInt32},
    {io::Dtype::I64, torch::kInt64},
    {io::Dtype::U64, torch::kUInt64},
    {io::Dtype::F16, torch::kFloat16},
    {io::Dtype::BF16, torch::kBFloat16},
    {io::Dtype::F32, torch::kFloat32},
    {io::Dtype::F64, torch::kFloat64},
}};

io::Dtype file_type(torch::ScalarType type) {
  for (const auto& [ours, theirs] : kTypes)
    if (theirs == type) return ours;
  throw std::invalid_argument(std::string("safetensors has no type ") + c10::toString(type));
}

torch::ScalarType memory_type(io::Dtype type) {
  for (const auto& [ours, theirs] : kTypes)
    if (ours == type) return theirs;
  throw io::DataError(io::Fault::UnsupportedFormat, "a tensor of type " + io::dtype_name(type) + ", which is not read");
}

std::string shape_text(const Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

// "3 tensors missing (a, b, ...)"; at most four are named.
std::string listed(const std::vector<std::string>& names, const std::string& what) {
  std::string text = std::to_string(names.size()) + (names.size() == 1 ? " tensor " : " tensors ") + what + " (";
  for (std::size_t i = 0; i < names.size() && i < 4; ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > 4 ? ", ...)" : ")");
}

void check_fit(const NamedTensors& own, const NamedTensors& given, const std::string& what) {
  std::vector<std::string> missing, unexpected, differing;
  for (const auto& [name, tensor] : own) {
    const auto found = given.find(name);
    if (found == given.end())
      missing.push_back(name);
    else if (found->second.sizes() != tensor.sizes())
      differing.push_back(name + ": found " + shape_text(found->second) + ", expected " + shape_text(tensor));
  }
  for (const auto& [name, tensor] : given)
    if (!own.contains(name)) unexpected.push_back(name);
  if (missing.empty() && unexpected.empty() && differing.empty()) return;
  std::string message = what + " do not fit the network";
  if (!missing.empty()) message += "; " + listed(missing, "missing");
  if (!unexpected.empty()) message += "; " + listed(unexpected, "unexpected");
  if (!differing.empty()) message += "; " + listed(differing, "of another shape");
  throw io::DataError(io::Fault::InvalidShard, message);
}

}  // namespace

std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const Tensor& parameter : module.parameters())
    if (parameter.requires_grad()) count += parameter.numel();
  return count;
}

void use_channels_last(torch::nn::Module& module) {
  for (Tensor& parameter : module.parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.detach().contiguous(torch::MemoryFormat::ChannelsLast));
}

NamedTensors named_tensors(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value().detach());
  for (const auto& item : module.named_buffers()) tensors.emplace(item.key(), item.value().detach());
  return tensors;
}

void assign_tensors(torch::nn::Module& module, const NamedTensors& tensors, const std::string& what) {
  const NamedTensors own = named_tensors(module);
  check_fit(own, tensors, what);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) tensor.copy_(tensors.at(name));
}

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors, const io::Metadata& metadata,
                  std::optional<torch::ScalarType> dtype) {
  NamedTensors plain;  // keeps alive what the views show
  std::map<std::string, io::TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    const bool converted = dtype && tensor.is_floating_point();
    const Tensor dense = tensor.detach().to(torch::kCPU, converted ? *dtype : tensor.scalar_type()).contiguous();
    plain.emplace(name, dense);
    views.emplace(name, io::TensorView{file_type(dense.scalar_type()),
                                       dense.sizes().vec(),
                                       {static_cast<const std::byte*>(dense.const_data_ptr()), dense.nbytes()}});
  }
  io::Metadata complete = metadata;
  complete.try_emplace("format", "pt");  // what Python readers look for before they make torch tensors
  io::write_safetensors(path, views, complete);
}

TensorFile load_tensors(const std::filesystem::path& path) {
  const io::SafetensorsFile file(path);
  TensorFile result{{}, file.metadata()};
  for (const auto& [name, view] : file.tensors()) {
    const Tensor tensor = torch::empty(view.shape, torch::TensorOptions().dtype(memory_type(view.dtype)));
    if (!view.data.empty()) std::memcpy(tensor.mutable_data_ptr(), view.data.data(), view.data.size());
    result.tensors.emplace(name, tensor);
  }
  return result;
}

Tensor mapped_tensor(const std::shared_ptr<io::SafetensorsFile>& file, const std::string& name,
                     std::size_t dimensions) {
  const io::TensorView& view = file->at(name);
  if (view.dtype != io::Dtype::F32 || view.shape.size() != dimensions)
    throw io::DataError(io::Fault::InvalidShard, "tensor '" + name + "' has another type or shape than expected");
  // from_blob wants a pointer to data it may write; nothing here does.
  void* data = const_cast<std::byte*>(view.data.data());
  return torch::from_blob(
      data, view.shape, [file](void*) {}, torch::kFloat32);
}

void save_weights(const torch::nn::Module& module, const std::filesystem::path& path, const io::Metadata& metadata,
                  std::optional<torch::ScalarType> dtype) {
  save_tensors(path, named_tensors(module), metadata, dtype);
}

io::Metadata load_weights(torch::nn::Module& module, const std::filesystem::path& path) {
  TensorFile file = load_tensors(path);
  assign_tensors(module, file.tensors, "the file's weights");
  return std::move(file.metadata);
}

}  // namespace ctforge::nets
