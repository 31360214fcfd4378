// One DICOM file's header, read by DCMTK without its pixels and judged: is it a CT image, and can it be used.
#pragma once

#include "io/dicom/dicom_syntax.h"
#include "io/file/fault.h"
#include "io/volume/geometry.h"
#include "io/volume/inventory.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::io {

// How stored values are laid out and become HU. DICOM PS3.3 C.7.6.3 and C.11.1.
struct DicomPixels {
  PixelEncoding encoding = PixelEncoding::Unsupported;
  std::int64_t rows = 0, columns = 0, frames = 1;
  int bits_allocated = 0, bits_stored = 0, high_bit = 0;
  bool is_signed = false;
  double slope = 1, intercept = 0;             // HU = slope * stored + intercept; of one frame
  std::optional<std::uint16_t> padding;        // PixelPaddingValue, as the bits stored
  std::optional<std::uint16_t> padding_limit;  // PixelPaddingRangeLimit
  std::int64_t offset = 0;                     // of the value of PixelData in the file; not for Deflated
  std::int64_t length = 0;                     // bytes of it as declared; -1: undefined (encapsulated)

  std::int64_t slice_bytes() const { return rows * columns * (bits_allocated / 8); }
};

// One image: a classic object is one, an enhanced object a number of them.
struct DicomFrame {
  std::optional<Vector3> position_mm;                 // ImagePositionPatient
  std::optional<std::array<Vector3, 2>> orientation;  // ImageOrientationPatient: along a row, down a column
  std::array<double, 2> spacing_mm = {0, 0};          // between columns (x), between rows (y)
  double thickness_mm = 0;                            // SliceThickness; 0: not given
  double slope = 1, intercept = 0;                    // HU = slope * stored + intercept
  bool localizer = false;                             // ImageType or FrameType says LOCALIZER
  bool typed = false;                                 // it has a third value
  std::string stack;                                  // StackID of enhanced objects
};

struct DicomHeader {
  std::string patient_id, study_uid, series_uid, object_uid, frame_of_reference_uid;
  std::string body_part;           // only a defined term of PS3.16 annex L
  bool burned_in = false;          // BurnedInAnnotation says that texts are in the pixels
  bool recognizable = false;       // RecognizableVisualFeatures says that the image can show who it is
  DicomPixels pixels;              // its slope and intercept are of no frame: see frame_pixels()
  std::vector<DicomFrame> frames;  // one, or as many as an enhanced object has

  DicomPixels frame_pixels(std::size_t frame) const;
};

enum class DicomVerdict {
  NotDicom,  // nothing of DICOM about it
  Skipped,   // DICOM, but no image: a report, a plan, a directory
  Image,     // to be grouped into series; with faults if it cannot be used
};

struct DicomFile {
  DicomVerdict verdict = DicomVerdict::NotDicom;
  std::string reason;           // of Skipped
  DicomHeader header;           // of Image: as far as it could be read
  std::vector<Finding> faults;  // of Image: messages without identifiers
  std::vector<std::string> notes;
  std::optional<LabelObjectKind> labels;  // of Skipped: an object that can label a CT
};

// Files with and without preamble and file meta information are recognised. Never throws for what the file holds;
// throws DataError(Unreadable) when it cannot be opened. Safe to call from several threads.
DicomFile read_dicom_file(const std::filesystem::path& path);

}  // namespace ctforge::io
