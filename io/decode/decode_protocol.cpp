// Requests as bytes, replies as a page.
#include "io/decode/decode_protocol.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace ctforge::io {

namespace {

void put(std::string& bytes, std::int64_t value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  bytes.append(raw, sizeof value);
}

void put(std::string& bytes, double value) { put(bytes, std::bit_cast<std::int64_t>(value)); }

// The numbers of a grid but for its size, in a fixed order.
template <class Visit>
void each_of_grid(Geometry& grid, const Visit& visit) {
  for (double& value : grid.spacing_mm) visit(value);
  for (double& value : grid.origin_mm) visit(value);
  for (auto& row : grid.direction)
    for (double& value : row) visit(value);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::int64_t number() {
    std::int64_t value = 0;
    const std::string_view raw = take(sizeof value);
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw std::invalid_argument("a decoding request ends early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  bool done() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

template <std::size_t N>
void copy_text(std::array<char, N>& out, std::string_view text) {
  out.fill(0);
  std::copy_n(text.begin(), std::min(text.size(), N - 1), out.begin());
}

template <std::size_t N>
std::string text_of(const std::array<char, N>& text) {
  return {text.begin(), std::find(text.begin(), text.end() - 1, '\0')};
}

}  // namespace

std::string encode_request(const DecodeRequest& request) {
  std::string bytes;
  put(bytes, static_cast<std::int64_t>(request.task));
  put(bytes, std::int64_t{request.labels ? 1 : 0});
  put(bytes, request.threads);
  put(bytes, request.memory_limit_bytes);
  put(bytes, request.cpu_limit_s);
  put(bytes, request.voxel_cap);
  for (const std::int64_t size : request.size) put(bytes, size);
  put(bytes, static_cast<std::int64_t>(request.paths.size()));
  for (const std::string& path : request.paths) {
    put(bytes, static_cast<std::int64_t>(path.size()));
    bytes += path;
  }
  put(bytes, static_cast<std::int64_t>(request.slices.size()));
  for (const SliceSource& slice : request.slices) {
    put(bytes, static_cast<std::int64_t>(slice.file));
    put(bytes, static_cast<std::int64_t>(slice.frame));
  }
  Geometry grid = request.grid;
  each_of_grid(grid, [&](double value) { put(bytes, value); });
  put(bytes, std::int64_t{request.tilted ? 1 : 0});
  put(bytes, static_cast<std::int64_t>(request.structures.size()));
  for (const auto& [number, label] : request.structures) {
    put(bytes, number);
    put(bytes, static_cast<std::int64_t>(label));
  }
  return bytes;
}

DecodeRequest decode_request(std::string_view bytes) {
  Reader reader(bytes);
  DecodeRequest request;
  const std::int64_t task = reader.number();
  if (task < 0 || task > static_cast<std::int64_t>(DecodeTask::StructureSet))
    throw std::invalid_argument("a decoding request of an unknown kind");
  request.task = static_cast<DecodeTask>(task);
  request.labels = reader.number() != 0;
  request.threads = reader.number();
  request.memory_limit_bytes = reader.number();
  request.cpu_limit_s = reader.number();
  request.voxel_cap = reader.number();
  for (std::int64_t& size : request.size) size = reader.number();
  const std::int64_t paths = reader.number();
  for (std::int64_t i = 0; i < paths; ++i)
    request.paths.emplace_back(reader.take(static_cast<std::size_t>(reader.number())));
  const std::int64_t slices = reader.number();
  for (std::int64_t i = 0; i < slices; ++i) {
    const std::int64_t file = reader.number(), frame = reader.number();
    if (file < 0 || file >= paths || frame < 0) throw std::invalid_argument("a decoding request of a slice in no file");
    request.slices.push_back({static_cast<std::uint32_t>(file), static_cast<std::uint32_t>(frame)});
  }
  each_of_grid(request.grid, [&](double& value) { value = std::bit_cast<double>(reader.number()); });
  request.tilted = reader.number() != 0;
  for (std::int64_t left = reader.number(); left > 0; --left) {
    const std::int64_t number = reader.number();
    request.structures[number] = static_cast<std::uint8_t>(reader.number());
  }
  if (!reader.done() || request.paths.empty()) throw std::invalid_argument("a decoding request without an end");
  return request;
}

void write_refusal(DecodeReply& reply, const DataError& error) {
  copy_text(reply.fault, fault_code(error.fault()));
  copy_text(reply.message, error.what());
  reply.status = DecodeStatus::Refused;
}

void write_failure(DecodeReply& reply, std::string_view message) {
  copy_text(reply.message, message);
  reply.status = DecodeStatus::Failed;
}

void check_reply(const DecodeReply& reply) {
  if (reply.status == DecodeStatus::Done) return;
  const std::string message = text_of(reply.message);
  if (reply.status == DecodeStatus::Refused) throw DataError(fault_from_code(text_of(reply.fault)), message);
  throw std::runtime_error("the decoder failed: " + (message.empty() ? "no reply" : message));
}

}  // namespace ctforge::io
