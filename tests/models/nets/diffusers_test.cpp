// Folders in diffusers' form: there and back, and what is refused. tests/peers/nets_diffusers.py opens with diffusers
// what this program leaves under $CTFORGE_NETS_FOLDER.
#include "models/nets/diffusers.h"

#include "io/file/fault.h"
#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

UNetConfig unet_config() {
  UNetConfig config;
  config.block_out_channels = {16, 32, 32};
  set_attention(config, {false, true, false});
  config.attention_head_dim = 16;
  config.norm_num_groups = 8;
  config.num_class_embeds = 5;
  config.dropout = 0.1;
  return config;
}

AutoencoderConfig autoencoder_config() {
  AutoencoderConfig config;
  config.in_channels = config.out_channels = 7;
  config.block_out_channels = {16, 32};
  config.norm_num_groups = 8;
  config.scaling_factor = 0.83;
  config.shift_factor = -0.1;
  return config;
}

// Where the folders of a test go: somewhere temporary, or where a script that will open them wants them.
class DiffusersFolder : public testing::Test {
 protected:
  std::filesystem::path folder(const std::string& name) const {
    const char* wanted = std::getenv("CTFORGE_NETS_FOLDER");
    return (wanted != nullptr ? std::filesystem::path(wanted) : temporary_.path()) / name;
  }

 private:
  test::TemporaryFolder temporary_;
};

TEST_F(DiffusersFolder, UNetComesBack) {
  torch::manual_seed(5);
  UNet net(unet_config());
  net->eval();
  save_diffusers(net, folder("unet"));
  UNet again = load_unet(folder("unet"));
  EXPECT_FALSE(again->is_training());
  EXPECT_EQ(to_json(again->config()), to_json(net->config()));
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 4, 16, 16}), c_noise = torch::tensor({0.3F, -1.2F}), labels = torch::tensor({0, 4});
  const Tensor y = net(x, c_noise, labels);
  EXPECT_TRUE(again(x, c_noise, labels).equal(y));
  save_tensors(folder("unet") / "values.safetensors", {{"x", x}, {"c_noise", c_noise}, {"labels", labels}, {"y", y}},
               {});
}

TEST_F(DiffusersFolder, AutoencoderComesBack) {
  torch::manual_seed(6);
  Autoencoder net(autoencoder_config());
  net->eval();
  save_diffusers(net, folder("vae"));
  Autoencoder again = load_autoencoder(folder("vae"));
  EXPECT_EQ(again->config().scaling_factor, 0.83);
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 7, 16, 16});
  const Moments moments = net->encode(x);
  const Tensor y = net->decode(moments.mean);
  EXPECT_TRUE(again->encode(x).logvar.equal(moments.logvar));
  EXPECT_TRUE(again->decode(moments.mean).equal(y));
  save_tensors(folder("vae") / "values.safetensors",
               {{"x", x}, {"mean", moments.mean}, {"logvar", moments.logvar}, {"y", y}}, {});
}

TEST_F(DiffusersFolder, NamesOfAttentionThatAreOutOfUseAreKnown) {
  torch::manual_seed(7);
  UNet net(unet_config());
  net->eval();
  save_diffusers(net, folder("old"));
  const std::vector<std::pair<std::string, std::string>> names = {
      {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};
  NamedTensors old;
  for (const auto& [name, tensor] : named_tensors(*net)) {
    std::string before = name;
    for (const auto& [now, then] : names)
      if (const auto at = before.find(now); at != std::string::npos) before.replace(at, now.size(), then);
    old.emplace(before, tensor);
  }
  ASSERT_TRUE(old.contains("mid_block.attentions.0.proj_attn.weight"));
  save_tensors(folder("old") / "diffusion_pytorch_model.safetensors", old, {});
  UNet again = load_unet(folder("old"));
  for (const auto& [name, tensor] : named_tensors(*net))
    EXPECT_TRUE(named_tensors(*again).at(name).equal(tensor)) << name;
  old.erase("mid_block.attentions.0.proj_attn.weight");
  save_tensors(folder("old") / "diffusion_pytorch_model.safetensors", old, {});
  EXPECT_THROW(load_unet(folder("old")), io::DataError);
}

TEST(DiffusersFolders, AreRefusedWhereTheyAreNone) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(load_unet(folder / "absent"), io::DataError);
  test::write_file(folder / "config.json", to_json(unet_config()));
  EXPECT_THROW(load_unet(folder.path()), io::DataError);
}

}  // namespace
}  // namespace ctforge::nets
