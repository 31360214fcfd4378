// ctforge-decode: decodes one series or volume file for ctforge, in a process of its own. Not for use by hand.
#include "io/decode/decode.h"

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace ctforge::io;

std::string read_request() {
  struct stat status = {};
  if (fstat(kRequestDescriptor, &status) != 0) return {};
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  if (pread(kRequestDescriptor, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  return bytes;
}

void limit(__rlimit_resource resource, std::int64_t value) {
  const rlimit both = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  setrlimit(resource, &both);
}

// Set here, before any file is opened: what a malformed file makes a decoder do stays within them. No core dumps, which
// would hold patients' data, and no files.
void confine(const DecodeRequest& request) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  if (request.cpu_limit_s > 0) limit(RLIMIT_CPU, request.cpu_limit_s);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadow memory alone exceeds any limit
  if (request.memory_limit_bytes > 0) limit(RLIMIT_AS, request.memory_limit_bytes);
#endif
}

void run(const DecodeRequest& request, std::span<std::byte> shared) {
  auto& reply = *reinterpret_cast<DecodeReply*>(shared.data());
  try {
    decode(request, shared.subspan(kVoxelOffset), reply);
    reply.status = DecodeStatus::Done;
  } catch (const DataError& error) {
    write_refusal(reply, error);
  } catch (const std::bad_alloc&) {
    write_refusal(reply, DataError(Fault::TooLarge, "decoding needs more memory than its limit of " +
                                                        std::to_string(request.memory_limit_bytes >> 20) + " MiB"));
  } catch (const std::invalid_argument& error) {
    write_failure(reply, error.what());  // our own words
  } catch (const std::exception&) {
    // Messages of libraries may hold file names and patients' data.
    write_refusal(reply, DataError(Fault::Unreadable, "a library failed to decode it"));
  }
}

}  // namespace

int main() {
  struct stat status = {};
  if (fstat(kResultDescriptor, &status) != 0 || status.st_size < static_cast<off_t>(kVoxelOffset)) {
    std::fputs("ctforge-decode is started by ctforge and does nothing by itself\n", stderr);
    return 2;
  }
  const auto bytes = static_cast<std::size_t>(status.st_size);
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kResultDescriptor, 0);
  if (address == MAP_FAILED) return 2;
  try {
    const DecodeRequest request = decode_request(read_request());
    confine(request);
    run(request, {static_cast<std::byte*>(address), bytes});
  } catch (const std::exception&) {
    return 1;
  }
  // Voxels are in shared memory; the destructors of the libraries have nothing to add.
  _exit(0);
}
