// What a DICOM file says it is: enough to send it, or to tell whether it is what was asked for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ctforge::io {

struct DicomIdentity {
  std::string sop_class, object_uid, study_uid, series_uid;
  std::string transfer_syntax;
  std::string patient_id;
  std::string modality;
  bool synthetic = false;  // SyntheticData (0008,001C) is YES
};

// Reads a file with preamble and file meta information (PS3.10) up to its pixels; empty for any other file and for a
// DICOMDIR. Throws DataError: Unreadable when it cannot be opened, MalformedDicom when it cannot be parsed or has no
// SOP class, SOP instance, study or series.
std::optional<DicomIdentity> read_dicom_identity(const std::filesystem::path& file);
// The same of a file's bytes.
std::optional<DicomIdentity> dicom_identity_of(std::string_view bytes);

}  // namespace ctforge::io
