// Parsing a whole DICOM file with DCMTK, and its sequences. Included by io's sources only.
#pragma once

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_stream.h"
#include "io/dicom/dicom_syntax.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io {

// A data set up to its PixelData.
struct DicomTree : ParsedDicom {
  DcmItem& data() const { return *file->getDataset(); }
  // As the file meta information says, else as DCMTK recognised it.
  const TransferSyntax& syntax() const;
};
// Throws DataError(Unreadable) when the file cannot be opened.
DicomTree parse_dicom(const std::filesystem::path& path);

// Of a sequence (io/dicom/dicom_attributes.h); null when there is none.
DcmItem* first_item(DcmItem& item, const DcmTagKey& sequence);

// A whole number (VR IS) or, where the attribute is US, that; empty when absent or no such number.
std::optional<std::int64_t> whole_number(DcmItem& item, const DcmTagKey& tag);
// A text in UTF-8, from SpecificCharacterSet of the item or else of the data set. What cannot be converted becomes '?'.
std::string utf8_text(DcmItem& item, const DcmTagKey& tag, DcmItem& data_set);

}  // namespace ctforge::io
