// What can be wrong with input data, by name. The code is what users see, script against and look up.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace ctforge::io {

enum class Fault {
  // DICOM series
  TruncatedPixelData,         // fewer bytes than Rows x Columns x samples x bytes
  MissingPixelData,           // an image object without pixels
  MissingPosition,            // no ImagePositionPatient or ImageOrientationPatient
  MissingSlice,               // the distances between slices are not equal
  DuplicateSlice,             // two different slices at one position
  NonOrthogonalSlices,        // slices lie sideways of each other, and not as a tilted gantry leaves them
  MixedOrientation,           // slices of one series point different ways
  MixedFrameOfReference,      // two FrameOfReferenceUIDs in one series
  MixedPixelSpacing,          // PixelSpacing differs between slices
  MixedSize,                  // Rows or Columns differ between slices
  InvalidPixelSpacing,        // zero, negative, absent or not a number
  MissingRescale,             // no RescaleSlope or RescaleIntercept: HU unknown
  InvalidRescale,             // slope zero or not a number
  NotMonochrome,              // colour or several samples a pixel
  UnsupportedTransferSyntax,  // retired or unknown encoding
  NotCt,                      // Modality is not CT, or voxels that are no HU
  MalformedDicom,             // cannot be parsed, or an attribute has a value its type forbids
  TooFewSlices,               // a series that is no volume
  BurnedInAnnotation,         // BurnedInAnnotation is YES: texts in the pixels may name the patient
  // NIfTI and other volume files
  NotFinite,             // NaN or infinite voxels
  TruncatedFile,         // shorter than its header says
  InvalidHeader,         // bad magic, offset, type or spacing
  TooLarge,              // dimensions beyond the stated cap
  NotThreeDimensional,   // more than one time point or channel
  InconsistentGeometry,  // sform and qform disagree, or shear
  UnsupportedFormat,     // not a format that is read
  // Any
  HuOutOfRange,        // values that do not fit int16 HU
  LabelMismatch,       // label map and CT differ in geometry, or labels are not 0..255 integers
  AmbiguousLabels,     // several objects give one label of a series
  DecoderDied,         // the decoding process ended by a signal or took too long
  DuplicateScan,       // one person under two names: two patients share a scan
  Unreadable,          // cannot be opened or read
  InvalidShard,        // a safetensors file that breaks its format
  InvalidTable,        // a user's table that cannot be used
  TooFewPatients,      // fewer patients than the split asks for
  NothingUsable,       // every series was refused, or no patch was kept
  Unreachable,         // no connection to the archive, or it says nothing more
  RefusedByPeer,       // the archive does not want to
  NotSynthetic,        // an object that does not say that it is synthetic
  NotAsAnnounced,      // an object that is another one than the archive said
  OtherConfiguration,  // what an earlier run left was made with other settings
};

// The stable name users see, as "truncated-pixel-data".
std::string_view fault_code(Fault fault);
// One line for the help and the documentation: what was found.
std::string_view fault_meaning(Fault fault);
// The fault with this code; throws std::invalid_argument for an unknown one.
Fault fault_from_code(std::string_view code);

// What the user gave us cannot be used. The message is one line without patient identifiers or file names that
// might hold them; it says what was found and what was expected.
class DataError : public std::runtime_error {
 public:
  DataError(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace ctforge::io
