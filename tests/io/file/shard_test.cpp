// Shards come back as they were added, whatever the split into files; damaged or disagreeing ones are refused.
#include "io/file/shard.h"

#include "io/file/fault.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

ShardInfo small_info() {
  ShardInfo info;
  info.height = 2;
  info.width = 3;
  info.classes = {"thorax", "pelvis"};
  info.labels = {"background", "liver", "spleen"};
  info.spacing_mm = {0.9765625, 1, 2.5};
  info.window_hu = {-1000, 1000};
  return info;
}

Patch small_patch(int i) {
  Patch patch;
  for (int k = 0; k < 6; ++k) {
    patch.hu.push_back(static_cast<std::int16_t>(-1024 + 10 * i + k));
    patch.mask.push_back(static_cast<std::uint8_t>((i + k) % 3));
  }
  patch.class_index = i % 2;
  patch.patient = "P-" + std::to_string(i / 4);
  patch.series = "S-" + std::to_string(i / 2);
  patch.place.slice = 7 * i;
  patch.place.corner = {-3 * i, i};
  patch.place.position_mm = {0.5f * static_cast<float>(i), -1, 3};
  patch.place.voxel_mm = {0.5f, 0.25f * static_cast<float>(i), 2};
  return patch;
}

std::vector<std::filesystem::path> write_ten(const std::filesystem::path& folder, std::int64_t per_shard) {
  ShardWriter writer(folder, "train", small_info(), per_shard);
  writer.set_contoured("S-0", {1});
  writer.set_contoured("S-4", {1, 2});
  for (int i = 0; i < 10; ++i) writer.add(small_patch(i));
  return writer.finish();
}

TEST(Shard, RoundTripOverSeveralFiles) {
  test::TemporaryFolder folder;
  const auto written = write_ten(folder.path(), 4);
  ASSERT_EQ(written.size(), 3u);
  EXPECT_EQ(written[2].filename(), "train-00002.safetensors");
  const ShardSet set(folder.path(), "train");
  ASSERT_EQ(set.size(), 10);
  EXPECT_EQ(set.info().classes, small_info().classes);
  EXPECT_EQ(set.info().spacing_mm, small_info().spacing_mm);
  EXPECT_EQ(set.info().contoured, (std::map<std::string, std::vector<int>>{{"S-0", {1}}, {"S-4", {1, 2}}}));
  EXPECT_FALSE(set.info().synthetic);
  for (int i = 0; i < 10; ++i) {
    const auto view = set.at(i);
    const Patch patch = small_patch(i);
    EXPECT_TRUE(std::equal(view.hu.begin(), view.hu.end(), patch.hu.begin(), patch.hu.end()));
    EXPECT_TRUE(std::equal(view.mask.begin(), view.mask.end(), patch.mask.begin(), patch.mask.end()));
    EXPECT_EQ(view.class_index, patch.class_index);
    EXPECT_EQ(view.patient, patch.patient);
    EXPECT_EQ(view.series, patch.series);
    EXPECT_EQ(view.place, patch.place);
  }
  EXPECT_THROW(set.at(10), std::out_of_range);
}

TEST(Shard, AFileNamesOnlyItsOwnPatients) {
  test::TemporaryFolder folder;
  write_ten(folder.path(), 4);
  const SafetensorsFile file(folder / "train-00001.safetensors");
  EXPECT_EQ(file.metadata().at("patients"), R"(["P-1"])");
  EXPECT_EQ(file.metadata().at("series"), R"(["S-2","S-3"])");
  EXPECT_EQ(file.metadata().at("contoured"), "{}");
}

TEST(Shard, PrefixesDoNotMixAndAnEmptySetIsRefused) {
  test::TemporaryFolder folder;
  write_ten(folder.path(), 100);
  ShardWriter other(folder.path(), "train-more", small_info());
  other.add(small_patch(0));
  other.finish();
  EXPECT_EQ(ShardSet(folder.path(), "train").size(), 10);
  EXPECT_TRUE(has_shards(folder.path(), "train-more"));
  EXPECT_FALSE(has_shards(folder.path(), "test"));
  EXPECT_THROW(ShardSet(folder.path(), "test"), DataError);
}

TEST(Shard, AMissingShardIsRefused) {
  test::TemporaryFolder folder;
  write_ten(folder.path(), 4);
  std::filesystem::remove(folder / "train-00001.safetensors");
  EXPECT_THROW(ShardSet(folder.path(), "train"), DataError);
}

TEST(Shard, DisagreeingShardsAreRefused) {
  test::TemporaryFolder folder;
  write_ten(folder.path(), 5);
  ShardInfo info = small_info();
  info.window_hu = {-160, 240};
  ShardWriter other(folder.path(), "other", info);
  other.add(small_patch(0));
  other.finish();
  std::filesystem::rename(folder / "other-00000.safetensors", folder / "train-00002.safetensors");
  try {
    ShardSet set(folder.path(), "train");
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_EQ(error.fault(), Fault::InvalidShard);
  }
}

TEST(Shard, DamagedIndicesAndMasksAreRefused) {
  test::TemporaryFolder folder;
  write_ten(folder.path(), 100);
  const auto path = folder / "train-00000.safetensors";
  const std::string bytes = test::read_file(path);
  std::string bad_mask = bytes;
  bad_mask.back() = '\x03';  // the mask comes last: one label beyond the names
  test::write_file(path, bad_mask);
  const ShardSet set(folder.path(), "train");
  EXPECT_NO_THROW(set.at(8));
  EXPECT_THROW(set.at(9), DataError);
  std::string bad_class = bytes;
  std::size_t data = 0;
  for (int i = 0; i < 8; ++i)
    data |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)])) << (8 * i);
  bad_class[8 + data + 240] = '\x02';  // after position and voxel [10,3] F32 come the classes: index 2 of 2
  test::write_file(path, bad_class);
  EXPECT_THROW(ShardSet(folder.path(), "train"), DataError);
}

TEST(Shard, AWriterGoesOnWhereAnotherStood) {
  test::TemporaryFolder folder;
  const auto whole = write_ten(folder / "whole", 4);
  for (int stop = 0; stop <= 10; ++stop) {
    const auto own = folder / ("stopped-" + std::to_string(stop));
    ShardWriter first(own, "train", small_info(), 4);
    first.set_contoured("S-0", {1});
    first.set_contoured("S-4", {1, 2});
    for (int i = 0; i < stop; ++i) first.add(small_patch(i));
    const bool any = first.unfinished_patches() > 0;
    if (any) first.save_unfinished(own / "unfinished.safetensors");
    ShardWriter second(own, "train", small_info(), 4);
    second.go_on(first.shards_written(), any ? own / "unfinished.safetensors" : std::filesystem::path());
    if (stop <= 8) second.set_contoured("S-4", {1, 2});
    if (stop == 0) second.set_contoured("S-0", {1});
    for (int i = stop; i < 10; ++i) second.add(small_patch(i));
    const auto files = second.finish();
    ASSERT_EQ(files.size(), whole.size());
    for (std::size_t i = 0; i < files.size(); ++i) EXPECT_EQ(test::read_file(files[i]), test::read_file(whole[i]));
  }
}

TEST(Shard, AWriterDoesNotGoOnFromWhatIsDamaged) {
  test::TemporaryFolder folder;
  write_ten(folder.path(), 4);
  ShardInfo other = small_info();
  other.classes = {"head", "pelvis"};
  ShardWriter strange(folder.path(), "train", other, 4);
  EXPECT_THROW(strange.go_on(0, folder / "train-00002.safetensors"), DataError);
  ShardWriter writer(folder.path(), "train", small_info(), 4);
  EXPECT_THROW(writer.go_on(4, {}), DataError);
  test::write_file(folder / "train-00001.safetensors", "half");
  ShardWriter again(folder.path(), "train", small_info(), 4);
  EXPECT_THROW(again.go_on(3, {}), DataError);
}

TEST(Shard, WriterRefusesPatchesThatDoNotFit) {
  test::TemporaryFolder folder;
  ShardWriter writer(folder.path(), "train", small_info());
  Patch patch = small_patch(0);
  patch.mask[3] = 3;
  EXPECT_THROW(writer.add(patch), std::invalid_argument);
  patch = small_patch(0);
  patch.hu.pop_back();
  EXPECT_THROW(writer.add(patch), std::invalid_argument);
  patch = small_patch(0);
  patch.class_index = 2;
  EXPECT_THROW(writer.add(patch), std::invalid_argument);
  EXPECT_THROW(ShardWriter(folder.path(), "a/b", small_info()), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::io
