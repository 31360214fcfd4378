// The slices of one series, decoded side by side.
#include "io/decode/decode.h"
#include "io/dicom/dicom_pixels.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

namespace ctforge::io {

namespace {

// The first fault by slice number, whichever thread met it first.
struct FirstFault {
  std::mutex mutex;
  std::size_t slice = 0;
  std::exception_ptr error;

  void offer(std::size_t at, std::exception_ptr found) {
    const std::lock_guard lock(mutex);
    if (error && slice <= at) return;
    slice = at;
    error = std::move(found);
  }
};

void decode_one(SliceDecoder& decoder, const DecodeRequest& request, std::size_t slice, std::span<std::int16_t> hu,
                FirstFault& first) {
  const SliceSource source =
      request.slices.empty() ? SliceSource{static_cast<std::uint32_t>(slice), 0} : request.slices[slice];
  try {
    decoder.decode(request.paths.at(source.file), source.frame, request.size[1], request.size[0], hu);
  } catch (const DataError& error) {
    const std::string where = "slice " + std::to_string(slice + 1) + " of " + std::to_string(request.size[2]);
    first.offer(slice, std::make_exception_ptr(DataError(error.fault(), where + ": " + error.what())));
  } catch (...) {
    first.offer(slice, std::current_exception());
  }
}

}  // namespace

void decode_dicom(const DecodeRequest& request, std::span<std::byte> voxels) {
  const std::size_t slices = request.slices.empty() ? request.paths.size() : request.slices.size();
  const auto pixels = static_cast<std::size_t>(request.size[0] * request.size[1]);
  if (request.labels || static_cast<std::int64_t>(slices) != request.size[2])
    throw std::invalid_argument("a request for DICOM slices needs one file or frame a slice");
  auto* hu = reinterpret_cast<std::int16_t*>(voxels.data());
  std::atomic<std::size_t> next = 0;
  FirstFault first;
  const auto work = [&] {
    SliceDecoder decoder;
    for (std::size_t slice = next++; slice < slices; slice = next++)
      decode_one(decoder, request, slice, {hu + slice * pixels, pixels}, first);
  };
  std::vector<std::thread> others;
  const auto threads = static_cast<std::size_t>(std::clamp<std::int64_t>(request.threads, 1, 256));
  for (std::size_t i = 1; i < std::min(threads, slices); ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (first.error) std::rethrow_exception(first.error);
}

}  // namespace ctforge::io
