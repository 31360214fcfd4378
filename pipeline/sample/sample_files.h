// The files of one sample: which there are in each format, and how each is written.
#pragma once

#include "io/volume/volume.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// "SYN-000001" for sample 0: its patient and its series in the shards, and its files where it is exported.
std::string sample_name(std::int64_t index);

// What the samples were drawn from, as each file that can tells it.
struct SampleOrigin {
  std::string checkpoint_sha256;  // of the generator
  std::int64_t checkpoint_step = 0;
  std::uint64_t seed = 0;  // of the samples
  double strength = 1;     // below 1: variations of training patches
};

struct ExportedSample {
  std::string name;  // SYN-000001
  std::int64_t index = 0;
  std::string class_name;
  io::Volume volume;
  io::LabelMap labels;
  std::vector<std::string> label_names;  // by value; label_names[0] is the background's
};

// What is written of a sample besides its image and mask.
struct ExportOptions {
  bool enhanced = false;       // DICOM: the CT as one Enhanced CT object, not as a series
  bool surfaces = false;       // STL files of the labels that occur
  bool structure_set = false;  // DICOM: the mask as an RT Structure Set besides
};

struct SampleFile {
  std::string name;     // in the folder of the format: a file, or the folder of a series
  std::string witness;  // the file that is there, in the folder of the format, when all of it is
  std::function<void(const std::filesystem::path& path)> write;  // atomically; path: the folder's with the name
};

// In the order in which they are to be written; the first is the image, to which the others may refer: where it is
// missing they are all to be written. They refer to `sample` and `origin`, which must outlive them.
std::vector<SampleFile> nifti_files(const ExportedSample& sample, const SampleOrigin& origin,
                                    const ExportOptions& options);
std::vector<SampleFile> dicom_files(const ExportedSample& sample, const SampleOrigin& origin,
                                    const ExportOptions& options);

// Whether a name is one of those above, of any sample and options: what is not is somebody else's.
bool is_sample_file(const std::string& name);

}  // namespace ctforge::pipeline
