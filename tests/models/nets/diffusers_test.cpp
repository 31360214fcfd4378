// Folders in diffusers' form: there and back, and what is refused. tests/peers/nets_diffusers.py opens with diffusers
// what this program leaves under $CTFORGE_NETS_FOLDER.
#include "models/nets/diffusers.h"

#include "io/fault.h"
#include "models/nets/weights.h"
#include "tests/models/nets/reference.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using test::difference;
using torch::Tensor;

UNetConfig unet_config() {
  UNetConfig config;
  config.block_out_channels = {16, 32, 32};
  config.attention = {false, true, false};
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

// The message of the DataError that reading this configuration throws.
std::string refusal(const std::string& text, bool unet = true) {
  try {
    if (unet)
      unet_config_from_json(text);
    else
      autoencoder_config_from_json(text);
  } catch (const io::DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(DiffusersConfig, TakesDiffusersDefaultsForAbsentKeys) {
  const UNetConfig unet = unet_config_from_json(R"({"_class_name": "UNet2DModel"})");
  EXPECT_EQ(unet.block_out_channels, (std::vector<std::int64_t>{224, 448, 672, 896}));
  EXPECT_EQ(unet.attention, (std::vector<bool>{false, true, true, true}));
  EXPECT_EQ(unet.attention_head_dim, 8);
  EXPECT_EQ(unet.in_channels, 3);
  EXPECT_EQ(autoencoder_config_from_json("{}").scaling_factor, 0.18215);
}

TEST(DiffusersConfig, RefusesWhatTheNetworkCannotHonour) {
  const auto with = [](const std::string& key, const nlohmann::json& value) {
    auto config = nlohmann::json::parse(to_json(unet_config()));
    config[key] = value;
    return config.dump();
  };
  EXPECT_EQ(refusal(with("act_fn", "gelu")), "config.json asks for what this network does not have: act_fn = \"gelu\"");
  EXPECT_NE(refusal(with("time_embedding_type", "fourier")).find("time_embedding_type"), std::string::npos);
  EXPECT_NE(refusal(with("new_option", 3)).find("new_option = 3"), std::string::npos);
  EXPECT_NE(refusal(with("up_block_types", {"UpBlock2D", "UpBlock2D", "UpBlock2D"})).find("level 1"),
            std::string::npos);
  EXPECT_NE(refusal(with("layers_per_block", "two")).find("layers_per_block"), std::string::npos);
  EXPECT_NE(refusal(with("block_out_channels", {16, 32, 33})).find("not a multiple"), std::string::npos);
  EXPECT_EQ(refusal(with("new_option", nullptr)), "accepted");
  EXPECT_NE(refusal("{").find("not a JSON object"), std::string::npos);
  EXPECT_NE(refusal(to_json(unet_config()), false).find("UNet2DModel"), std::string::npos);
}

TEST(DiffusersConfig, RefusesFoldersThatAreNone) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(load_unet(folder / "absent"), io::DataError);
  test::write_file(folder / "config.json", to_json(unet_config()));
  EXPECT_THROW(load_unet(folder.path()), io::DataError);
}

}  // namespace
}  // namespace ctforge::nets
