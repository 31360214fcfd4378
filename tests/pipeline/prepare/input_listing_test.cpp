// Files that come, go or change are seen; an input out of reach is not taken for a changed one.
#include "pipeline/prepare/input_listing.h"

#include "tests/support/support.h"

#include <chrono>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

class InputListing : public ::testing::Test {
 protected:
  InputListing() {
    fs::create_directories(folder / "in/site");
    fs::create_directories(out / "data");
    test::write_file(folder / "in/site/a.nii", "12345");
    test::write_file(folder / "table.csv", "a,x\n");
    config.input = (folder / "in").string();
    config.classes.table = (folder / "table.csv").string();
    remember();
  }
  void remember() {
    const nlohmann::json record = {{"listing_hmac_sha256", listing_hmac_sha256(config, out)}};
    test::write_file(out / "data/prepare.json", record.dump());
  }

  test::TemporaryFolder folder;
  fs::path out = folder / "out";
  PrepareConfig config;
};

TEST_F(InputListing, IsTheSameForTheSameFiles) {
  EXPECT_EQ(listing_hmac_sha256(config, out).size(), 64U);
  EXPECT_FALSE(input_has_changed(config, out));
}

TEST_F(InputListing, SeesFilesThatComeAndGo) {
  test::write_file(folder / "in/site/b.nii", "1");
  EXPECT_TRUE(input_has_changed(config, out));
  fs::remove(folder / "in/site/b.nii");
  EXPECT_FALSE(input_has_changed(config, out));
}

TEST_F(InputListing, SeesFilesAndTablesThatChange) {
  const auto before = fs::last_write_time(folder / "in/site/a.nii");
  fs::last_write_time(folder / "in/site/a.nii", before + std::chrono::seconds(1));
  EXPECT_TRUE(input_has_changed(config, out));
  fs::last_write_time(folder / "in/site/a.nii", before);
  EXPECT_FALSE(input_has_changed(config, out));
  test::write_file(folder / "table.csv", "a,another\n");
  EXPECT_TRUE(input_has_changed(config, out));
}

TEST_F(InputListing, OfAnInputOutOfReachIsUnknown) {
  fs::rename(folder / "in", folder / "elsewhere");
  EXPECT_EQ(listing_hmac_sha256(config, out), "");
  EXPECT_FALSE(input_has_changed(config, out));
  fs::create_directory(folder / "in");  // a mount point with nothing mounted
  EXPECT_FALSE(input_has_changed(config, out));
}

TEST_F(InputListing, OfATableOutOfReachIsUnknown) {
  fs::remove(folder / "table.csv");
  EXPECT_FALSE(input_has_changed(config, out));
}

TEST_F(InputListing, WithoutTheKeyIsUnknownAndMakesNone) {
  fs::remove(out / "patient.key");
  EXPECT_FALSE(input_has_changed(config, out));
  EXPECT_FALSE(fs::exists(out / "patient.key"));
  config.key_file = (folder / "no.key").string();
  EXPECT_FALSE(input_has_changed(config, out));
}

TEST_F(InputListing, PassesOverHiddenFilesAndTheRunsOwn) {
  test::write_file(folder / "in/.nfs0001", "x");
  EXPECT_FALSE(input_has_changed(config, out));
  fs::rename(out, folder / "in/out");
  EXPECT_FALSE(input_has_changed(config, folder / "in/out"));
}

TEST_F(InputListing, WithoutARecordNothingHasChanged) {
  fs::remove(out / "data/prepare.json");
  EXPECT_FALSE(input_has_changed(config, out));
}

}  // namespace
}  // namespace ctforge::pipeline
