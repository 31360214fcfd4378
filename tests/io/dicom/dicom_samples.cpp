// Samples with every attribute a CT image needs.
#include "tests/io/dicom/dicom_samples.h"

#include <stdexcept>

namespace ctforge::test {

namespace {

void put(DcmDataset& data, const DcmTagKey& tag, const std::string& text) {
  if (data.putAndInsertString(tag, text.c_str()).bad()) throw std::runtime_error("sample attribute");
}

void fill(DcmDataset& data, std::size_t slice) {
  const std::string number = std::to_string(slice);
  put(data, DCM_SOPClassUID, UID_CTImageStorage);
  put(data, DCM_SOPInstanceUID, "2.25.1000" + number);
  put(data, DCM_SeriesInstanceUID, "2.25.2000");
  put(data, DCM_StudyInstanceUID, "2.25.3000");
  put(data, DCM_FrameOfReferenceUID, "2.25.4000");
  put(data, DCM_PatientID, "PLANTED-ID");
  put(data, DCM_PatientName, "PLANTED^NAME");
  put(data, DCM_Modality, "CT");
  put(data, DCM_ImageType, "ORIGINAL\\PRIMARY\\AXIAL");
  put(data, DCM_BodyPartExamined, "CHEST");
  put(data, DCM_ImagePositionPatient, "-10\\-20\\" + std::to_string(2.5 * static_cast<double>(slice)));
  put(data, DCM_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
  put(data, DCM_PixelSpacing, "0.75\\0.5");
  put(data, DCM_SliceThickness, "2.5");
  put(data, DCM_RescaleSlope, "1");
  put(data, DCM_RescaleIntercept, "-1024");
  put(data, DCM_PhotometricInterpretation, "MONOCHROME2");
  data.putAndInsertUint16(DCM_SamplesPerPixel, 1);
  data.putAndInsertUint16(DCM_Rows, kSampleRows);
  data.putAndInsertUint16(DCM_Columns, kSampleColumns);
  data.putAndInsertUint16(DCM_BitsAllocated, 16);
  data.putAndInsertUint16(DCM_BitsStored, 12);
  data.putAndInsertUint16(DCM_HighBit, 11);
  data.putAndInsertUint16(DCM_PixelRepresentation, 0);
  std::vector<Uint16> pixels;
  for (int i = 0; i < kSampleRows * kSampleColumns; ++i) pixels.push_back(static_cast<Uint16>(sample_stored(slice, i)));
  data.putAndInsertUint16Array(DCM_PixelData, pixels.data(), static_cast<unsigned long>(pixels.size()));
}

}  // namespace

std::vector<std::filesystem::path> write_sample_series(const std::filesystem::path& folder, std::size_t slices,
                                                       const SampleEdit& edit) {
  std::filesystem::create_directories(folder);
  std::vector<std::filesystem::path> files;
  for (std::size_t slice = 0; slice < slices; ++slice) {
    DcmFileFormat file;
    fill(*file.getDataset(), slice);
    if (edit) edit(*file.getDataset(), slice);
    files.push_back(folder / ("slice" + std::to_string(slice) + ".dcm"));
    if (file.saveFile(files.back().c_str(), EXS_LittleEndianExplicit).bad()) throw std::runtime_error("sample file");
  }
  return files;
}

namespace {

DcmItem& group(DcmItem& parent, const DcmTagKey& sequence, long number) {
  DcmItem* item = nullptr;
  if (parent.findOrCreateSequenceItem(sequence, item, number).bad()) throw std::runtime_error("sample group");
  return *item;
}

// Moves attributes of a slice into a macro of a functional group.
void move_into(DcmItem& macro, DcmDataset& data, const std::vector<DcmTagKey>& tags) {
  for (const DcmTagKey& tag : tags) macro.insert(data.remove(tag), true);
}

}  // namespace

void write_enhanced_sample(const std::filesystem::path& path, std::size_t frames, E_TransferSyntax syntax,
                           const SampleEdit& edit) {
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  fill(data, 0);
  put(data, DCM_SOPClassUID, UID_EnhancedCTImageStorage);
  put(data, DCM_ImageType, "ORIGINAL\\PRIMARY\\VOLUME\\NONE");
  put(data, DCM_NumberOfFrames, std::to_string(frames));
  DcmItem& shared = group(data, DCM_SharedFunctionalGroupsSequence, 0);
  move_into(group(shared, DCM_PixelMeasuresSequence, 0), data, {DCM_PixelSpacing, DCM_SliceThickness});
  move_into(group(shared, DCM_PlaneOrientationSequence, 0), data, {DCM_ImageOrientationPatient});
  move_into(group(shared, DCM_PixelValueTransformationSequence, 0), data, {DCM_RescaleSlope, DCM_RescaleIntercept});
  std::vector<Uint16> pixels;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const std::size_t slice = frames - 1 - frame;
    DcmItem& own = group(data, DCM_PerFrameFunctionalGroupsSequence, static_cast<long>(frame));
    group(own, DCM_PlanePositionSequence, 0)
        .putAndInsertString(DCM_ImagePositionPatient,
                            ("-10\\-20\\" + std::to_string(2.5 * static_cast<double>(slice))).c_str());
    for (int i = 0; i < kSampleRows * kSampleColumns; ++i)
      pixels.push_back(static_cast<Uint16>(sample_stored(slice, i)));
  }
  data.findAndDeleteElement(DCM_ImagePositionPatient);
  data.putAndInsertUint16Array(DCM_PixelData, pixels.data(), static_cast<unsigned long>(pixels.size()));
  if (edit) edit(data, 0);
  if (file.saveFile(path.c_str(), syntax).bad()) throw std::runtime_error("sample file");
}

std::string sample_nifti() {
  std::string bytes(352 + 24, '\0');
  const auto put16 = [&](std::size_t at, std::int16_t value) { bytes = with_value(bytes, at, value); };
  const auto put32 = [&](std::size_t at, float value) { bytes = with_value(bytes, at, value); };
  bytes = with_value(bytes, 0, std::int32_t{348});
  const std::int16_t dim[] = {3, 3, 2, 2, 1, 1, 1, 1};
  for (std::size_t i = 0; i < 8; ++i) put16(40 + 2 * i, dim[i]);
  put16(70, 4);                                              // int16
  put16(72, 16);                                             // bits
  for (std::size_t i = 0; i < 4; ++i) put32(76 + 4 * i, 1);  // pixdim
  put32(108, 352);                                           // vox_offset
  bytes[123] = 2;                                            // mm
  put16(252, 1);                                             // qform_code: quaternion 0, 0, 0 is the identity
  put16(254, 1);                                             // sform_code
  put32(280, 1);
  put32(300, 1);
  put32(320, 1);
  bytes.replace(344, 4, "n+1", 4);
  for (std::int16_t i = 0; i < 12; ++i) put16(352 + 2 * static_cast<std::size_t>(i), i);
  return bytes;
}

}  // namespace ctforge::test
