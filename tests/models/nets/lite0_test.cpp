// EfficientNet-Lite0 with the package's weights against an independent PyTorch module.
#include "models/nets/lite0.h"

#include "io/file/fault.h"
#include "models/nets/weights.h"
#include "tests/support/support.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

namespace ctforge::nets {
namespace {

using torch::Tensor;

// $CTFORGE_LITE0, else where tools/bootstrap puts it.
std::optional<std::filesystem::path> weights() {
  const char* given = std::getenv("CTFORGE_LITE0");
  const auto path = given != nullptr ? std::filesystem::path(given) : test::source_dir() / ".deps" / kLite0FileName;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

// As lite0_input() of tests/oracle/make_nets_reference.py.
Tensor input() {
  const Tensor c = torch::arange(3).reshape({3, 1, 1});
  const Tensor y = torch::arange(224).reshape({1, 224, 1}), x = torch::arange(224).reshape({1, 1, 224});
  return (x * (c + 1) + 3 * y + torch::floor_divide(x * y, 16)).remainder(256).to(torch::kFloat32).unsqueeze(0);
}

TEST(Lite0, AgreesWithPyTorch) {
  const auto path = weights();
  if (!path) GTEST_SKIP() << "EfficientNet-Lite0 weights not present (set CTFORGE_LITE0)";
  Lite0 net = load_lite0(*path);
  const auto expected = nlohmann::json::parse(test::read_file(test::source_dir() / "tests/oracle/nets_lite0.json"));
  for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
    const torch::NoGradGuard no_grad;
    const Tensor features = net->features(input().contiguous(format));
    const Tensor logits = net->classify(features);
    ASSERT_EQ(features.sizes(), (std::vector<std::int64_t>{1, kLite0Features}));
    for (const auto& [index, value] : expected["features"].items())
      EXPECT_NEAR(features[0][std::stoi(index)].item<double>(), value.get<double>(), 1e-4) << index;
    for (const auto& [index, value] : expected["logits"].items())
      EXPECT_NEAR(logits[0][std::stoi(index)].item<double>(), value.get<double>(), 1e-4) << index;
    EXPECT_EQ(logits.argmax().item<int>(), expected["best"].get<int>());
  }
}

TEST(Lite0, HasThePaperParameters) {
  const Lite0 net;
  EXPECT_EQ(parameter_count(*net), 4652008);  // 4.65 million (evaluation notes of the package)
}

TEST(Lite0, RefusesOtherInputsAndFiles) {
  Lite0 net;
  EXPECT_THROW(net->features(torch::zeros({1, 3, 128, 128})), std::invalid_argument);
  EXPECT_THROW(load_lite0(test::source_dir() / "tests" / "oracle" / "nets_legacy.pth"), io::DataError);
}

}  // namespace
}  // namespace ctforge::nets
