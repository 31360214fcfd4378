// A fraction's data beside the run's, made once.
#include "pipeline/run/run_fractions.h"

#include "io/file/fault.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/run/json_file.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

namespace fs = std::filesystem;

// Without synthetic arms a fraction is its data alone: seconds.
Config small() {
  return read_config(
      {}, {"phantom.patients=7", "phantom.matrix=32", "phantom.slices=4", "phantom.slice_mm=20", "run.threads=1",
           "run.stages=[phantom, prepare]", "prepare.images=*_ct.nii.gz", "prepare.masks=*_seg.nii.gz",
           "prepare.split.test_patients=2", "prepare.split.validation_patients=1",
           "evaluate.downstream.arms=[real, oversampled]", "evaluate.downstream.fractions=[0.3, 0.5, 1]"});
}

TEST(RunFractions, PrepareNestedPartsWithTheSamePseudonymsOnce) {
  const test::TemporaryFolder folder;
  const Config config = small();
  run_stages(config, {"phantom", "prepare"}, folder.path());
  // What evaluate would end with comes before any work for it.
  EXPECT_THROW(make_fractions(config, folder.path()), io::DataError);
  EXPECT_FALSE(fs::exists(folder / "fractions"));
  const auto make = [&] {
    for (const double fraction : fractions_to_make(config)) run_fraction(config, {"prepare"}, folder.path(), fraction);
  };
  make();
  const auto counts = [&](const fs::path& run) { return read_object(run / "data" / "prepare.json"); };
  const auto whole = counts(folder.path()), half = counts(folder / "fractions/0.5"),
             third = counts(folder / "fractions/0.3");
  EXPECT_EQ(whole.at("splits").at("train").at("patients"), 4);
  EXPECT_EQ(whole.at("patients_left_out"), 0);
  EXPECT_EQ(half.at("splits").at("train").at("patients"), 2);
  EXPECT_EQ(half.at("patients_left_out"), 2);
  EXPECT_EQ(third.at("splits").at("train").at("patients"), 2);  // 1.2, rounded up
  EXPECT_EQ(half.at("splits").at("test"), whole.at("splits").at("test"));
  EXPECT_TRUE(is_made(config, folder.path(), 0.5));
  // The held-out shards are the same to the byte, pseudonyms and all.
  EXPECT_EQ(test::read_file(folder / "fractions/0.5/data/test-00000.safetensors"),
            test::read_file(folder / "data/test-00000.safetensors"));
  const std::string before = test::read_file(folder / "fractions/0.5/manifest.json");
  make();
  EXPECT_EQ(test::read_file(folder / "fractions/0.5/manifest.json"), before);
  Config other = config;
  other.prepare.patch.min_body_fraction = 0.06;
  EXPECT_FALSE(is_made(other, folder.path(), 0.5));
}

}  // namespace
}  // namespace ctforge::pipeline
