// Files of features and statistics: NumPy's, ours, and those that hold neither.
#include "pipeline/evaluate/evaluate_features.h"

#include "io/file/fault.h"
#include "io/file/numpy_file.h"
#include "io/file/safetensors.h"
#include "tests/io/file/fault_of.h"
#include "tests/support/support.h"

#include <array>
#include <limits>

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ReadFeatures, TakesRowsFromNumPyAndSafetensors) {
  const test::TemporaryFolder folder;
  const torch::Tensor fortran = *read_features(test::source_dir() / "tests/oracle/numpy_fortran.npy").rows;
  EXPECT_TRUE(torch::equal(fortran, torch::arange(6, torch::kFloat64).view({2, 3})));
  const std::array<float, 4> numbers = {1, 2, 3, 4};
  const io::TensorView view{io::Dtype::F32, {2, 2}, std::as_bytes(std::span(numbers))};
  io::write_safetensors(folder / "a.safetensors", {{"features", view}, {"other", view}}, {});
  EXPECT_EQ(read_features(folder / "a.safetensors").rows->scalar_type(), torch::kFloat32);
  io::write_npz(folder / "b.npz", {{"whatever", view}});
  EXPECT_EQ((*read_features(folder / "b.npz").rows)[1][0].item<double>(), 3);
}

TEST(ReadFeatures, TakesStatisticsWithAndWithoutTheirNumber) {
  const test::TemporaryFolder folder;
  const eval::Gaussian ours{torch::arange(3, torch::kFloat64), torch::eye(3, torch::kFloat64) * 2, 17};
  write_gaussian(folder / "ours.npz", ours);
  const eval::Gaussian read = *read_features(folder / "ours.npz").statistics;
  EXPECT_TRUE(torch::equal(read.mean, ours.mean));
  EXPECT_TRUE(torch::equal(read.covariance, ours.covariance));
  EXPECT_EQ(read.count, 17);
  const eval::Gaussian numpys = *read_features(test::source_dir() / "tests/oracle/numpy_deflated.npz").statistics;
  EXPECT_EQ(numpys.count, 12);
  EXPECT_EQ(numpys.covariance[1][1].item<double>(), 2);
}

TEST(ReadFeatures, RefusesWhatIsNeither) {
  const test::TemporaryFolder folder;
  const auto fault = [&](const char* name) { return test::fault_of([&] { read_features(folder / name); }); };
  const std::array<double, 4> numbers = {1, 2, 3, std::numeric_limits<double>::infinity()};
  const io::TensorView flat{io::Dtype::F64, {3}, std::as_bytes(std::span(numbers)).first(24)};
  const io::TensorView infinite{io::Dtype::F64, {2, 2}, std::as_bytes(std::span(numbers))};
  io::write_npz(folder / "flat.npz", {{"features", flat}});
  io::write_npz(folder / "two.npz", {{"a", infinite}, {"b", infinite}});
  io::write_npz(folder / "infinite.npz", {{"a", infinite}});
  io::write_npz(folder / "statistics.npz", {{"mu", flat}, {"sigma", flat}});
  test::write_file(folder / "text.txt", "1 2 3");
  EXPECT_EQ(fault("flat.npz"), io::Fault::UnsupportedFormat);
  EXPECT_EQ(fault("two.npz"), io::Fault::UnsupportedFormat);
  EXPECT_EQ(fault("infinite.npz"), io::Fault::NotFinite);
  EXPECT_EQ(fault("statistics.npz"), io::Fault::UnsupportedFormat);
  EXPECT_EQ(fault("text.txt"), io::Fault::UnsupportedFormat);
  EXPECT_EQ(fault("absent.npy"), io::Fault::Unreadable);
}

}  // namespace
}  // namespace ctforge::pipeline
