// Parts of an evaluation on disk: kept under their key, absent under another or when damaged.
#include "pipeline/evaluate/evaluate_cells.h"

#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(CellStore, GivesBackWhatWasSavedUnderTheSameKeyOnly) {
  const test::TemporaryFolder folder;
  const CellStore cells(folder / "cells");
  EXPECT_FALSE(cells.load("part", "a"));
  cells.save("part", "a", {{"dice", {0.5, nullptr}}});
  EXPECT_EQ(cells.load("part", "a")->at("dice").at(0), 0.5);
  EXPECT_FALSE(cells.load("part", "b"));
  test::write_file(folder.path() / "cells" / "part.json", "{\"key\": \"a\", \"res");
  EXPECT_FALSE(cells.load("part", "a"));
}

TEST(CellStore, KeepsTensorsExactly) {
  const test::TemporaryFolder folder;
  const CellStore cells(folder / "cells");
  const torch::Tensor features = torch::rand({5, 3});
  cells.save_tensor("features", "a", features.t());
  EXPECT_TRUE(torch::equal(*cells.load_tensor("features", "a"), features.t()));
  EXPECT_FALSE(cells.load_tensor("features", "b"));
  test::write_file(folder.path() / "cells" / "features.safetensors", "short");
  EXPECT_FALSE(cells.load_tensor("features", "a"));
}

TEST(CellStore, RefusesNamesThatAreNoPlainWords) {
  const CellStore cells("unused");
  EXPECT_THROW(cells.load("../part", "a"), std::invalid_argument);
  EXPECT_THROW(cells.load("", "a"), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::pipeline
