// The whole stage on a cohort in memory: same bytes at any thread count, nothing left when it refuses.
#include "pipeline/prepare/prepare.h"

#include "io/file/fault.h"
#include "io/file/shard.h"
#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <atomic>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    files[entry.path().filename().string()] = test::read_file(entry.path());
  return files;
}

test::Cohort many(int patients) {
  test::Cohort cohort;
  for (int i = 0; i < patients; ++i) cohort.add(std::to_string(100 + i), "s" + std::to_string(i), 1 + i % 3);
  return cohort;
}

PrepareConfig split_config() {
  PrepareConfig config = test::small_config();
  config.split.test_patients = 3;
  config.split.validation_patients = 0.2;
  config.shard_mb = 1;
  return config;
}

TEST(Prepare, SplitsPatientsAndCountsThem) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(10);
  cohort.add("100", "s0-again", 2);  // a second series of the first patient
  const auto json = run_prepare(split_config(), test::context_in(out.path()), cohort.reader());
  EXPECT_EQ(json["splits"]["test"]["patients"], 3);
  EXPECT_EQ(json["splits"]["validation"]["patients"], 2);
  EXPECT_EQ(json["splits"]["train"]["patients"], 5);
  EXPECT_EQ(json["dropped"]["empty"], 22);  // the two slices of air of each series
  std::map<std::string, std::set<std::string>> patients;
  std::int64_t patches = 0;
  for (const char* split : {"train", "validation", "test"}) {
    const io::ShardSet set(out / "data", split);
    patches += set.size();
    for (std::int64_t i = 0; i < set.size(); ++i) patients[set.at(i).patient].insert(split);
  }
  EXPECT_EQ(patches, 44);
  for (const auto& [patient, splits] : patients) EXPECT_EQ(splits.size(), 1u) << patient;
  EXPECT_EQ(nlohmann::json::parse(test::read_file(out / "data/prepare.json")), nlohmann::json(json));
}

TEST(Prepare, BytesDoNotDependOnThreadsOrMemory) {
  test::TemporaryFolder one, many_threads;
  const test::Cohort cohort = many(12);
  PrepareConfig config = split_config();
  config.spacing_mm = {1.5, 1.5, 2};
  Context context = test::context_in(one.path());
  context.threads = 1;
  config.volumes_in_memory = 1;
  test::write_file(one / "key", "0123456789abcdef");
  config.key_file = one / "key";
  run_prepare(config, context, cohort.reader());
  context.out = many_threads.path();
  context.threads = 4;
  config.volumes_in_memory = 7;
  run_prepare(config, context, cohort.reader());
  EXPECT_EQ(files_in(one / "data"), files_in(many_threads / "data"));
}

TEST(Prepare, PatchesHoldTheSlicesTheyWereCutFrom) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(1);
  run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
  const io::ShardSet set(out / "data", "train");
  ASSERT_EQ(set.size(), 4);
  EXPECT_EQ(set.info().spacing_mm, (io::Vector3{2, 2, 5}));
  EXPECT_EQ(set.info().contoured.at("S-s0"), std::vector<int>{1});
  const auto view = set.at(2);
  EXPECT_EQ(view.place.slice, 3);
  // The body's centroid is (9.5, 7.5): a window of 8 x 8 begins at (6, 4).
  EXPECT_EQ(view.place.position_mm, (std::array<float, 3>{-20 + 12, -16 + 8, 115}));
  const auto& volume = cohort.volume(cohort.series(0));
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t x = 0; x < 8; ++x) {
      EXPECT_EQ(view.hu[y * 8 + x], volume.hu[(3 * 16 + y + 4) * 20 + x + 6]);
      EXPECT_EQ(view.mask[y * 8 + x], x >= 2 && x < 6 && y >= 2 && y < 6 ? 1 : 0);
    }
}

TEST(Prepare, RefusedSeriesAreToldOfAndTheOthersGoOn) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(6);
  cohort.series(1).refusals.push_back({io::Fault::MissingSlice, "a gap of 5 mm"});
  cohort.refuse_when_decoding("s3");
  cohort.labels(cohort.series(4)).label[800] = 9;
  const auto json = run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
  EXPECT_EQ(json["splits"]["train"]["series"], 3);
  EXPECT_EQ(json["refused"]["missing-slice"], 1);
  EXPECT_EQ(json["refused"]["truncated-pixel-data"], 1);
  EXPECT_EQ(json["refused"]["label-mismatch"], 1);
  const auto inventory = nlohmann::json::parse(test::read_file(out / "data/inventory.json"));
  EXPECT_EQ(inventory["series"].size(), 6u);
}

TEST(Prepare, OnePersonUnderTwoNamesIsTakenOnceWithAllScans) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(6);
  cohort.add("104", "another");
  cohort.volume(cohort.series(4)) = cohort.volume(cohort.series(2));
  std::fill_n(cohort.volume(cohort.series(4)).hu.begin() + 1, 5, std::int16_t{-3024});  // a converter's padding
  PrepareConfig config = test::small_config();
  config.split.test_patients = 2;
  const auto json = run_prepare(config, test::context_in(out.path()), cohort.reader());
  EXPECT_EQ(json["splits"]["train"]["patients"].get<int>() + json["splits"]["test"]["patients"].get<int>(), 5);
  const auto inventory = nlohmann::json::parse(test::read_file(out / "data/inventory.json"));
  std::map<std::string, int> refused;
  for (const auto& series : inventory["series"])
    if (!series["accepted"].get<bool>()) ++refused[series["patient"].get<std::string>()];
  ASSERT_EQ(refused.size(), 1u);
  const auto& [patient, scans] = *refused.begin();
  EXPECT_TRUE((patient == "P-102" && scans == 1) || (patient == "P-104" && scans == 2)) << patient << " " << scans;
  EXPECT_EQ(json["refused"]["duplicate-scan"], scans);
}

TEST(Prepare, ACopyWithinAPatientIsNoFault) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(2);
  cohort.add("100", "t0");
  cohort.volume(cohort.series(2)) = cohort.volume(cohort.series(0));
  const auto json = run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
  EXPECT_TRUE(json["refused"].empty());
  EXPECT_EQ(json["splits"]["train"]["series"], 2);
  const auto inventory = nlohmann::json::parse(test::read_file(out / "data/inventory.json"));
  EXPECT_EQ(inventory["series"][2]["notes"].size(), 1u);
  EXPECT_EQ(inventory["series"][2]["patches"], 0);
}

TEST(Prepare, HeldOutPatientsAreCutWithoutOverlapAndWithTheirUnlabelledPatches) {
  test::TemporaryFolder out;
  PrepareConfig config = test::small_config();
  config.split.test_patients = 1;
  config.patch.cut = "grid";
  config.patch.stride_x = config.patch.stride_y = 4;
  config.patch.min_body_fraction = 0;
  config.patch.require_label = true;
  run_prepare(config, test::context_in(out.path()), many(2).reader());
  // Slices of 20 x 16 in windows of 8 x 8: 3 x 2 side by side, those without a label among them.
  EXPECT_EQ(io::ShardSet(out / "data", "test").size(), 6 * 3 * 2);
  // The label is in 4 of 6 slices, and in 2 x 3 of the 4 x 3 windows that overlap by a half.
  EXPECT_EQ(io::ShardSet(out / "data", "train").size(), 4 * 2 * 3);
}

TEST(Prepare, AllRefusedIsAnErrorThatLeavesOnlyTheInventory) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(1);
  cohort.refuse_when_decoding("s0");
  try {
    run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::NothingUsable);
  }
  EXPECT_EQ(files_in(out / "data").size(), 1u);
  EXPECT_TRUE(fs::exists(out / "data/inventory.json"));
  EXPECT_THROW(run_prepare(test::small_config(), test::context_in(out.path()), test::Cohort().reader()), io::DataError);
}

TEST(Prepare, InterruptedIsNotTakenForWholeAndGoesOnToTheSameBytes) {
  test::TemporaryFolder out;
  const test::Cohort cohort = many(12);
  PrepareConfig config = split_config();
  Context context = test::context_in(out.path());
  run_prepare(config, context, cohort.reader());
  const auto whole = files_in(out / "data");
  std::atomic<int> asked = 0;
  context.interrupted = [&] { return ++asked > 9; };
  EXPECT_THROW(run_prepare(config, context, cohort.reader()), Interrupted);
  EXPECT_FALSE(fs::exists(out / "data/prepare.json"));
  context.interrupted = [] { return false; };
  run_prepare(config, context, cohort.reader());
  EXPECT_EQ(files_in(out / "data"), whole);
}

TEST(Prepare, FewerPatientsThanTheSplitNeedsIsRefused) {
  test::TemporaryFolder out;
  const test::Cohort cohort = many(3);
  try {
    run_prepare(split_config(), test::context_in(out.path()), cohort.reader());
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::TooFewPatients);
  }
}

TEST(Prepare, LabelMapsThatNoSeriesHasAreAnErrorAndSomeAreCounted) {
  test::TemporaryFolder out;
  test::Cohort cohort = many(3);
  for (std::size_t i = 0; i < 2; ++i) cohort.series(i).labels.clear();
  const auto json = run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
  EXPECT_EQ(json.at("series_without_label_map"), 2);
  cohort.series(2).labels.clear();
  try {
    run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
    FAIL() << "accepted";
  } catch (const io::DataError& error) {
    EXPECT_EQ(error.fault(), io::Fault::NothingUsable);
  }
}

TEST(Prepare, TakesTheRunsOwnCohortWithItsLabelMaps) {
  test::TemporaryFolder out;
  const test::Cohort cohort = many(3);
  SeriesReader reader = cohort.reader();
  std::vector<io::ScanOptions> asked;
  reader.scan = [&](const io::ScanOptions& options) {
    asked.push_back(options);
    return cohort.inventory;
  };
  PrepareConfig config = test::small_config();
  config.input = config.masks = "";
  run_prepare(config, test::context_in(out.path()), reader);
  config.input = "elsewhere";
  config.allow_burned_in = true;
  run_prepare(config, test::context_in(out.path()), reader);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_FALSE(asked[0].allow_burned_in);
  EXPECT_TRUE(asked[1].allow_burned_in);
  EXPECT_EQ(asked[0].path, out / "cohort");
  EXPECT_EQ(asked[0].image, "*_ct.nii.gz");
  EXPECT_EQ(asked[0].labels, "*_seg.nii.gz");
  EXPECT_EQ(asked[1].image, "*");
  EXPECT_EQ(asked[1].labels, "");
}

TEST(Prepare, HashOfTheInputsFollowsTheirContentAlone) {
  test::TemporaryFolder first, second;
  const test::Cohort cohort = many(3);
  SeriesReader reader = cohort.reader();
  const auto hash = [&](const test::TemporaryFolder& out) {
    return run_prepare(test::small_config(), test::context_in(out.path()), reader)
        .at("input_sha256")
        .get<std::string>();
  };
  const std::string before = hash(first);
  EXPECT_EQ(hash(first), before);
  reader.content_sha256 = [](const io::Series& series) { return "changed " + series.id; };
  EXPECT_NE(hash(first), before);
  reader = cohort.reader();
  EXPECT_NE(hash(second), before);  // with another key
}

TEST(Prepare, ContoursAreOfEachSeries) {
  test::TemporaryFolder out;
  test::Cohort cohort;
  cohort.add("1", "x", 2);
  cohort.add("1", "y", 3);
  cohort.add("2", "z", 0);  // without label map: nothing is known
  run_prepare(test::small_config(), test::context_in(out.path()), cohort.reader());
  const io::ShardSet set(out / "data", "train");
  EXPECT_EQ(set.info().contoured.at("S-x"), std::vector<int>{2});
  EXPECT_EQ(set.info().contoured.at("S-y"), std::vector<int>{3});
  EXPECT_EQ(set.info().contoured.at("S-z"), std::vector<int>{});
}

}  // namespace
}  // namespace ctforge::pipeline
