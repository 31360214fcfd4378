// The parent's side of decoding: limits, the child's end, the reply.
#include "io/decode/decode_client.h"

#include "io/file/child_process.h"
#include "io/file/file_pattern.h"
#include "io/volume/nifti_header.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace ctforge::io {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMiB = 1LL << 20;

// Address space that honest files need, amply: libraries and stacks, the shared voxels, stored voxels of up to 8 bytes
// twice for volume files, and for each thread a slice in several forms and its heap.
std::int64_t derive_memory_limit(const DecodeRequest& request, std::int64_t voxel_bytes) {
  const std::int64_t slice = request.size[0] * request.size[1];
  const bool whole = request.task == DecodeTask::Itk;
  // The functional groups of a thousand frames, or contours as text and as numbers.
  const bool objects = request.task == DecodeTask::Segmentation || request.task == DecodeTask::StructureSet;
  return (objects ? 3072 : 1024) * kMiB + voxel_bytes + (whole ? 16 * request.voxels() : 0) +
         request.threads * (128 * kMiB + 64 * slice);
}

void check_end(const ChildEnd& end, const DecodeOptions& options) {
  if (end.interrupted) throw DataError(Fault::DecoderDied, "decoding was interrupted");
  if (end.timed_out || end.signal == SIGXCPU)
    throw DataError(Fault::DecoderDied, "decoding took longer than the limit of " +
                                            std::to_string(std::llround(options.time_limit_s)) + " s and was stopped");
  if (end.signal != 0)
    throw DataError(Fault::DecoderDied, "the decoding process ended by signal " + std::to_string(end.signal));
  if (end.exit_code != 0)
    throw DataError(Fault::DecoderDied, "the decoding process ended with code " + std::to_string(end.exit_code));
}

}  // namespace

fs::path find_decoder(const DecodeOptions& options) {
  std::error_code error;
  fs::path program = options.decoder;
  const char* named = std::getenv("CTFORGE_DECODER");
  if (program.empty() && named != nullptr && *named != '\0') program = named;
  if (program.empty()) program = fs::read_symlink("/proc/self/exe", error).parent_path() / "ctforge-decode";
  if (!fs::is_regular_file(program, error))
    throw std::runtime_error("the program ctforge-decode is missing: it belongs beside ctforge");
  return program;
}

DecodeReply run_decoder(DecodeRequest request, std::int64_t voxel_bytes, const DecodeOptions& options,
                        const std::function<void(std::span<const std::byte>)>& done) {
  const fs::path program = find_decoder(options);
  request.threads = std::max(1, options.threads);
  request.memory_limit_bytes =
      options.memory_limit_bytes > 0 ? options.memory_limit_bytes : derive_memory_limit(request, voxel_bytes);
  request.cpu_limit_s = static_cast<std::int64_t>(std::ceil(options.time_limit_s)) * request.threads + 1;
  const std::string bytes = encode_request(request);
  const SharedMemory question(bytes.size());
  std::memcpy(question.bytes().data(), bytes.data(), bytes.size());
  const SharedMemory answer(kVoxelOffset + static_cast<std::size_t>(voxel_bytes));
  static_assert(kRequestDescriptor == kFirstChildDescriptor && kResultDescriptor == kFirstChildDescriptor + 1);
  const std::array<int, 2> descriptors = {question.descriptor(), answer.descriptor()};
  check_end(run_child(program, descriptors, options.time_limit_s, options.interrupted), options);
  DecodeReply reply;
  std::memcpy(&reply, answer.bytes().data(), sizeof reply);
  try {
    check_reply(reply);
  } catch (const std::invalid_argument&) {
    throw DataError(Fault::DecoderDied, "the decoding process left an unreadable reply");
  }
  if (done) done(answer.bytes().subspan(kVoxelOffset));
  return reply;
}

bool is_nifti(const fs::path& path) { return volume_extension(path.filename().string()).starts_with(".nii"); }

VolumeHeader read_volume_header(const fs::path& path, std::int64_t voxel_cap, const DecodeOptions& options) {
  if (is_nifti(path)) {
    NiftiHeader header = read_nifti_header(path, voxel_cap);
    return {header.geometry, header.scalar, {header.slope, header.intercept}, std::move(header.notes)};
  }
  DecodeRequest request;
  request.task = DecodeTask::ItkHeader;
  request.voxel_cap = voxel_cap;
  request.paths = {path.string()};
  const DecodeReply reply = run_decoder(std::move(request), 0, options);
  return {reply.geometry, static_cast<Scalar>(reply.scalar), {}, {}};
}

}  // namespace ctforge::io
