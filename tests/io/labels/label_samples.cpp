// Label objects with every attribute that is read.
#include "tests/io/labels/label_samples.h"

#include "tests/io/dicom/dicom_samples.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include <dcmtk/dcmjpeg/djrplol.h>
#include <dcmtk/dcmjpls/djrparam.h>

namespace ctforge::test {

namespace {

void put(DcmItem& item, const DcmTagKey& tag, const std::string& text) {
  if (item.putAndInsertString(tag, text.c_str()).bad()) throw std::runtime_error("sample attribute");
}

DcmItem& add_item(DcmItem& parent, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  if (parent.findOrCreateSequenceItem(sequence, item, -2).bad()) throw std::runtime_error("sample item");
  return *item;
}

void add_image(DcmItem& parent, const DcmTagKey& sequence, int slice) {
  DcmItem& image = add_item(parent, sequence);
  put(image, DCM_ReferencedSOPClassUID, UID_CTImageStorage);
  put(image, DCM_ReferencedSOPInstanceUID, "2.25.1000" + std::to_string(slice));
}

void fill(DcmItem& data, const char* sop_class, const char* modality, const char* object) {
  put(data, DCM_SOPClassUID, sop_class);
  put(data, DCM_SOPInstanceUID, object);
  put(data, DCM_SeriesInstanceUID, std::string(object) + "1");
  put(data, DCM_StudyInstanceUID, "2.25.3000");
  put(data, DCM_FrameOfReferenceUID, "2.25.4000");
  put(data, DCM_PatientID, "PLANTED-ID");
  put(data, DCM_Modality, modality);
}

void save(DcmFileFormat& file, const std::filesystem::path& path, const LabelEdit& edit, E_TransferSyntax syntax) {
  if (edit) edit(*file.getDataset());
  if (DcmXfer(syntax).isEncapsulated()) {
    const DJ_RPLossless jpeg;
    const DJLSRepresentationParameter jpeg_ls(0, OFTrue);
    const DcmRepresentationParameter* parameter = nullptr;
    if (syntax == EXS_JPEGProcess14SV1) parameter = &jpeg;
    if (syntax == EXS_JPEGLSLossless) parameter = &jpeg_ls;
    const OFCondition packed = file.getDataset()->chooseRepresentation(syntax, parameter);
    if (packed.bad()) throw std::runtime_error(std::string("sample codec: ") + packed.text());
  }
  if (file.saveFile(path.c_str(), syntax).bad()) throw std::runtime_error("sample file");
}

// Bits least significant first, frames one after another; or the bytes as they are.
std::vector<Uint8> packed(const std::vector<SampleFrame>& frames, int bits) {
  std::vector<Uint8> bytes;
  std::size_t bit = 0;
  for (const SampleFrame& frame : frames)
    for (const std::uint8_t value : frame.values) {
      if (bits == 8) {
        bytes.push_back(value);
        continue;
      }
      if (bit % 8 == 0) bytes.push_back(0);
      bytes.back() = static_cast<Uint8>(bytes.back() | (value << (bit++ % 8)));
    }
  if (bytes.size() % 2 != 0) bytes.push_back(0);
  return bytes;
}

void fill_pixel_format(DcmDataset& data, std::size_t frames, int bits) {
  put(data, DCM_NumberOfFrames, std::to_string(frames));
  put(data, DCM_SegmentationType, bits == 1 ? "BINARY" : "FRACTIONAL");
  if (bits == 8) data.putAndInsertUint16(DCM_MaximumFractionalValue, 200);
  data.putAndInsertUint16(DCM_Rows, kSampleRows);
  data.putAndInsertUint16(DCM_Columns, kSampleColumns);
  data.putAndInsertUint16(DCM_SamplesPerPixel, 1);
  data.putAndInsertUint16(DCM_PixelRepresentation, 0);
  data.putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(bits - 1));
  put(data, DCM_PhotometricInterpretation, "MONOCHROME2");
  data.putAndInsertUint16(DCM_BitsAllocated, static_cast<Uint16>(bits));
  data.putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(bits));
}

}  // namespace

std::string sample_rectangle(double left, double top, double right, double bottom, double slice) {
  std::ostringstream text;
  text.precision(12);
  const auto point = [&](double x, double y, const char* separator) {
    text << -10 + 0.5 * x << '\\' << -20 + 0.75 * y << '\\' << 2.5 * slice << separator;
  };
  point(left, top, "\\");
  point(right, top, "\\");
  point(right, bottom, "\\");
  point(left, bottom, "");
  return text.str();
}

void write_structure_set(const std::filesystem::path& path, const std::vector<SampleRoi>& rois, const LabelEdit& edit) {
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  fill(data, UID_RTStructureSetStorage, "RTSTRUCT", "2.25.5000");
  DcmItem& frame = add_item(data, DCM_ReferencedFrameOfReferenceSequence);
  put(frame, DCM_FrameOfReferenceUID, "2.25.4000");
  DcmItem& series = add_item(add_item(frame, DCM_RTReferencedStudySequence), DCM_RTReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, "2.25.2000");
  for (const SampleRoi& roi : rois) {
    DcmItem& named = add_item(data, DCM_StructureSetROISequence);
    put(named, DCM_ROINumber, std::to_string(roi.number));
    put(named, DCM_ReferencedFrameOfReferenceUID, "2.25.4000");
    put(named, DCM_ROIName, roi.name);
    DcmItem& drawn = add_item(data, DCM_ROIContourSequence);
    put(drawn, DCM_ReferencedROINumber, std::to_string(roi.number));
    for (const std::string& points : roi.contours) {
      DcmItem& contour = add_item(drawn, DCM_ContourSequence);
      put(contour, DCM_ContourGeometricType, "CLOSED_PLANAR");
      const auto numbers = 1 + std::count(points.begin(), points.end(), '\\');
      put(contour, DCM_NumberOfContourPoints, std::to_string(numbers / 3));
      put(contour, DCM_ContourData, points);
    }
  }
  save(file, path, edit, EXS_LittleEndianImplicit);
}

DcmItem& first_contour(DcmDataset& data) {
  DcmItem *roi = nullptr, *contour = nullptr;
  if (data.findAndGetSequenceItem(DCM_ROIContourSequence, roi).bad() ||
      roi->findAndGetSequenceItem(DCM_ContourSequence, contour).bad())
    throw std::runtime_error("sample contour");
  return *contour;
}

void write_segmentation(const std::filesystem::path& path, const std::vector<std::string>& segments,
                        const std::vector<SampleFrame>& frames, int bits, const LabelEdit& edit,
                        E_TransferSyntax syntax) {
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  fill(data, UID_SegmentationStorage, "SEG", "2.25.6000");
  put(add_item(data, DCM_ReferencedSeriesSequence), DCM_SeriesInstanceUID, "2.25.2000");
  for (std::size_t i = 0; i < segments.size(); ++i) {
    DcmItem& segment = add_item(data, DCM_SegmentSequence);
    segment.putAndInsertUint16(DCM_SegmentNumber, static_cast<Uint16>(i + 1));
    put(segment, DCM_SegmentLabel, segments[i]);
  }
  DcmItem& shared = add_item(data, DCM_SharedFunctionalGroupsSequence);
  put(add_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
  put(add_item(shared, DCM_PixelMeasuresSequence), DCM_PixelSpacing, "0.75\\0.5");
  for (const SampleFrame& frame : frames) {
    DcmItem& own = add_item(data, DCM_PerFrameFunctionalGroupsSequence);
    put(add_item(own, DCM_PlanePositionSequence), DCM_ImagePositionPatient,
        "-10\\-20\\" + std::to_string(2.5 * frame.slice));
    add_item(own, DCM_SegmentIdentificationSequence)
        .putAndInsertUint16(DCM_ReferencedSegmentNumber, static_cast<Uint16>(frame.segment));
    add_image(add_item(own, DCM_DerivationImageSequence), DCM_SourceImageSequence, frame.slice);
  }
  fill_pixel_format(data, frames.size(), bits);
  const std::vector<Uint8> bytes = packed(frames, bits);
  if (data.putAndInsertUint8Array(DCM_PixelData, bytes.data(), static_cast<unsigned long>(bytes.size())).bad())
    throw std::runtime_error("sample pixels");
  save(file, path, edit, syntax);
}

DcmItem& frame_groups(DcmDataset& data, unsigned long frame) {
  DcmItem* item = nullptr;
  if (data.findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, item, static_cast<long>(frame)).bad())
    throw std::runtime_error("sample frame");
  return *item;
}

}  // namespace ctforge::test
