// Patches of shards as one side of a comparison: fetching, joining, drawing evenly over patients.
#include "eval/patch_set.h"

#include "io/file/fault.h"
#include "io/file/random.h"
#include "io/volume/window.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {
namespace {

std::vector<bool> contoured_flags(const io::ShardInfo& info, const std::string& series) {
  const auto found = info.contoured.find(series);
  std::vector<bool> flags(info.labels.size(), found == info.contoured.end());
  if (found != info.contoured.end()) {
    for (const int label : found->second) {
      if (label >= 0 && static_cast<std::size_t>(label) < flags.size()) flags[static_cast<std::size_t>(label)] = true;
    }
  }
  flags[0] = true;
  return flags;
}

void require_index(const PatchSet& set, std::span<const std::int64_t> indices) {
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= set.size()) throw std::invalid_argument("patch index out of range");
  }
}

Pixels read_pixels(const io::ShardSet& shards, std::span<const std::int64_t> indices) {
  const auto count = static_cast<std::int64_t>(indices.size());
  const std::int64_t height = shards.info().height, width = shards.info().width;
  Pixels out{torch::empty({count, height, width}, torch::kInt16), torch::empty({count, height, width}, torch::kUInt8)};
  auto* hu = out.hu.data_ptr<std::int16_t>();
  auto* mask = out.mask.data_ptr<std::uint8_t>();
  for (const std::int64_t index : indices) {
    const auto view = shards.at(index);
    std::copy(view.hu.begin(), view.hu.end(), hu);
    std::copy(view.mask.begin(), view.mask.end(), mask);
    hu += view.hu.size();
    mask += view.mask.size();
  }
  return out;
}

template <class T>
std::vector<T> take(const std::vector<T>& values, const Indices& indices) {
  std::vector<T> taken;
  taken.reserve(indices.size());
  for (const std::int64_t index : indices) taken.push_back(values[static_cast<std::size_t>(index)]);
  return taken;
}

// The place of a name in a list, at its end when it is new there.
class Places {
 public:
  explicit Places(const std::vector<std::string>& names = {}) {
    for (const std::string& name : names) of(name);
  }
  std::pair<std::int32_t, bool> of(const std::string& name) {
    const auto [found, fresh] = known_.emplace(name, static_cast<std::int32_t>(known_.size()));
    return {found->second, fresh};
  }

 private:
  std::map<std::string, std::int32_t> known_;
};

// Appends what a set has for each of its patches to the joint one.
void join(PatchSet& joint, const PatchSet& set) {
  Places places(joint.patients);
  std::vector<std::int32_t> place;
  for (const std::string& patient : set.patients) {
    const auto [index, fresh] = places.of(patient);
    if (fresh) joint.patients.push_back(patient);
    place.push_back(index);
  }
  const auto first_series = static_cast<std::int32_t>(joint.contoured.size());
  joint.contoured.insert(joint.contoured.end(), set.contoured.begin(), set.contoured.end());
  joint.class_index.insert(joint.class_index.end(), set.class_index.begin(), set.class_index.end());
  joint.place.insert(joint.place.end(), set.place.begin(), set.place.end());
  for (const std::int32_t patient : set.patient) joint.patient.push_back(place[static_cast<std::size_t>(patient)]);
  for (const std::int32_t series : set.series) joint.series.push_back(first_series + series);
}

// Fetches from several sets: each patch from its own, put back in the order asked for.
Pixels read_joint(const std::vector<PatchSet>& sets, std::span<const std::int64_t> indices) {
  const auto count = static_cast<std::int64_t>(indices.size());
  Pixels out{torch::empty({count, sets[0].height, sets[0].width}, torch::kInt16),
             torch::empty({count, sets[0].height, sets[0].width}, torch::kUInt8)};
  std::int64_t start = 0;
  for (const PatchSet& set : sets) {
    Indices wanted, places;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t local = indices[static_cast<std::size_t>(i)] - start;
      if (local < 0 || local >= set.size()) continue;
      wanted.push_back(local);
      places.push_back(i);
    }
    start += set.size();
    if (wanted.empty()) continue;
    const Pixels part = set.pixels(wanted);
    const torch::Tensor where = torch::tensor(places);
    out.hu.index_copy_(0, where, part.hu);
    out.mask.index_copy_(0, where, part.mask);
  }
  return out;
}

}  // namespace

Pixels PatchSet::all() const {
  Indices indices(static_cast<std::size_t>(size()));
  std::iota(indices.begin(), indices.end(), 0);
  return pixels(indices);
}

PatchSet patches_of(std::shared_ptr<const io::ShardSet> shards) {
  const io::ShardInfo& info = shards->info();
  PatchSet set;
  set.height = info.height;
  set.width = info.width;
  set.classes = info.classes;
  set.labels = info.labels;
  set.spacing_mm = info.spacing_mm;
  set.window_hu = info.window_hu;
  Places patients, series;
  for (std::int64_t i = 0; i < shards->size(); ++i) {
    const auto view = shards->at(i);
    const auto [patient, new_patient] = patients.of(view.patient);
    const auto [own_series, new_series] = series.of(view.series);
    if (new_patient) set.patients.push_back(view.patient);
    if (new_series) set.contoured.push_back(contoured_flags(info, view.series));
    set.patient.push_back(patient);
    set.series.push_back(own_series);
    set.class_index.push_back(view.class_index);
    set.place.push_back(view.place);
  }
  set.pixels = [shards](std::span<const std::int64_t> indices) { return read_pixels(*shards, indices); };
  return set;
}

PatchSet subset(const PatchSet& set, Indices indices) {
  require_index(set, indices);
  PatchSet chosen = set;
  chosen.class_index = take(set.class_index, indices);
  chosen.patient = take(set.patient, indices);
  chosen.series = take(set.series, indices);
  chosen.place = take(set.place, indices);
  chosen.pixels = [fetch = set.pixels, indices = std::move(indices)](std::span<const std::int64_t> wanted) {
    Indices outer;
    for (const std::int64_t index : wanted) outer.push_back(indices.at(static_cast<std::size_t>(index)));
    return fetch(outer);
  };
  return chosen;
}

void require_same_kind(const PatchSet& a, const PatchSet& b) {
  if (a.height != b.height || a.width != b.width || a.classes != b.classes || a.labels != b.labels ||
      a.window_hu != b.window_hu) {
    throw io::DataError(io::Fault::InvalidShard,
                        "sets of patches differ in size, classes, labels or window and cannot be compared");
  }
}

PatchSet concatenate(std::span<const PatchSet> sets) {
  if (sets.empty()) throw std::invalid_argument("nothing to concatenate");
  PatchSet joint = sets[0];
  for (const PatchSet& set : sets.subspan(1)) {
    require_same_kind(joint, set);
    join(joint, set);
  }
  joint.pixels = [parts = std::vector<PatchSet>(sets.begin(), sets.end())](std::span<const std::int64_t> indices) {
    return read_joint(parts, indices);
  };
  return joint;
}

std::vector<Indices> by_patient(const PatchSet& set) {
  std::vector<Indices> groups(set.patients.size());
  for (std::int64_t i = 0; i < set.size(); ++i) {
    groups[static_cast<std::size_t>(set.patient[static_cast<std::size_t>(i)])].push_back(i);
  }
  return groups;
}

Indices even_over_patients(const PatchSet& set, std::int64_t limit, std::uint64_t seed) {
  Indices chosen;
  std::vector<Indices> groups = by_patient(set);
  if (limit <= 0 || limit >= set.size()) {
    for (std::int64_t i = 0; i < set.size(); ++i) chosen.push_back(i);
    return chosen;
  }
  io::Random random(seed);
  const auto shuffle = [&random](auto& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
  };
  for (Indices& group : groups) shuffle(group);
  shuffle(groups);
  // One from each patient in turn until there are enough.
  for (std::size_t round = 0; std::ssize(chosen) < limit; ++round) {
    for (const Indices& group : groups) {
      if (round < group.size() && std::ssize(chosen) < limit) chosen.push_back(group[round]);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

PatchSet noise_like(const PatchSet& set, std::int64_t count, std::uint64_t seed) {
  PatchSet noise = set;
  noise.class_index.assign(static_cast<std::size_t>(count), 0);
  noise.patient.assign(static_cast<std::size_t>(count), 0);
  noise.series.assign(static_cast<std::size_t>(count), 0);
  noise.place.assign(static_cast<std::size_t>(count), {});
  noise.patients = {"noise"};
  noise.contoured = {std::vector<bool>(set.labels.size(), true)};
  noise.pixels = [height = set.height, width = set.width, window = set.window_hu,
                  seed](std::span<const std::int64_t> indices) {
    std::vector<torch::Tensor> images;
    for (const std::int64_t index : indices) {
      const std::uint64_t own = io::mix_seed(seed, static_cast<std::uint64_t>(index));
      torch::Generator generator = torch::make_generator<torch::CPUGeneratorImpl>(own);
      images.push_back(torch::randn({height, width}, generator));
    }
    const torch::Tensor hu = unwindowed(torch::stack(images), window);
    return Pixels{hu, torch::zeros(hu.sizes(), torch::kUInt8)};
  };
  return noise;
}

torch::Tensor windowed(const torch::Tensor& hu, const std::array<double, 2>& window_hu) {
  if (!(window_hu[1] > window_hu[0])) throw std::invalid_argument("a window needs low < high");
  const double scale = 2.0 / (window_hu[1] - window_hu[0]);
  return hu.to(torch::kFloat32).sub(window_hu[0]).mul(scale).sub(1).clamp(-1, 1);
}

torch::Tensor unwindowed(const torch::Tensor& image, const std::array<double, 2>& window_hu) {
  const torch::Tensor values = image.to(torch::kCPU, torch::kFloat32).contiguous();
  const torch::Tensor hu = torch::empty(values.sizes(), torch::kInt16);
  const auto size = static_cast<std::size_t>(values.numel());
  io::unwindow({values.data_ptr<float>(), size}, window_hu, {hu.data_ptr<std::int16_t>(), size});
  return hu;
}

void require_disjoint_patients(const PatchSet& a, const PatchSet& b, const std::string& names) {
  const std::set<std::string> first(a.patients.begin(), a.patients.end());
  const auto shared = std::count_if(b.patients.begin(), b.patients.end(),
                                    [&first](const std::string& patient) { return first.count(patient) > 0; });
  if (shared > 0) {
    throw io::DataError(io::Fault::InvalidShard, std::to_string(shared) + " patients are in both of " + names +
                                                     ": the split leaks and no result would mean anything");
  }
}

}  // namespace ctforge::eval
