// Names as they are written, counted by series.
#include "pipeline/prepare/structures.h"

#include "io/file/fault.h"
#include "tests/io/dicom/dicom_samples.h"
#include "tests/io/labels/label_samples.h"
#include "tests/support/support.h"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctforge::pipeline {
namespace {

const std::string kSquare = test::sample_rectangle(0, 0, 2, 2, 1);

TEST(Structures, CountsSeriesAndDisarmsNames) {
  const test::TemporaryFolder folder;
  test::write_sample_series(folder / "a");
  test::write_sample_series(folder / "b", 4, [](DcmDataset& data, std::size_t slice) {
    data.putAndInsertString(DCM_SeriesInstanceUID, "2.25.2001");
    data.putAndInsertString(DCM_SOPInstanceUID, ("2.25.1001" + std::to_string(slice)).c_str());
  });
  test::write_structure_set(folder / "a.dcm", {{1, "Liver", {kSquare}}, {2, "x\x1b[2J", {kSquare}}, {3, "empty", {}}});
  test::write_segmentation(folder / "b.dcm", {"Liver", "Liver"}, {{1, 1, std::vector<std::uint8_t>(24)}}, 1,
                           [](DcmDataset& data) {
                             DcmItem* series = nullptr;
                             data.findAndGetSequenceItem(DCM_ReferencedSeriesSequence, series);
                             series->putAndInsertString(DCM_SeriesInstanceUID, "2.25.2001");
                             DcmItem* groups = &test::frame_groups(data, 0);
                             groups->findAndDeleteElement(DCM_DerivationImageSequence);
                           });
  StructuresConfig config;
  config.path = folder.path();
  std::ostringstream table, json;
  EXPECT_EQ(list_structures(config, table), 0);
  EXPECT_EQ(table.str(), "series  structure\n     2  Liver\n     1  x?[2J\n");
  config.json = true;
  EXPECT_EQ(list_structures(config, json), 0);
  EXPECT_EQ(nlohmann::json::parse(json.str()).at("structures").at(0).at("series"), 2);
}

TEST(Structures, NoneIsThree) {
  const test::TemporaryFolder folder;
  test::write_sample_series(folder / "a");
  StructuresConfig config;
  config.path = folder.path();
  std::ostringstream out;
  EXPECT_EQ(list_structures(config, out), 3);
  config.path = folder / "absent";
  EXPECT_THROW(list_structures(config, out), io::DataError);
}

}  // namespace
}  // namespace ctforge::pipeline
