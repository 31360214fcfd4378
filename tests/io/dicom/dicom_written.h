// What tests of written DICOM objects share: an oblique CT with labels, and attributes read with DCMTK.
#pragma once

#include "io/dicom/dicom_write.h"

#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::test {

// 5 x 3 pixels, 3 slices, anisotropic, turned about y by 0.3.
io::Volume oblique_ct();
// On its grid: label 1 with a hole in slice 0, label 2 in slices 1 and 2, label 3 nowhere.
io::LabelMap oblique_labels();
std::vector<std::string> label_names();  // background, liver, kidney_left, spleen
io::CtSeriesInfo ct_info();

// Values of an attribute, "\" between them; empty where it is absent.
std::string text(DcmItem& item, const DcmTagKey& tag);
// The item of a path of sequences, the first of each but for the last's, which is `index`. Fails the test and throws
// std::out_of_range where it is absent.
DcmItem& item(DcmItem& from, std::vector<DcmTagKey> path, long index = 0);
long items(DcmItem& from, const DcmTagKey& sequence);
// The marking table: what every object that is written says.
void expect_marked(DcmItem& data, const std::string& modality);

}  // namespace ctforge::test
