// Weights to safetensors and back, in every type, and what does not fit.
#include "models/nets/weights.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;

torch::nn::Sequential small_net() { return torch::nn::Sequential(torch::nn::Linear(3, 2), torch::nn::BatchNorm2d(2)); }

TEST(Weights, ComeBackEqualWithTheirMetadata) {
  const test::TemporaryFolder folder;
  auto first = small_net(), second = small_net();
  save_weights(*first, folder / "w.safetensors", {{"step", "7"}});
  const io::Metadata metadata = load_weights(*second, folder / "w.safetensors");
  EXPECT_EQ(metadata.at("step"), "7");
  EXPECT_EQ(metadata.at("format"), "pt");
  const NamedTensors a = named_tensors(*first), b = named_tensors(*second);
  ASSERT_EQ(a.size(), 7U);  // two of each layer, and three buffers
  for (const auto& [name, tensor] : a) EXPECT_TRUE(tensor.equal(b.at(name))) << name;
}

TEST(Weights, ConvertFloatingPointOnly) {
  const test::TemporaryFolder folder;
  const NamedTensors tensors = {{"x", torch::tensor({1.0F, 1.0F + 1.0F / 256, -3.5F})}, {"n", torch::tensor({1, 2})}};
  for (const auto type : {torch::kFloat16, torch::kBFloat16, torch::kFloat64}) {
    save_tensors(folder / "t.safetensors", tensors, {}, type);
    const TensorFile file = load_tensors(folder / "t.safetensors");
    EXPECT_EQ(file.tensors.at("x").scalar_type(), type);
    EXPECT_TRUE(file.tensors.at("x").equal(tensors.at("x").to(type)));
    EXPECT_EQ(file.tensors.at("n").scalar_type(), torch::kInt64);
  }
}

TEST(Weights, KeepShapesAndLayouts) {
  const test::TemporaryFolder folder;
  const NamedTensors tensors = {{"scalar", torch::tensor(2.5)},
                                {"empty", torch::zeros({0, 3})},
                                {"bool", torch::tensor({true, false})},
                                {"strided", torch::arange(12).reshape({3, 4}).t()}};
  save_tensors(folder / "t.safetensors", tensors, {});
  const TensorFile file = load_tensors(folder / "t.safetensors");
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(file.tensors.at(name).sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(file.tensors.at(name).equal(tensor)) << name;
  }
}

TEST(Weights, SaysWhatDoesNotFit) {
  auto net = small_net();
  const Tensor before = named_tensors(*net).at("0.weight").clone();
  NamedTensors tensors;
  for (const auto& [name, tensor] : named_tensors(*net)) tensors.emplace(name, torch::ones_like(tensor));
  tensors.erase("0.bias");
  tensors["0.weight"] = torch::ones({3, 2});
  tensors["extra"] = torch::ones({1});
  try {
    assign_tensors(*net, tensors, "these weights");
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::InvalidShard);
    EXPECT_EQ(std::string(error.what()),
              "these weights do not fit the network; 1 tensor missing (0.bias); 1 tensor unexpected (extra); "
              "1 tensor of another shape (0.weight: found [3, 2], expected [2, 3])");
  }
  EXPECT_TRUE(named_tensors(*net).at("0.weight").equal(before));
}

TEST(Weights, RefusesTypesTheFormatLacks) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(save_tensors(folder / "t.safetensors", {{"z", torch::zeros({2}, torch::kComplexFloat)}}, {}),
               std::invalid_argument);
}

TEST(ChannelsLast, KeepsValuesNamesAndFiles) {
  const test::TemporaryFolder folder;
  torch::nn::Sequential net(torch::nn::Conv2d(3, 4, 3), torch::nn::Linear(2, 2));
  const NamedTensors before = named_tensors(*net);
  save_weights(*net, folder / "a.safetensors", {});
  use_channels_last(*net);
  const torch::Tensor weight = named_tensors(*net).at("0.weight");
  EXPECT_TRUE(weight.is_contiguous(torch::MemoryFormat::ChannelsLast) && !weight.is_contiguous());
  for (const auto& [name, tensor] : named_tensors(*net)) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
  save_weights(*net, folder / "b.safetensors", {});
  EXPECT_EQ(test::read_file(folder / "a.safetensors"), test::read_file(folder / "b.safetensors"));
  // The gradient comes in the order of the weight: nothing has to be brought into another.
  net[0]
      ->as<torch::nn::Conv2d>()
      ->forward(torch::randn({2, 3, 8, 8}).contiguous(torch::MemoryFormat::ChannelsLast))
      .sum()
      .backward();
  EXPECT_EQ(net->parameters()[0].grad().strides(), net->parameters()[0].strides());
}

TEST(ParameterCount, CountsTrainableElements) {
  auto net = small_net();
  EXPECT_EQ(parameter_count(*net), 3 * 2 + 2 + 2 + 2);
  net->parameters()[0].requires_grad_(false);
  EXPECT_EQ(parameter_count(*net), 2 + 2 + 2);
}

}  // namespace
}  // namespace ctforge::nets
