// Stacks of hand-made positions.
#include "io/volume/slice_stack.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

SliceStack stack_of(const std::vector<Vector3>& positions) { return check_stack(positions, {0, 0, 1}, 1.0, 0.05); }

TEST(SliceStack, EvenSlicesHaveTheirDistance) {
  const SliceStack stack = stack_of({{0, 0, 1}, {0, 0, 3}, {0, 0, 5}});
  EXPECT_TRUE(stack.faults.empty());
  EXPECT_DOUBLE_EQ(stack.spacing_mm, 2);
}

TEST(SliceStack, NamesEachFault) {
  EXPECT_EQ(stack_of({{0, 0, 0}, {0, 0, 2}, {0, 0, 6}, {0, 0, 8}}).faults.at(0).fault, Fault::MissingSlice);
  EXPECT_EQ(stack_of({{0, 0, 0}, {0, 0, 2}, {0, 0, 2}, {0, 0, 4}}).faults.at(0).fault, Fault::DuplicateSlice);
  EXPECT_EQ(stack_of({{0, 0, 0}, {0, 1, 2}, {0, 0, 4}}).faults.at(0).fault, Fault::NonOrthogonalSlices);
  EXPECT_EQ(stack_of({{0, 0, 0}, {0, 3, 2}, {0, 6, 4}}).faults.at(0).fault, Fault::NonOrthogonalSlices);  // 56 degrees
  EXPECT_EQ(stack_of({{0, 0, 0}, {0, 1, 2}}).faults.at(0).fault, Fault::NonOrthogonalSlices);  // two make any line
}

TEST(SliceStack, EqualStepsSidewaysAreATilt) {
  const SliceStack stack = stack_of({{0, 0, 0}, {0.1, 1, 2}, {0, 2, 4}});
  EXPECT_TRUE(stack.faults.empty());
  EXPECT_TRUE(stack.tilted);
  EXPECT_EQ(stack.step_mm, (Vector3{0, 1, 0}));
  EXPECT_EQ(stack.notes.size(), 1U);
  EXPECT_FALSE(stack_of({{0, 0, 0}, {0, 0.1, 2}, {0, 0.2, 4}}).tilted);  // within a quarter pixel
}

// A little more each time adds up to a slice in the wrong place although no single distance is far off.
TEST(SliceStack, RefusesDrift) {
  std::vector<Vector3> positions = {{0, 0, 0}};
  for (int i = 0; i < 40; ++i) positions.push_back({0, 0, positions.back()[2] + (i < 20 ? 1.96 : 2.04)});
  EXPECT_EQ(stack_of(positions).faults.at(0).fault, Fault::MissingSlice);
}

TEST(SliceStack, OrthonormalIsARotation) {
  EXPECT_TRUE(is_rotation(orthonormal({2, 0.001, 0}, {0.01, 3, 0.2}), 1e-12));
}

}  // namespace
}  // namespace ctforge::io
