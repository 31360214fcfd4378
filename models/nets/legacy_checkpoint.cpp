// Reads the weights in a file that torch.save wrote before PyTorch 1.6.
#include "models/nets/legacy_checkpoint.h"

#include "io/file/atomic_file.h"
#include "io/file/fault.h"
#include "models/nets/pickle.h"

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace ctforge::nets {

namespace {

using Kind = PickleValue::Kind;
using torch::Tensor;

[[noreturn]] void refuse(const std::string& what) {
  throw io::DataError(io::Fault::UnsupportedFormat, "not a PyTorch weight file of the legacy format: " + what);
}

// 0x1950a86a20f9469cfc6c, little-endian
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t kProtocol = 1001;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

torch::ScalarType storage_type(const std::string& name) {
  static const std::array<std::pair<const char*, torch::ScalarType>, 9> known = {{
      {"torch FloatStorage", torch::kFloat32},
      {"torch DoubleStorage", torch::kFloat64},
      {"torch HalfStorage", torch::kFloat16},
      {"torch BFloat16Storage", torch::kBFloat16},
      {"torch LongStorage", torch::kInt64},
      {"torch IntStorage", torch::kInt32},
      {"torch ShortStorage", torch::kInt16},
      {"torch ByteStorage", torch::kUInt8},
      {"torch BoolStorage", torch::kBool},
  }};
  for (const auto& [ours, type] : known)
    if (name == ours) return type;
  refuse("storage of type " + name);
}

struct Storage {
  torch::ScalarType type = torch::kFloat32;
  std::int64_t elements = 0;
  Tensor values;  // [elements], once read
};
using Storages = std::map<std::string, Storage>;

// A persistent identifier: ("storage", type, key, location, elements, view). Views of storages are long retired.
const std::string& declare_storage(const PickleValue& value, Storages& storages) {
  if (value.kind != Kind::Persistent || value.items[0].kind != Kind::Tuple) refuse("a tensor without storage");
  const auto& id = value.items[0].items;
  const bool valid = id.size() == 6 && id[0].text == "storage" && id[1].kind == Kind::Global &&
                     id[2].kind == Kind::Text && id[4].kind == Kind::Integer && id[5].kind == Kind::None;
  if (!valid) refuse("a storage of unknown form");
  if (id[4].integer < 0 || id[4].integer > kMaxElements) refuse("a storage of impossible size");
  const Storage storage{storage_type(id[1].text), id[4].integer, {}};
  const auto [place, fresh] = storages.emplace(id[2].text, storage);
  if (!fresh && (place->second.type != storage.type || place->second.elements != storage.elements))
    refuse("a storage declared twice");
  return place->first;
}

struct TensorPlan {
  std::string storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

std::vector<std::int64_t> integers(const PickleValue& value) {
  if (value.kind != Kind::Tuple) refuse("a tensor without shape");
  std::vector<std::int64_t> result;
  for (const PickleValue& item : value.items) {
    if (item.kind != Kind::Integer || item.integer < 0 || item.integer > kMaxElements) refuse("an impossible shape");
    result.push_back(item.integer);
  }
  return result;
}

// torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)
TensorPlan plan_tensor(const PickleValue& value, Storages& storages) {
  const bool valid = value.kind == Kind::Call && value.items.size() >= 5 &&
                     value.items[0].text == "torch._utils _rebuild_tensor_v2" && value.items[2].kind == Kind::Integer;
  if (!valid) refuse("a value that is no tensor");
  TensorPlan plan{declare_storage(value.items[1], storages), value.items[2].integer, integers(value.items[3]),
                  integers(value.items[4])};
  if (plan.shape.size() != plan.strides.size() || plan.offset < 0) refuse("an impossible shape");
  const std::int64_t elements = storages.at(plan.storage).elements;
  std::int64_t last = plan.offset;
  bool empty = false;
  for (std::size_t i = 0; i < plan.shape.size(); ++i) {
    empty = empty || plan.shape[i] == 0;
    if (plan.shape[i] > 1 && plan.strides[i] > elements / (plan.shape[i] - 1)) refuse("a tensor beyond its storage");
    last += (plan.shape[i] - 1) * plan.strides[i];
  }
  if (!empty && last >= elements) refuse("a tensor beyond its storage");
  return plan;
}

void read_header(std::string_view& data) {
  if (const PickleValue magic = read_pickle(data); magic.kind != Kind::Bytes || magic.text != kMagic)
    refuse("another magic number");
  if (const PickleValue protocol = read_pickle(data); protocol.integer != kProtocol) refuse("another protocol version");
  const PickleValue system = read_pickle(data);
  for (const auto& [key, value] : system.pairs)
    if (key.text == "little_endian" && value.integer != 1) refuse("big-endian numbers");
}

// After the pickle of their keys: for each storage its length (int64) and its numbers.
void read_storages(std::string_view data, const PickleValue& keys, Storages& storages) {
  if (keys.kind != Kind::List || keys.items.size() != storages.size()) refuse("a list of storages that does not fit");
  const auto take = [&](void* to, std::size_t bytes) {
    if (data.size() < bytes) throw io::DataError(io::Fault::TruncatedFile, "the weight file ends within its numbers");
    if (bytes > 0) std::memcpy(to, data.data(), bytes);
    data.remove_prefix(bytes);
  };
  for (const PickleValue& key : keys.items) {
    const auto found = storages.find(key.text);
    if (found == storages.end()) refuse("a storage that no tensor uses");
    std::int64_t elements = 0;
    take(&elements, sizeof elements);
    Storage& storage = found->second;
    if (elements != storage.elements || storage.values.defined()) refuse("a storage of another size than declared");
    if (static_cast<std::uint64_t>(elements) * c10::elementSize(storage.type) > data.size())
      throw io::DataError(io::Fault::TruncatedFile, "the weight file ends within its numbers");
    storage.values = torch::empty({elements}, torch::TensorOptions().dtype(storage.type));
    take(storage.values.mutable_data_ptr(), storage.values.nbytes());
  }
}

}  // namespace

std::map<std::string, Tensor> load_legacy_checkpoint(const std::filesystem::path& path) {
  const std::string file = io::read_whole_file(path);
  std::string_view data = file;
  read_header(data);
  const PickleValue state = read_pickle(data);
  if (state.kind != Kind::Dictionary) refuse("no dictionary of tensors");
  Storages storages;
  std::map<std::string, TensorPlan> plans;
  for (const auto& [name, value] : state.pairs) {
    if (name.kind != Kind::Text) refuse("a tensor without name");
    plans.emplace(name.text, plan_tensor(value, storages));
  }
  const PickleValue keys = read_pickle(data);
  read_storages(data, keys, storages);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, plan] : plans)
    tensors.emplace(name, storages.at(plan.storage)
                              .values.as_strided(plan.shape, plan.strides, plan.offset)
                              .clone(torch::MemoryFormat::Contiguous));
  return tensors;
}

}  // namespace ctforge::nets
