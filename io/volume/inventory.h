// What CT a folder holds: every series and volume file found, judged without decoding pixels.
#pragma once

#include "io/file/fault.h"
#include "io/file/tree_share.h"
#include "io/labels/structure_map.h"
#include "io/volume/gantry_tilt.h"
#include "io/volume/geometry.h"
#include "io/volume/slice_source.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::io {

enum class SourceKind { Dicom, VolumeFile };

enum class LabelObjectKind { Segmentation, StructureSet };

// A structure drawn in a DICOM SEG or RTSTRUCT, which the user's map names.
struct LabelStructure {
  int number = 0;          // SegmentNumber or ROINumber
  std::string name;        // UTF-8, as the site wrote it: may hold anything, and is never written out unasked
  std::uint8_t label = 0;  // what it becomes; 0: it is left out
};

// A DICOM SEG or RTSTRUCT that labels a series.
struct LabelObject {
  LabelObjectKind kind = LabelObjectKind::Segmentation;
  std::filesystem::path file;
  std::vector<LabelStructure> structures;
};

struct Finding {
  Fault fault;
  std::string message;  // one line, no identifiers
};

// One CT series or volume file. Identifiers are keyed hashes: "P-" or "S-" and 16 hexadecimal digits.
struct Series {
  SourceKind kind = SourceKind::VolumeFile;
  std::string patient;    // keyed hash of PatientID, or of the part of the file name that the image pattern's * matched
  std::string id;         // keyed hash of SeriesInstanceUID, or of the path below the scanned folder
  std::string name;       // what the * matched or the series' folder: to look up a user's table; never written out
  std::string body_part;  // DICOM BodyPartExamined if it is a defined term of PS3.16 Annex L, else empty
  std::vector<std::filesystem::path> files;  // DICOM: in the order of their slices along the normal. Else the one file
  std::vector<SliceSource> slices;           // DICOM: where each slice lies; empty: each is a file of its own
  std::filesystem::path labels;              // label map belonging to it; empty when there is none
  std::vector<LabelObject> label_objects;    // DICOM: with at least one structure that the map names
  Geometry geometry;                         // of the volume that load_volume() gives
  std::optional<GantryTilt> tilt;            // how the slices are displaced that are loaded upright
  std::vector<Finding> refusals;             // empty: it can be used
  std::vector<std::string> notes;            // worth knowing, not refused

  bool accepted() const { return refusals.empty(); }
  // Whether load_labels() has something to load: a label map, or a structure that becomes a label.
  bool labelled() const;
};

struct Inventory {
  std::vector<Series> series;                   // sorted by path of the first file
  std::map<std::string, std::int64_t> skipped;  // files that are no CT images, counted by reason
  std::int64_t files = 0;                       // all files seen
};

struct ScanOptions {
  std::filesystem::path path;  // a folder to walk (symbolic links are not followed) or one file
  TreeShare share;             // what of the folder is listed; label maps are found wherever they are
  // Pattern of volume files below path; * is the patient's name: "*_ct.nii.gz". With a slash in it, it is compared with
  // the whole path below the scanned folder, and * does not cross a slash: "*/ct.nii.gz". Without one it is compared
  // with the file's name in any folder, and the folder becomes part of the patient's name: "site1/patient1".
  std::string image = "*";
  // Pattern of label maps, each * filled in with what it matched in the image pattern: "*_seg.nii.gz"; empty: none.
  // For a DICOM series * is the series' folder below the scanned folder, or the nearest ancestor for which the file
  // exists. What matches this pattern is not listed as a CT.
  std::string labels;
  // Structures of DICOM SEG and RTSTRUCT objects that label DICOM series; empty: such objects are skipped. An object
  // belongs to the series of which it names the SeriesInstanceUID or an image; one that names none of those found, to
  // the only series of its patient in its frame of reference. Two objects that give a series one label refuse it.
  StructureMap structures;
  std::string hash_key;  // key of the pseudonyms
  // Largest relative departure of a slice distance from the median: 5 % lets positions jitter by 0.05 mm at 2 mm.
  double spacing_tolerance = 0.05;
  bool allow_burned_in = false;        // take series whose BurnedInAnnotation says YES, with a note
  std::int64_t min_slices = 2;         // fewer slices are refused; 1 takes single slices (spacing: SliceThickness)
  std::int64_t voxel_cap = 1LL << 31;  // volumes larger than this are refused before anything is allocated
  // Asked before each file; once true, the rest is passed over and what is returned is no inventory.
  std::function<bool()> interrupted = [] { return false; };
};

// DICOM is recognised by its contents, whatever the file is called, with or without preamble; volume files by their
// extensions (.nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd); those of 8-bit voxels, which hold no HU, are refused as NotCt.
// Headers are read in parallel. Never throws for what a file
// holds: that becomes a refusal. Throws DataError(Unreadable) if path cannot be listed.
Inventory scan(const ScanOptions& options);

}  // namespace ctforge::io
