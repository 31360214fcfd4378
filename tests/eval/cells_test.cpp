// Three heaps fall into three cells, whatever the dimension they lie in.
#include "eval/cells.h"

#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::eval {
namespace {

TEST(CellPartition, FindsTheHeaps) {
  torch::manual_seed(1);
  auto rows = 0.1 * torch::randn({90, 40});
  rows.narrow(0, 0, 30).select(1, 3) += 5;
  rows.narrow(0, 30, 30).select(1, 7) -= 5;
  const CellPartition cells(rows, 1, 3);
  ASSERT_EQ(cells.count(), 3);
  const auto found = cells.cell_of(cells.projected(rows));
  for (int heap = 0; heap < 3; ++heap)
    EXPECT_EQ(std::set<std::int64_t>(found.begin() + 30 * heap, found.begin() + 30 * (heap + 1)).size(), 1U);
  EXPECT_EQ(std::set<std::int64_t>(found.begin(), found.end()).size(), 3U);
  // Two components hold all that parts the heaps.
  const CellPartition flat(rows, 2, 3, 2);
  EXPECT_EQ(flat.projected(rows).size(1), 2);
  EXPECT_NEAR(flat.projected(rows).var(0).sum().item<double>(), 11.1,
              0.6);  // 25 * 2/3 * (1 - 1/3), twice, less overlap
}

TEST(CellPartition, EqualRowsShareACell) {
  const CellPartition cells(torch::ones({100, 4}), 1);
  EXPECT_EQ(cells.count(), 1);
  EXPECT_THROW(CellPartition(torch::ones({1, 4}), 1), std::invalid_argument);
}

}  // namespace
}  // namespace ctforge::eval
