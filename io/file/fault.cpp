// What can be wrong with input data: the codes and their meaning, in one table.
#include "io/file/fault.h"

#include <array>

namespace ctforge::io {

namespace {

struct Row {
  Fault fault;
  std::string_view code;
  std::string_view meaning;
};

constexpr std::array kRows = {
    Row{Fault::TruncatedPixelData, "truncated-pixel-data", "fewer bytes than Rows x Columns x samples x bytes"},
    Row{Fault::MissingPixelData, "missing-pixel-data", "an image object without pixels"},
    Row{Fault::MissingPosition, "missing-position", "no ImagePositionPatient or ImageOrientationPatient"},
    Row{Fault::MissingSlice, "missing-slice", "the distances between slices are not equal"},
    Row{Fault::DuplicateSlice, "duplicate-slice", "two different slices at one position"},
    Row{Fault::NonOrthogonalSlices, "non-orthogonal-slices",
        "slices lie sideways of each other, and not as a tilted gantry leaves them"},
    Row{Fault::MixedOrientation, "mixed-orientation", "slices of one series point different ways"},
    Row{Fault::MixedFrameOfReference, "mixed-frame-of-reference", "two FrameOfReferenceUIDs in one series"},
    Row{Fault::MixedPixelSpacing, "mixed-pixel-spacing", "PixelSpacing differs between slices"},
    Row{Fault::MixedSize, "mixed-size", "Rows or Columns differ between slices"},
    Row{Fault::InvalidPixelSpacing, "invalid-pixel-spacing", "zero, negative, absent or not a number"},
    Row{Fault::MissingRescale, "missing-rescale", "no RescaleSlope or RescaleIntercept: HU unknown"},
    Row{Fault::InvalidRescale, "invalid-rescale", "slope zero or not a number"},
    Row{Fault::NotMonochrome, "not-monochrome", "colour or several samples a pixel"},
    Row{Fault::UnsupportedTransferSyntax, "unsupported-transfer-syntax", "retired or unknown encoding"},
    Row{Fault::NotCt, "not-ct", "Modality is not CT, or voxels that are no HU"},
    Row{Fault::MalformedDicom, "malformed-dicom", "cannot be parsed, or an attribute has a value its type forbids"},
    Row{Fault::TooFewSlices, "too-few-slices", "a series that is no volume"},
    Row{Fault::BurnedInAnnotation, "burned-in-annotation",
        "BurnedInAnnotation is YES: texts in the pixels may name the patient"},
    Row{Fault::NotFinite, "not-finite", "NaN or infinite voxels"},
    Row{Fault::TruncatedFile, "truncated-file", "shorter than its header says"},
    Row{Fault::InvalidHeader, "invalid-header", "bad magic, offset, type or spacing"},
    Row{Fault::TooLarge, "too-large", "dimensions beyond the stated cap"},
    Row{Fault::NotThreeDimensional, "not-three-dimensional", "more than one time point or channel"},
    Row{Fault::InconsistentGeometry, "inconsistent-geometry", "sform and qform disagree, or shear"},
    Row{Fault::UnsupportedFormat, "unsupported-format", "not a format that is read"},
    Row{Fault::HuOutOfRange, "hu-out-of-range", "values that do not fit int16 HU"},
    Row{Fault::LabelMismatch, "label-mismatch",
        "label map and CT differ in geometry, or labels are not 0..255 integers"},
    Row{Fault::AmbiguousLabels, "ambiguous-labels", "several objects give one label of a series"},
    Row{Fault::DecoderDied, "decoder-died", "the decoding process ended by a signal or took too long"},
    Row{Fault::DuplicateScan, "duplicate-scan", "one person under two names: two patients share a scan"},
    Row{Fault::Unreadable, "unreadable", "cannot be opened or read"},
    Row{Fault::InvalidShard, "invalid-shard", "a safetensors file that breaks its format"},
    Row{Fault::InvalidTable, "invalid-table", "a user's table that cannot be used"},
    Row{Fault::TooFewPatients, "too-few-patients", "fewer patients than the split asks for"},
    Row{Fault::NothingUsable, "nothing-usable", "every series was refused, or no patch was kept"},
    Row{Fault::Unreachable, "unreachable", "no connection to the archive, or it says nothing more"},
    Row{Fault::RefusedByPeer, "refused-by-peer", "the archive does not want to"},
    Row{Fault::NotSynthetic, "not-synthetic", "an object that does not say that it is synthetic"},
    Row{Fault::NotAsAnnounced, "not-as-announced", "an object that is another one than the archive said"},
    Row{Fault::OtherConfiguration, "other-configuration", "what an earlier run left was made with other settings"},
};

}  // namespace

std::string_view fault_code(Fault fault) {
  for (const Row& row : kRows)
    if (row.fault == fault) return row.code;
  throw std::invalid_argument("a fault without a row in the table");
}

std::string_view fault_meaning(Fault fault) {
  for (const Row& row : kRows)
    if (row.fault == fault) return row.meaning;
  throw std::invalid_argument("a fault without a row in the table");
}

Fault fault_from_code(std::string_view code) {
  for (const Row& row : kRows)
    if (row.code == code) return row.fault;
  throw std::invalid_argument("no fault has the code '" + std::string(code) + "'");
}

}  // namespace ctforge::io
