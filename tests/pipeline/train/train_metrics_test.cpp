// The log is cut where a run goes on, whatever a killed run left at its end.
#include "pipeline/train/train_metrics.h"

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
  const std::string autoencoder = ctforge::test::read_file(file);
  log.add("diffusion", "train", 10, {{"loss", 0.5}});
  const std::string kept = ctforge::test::read_file(file);
  log.add("diffusion", "train", 20, {{"loss", 0.25}});
  ctforge::test::write_file(file, ctforge::test::read_file(file) + R"({"phase":"diffusion","ki)");
  log.cut("diffusion", 10);
  EXPECT_EQ(log.find("diffusion", "train", 10)["loss"], 0.5);
  EXPECT_TRUE(log.find("diffusion", "train", 20).is_null());
  EXPECT_EQ(log.find("autoencoder", "train", 30)["loss"], 1.5);
  EXPECT_EQ(ctforge::test::read_file(file), kept);
  log.cut("diffusion", 0);
  EXPECT_EQ(ctforge::test::read_file(file), autoencoder);
}

TEST(MetricsLog, LinesSayWhenAndAreTold) {
  const ctforge::test::TemporaryFolder folder;
  nlohmann::ordered_json told;
  const MetricsLog log(folder / "metrics.jsonl", [&told](const auto& line) { told = line; });
  log.add("diffusion", "train", 10, {{"loss", 0.5}});
  EXPECT_EQ(told["schema"], 1);
  EXPECT_GT(told["time"], 1.7e9);
  EXPECT_EQ(told, log.find("diffusion", "train", 10));
  EXPECT_EQ(read_metrics(folder / "metrics.jsonl").size(), 1U);
  EXPECT_TRUE(read_metrics(folder / "absent.jsonl").empty());
}

TEST(MetricsLog, FiguresOfADeviceAreThoseOfItsAllocator) {
  const train::LogEntry entry{.step = 1, .loss = 2, .steps_per_s = 3};
  const auto host = figures_of(entry, 4, {.resident_bytes = 5, .peak_bytes = 6});
  EXPECT_EQ(host["images_per_s"], 12);
  EXPECT_EQ(host["memory_bytes"], 5);
  EXPECT_EQ(host["peak_memory_bytes"], 6);
  EXPECT_FALSE(host.contains("device_memory_bytes"));
  const auto device = figures_of(entry, 4, {.device_bytes = 7, .device_peak_bytes = 8});
  EXPECT_EQ(device["device_memory_bytes"], 7);
  EXPECT_EQ(device["device_peak_memory_bytes"], 8);
}

TEST(MetricsLog, SaysWhenItCannotBeWritten) {
  const ctforge::test::TemporaryFolder folder;
  EXPECT_THROW(MetricsLog(folder / "absent" / "metrics.jsonl").add("a", "b", 1, {{"loss", 1.0}}), std::system_error);
}

}  // namespace
}  // namespace ctforge::pipeline
