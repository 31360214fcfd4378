// The list of allowed attributes, by tag. docs/deidentification.md repeats it; a test compares them.
#include "io/dicom/dicom_allowed.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ctforge::io {

namespace {

using enum AttributeUse;

constexpr std::array kAllowed = {
    AllowedAttribute{0x0002, 0x0002, "MediaStorageSOPClassUID", Judged},
    AllowedAttribute{0x0002, 0x0010, "TransferSyntaxUID", Kept},
    AllowedAttribute{0x0008, 0x0005, "SpecificCharacterSet", Judged},
    AllowedAttribute{0x0008, 0x0008, "ImageType", Judged},
    AllowedAttribute{0x0008, 0x0016, "SOPClassUID", Judged},
    AllowedAttribute{0x0008, 0x0018, "SOPInstanceUID", Hashed},
    AllowedAttribute{0x0008, 0x001C, "SyntheticData", Judged},
    AllowedAttribute{0x0008, 0x0020, "StudyDate", Judged},
    AllowedAttribute{0x0008, 0x0060, "Modality", Judged},
    AllowedAttribute{0x0008, 0x0061, "ModalitiesInStudy", Judged},
    AllowedAttribute{0x0008, 0x1115, "ReferencedSeriesSequence", Sequence},
    AllowedAttribute{0x0008, 0x1140, "ReferencedImageSequence", Sequence},
    AllowedAttribute{0x0008, 0x114A, "ReferencedInstanceSequence", Sequence},
    AllowedAttribute{0x0008, 0x1155, "ReferencedSOPInstanceUID", Hashed},
    AllowedAttribute{0x0008, 0x2112, "SourceImageSequence", Sequence},
    AllowedAttribute{0x0008, 0x9007, "FrameType", Judged},
    AllowedAttribute{0x0008, 0x9124, "DerivationImageSequence", Sequence},
    AllowedAttribute{0x0010, 0x0020, "PatientID", Hashed},
    AllowedAttribute{0x0018, 0x0015, "BodyPartExamined", Kept},
    AllowedAttribute{0x0018, 0x0050, "SliceThickness", Kept},
    AllowedAttribute{0x0018, 0x9329, "CTImageFrameTypeSequence", Sequence},
    AllowedAttribute{0x0020, 0x000D, "StudyInstanceUID", Hashed},
    AllowedAttribute{0x0020, 0x000E, "SeriesInstanceUID", Hashed},
    AllowedAttribute{0x0020, 0x0032, "ImagePositionPatient", Kept},
    AllowedAttribute{0x0020, 0x0037, "ImageOrientationPatient", Kept},
    AllowedAttribute{0x0020, 0x0052, "FrameOfReferenceUID", Hashed},
    AllowedAttribute{0x0020, 0x9056, "StackID", Hashed},
    AllowedAttribute{0x0020, 0x9111, "FrameContentSequence", Sequence},
    AllowedAttribute{0x0020, 0x9113, "PlanePositionSequence", Sequence},
    AllowedAttribute{0x0020, 0x9116, "PlaneOrientationSequence", Sequence},
    AllowedAttribute{0x0028, 0x0002, "SamplesPerPixel", Judged},
    AllowedAttribute{0x0028, 0x0004, "PhotometricInterpretation", Judged},
    AllowedAttribute{0x0028, 0x0008, "NumberOfFrames", Kept},
    AllowedAttribute{0x0028, 0x0010, "Rows", Kept},
    AllowedAttribute{0x0028, 0x0011, "Columns", Kept},
    AllowedAttribute{0x0028, 0x0030, "PixelSpacing", Kept},
    AllowedAttribute{0x0028, 0x0100, "BitsAllocated", Kept},
    AllowedAttribute{0x0028, 0x0101, "BitsStored", Kept},
    AllowedAttribute{0x0028, 0x0102, "HighBit", Kept},
    AllowedAttribute{0x0028, 0x0103, "PixelRepresentation", Kept},
    AllowedAttribute{0x0028, 0x0120, "PixelPaddingValue", Kept},
    AllowedAttribute{0x0028, 0x0121, "PixelPaddingRangeLimit", Kept},
    AllowedAttribute{0x0028, 0x0301, "BurnedInAnnotation", Judged},
    AllowedAttribute{0x0028, 0x0302, "RecognizableVisualFeatures", Judged},
    AllowedAttribute{0x0028, 0x1052, "RescaleIntercept", Kept},
    AllowedAttribute{0x0028, 0x1053, "RescaleSlope", Kept},
    AllowedAttribute{0x0028, 0x1054, "RescaleType", Judged},
    AllowedAttribute{0x0028, 0x9110, "PixelMeasuresSequence", Sequence},
    AllowedAttribute{0x0028, 0x9145, "PixelValueTransformationSequence", Sequence},
    AllowedAttribute{0x0062, 0x0001, "SegmentationType", Judged},
    AllowedAttribute{0x0062, 0x0002, "SegmentSequence", Sequence},
    AllowedAttribute{0x0062, 0x0004, "SegmentNumber", Kept},
    AllowedAttribute{0x0062, 0x0005, "SegmentLabel", Named},
    AllowedAttribute{0x0062, 0x000A, "SegmentIdentificationSequence", Sequence},
    AllowedAttribute{0x0062, 0x000B, "ReferencedSegmentNumber", Kept},
    AllowedAttribute{0x0062, 0x000E, "MaximumFractionalValue", Kept},
    AllowedAttribute{0x3006, 0x0010, "ReferencedFrameOfReferenceSequence", Sequence},
    AllowedAttribute{0x3006, 0x0012, "RTReferencedStudySequence", Sequence},
    AllowedAttribute{0x3006, 0x0014, "RTReferencedSeriesSequence", Sequence},
    AllowedAttribute{0x3006, 0x0016, "ContourImageSequence", Sequence},
    AllowedAttribute{0x3006, 0x0020, "StructureSetROISequence", Sequence},
    AllowedAttribute{0x3006, 0x0022, "ROINumber", Kept},
    AllowedAttribute{0x3006, 0x0024, "ReferencedFrameOfReferenceUID", Hashed},
    AllowedAttribute{0x3006, 0x0026, "ROIName", Named},
    AllowedAttribute{0x3006, 0x0039, "ROIContourSequence", Sequence},
    AllowedAttribute{0x3006, 0x0040, "ContourSequence", Sequence},
    AllowedAttribute{0x3006, 0x0042, "ContourGeometricType", Judged},
    AllowedAttribute{0x3006, 0x0046, "NumberOfContourPoints", Judged},
    AllowedAttribute{0x3006, 0x0050, "ContourData", Kept},
    AllowedAttribute{0x3006, 0x0084, "ReferencedROINumber", Kept},
    AllowedAttribute{0x5200, 0x9229, "SharedFunctionalGroupsSequence", Sequence},
    AllowedAttribute{0x5200, 0x9230, "PerFrameFunctionalGroupsSequence", Sequence},
    AllowedAttribute{0x7FE0, 0x0010, "PixelData", Kept},
};

}  // namespace

std::span<const AllowedAttribute> allowed_attributes() { return kAllowed; }

bool is_allowed_attribute(std::uint16_t group, std::uint16_t element) {
  return std::any_of(kAllowed.begin(), kAllowed.end(), [&](const AllowedAttribute& attribute) {
    return attribute.group == group && attribute.element == element;
  });
}

std::string_view attribute_use_name(AttributeUse use) {
  switch (use) {
    case Kept:
      return "kept";
    case Hashed:
      return "hashed";
    case Judged:
      return "judged";
    case Named:
      return "named";
    case Sequence:
      return "sequence";
  }
  throw std::invalid_argument("a use of an attribute without a name");
}

}  // namespace ctforge::io
