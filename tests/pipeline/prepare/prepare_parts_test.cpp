// A part is done once, only for the settings it was begun with, and refused where it would need the whole.
#include "pipeline/prepare/prepare_parts.h"

#include "pipeline/config/config_tree.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

PrepareConfig apart() {
  PrepareConfig config = test::small_config();
  config.split.draw = "hash";
  config.spacing_mm = {2, 2, 5};
  return config;
}

// Writes what says that a part is finished, and counts.
PrepareParts::Work counting(int& times) {
  return [&times](const fs::path& folder, const io::TreeShare&, const std::string& listing) {
    test::write_file(folder / "prepare.json", "{\"listing_hmac_sha256\": \"" + listing + "\"}");
    ++times;
  };
}

TEST(PrepareParts, WhatNeedsTheWholeArchiveIsRefusedAtOnce) {
  PrepareConfig config = test::small_config();
  config.classes.from = "region";
  config.patch.cut = "whole";
  config.patch.width = 0;
  try {
    check_prepare_parts(config);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().size(), 4u);
  }
  EXPECT_NO_THROW(check_prepare_parts(apart()));
  config = apart();
  config.split.draw = "order";
  config.split.table = "somewhere.csv";
  EXPECT_NO_THROW(check_prepare_parts(config));
}

TEST(PrepareParts, AFinishedPartIsNotDoneAgain) {
  const test::TemporaryFolder out;
  const PrepareConfig config = apart();
  const Context context = test::context_in(out.path());
  const PrepareParts parts(config, context, "0123456789abcdef");
  int times = 0;
  EXPECT_FALSE(parts.divided());
  parts.prepare({1, 3}, counting(times));
  parts.prepare({1, 3}, counting(times));
  EXPECT_EQ(times, 1);
  EXPECT_EQ(parts.divided(), 3);
  parts.prepare({0, 3}, counting(times));
  EXPECT_EQ(times, 2);
  EXPECT_TRUE(fs::exists(parts.folders(3).at(1) / "prepare.json"));
}

TEST(PrepareParts, OfOtherSettingsOrDivisionsNoneCounts) {
  const test::TemporaryFolder out;
  const PrepareConfig config = apart();
  const Context context = test::context_in(out.path());
  int times = 0;
  PrepareParts(config, context, "0123456789abcdef").prepare({0, 2}, counting(times));
  PrepareConfig other = config;
  other.min_slices = 3;
  const PrepareParts others(other, context, "0123456789abcdef");
  others.prepare({0, 2}, counting(times));
  EXPECT_EQ(times, 2);
  others.prepare({0, 4}, counting(times));
  EXPECT_FALSE(others.divided());
  EXPECT_FALSE(fs::exists(out / "data/parts"));
}

}  // namespace
}  // namespace ctforge::pipeline
