// Parts that the DICOM objects written here share: values as their types hold them, patient, study, series, equipment,
// the marking as synthetic. For the sources dicom_write*.cpp alone.
#pragma once

#include "io/dicom/dicom_write.h"
#include "io/labels/segment_codes.h"

#include <filesystem>
#include <span>
#include <string>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

namespace ctforge::io::dicom {

// What attributes that must hold a date or a time get, since nothing is known of when a synthetic image was taken: a
// day before CT that nobody takes for real. No clock is read, so that a repeated run writes equal files.
inline constexpr const char* kNoDate = "19000101";
inline constexpr const char* kNoTime = "000000";
// DerivationDescription of every image.
inline constexpr const char* kDerivation = "SYNTHETIC: computed by a generative model, not acquired";

// Throws std::system_error when DCMTK could not do what was asked.
void require(const OFCondition& condition);

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value);
void put_number(DcmItem& item, const DcmTagKey& tag, std::uint16_t value);                     // type US
void put_numbers(DcmItem& item, const DcmTagKey& tag, std::span<const std::uint32_t> values);  // type UL
// A new last item of a sequence, which is made where it is missing.
DcmItem& add_item(DcmItem& parent, const DcmTagKey& sequence);
// A sequence of one coded concept, which is returned.
DcmItem& put_code(DcmItem& parent, const DcmTagKey& sequence, const Code& code);
// The image of a CT that a slice lies in: its class, its UID and, in a multi-frame image, its frame. slice -1: the
// image without a frame.
void put_image_reference(DcmItem& item, const CtReference& reference, std::int64_t slice);
// A sequence of all images of a CT, as ReferencedInstanceSequence.
void put_images(DcmItem& item, const DcmTagKey& sequence, const CtReference& reference);

// A decimal string of at most 16 characters (PS3.5 table 6.2-1) that is as near to the value as they allow.
std::string decimal(double value);
std::string decimals(std::span<const double> values);
// Text of type LO: at most 64 characters, of ASCII as no other character set is declared, without the separator of
// values; in place of others stands "_".
std::string long_string(std::string text);

// ImagePositionPatient, ImageOrientationPatient and PixelSpacing.
std::string position_of(const Geometry& geometry, std::int64_t slice);
std::string orientation_of(const Geometry& geometry);
std::string pixel_spacing_of(const Geometry& geometry);

// The module SOP Common with the marking as synthetic: PS3.3 C.12.1.
void put_object(DcmDataset& data, const std::string& sop_class, const std::string& sop_instance,
                const CtSeriesInfo& info);
void put_patient_and_study(DcmDataset& data, const CtSeriesInfo& info, const std::string& study_uid);
void put_series(DcmDataset& data, const CtSeriesInfo& info, const std::string& modality, const std::string& uid,
                int number);
void put_frame_of_reference(DcmDataset& data, const std::string& uid);
// For objects of modules that ask for more: serial number and version, which are of this program.
void put_enhanced_equipment(DcmDataset& data, const CtSeriesInfo& info);
// How the bytes of one value a pixel are to be read: 16 bits, or a single one.
void put_pixel_format(DcmDataset& data, const Geometry& geometry, int bits, bool has_sign);
// Dimensions by which the frames of a multi-frame image are found (PS3.3 C.7.6.17).
struct Dimension {
  DcmTagKey attribute, functional_group;
  const char* label;
};
void put_dimensions(DcmDataset& data, const std::string& uid, std::span<const Dimension> dimensions);
// PlaneOrientationSequence and PixelMeasuresSequence of all frames; PlanePositionSequence of one.
void put_plane_measures(DcmItem& shared, const Geometry& geometry);
void put_plane_position(DcmItem& frame, const Geometry& geometry, std::int64_t slice);

// The module Common Instance Reference: the images of the CT, which is of the same study (PS3.3 C.12.2).
void put_referenced_series(DcmDataset& data, const CtReference& reference);

// Throws std::invalid_argument for a label map that is not of the CT's slices or whose labels have no names; names[0]
// is the background's.
void check_labels(const LabelMap& labels, const std::vector<std::string>& names, const CtReference& reference);
// What UIDs of an object of that kind are made from: equal for equal labels, names and CT alone.
std::string labels_key(const std::string& kind, const LabelMap& labels, const std::vector<std::string>& names,
                       const CtReference& reference);

// Atomically. implicit: implicit little endian, whose values may be longer than 64 KiB, else explicit.
void save(DcmFileFormat& file, const std::filesystem::path& path, bool implicit = false);

}  // namespace ctforge::io::dicom
