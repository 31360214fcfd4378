// The log is cut where a run goes on, whatever a killed run left at its end.
#include "pipeline/train_metrics.h"

#include "tests/support/support.h"

#include <system_error>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(MetricsLog, CutsThePhaseBeyondTheStepAndUnfinishedLines) {
  const ctforge::test::TemporaryFolder folder;
  const auto file = folder / "metrics.jsonl";
  const MetricsLog log(file);
  log.cut("diffusion", 0);  // nothing there yet
  log.add("autoencoder", "train", 30, {{"loss", 1.5}});
  log.add("diffusion", "train", 10, {{"loss", 0.5}});
  log.add("diffusion", "train", 20, {{"loss", 0.25}});
  ctforge::test::write_file(file, ctforge::test::read_file(file) + R"({"phase":"diffusion","ki)");
  log.cut("diffusion", 10);
  EXPECT_EQ(log.find("diffusion", "train", 10)["loss"], 0.5);
  EXPECT_TRUE(log.find("diffusion", "train", 20).is_null());
  EXPECT_EQ(log.find("autoencoder", "train", 30)["loss"], 1.5);
  EXPECT_EQ(ctforge::test::read_file(file),
            "{\"phase\":\"autoencoder\",\"kind\":\"train\",\"step\":30,\"loss\":1.5}\n"
            "{\"phase\":\"diffusion\",\"kind\":\"train\",\"step\":10,\"loss\":0.5}\n");
}

TEST(MetricsLog, SaysWhenItCannotBeWritten) {
  const ctforge::test::TemporaryFolder folder;
  EXPECT_THROW(MetricsLog(folder / "absent" / "metrics.jsonl").add("a", "b", 1, {{"loss", 1.0}}), std::system_error);
}

}  // namespace
}  // namespace ctforge::pipeline
