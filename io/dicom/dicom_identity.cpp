// Reading the few attributes through DCMTK.
#include "io/dicom/dicom_identity.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_stream.h"

#include <array>
#include <fstream>
#include <vector>

namespace ctforge::io {

namespace {

bool has_preamble(std::string_view head) { return head.size() >= 132 && head.substr(128, 4) == "DICM"; }

std::optional<DicomIdentity> identity_of(const ParsedDicom& parsed) {
  if (!parsed.whole) throw DataError(Fault::MalformedDicom, "a DICOM file's header cannot be parsed to its end");
  std::vector<Finding> ignored;
  const DicomAttributes attributes(*parsed.file->getDataset(), ignored), meta(*parsed.file->getMetaInfo(), ignored);
  if (meta.text(DCM_MediaStorageSOPClassUID) == UID_MediaStorageDirectoryStorage) return {};
  DicomIdentity identity;
  identity.sop_class = attributes.text(DCM_SOPClassUID);
  identity.object_uid = attributes.text(DCM_SOPInstanceUID);
  identity.study_uid = attributes.text(DCM_StudyInstanceUID);
  identity.series_uid = attributes.text(DCM_SeriesInstanceUID);
  identity.transfer_syntax = meta.text(DCM_TransferSyntaxUID);
  identity.patient_id = attributes.text(DCM_PatientID);
  identity.modality = attributes.text(DCM_Modality);
  identity.synthetic = attributes.texts(DcmTagKey(0x0008, 0x001c)) == std::vector<std::string>{"YES"};
  for (const std::string& needed : {identity.sop_class, identity.object_uid, identity.study_uid, identity.series_uid})
    if (needed.empty())
      throw DataError(Fault::MalformedDicom, "a DICOM object without SOP class, SOP instance, study or series");
  return identity;
}

}  // namespace

std::optional<DicomIdentity> read_dicom_identity(const std::filesystem::path& file) {
  quiet_dcmtk();
  std::ifstream in(file, std::ios::binary);
  if (!in) throw DataError(Fault::Unreadable, "a file cannot be opened");
  std::array<char, 132> head{};
  if (!in.read(head.data(), head.size()) || !has_preamble({head.data(), head.size()})) return {};
  return identity_of(parse_to_pixels(file));
}

std::optional<DicomIdentity> dicom_identity_of(std::string_view bytes) {
  quiet_dcmtk();
  if (!has_preamble(bytes)) return {};
  return identity_of(parse_to_pixels(bytes));
}

}  // namespace ctforge::io
