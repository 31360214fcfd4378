// Parts put together are the whole: the same patches, counts, refusals and digests as where all is prepared at once.
#include "pipeline/prepare/prepare_merge.h"

#include "io/file/fault.h"
#include "io/file/shard.h"
#include "io/file/tree_share.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::int64_t kParts = 3;

// A reader whose series lie in folders of their own names.
SeriesReader in_folders(const test::Cohort& cohort) {
  SeriesReader reader = cohort.reader();
  reader.scan = [&cohort](const io::ScanOptions& options) {
    io::Inventory found;
    for (const io::Series& series : cohort.inventory.series)
      if (io::in_share(options.share, series.name, true)) found.series.push_back(series);
    found.files = std::ssize(found.series);
    return found;
  };
  return reader;
}

std::int64_t part_of(const std::string& name) {
  std::int64_t index = 0;
  while (!io::in_share({index, kParts, 1}, name, true)) ++index;
  return index;
}

class PrepareMerge : public testing::Test {
 protected:
  PrepareMerge() {
    test::write_file(out_ / "key", "0123456789abcdef");
    config_ = test::small_config();
    config_.key_file = out_ / "key";
    config_.split.draw = "hash";
    config_.split.test_patients = 0.25;
    config_.split.validation_patients = 0.25;
    config_.spacing_mm = {2, 2, 5};
    config_.classes.from = "dominant";
    for (int i = 0; i < 14; ++i) cohort_.add(std::to_string(100 + i), "s" + std::to_string(i), 1 + i % 3);
    cohort_.add("100", "s0-again", 2);
  }

  ordered_json whole() {
    fs::create_directories(out_ / "whole");
    return run_prepare(config_, test::context_in(out_ / "whole"), in_folders(cohort_));
  }

  ordered_json in_parts(std::int64_t done_apart = kParts) {
    fs::create_directories(out_ / "parts");
    Context context = test::context_in(out_ / "parts");
    for (std::int64_t index = 0; index < done_apart; ++index) {
      context.part = Part{index, kParts};
      EXPECT_EQ(run_prepare(config_, context, in_folders(cohort_)), ordered_json::object());
    }
    context.part.reset();
    return run_prepare(config_, context, in_folders(cohort_));
  }

  // Everything but how patches are spread over files.
  void expect_same(ordered_json whole, ordered_json parts) {
    EXPECT_EQ(parts["parts"], kParts);
    parts.erase("parts");
    for (ordered_json* json : {&whole, &parts}) json->erase("shards");
    EXPECT_EQ(whole.dump(1), parts.dump(1));
    for (const char* file : {"inventory.json", "scans.json"})
      EXPECT_EQ(test::read_file(out_ / "whole/data" / file), test::read_file(out_ / "parts/data" / file)) << file;
    for (const char* split : {"train", "validation", "test"})
      EXPECT_EQ(patches(out_ / "whole/data", split), patches(out_ / "parts/data", split)) << split;
    EXPECT_FALSE(fs::exists(out_ / "parts/data/parts"));
  }

  using Key = std::tuple<std::string, std::string, int>;
  static std::map<Key, std::vector<std::int16_t>> patches(const fs::path& data, const std::string& split) {
    std::map<Key, std::vector<std::int16_t>> all;
    if (!io::has_shards(data, split)) return all;
    const io::ShardSet set(data, split);
    for (std::int64_t i = 0; i < set.size(); ++i) {
      const io::Patch patch = io::copied(set.at(i));
      EXPECT_TRUE(all.emplace(Key{patch.patient, patch.series, patch.place.slice}, patch.hu).second);
    }
    return all;
  }

  // Two series of different patients in different parts, both of which are taken by themselves.
  std::pair<io::Series*, io::Series*> in_two_parts() {
    io::Series& first = cohort_.series(0);
    for (io::Series& other : cohort_.inventory.series)
      if (other.patient != first.patient && part_of(other.name) != part_of(first.name)) return {&first, &other};
    throw std::logic_error("all series are in one part");
  }

  test::TemporaryFolder out_;
  test::Cohort cohort_;
  PrepareConfig config_;
};

TEST_F(PrepareMerge, PartsAreTheWhole) { expect_same(whole(), in_parts()); }

TEST_F(PrepareMerge, WhatNoPartHasDoneIsDoneWhenTheyArePutTogether) { expect_same(whole(), in_parts(1)); }

TEST_F(PrepareMerge, RefusedSeriesAreToldOf) {
  cohort_.series(1).refusals.push_back({io::Fault::MissingSlice, "a gap of 5 mm"});
  cohort_.refuse_when_decoding("s3");
  const ordered_json json = whole();
  EXPECT_EQ(json["refused"]["truncated-pixel-data"], 1);
  expect_same(json, in_parts());
}

TEST_F(PrepareMerge, OnePersonUnderTwoNamesInTwoPartsIsTakenOnce) {
  const auto [one, other] = in_two_parts();
  cohort_.volume(*other) = cohort_.volume(*one);
  const ordered_json json = whole();
  EXPECT_GE(json["refused"]["duplicate-scan"].get<int>(), 1);
  expect_same(json, in_parts());
}

TEST_F(PrepareMerge, APatientsScanFiledTwiceInTwoPartsCountsOnce) {
  const auto [one, other] = in_two_parts();
  other->patient = one->patient;
  cohort_.volume(*other) = cohort_.volume(*one);
  const ordered_json json = whole(), parts = in_parts();
  EXPECT_EQ(json["splits"], parts["splits"]);
  EXPECT_EQ(json["refused"], parts["refused"]);
}

TEST_F(PrepareMerge, HalvesOfASeriesInTwoPartsAreRefused) {
  const auto [one, other] = in_two_parts();
  other->refusals.push_back({io::Fault::MissingSlice, "a gap of 5 mm"});
  other->id = one->id;
  const ordered_json json = in_parts();
  EXPECT_EQ(json["refused"]["missing-slice"], 2);
  const auto inventory = test::read_file(out_ / "parts/data/inventory.json");
  EXPECT_NE(inventory.find("prepare.part_depth"), std::string::npos);
  for (const char* split : {"train", "validation", "test"})
    for (const auto& [key, hu] : patches(out_ / "parts/data", split)) EXPECT_NE(std::get<1>(key), one->id);
}

TEST_F(PrepareMerge, NothingToTrainOnInAnyPartIsRefused) {
  for (io::Series& series : cohort_.inventory.series) series.refusals.push_back({io::Fault::NotCt, "MR"});
  try {
    in_parts();
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::NothingUsable);
  }
  EXPECT_FALSE(fs::exists(out_ / "parts/data/prepare.json"));
}

}  // namespace
}  // namespace ctforge::pipeline
