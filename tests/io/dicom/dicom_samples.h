// Small DICOM series and NIfTI files made for tests, to be damaged one way at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::test {

inline constexpr int kSampleColumns = 6, kSampleRows = 4;

// Stored value of pixel i (row-major) of a slice; HU is 1024 less.
constexpr int sample_stored(std::size_t slice, int i) { return 1000 + 100 * static_cast<int>(slice) + i; }

// Changes the data set of one slice before it is written.
using SampleEdit = std::function<void(DcmDataset& data, std::size_t slice)>;

// An axial CT series of 6 x 4 pixels of 0.5 mm (x) and 0.75 mm (y), slices 2.5 mm apart; explicit little endian.
// Files are slice0.dcm, slice1.dcm, ...
std::vector<std::filesystem::path> write_sample_series(const std::filesystem::path& folder, std::size_t slices = 4,
                                                       const SampleEdit& edit = {});

// The same slices as one enhanced CT, its frames in reverse order, in a functional group each.
void write_enhanced_sample(const std::filesystem::path& file, std::size_t frames, E_TransferSyntax syntax,
                           const SampleEdit& edit = {});

// A NIfTI-1 file of 3 x 2 x 2 int16 voxels 0, 1, ..., 1 mm, sform and qform alike, for bytes to be overwritten.
std::string sample_nifti();
template <class Value>
std::string with_value(std::string bytes, std::size_t offset, Value value) {
  return bytes.replace(offset, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace ctforge::test
