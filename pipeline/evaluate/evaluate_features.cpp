// Features and statistics from safetensors and NumPy's files.
#include "pipeline/evaluate/evaluate_features.h"

#include "io/file/fault.h"
#include "io/file/numpy_file.h"
#include "io/file/safetensors.h"

#include <cstring>
#include <map>
#include <span>
#include <string>

namespace ctforge::pipeline {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw io::DataError(io::Fault::UnsupportedFormat, "a file of features " + what);
}

torch::Tensor tensor_of(const io::TensorView& view) {
  if (view.dtype != io::Dtype::F32 && view.dtype != io::Dtype::F64) refuse("holds no float32 or float64 numbers");
  torch::Tensor tensor = torch::empty(view.shape, view.dtype == io::Dtype::F32 ? torch::kFloat32 : torch::kFloat64);
  if (!view.data.empty()) std::memcpy(tensor.data_ptr(), view.data.data(), view.data.size());
  if (!torch::isfinite(tensor).all().item<bool>())
    throw io::DataError(io::Fault::NotFinite, "a file of features holds infinite numbers or none");
  return tensor;
}

FeatureFile rows_of(const io::TensorView& view) {
  if (view.shape.size() != 2 || view.shape[0] < 1 || view.shape[1] < 1) refuse("holds no rows: expected [N,D]");
  return {tensor_of(view), std::nullopt};
}

// The tensor called `features`, else the only one.
FeatureFile chosen(const std::map<std::string, io::TensorView>& tensors) {
  if (const auto found = tensors.find("features"); found != tensors.end()) return rows_of(found->second);
  if (tensors.size() != 1) refuse("has several tensors and none is called 'features'");
  return rows_of(tensors.begin()->second);
}

std::int64_t count_of(const io::NumpyArray& array) {
  if (array.dtype != io::Dtype::I64 || array.data.size() != sizeof(std::int64_t)) refuse("has an n that is no number");
  return array.view().as<std::int64_t>()[0];
}

eval::Gaussian statistics_of(const std::map<std::string, io::NumpyArray>& arrays) {
  eval::Gaussian gaussian;
  gaussian.mean = tensor_of(arrays.at("mu").view()).to(torch::kFloat64);
  gaussian.covariance = tensor_of(arrays.at("sigma").view()).to(torch::kFloat64);
  const std::int64_t d = gaussian.mean.numel();
  if (gaussian.mean.dim() != 1 || d < 1 || gaussian.covariance.sizes() != torch::IntArrayRef({d, d}))
    refuse("has statistics that do not fit: expected mu [D] and sigma [D,D]");
  if (arrays.contains("n")) gaussian.count = count_of(arrays.at("n"));
  return gaussian;
}

FeatureFile from_npz(const std::filesystem::path& path) {
  const auto arrays = io::read_npz(path);
  if (arrays.contains("mu") && arrays.contains("sigma")) return {std::nullopt, statistics_of(arrays)};
  std::map<std::string, io::TensorView> views;
  for (const auto& [name, array] : arrays) views.emplace(name, array.view());
  return chosen(views);
}

}  // namespace

FeatureFile read_features(const std::filesystem::path& path) {
  const std::string extension = path.extension();
  if (extension == ".npy") return rows_of(io::read_npy(path).view());
  if (extension == ".npz") return from_npz(path);
  if (extension == ".safetensors") return chosen(io::SafetensorsFile(path).tensors());
  refuse("is none of .safetensors, .npy and .npz");
}

void write_gaussian(const std::filesystem::path& path, const eval::Gaussian& gaussian) {
  const torch::Tensor mean = gaussian.mean.contiguous(), covariance = gaussian.covariance.contiguous();
  const std::int64_t count = gaussian.count;
  const auto view = [](const torch::Tensor& tensor) {
    return io::TensorView{io::Dtype::F64,
                          tensor.sizes().vec(),
                          {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
  };
  io::write_npz(path, {{"mu", view(mean)},
                       {"sigma", view(covariance)},
                       {"n", {io::Dtype::I64, {}, std::as_bytes(std::span(&count, 1))}}});
}

}  // namespace ctforge::pipeline
