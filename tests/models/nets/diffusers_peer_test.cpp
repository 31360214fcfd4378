// Forward passes and gradients of the networks that tests/peers/nets_random.py drew, for it to compare: skipped unless
// $CTFORGE_NETS_PEER names the folder that it made. There, for each network,
//   theirs/*   config.json and weights by diffusers, values.safetensors: x, target and what else the network takes
//   ours/*     config.json and values.safetensors; the network is made here, with weights of its own, and saved
//   refused/*  config.json of what diffusers itself cannot run
// ours.safetensors is written beside: y, and grad.* of the mean squared error to target by every parameter, in float32,
// and ours64.safetensors, the same in float64.
#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "models/nets/diffusers.h"
#include "models/nets/weights.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

std::vector<fs::path> folders_in(const fs::path& parent) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(parent)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

bool is_unet(const fs::path& folder) { return folder.filename().string().starts_with("unet"); }

NamedTensors evaluated(UNet& net, const NamedTensors& v) {
  return {{"y", net(v.at("x"), v.at("t"), v.contains("labels") ? v.at("labels") : Tensor())}};
}

NamedTensors evaluated(Autoencoder& net, const NamedTensors& v) {
  const Moments moments = net->encode(v.at("x"));
  return {{"mean", moments.mean}, {"logvar", moments.logvar}, {"y", net->decode(moments.sample(v.at("noise")))}};
}

template <class Net>
void step(Net net, const fs::path& folder, torch::ScalarType type, const std::string& file) {
  NamedTensors values = load_tensors(folder / "values.safetensors").tensors;
  for (const char* name : {"x", "target", "noise"})
    if (values.contains(name)) values.at(name) = values.at(name).to(type);
  if (folder.filename().string().ends_with("1"))  // now and then the other layout
    values.at("x") = values.at("x").contiguous(torch::MemoryFormat::ChannelsLast);
  net->to(type);
  net->zero_grad();
  NamedTensors results = evaluated(net, values);
  (results.at("y") - values.at("target")).square().mean().backward();
  for (const auto& item : net->named_parameters())
    if (item.value().grad().defined()) results.emplace("grad." + item.key(), item.value().grad());
  save_tensors(folder / file, results, {});
}

template <class Net>
void both_steps(Net net, const fs::path& folder) {
  net->eval();  // no dropout, whose random numbers are nobody else's
  step(net, folder, torch::kFloat32, "ours.safetensors");
  step(net, folder, torch::kFloat64, "ours64.safetensors");
}

template <class Net, class Config>
Net made(const Config& config, const fs::path& folder) {
  Net net(config);
  save_diffusers(net, folder);
  return net;
}

TEST(DiffusersPeer, ComputesWhatItsFoldersAskFor) {
  const char* root = std::getenv("CTFORGE_NETS_PEER");
  if (root == nullptr) GTEST_SKIP() << "run by tests/peers/nets_random.py";
  torch::set_num_threads(1);
  torch::manual_seed(20);
  for (const fs::path& folder : folders_in(fs::path(root) / "theirs")) {
    SCOPED_TRACE(folder.string());
    if (is_unet(folder))
      EXPECT_NO_THROW(both_steps(load_unet(folder), folder));
    else
      EXPECT_NO_THROW(both_steps(load_autoencoder(folder), folder));
  }
  for (const fs::path& folder : folders_in(fs::path(root) / "ours")) {
    SCOPED_TRACE(folder.string());
    const std::string text = io::read_whole_file(folder / "config.json");
    if (is_unet(folder))
      EXPECT_NO_THROW(both_steps(made<UNet>(unet_config_from_json(text), folder), folder));
    else
      EXPECT_NO_THROW(both_steps(made<Autoencoder>(autoencoder_config_from_json(text), folder), folder));
  }
  for (const fs::path& folder : folders_in(fs::path(root) / "refused")) {
    SCOPED_TRACE(folder.string());
    const std::string text = io::read_whole_file(folder / "config.json");
    if (is_unet(folder))
      EXPECT_THROW(unet_config_from_json(text), io::DataError);
    else
      EXPECT_THROW(autoencoder_config_from_json(text), io::DataError);
  }
}

}  // namespace
}  // namespace ctforge::nets
