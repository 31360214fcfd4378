// Other settings, plans and files are another identity; what does not change the bytes is not.
#include "pipeline/prepare/prepare_identity.h"

#include "tests/pipeline/prepare/prepare_support.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(PrepareIdentity, FollowsWhatChangesTheBytes) {
  const test::TemporaryFolder folder;
  test::write_file(folder / "scan.nii", "voxels");
  test::Cohort cohort;
  cohort.add("1", "a").files = {folder / "scan.nii"};
  cohort.add("2", "b");
  PrepareConfig config = test::small_config();
  const Context context = test::context_in(folder.path());
  const SeriesReader reader = cohort.reader();
  const PreparePlan plan = make_plan(config, {}, cohort.inventory, 1);
  const auto identity = [&](const std::string& key = "key", const std::string& listing = "") {
    return identity_of({config, context, reader, key, listing, folder.path(), plan}, cohort.inventory);
  };
  const std::string before = identity();
  EXPECT_EQ(before.size(), 64u);
  config.volumes_in_memory += 1;
  EXPECT_EQ(identity(), before);
  EXPECT_NE(identity("another key"), before);
  EXPECT_NE(identity("key", "listing"), before);
  const std::string listed = identity("key", "listing");
  test::write_file(folder / "scan.nii", "more voxels");
  EXPECT_NE(identity(), before);
  EXPECT_EQ(identity("key", "listing"), listed);
  config.patch.empty_hu += 1;
  EXPECT_NE(identity("key", "listing"), listed);
}

}  // namespace
}  // namespace ctforge::pipeline
