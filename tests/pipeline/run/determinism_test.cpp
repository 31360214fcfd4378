// Operations without a deterministic kernel are refused while it is on; other conditions than before are named.
#include "pipeline/run/determinism.h"

#include "io/file/fault.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace ctforge::pipeline {
namespace {

// Which of two values for one place stays is a matter of chance.
void put_twice() {
  torch::Tensor values = torch::zeros({4});
  values.put_(torch::tensor({1, 1}), torch::tensor({1.0F, 2.0F}));
}

TEST(Determinism, RefusesOperationsWithoutADeterministicKernel) {
  EXPECT_NO_THROW(put_twice());
  {
    const Determinism on(true);
    EXPECT_TRUE(at::globalContext().deterministicCuDNN());
    EXPECT_THROW(put_twice(), c10::Error);
    const Determinism unchanged(false);
    EXPECT_THROW(put_twice(), c10::Error);
  }
  EXPECT_NO_THROW(put_twice());
  EXPECT_FALSE(at::globalContext().deterministicCuDNN());
}

TEST(Determinism, MakersAreToldApart) {
  Context context;
  context.threads = 2;
  const auto now = maker(context, true);
  EXPECT_FALSE(now.at("machine").at("libtorch_uses").get<std::string>().empty());
  EXPECT_FALSE(now.at("ctforge").at("commit").get<std::string>().empty());
  EXPECT_NO_THROW(require_same_maker(nlohmann::ordered_json::array({now}), now, "train"));
  EXPECT_NO_THROW(require_same_maker(nlohmann::ordered_json::array(), now, "train"));
  context.threads = 4;
  try {
    require_same_maker(nlohmann::ordered_json::array({now, maker(context, true)}), now, "train");
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::OtherConfiguration);
    EXPECT_NE(std::string(error.what()).find("threads was 4, is now 2"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace ctforge::pipeline
