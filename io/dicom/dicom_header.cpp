// Reads and judges one DICOM header with DCMTK, which has been seen to survive damaged files; no decoder is called.
#include "io/dicom/dicom_header.h"

#include "io/dicom/dicom_attributes.h"
#include "io/dicom/dicom_fragments.h"
#include "io/dicom/dicom_frame.h"
#include "io/dicom/dicom_items.h"
#include "io/dicom/dicom_object.h"
#include "io/dicom/dicom_stream.h"
#include "io/file/file_descriptor.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <unistd.h>

namespace ctforge::io {

namespace {

// Whether the first bytes can be DICOM: the magic word after a preamble, or an element of group 0002 or 0008.
bool looks_like_dicom(int descriptor) {
  std::array<unsigned char, 132> head{};
  const ssize_t got = pread(descriptor, head.data(), head.size(), 0);
  if (got == static_cast<ssize_t>(head.size()) &&
      std::string_view(reinterpret_cast<char*>(head.data()) + 128, 4) == "DICM")
    return true;
  if (got < 16) return false;
  const bool little = (head[0] == 8 || head[0] == 2) && head[1] == 0 && head[3] == 0 && head[2] <= 0x18;
  const bool big = head[0] == 0 && head[1] == 8 && head[2] == 0 && head[3] <= 0x18;
  return little || big;
}

void read_pixel_format(DicomAttributes& attributes, DicomFile& file) {
  DicomPixels& pixels = file.header.pixels;
  pixels.rows = attributes.number(DCM_Rows, "Rows").value_or(0);
  pixels.columns = attributes.number(DCM_Columns, "Columns").value_or(0);
  pixels.bits_allocated = attributes.number(DCM_BitsAllocated, "BitsAllocated").value_or(0);
  pixels.bits_stored = attributes.number(DCM_BitsStored, "BitsStored").value_or(0);
  pixels.high_bit = attributes.number(DCM_HighBit, "HighBit")
                        .value_or(static_cast<std::uint16_t>(std::max(0, pixels.bits_stored - 1)));
  const int sign = attributes.number(DCM_PixelRepresentation, "PixelRepresentation").value_or(2);
  pixels.is_signed = sign == 1;
  pixels.padding = attributes.bits(DCM_PixelPaddingValue, "PixelPaddingValue");
  pixels.padding_limit = attributes.bits(DCM_PixelPaddingRangeLimit, "PixelPaddingRangeLimit");
  if (pixels.rows == 0 || pixels.columns == 0)
    file.faults.push_back({Fault::MalformedDicom, "Rows or Columns are zero or absent"});
  const bool bits_fit = pixels.bits_stored >= 1 && pixels.bits_stored <= pixels.bits_allocated &&
                        pixels.high_bit < pixels.bits_allocated && pixels.high_bit + 1 >= pixels.bits_stored;
  if ((pixels.bits_allocated != 8 && pixels.bits_allocated != 16) || !bits_fit || sign > 1)
    file.faults.push_back({Fault::MalformedDicom, "BitsAllocated " + std::to_string(pixels.bits_allocated) +
                                                      ", BitsStored " + std::to_string(pixels.bits_stored) +
                                                      ", HighBit " + std::to_string(pixels.high_bit) +
                                                      " or PixelRepresentation is not a CT pixel format"});
  const int samples = attributes.number(DCM_SamplesPerPixel, "SamplesPerPixel").value_or(1);
  const std::string colour = attributes.text(DCM_PhotometricInterpretation);
  if (samples != 1 || !(colour == "MONOCHROME2" || colour == "MONOCHROME1"))
    file.faults.push_back({Fault::NotMonochrome, std::to_string(samples) +
                                                     " samples a pixel or a colour interpretation, expected one of "
                                                     "MONOCHROME1 or MONOCHROME2"});
}

// The encoding of the pixels: what the file meta information says, else what DCMTK recognised.
void read_encoding(DcmFileFormat& format, DicomFile& file) {
  std::vector<Finding> ignored;
  std::string uid = DicomAttributes(*format.getMetaInfo(), ignored).text(DCM_TransferSyntaxUID);
  if (uid.empty()) uid = DcmXfer(format.getDataset()->getOriginalXfer()).getXferID();
  const TransferSyntax& syntax = find_transfer_syntax(uid);
  file.header.pixels.encoding = syntax.encoding;
  if (syntax.encoding == PixelEncoding::Unsupported)
    file.faults.push_back(
        {Fault::UnsupportedTransferSyntax, "transfer syntax " + describe_transfer_syntax(uid) + " is not read"});
  if (syntax.lossy) file.notes.emplace_back("lossy compression: " + std::string(syntax.name));
}

void read_identity(DicomAttributes& attributes, DicomHeader& header) {
  header.series_uid = attributes.text(DCM_SeriesInstanceUID);
  header.study_uid = attributes.text(DCM_StudyInstanceUID);
  header.object_uid = attributes.text(DCM_SOPInstanceUID);
  header.frame_of_reference_uid = attributes.text(DCM_FrameOfReferenceUID);
  header.patient_id = attributes.text(DCM_PatientID);
  header.body_part = defined_body_part(attributes.text(DCM_BodyPartExamined));
  header.burned_in = attributes.text(DCM_BurnedInAnnotation) == "YES";
  header.recognizable = attributes.text(DCM_RecognizableVisualFeatures) == "YES";
}

void read_images(DcmItem& data, bool enhanced, DicomFile& file) {
  if (enhanced) return read_enhanced_frames(data, file);
  read_single_frame(data, file);
  const std::string frames = DicomAttributes(data, file.faults).text(DCM_NumberOfFrames);
  if (!frames.empty() && frames != "1")
    file.faults.push_back({Fault::UnsupportedFormat, "several frames in an object of a class that has one"});
}

void judge_pixels(int descriptor, DcmFileFormat& format, std::int64_t stopped_at, DicomFile& file) {
  DicomPixels& pixels = file.header.pixels;
  if (pixels.encoding == PixelEncoding::Unsupported) return;
  if (pixels.encoding == PixelEncoding::Deflated) return check_pixel_data(descriptor, 0, file);
  const DcmXfer xfer(format.getDataset()->getOriginalXfer());
  const PixelDataPlace place = find_pixel_data(descriptor, stopped_at, xfer.isExplicitVR(), xfer.isBigEndian());
  if (!place.found || place.length == 0) {
    file.faults.push_back({Fault::MissingPixelData, "an image object without PixelData"});
    return;
  }
  pixels.offset = place.offset;
  pixels.length = place.length;
  if (file.faults.empty() || pixels.slice_bytes() > 0)
    check_pixel_data(descriptor, lseek(descriptor, 0, SEEK_END), file);
}

}  // namespace

DicomPixels DicomHeader::frame_pixels(std::size_t frame) const {
  DicomPixels of_frame = pixels;
  of_frame.slope = frames.at(frame).slope;
  of_frame.intercept = frames.at(frame).intercept;
  return of_frame;
}

DicomFile read_dicom_file(const std::filesystem::path& path) {
  quiet_dcmtk();
  DicomFile file;
  const FileDescriptor descriptor(path);
  if (!looks_like_dicom(descriptor.get())) return file;

  const ParsedDicom parsed = parse_to_pixels(path);
  DcmFileFormat& format = *parsed.file;
  DicomAttributes attributes(*format.getDataset(), file.faults);
  const DicomObject object = classify_object(attributes, *format.getMetaInfo());
  file.reason = object.skip_reason;
  file.labels = object.labels;
  file.verdict = object.skip_reason.empty() ? DicomVerdict::Image : DicomVerdict::Skipped;
  if (file.verdict == DicomVerdict::Skipped) return file;
  read_identity(attributes, file.header);
  read_encoding(format, file);
  if (!parsed.whole && file.header.pixels.encoding != PixelEncoding::Unsupported)
    file.faults.push_back({Fault::MalformedDicom, "the header cannot be parsed to its end"});
  if (file.header.series_uid.empty()) file.faults.push_back({Fault::MalformedDicom, "no SeriesInstanceUID"});
  if (object.fault) file.faults.push_back(*object.fault);
  if (object.fault) return file;  // no CT slice: what CT attributes it lacks does not matter
  read_pixel_format(attributes, file);
  read_images(*format.getDataset(), object.enhanced, file);
  judge_pixels(descriptor.get(), format, parsed.stopped_at, file);
  return file;
}

}  // namespace ctforge::io
