// The pictures' sections where there is nothing to picture, and the table of nearest neighbours.
#include "pipeline/report/report_sections.h"

#include <gtest/gtest.h>

namespace ctforge::pipeline {
namespace {

TEST(ReportPictures, GalleryNeedsBothSets) {
  EXPECT_NE(gallery_section({}, {}).body.find("both needed"), std::string::npos);
  EXPECT_NE(neighbours_section({}, {}).body.find("not evaluated"), std::string::npos);
}

TEST(ReportPictures, NeighboursAreSummed) {
  ReportInputs inputs;
  inputs.nearest = nlohmann::ordered_json::parse(R"({"nearest":{"correlation":{"synthetic":{"n":9,"median":0.81},
    "held_out":{"n":9,"median":0.8},"nearer_than_95_percent_of_held_out":0.06,"measure":"largest correlation"}},
    "examples":[]})");
  const std::string body = neighbours_section(inputs, {}).body;
  EXPECT_NE(body.find("<td>0.81</td><td>0.8</td><td>6 %</td>"), std::string::npos) << body;
}

}  // namespace
}  // namespace ctforge::pipeline
