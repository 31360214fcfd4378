// The text format, and that readers see whole files.
#include "pipeline/observe/prometheus.h"

#include "tests/support/support.h"

#include <limits>
#include <system_error>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(Prometheus, TextHasHelpTypeAndEscapedLabels) {
  PrometheusText text(PrometheusLabels{{"run", "a \"b\"\\\nc"}});
  text.family("x_bytes", "gauge", "Size.");
  text.sample(1.5);
  text.sample(1e15, {{"where", "host"}});
  text.family("left_out", "gauge", "Has no sample.");
  text.family("y_total", "counter", "Count.");
  text.sample(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(text.text(),
            "# HELP x_bytes Size.\n# TYPE x_bytes gauge\n"
            "x_bytes{run=\"a \\\"b\\\"\\\\\\nc\"} 1.5\n"
            "x_bytes{run=\"a \\\"b\\\"\\\\\\nc\",where=\"host\"} 1e+15\n"
            "# HELP y_total Count.\n# TYPE y_total counter\n"
            "y_total{run=\"a \\\"b\\\"\\\\\\nc\"} NaN\n");
}

TEST(Prometheus, FileIsReplacedAtOnce) {
  const test::TemporaryFolder folder;
  write_prometheus(folder / "run.prom", "old\n");
  write_prometheus(folder / "run.prom", "new\n");
  EXPECT_EQ(test::read_file(folder / "run.prom"), "new\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "run.prom.part"));
  EXPECT_THROW(write_prometheus(folder / "absent" / "run.prom", ""), std::system_error);
}

}  // namespace
}  // namespace ctforge::pipeline
