// Asking the ctforge-decode program, and what its end means.
#pragma once

#include "io/decode/decode_protocol.h"
#include "io/volume/load.h"
#include "io/volume/scalar.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ctforge::io {

// options.decoder, else what the environment variable CTFORGE_DECODER names, else ctforge-decode in the folder of the
// running program. Throws std::runtime_error when there is none.
std::filesystem::path find_decoder(const DecodeOptions& options);

// Runs a request, whose limits are filled in from options, in a child process; voxel_bytes of memory are shared with
// it. done, if given, is called with the voxels. Throws DataError: what the child found wrong with the files, or
// DecoderDied.
DecodeReply run_decoder(DecodeRequest request, std::int64_t voxel_bytes, const DecodeOptions& options,
                        const std::function<void(std::span<const std::byte>)>& done = {});

// What a volume file's header says, before any voxel is read.
struct VolumeHeader {
  Geometry geometry;
  Scalar scalar = Scalar::I16;     // as stored
  Rescale rescale;                 // from stored values to HU
  std::vector<std::string> notes;  // worth knowing, not refused
};

// Headers of NIfTI files are read here, those of NRRD and MetaImage by ITK in the child. Throws DataError.
VolumeHeader read_volume_header(const std::filesystem::path& path, std::int64_t voxel_cap,
                                const DecodeOptions& options);

// Whether a volume file is NIfTI, by its extension.
bool is_nifti(const std::filesystem::path& path);

}  // namespace ctforge::io
