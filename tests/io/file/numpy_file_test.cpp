// NumPy's own files, ours read back, and headers that lie.
#include "io/file/numpy_file.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "tests/io/file/fault_of.h"
#include "tests/support/support.h"

#include <array>
#include <cstring>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

std::filesystem::path oracle(const std::string& name) { return test::source_dir() / "tests" / "oracle" / name; }

template <class T>
std::vector<T> values(const NumpyArray& array) {
  const TensorView view = array.view();
  const auto span = view.as<T>();
  return {span.begin(), span.end()};
}

// The bytes of an .npy file with this header and so many bytes of data.
std::string npy(const std::string& header, std::size_t data) {
  std::string bytes = "\x93NUMPY";
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xFFU), static_cast<char>(header.size() >> 8U)};
  return bytes + header + std::string(data, '\0');
}

TEST(ReadNpz, TakesNumPysStoredAndDeflatedMembers) {
  for (const char* name : {"numpy_stored.npz", "numpy_deflated.npz"}) {
    const auto arrays = read_npz(oracle(name));
    EXPECT_EQ(values<double>(arrays.at("mu")), (std::vector<double>{0, 0.25, 0.5}));
    EXPECT_EQ(arrays.at("sigma").shape, (std::vector<std::int64_t>{3, 3}));
    EXPECT_EQ(values<float>(arrays.at("sigma"))[4], 2);
    EXPECT_EQ(values<std::int64_t>(arrays.at("n")), std::vector<std::int64_t>{12});
    EXPECT_TRUE(arrays.at("n").shape.empty());
  }
  EXPECT_EQ(read_npz(oracle("numpy_deflated.npz")).at("zeros").data.size(), 5000u);
}

TEST(ReadNpy, TurnsFortranOrder) {
  const NumpyArray array = read_npy(oracle("numpy_fortran.npy"));
  EXPECT_EQ(array.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(values<double>(array), (std::vector<double>{0, 1, 2, 3, 4, 5}));
}

TEST(WriteNpz, IsReadBackAndEqualBytesForEqualArrays) {
  const test::TemporaryFolder folder;
  const std::array<double, 4> numbers = {1, -2, 0.5, 1e300};
  const TensorView view{Dtype::F64, {2, 2}, std::as_bytes(std::span(numbers))};
  write_npz(folder / "a.npz", {{"mu", view}, {"sigma", view}});
  write_npz(folder / "b.npz", {{"sigma", view}, {"mu", view}});
  EXPECT_EQ(read_whole_file(folder / "a.npz"), read_whole_file(folder / "b.npz"));
  const auto arrays = read_npz(folder / "a.npz");
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(values<double>(arrays.at("sigma")), (std::vector<double>{1, -2, 0.5, 1e300}));
  EXPECT_EQ(npy_bytes(view).size() % 64, 32u);  // the data start at a multiple of 64
  EXPECT_THROW(npy_bytes({Dtype::BF16, {2}, std::as_bytes(std::span(numbers)).first(4)}), std::invalid_argument);
}

TEST(ParseNpy, RefusesHeadersThatLie) {
  const auto fault = [](const std::string& bytes) { return test::fault_of([&] { parse_npy(bytes); }); };
  const std::string start = "{'descr': '<f8', 'fortran_order': False, 'shape': ";
  EXPECT_EQ(parse_npy(npy(start + "(2, 1), }", 16)).shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(fault(npy(start + "(3, 1), }", 16)), Fault::TruncatedFile);
  EXPECT_EQ(fault(npy(start + "(4611686018427387904, 8), }", 16)), Fault::TooLarge);
  EXPECT_EQ(fault(npy(start + "(-1,), }", 16)), Fault::InvalidHeader);
  EXPECT_EQ(fault(npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16)), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(npy("{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", 16)), Fault::UnsupportedFormat);
  EXPECT_EQ(fault(npy("{'descr': '<f8', 'shape': (2,), }", 16)), Fault::InvalidHeader);
  EXPECT_EQ(fault("PK"), Fault::InvalidHeader);
  EXPECT_EQ(fault(npy(start + "(2,), }", 16).substr(0, 40)), Fault::TruncatedFile);
}

}  // namespace
}  // namespace ctforge::io
