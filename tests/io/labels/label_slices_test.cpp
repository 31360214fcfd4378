// Images that label objects refer to, against where they lie.
#include "io/labels/label_slices.h"

#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/support/support.h"

#include <gtest/gtest.h>

namespace ctforge::io {
namespace {

TEST(LabelSlices, ComparesImagesWithSlices) {
  const test::TemporaryFolder folder;
  std::vector<std::string> files;
  for (const auto& file : test::write_sample_series(folder.path())) files.push_back(file.string());
  const LabelSlices slices(files);
  EXPECT_NO_THROW(slices.expect({"2.25.10002"}, 2));
  EXPECT_NO_THROW(slices.expect({"2.25.10001", "2.25.10002"}, 2));
  EXPECT_NO_THROW(slices.expect({"2.25.999"}, 2));  // an image that is not there
  EXPECT_NO_THROW(slices.expect({}, 2));
  EXPECT_THROW(slices.expect({"2.25.10001"}, 2), DataError);
  EXPECT_NO_THROW(LabelSlices().expect({"2.25.10001"}, 2));
}

}  // namespace
}  // namespace ctforge::io
