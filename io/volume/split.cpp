// Drawing the split of patients.
#include "io/volume/split.h"

#include "io/file/digest.h"
#include "io/file/fault.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

namespace ctforge::io {

namespace {

std::int64_t count_of(double size, std::size_t patients) {
  if (!std::isfinite(size) || size < 0 || (size >= 1 && size != std::floor(size)))
    throw std::invalid_argument("the size of a split must be a fraction below 1 or a whole number");
  if (size >= 1 || size == 0) return static_cast<std::int64_t>(size);
  return std::max<std::int64_t>(1, std::llround(size * static_cast<double>(patients)));
}

using Strata = std::map<std::string, std::vector<std::string>>;  // ids in the order of the draw

// How many of `total` each stratum gives, in proportion to what it still has: largest remainder, ties to the first
// name.
std::map<std::string, std::int64_t> quotas(const Strata& strata, std::int64_t total) {
  std::int64_t available = 0;
  for (const auto& [name, ids] : strata) available += static_cast<std::int64_t>(ids.size());
  std::map<std::string, std::int64_t> quota;
  std::vector<std::pair<std::int64_t, std::string>> remainders;
  std::int64_t left = total;
  for (const auto& [name, ids] : strata) {
    const std::int64_t share = total * static_cast<std::int64_t>(ids.size());
    quota[name] = share / available;
    left -= quota[name];
    remainders.emplace_back(-(share % available), name);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::int64_t i = 0; i < left; ++i) ++quota[remainders[static_cast<std::size_t>(i)].second];
  return quota;
}

void draw(Strata& strata, std::int64_t total, Split split, std::map<std::string, Split>& result) {
  if (total == 0) return;
  for (const auto& [name, quota] : quotas(strata, total)) {
    auto& ids = strata[name];
    for (std::int64_t i = 0; i < quota; ++i) result[ids[static_cast<std::size_t>(i)]] = split;
    ids.erase(ids.begin(), ids.begin() + quota);
  }
}

}  // namespace

std::string split_name(Split split) {
  switch (split) {
    case Split::Train:
      return "train";
    case Split::Validation:
      return "validation";
    case Split::Test:
      return "test";
  }
  throw std::invalid_argument("an unknown split");
}

std::set<std::string> nested_fraction(const std::vector<SplitPatient>& patients, double fraction, std::uint64_t seed) {
  if (!(fraction > 0 && fraction <= 1)) throw std::invalid_argument("a fraction lies above 0 and is at most 1");
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> strata;  // draw, id
  for (const SplitPatient& patient : patients)
    strata[patient.stratum].emplace_back(hmac_sha256_hex(std::to_string(seed), patient.name), patient.id);
  std::vector<std::tuple<double, std::string, std::string>> order;  // place within the stratum, draw, id
  for (auto& [stratum, members] : strata) {
    std::sort(members.begin(), members.end());
    for (std::size_t i = 0; i < members.size(); ++i)
      order.emplace_back((static_cast<double>(i) + 0.5) / static_cast<double>(members.size()), members[i].first,
                         members[i].second);
  }
  std::sort(order.begin(), order.end());
  constexpr double kRounding = 1e-9;  // 0.1 times 30 is 3
  const auto count = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(order.size()) - kRounding));
  std::set<std::string> kept;
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) kept.insert(std::get<2>(order[i]));
  return kept;
}

std::map<std::string, Split> split_patients(const std::vector<SplitPatient>& patients, const SplitSizes& sizes,
                                            std::uint64_t seed) {
  const std::int64_t test = count_of(sizes.test, patients.size());
  const std::int64_t validation = count_of(sizes.validation, patients.size());
  const auto available = static_cast<std::int64_t>(patients.size());
  if (test > available || validation > available || test + validation >= available)
    throw DataError(Fault::TooFewPatients, std::to_string(available) + " usable patients, while " +
                                               std::to_string(test) + " for testing, " + std::to_string(validation) +
                                               " for validation and at least 1 for training are asked for");
  std::vector<std::tuple<std::string, std::string, std::string>> order;  // draw, id, stratum
  for (const SplitPatient& patient : patients)
    order.emplace_back(hmac_sha256_hex(std::to_string(seed), patient.name), patient.id, patient.stratum);
  std::sort(order.begin(), order.end());
  Strata strata;
  std::map<std::string, Split> result;
  for (const auto& [draw_key, id, stratum] : order) {
    strata[stratum].push_back(id);
    if (!result.emplace(id, Split::Train).second) throw std::invalid_argument("a patient listed twice");
  }
  draw(strata, test, Split::Test, result);
  draw(strata, validation, Split::Validation, result);
  return result;
}

Split split_of(const std::string& id, const SplitSizes& sizes, std::uint64_t seed) {
  if (!(sizes.test >= 0 && sizes.validation >= 0 && sizes.test + sizes.validation < 1))
    throw std::invalid_argument("parts of the patients that leave some to train on are needed");
  constexpr int kDigits = 13;  // 52 bits: a double holds them
  const std::string digest = hmac_sha256_hex(std::to_string(seed), id).substr(0, kDigits);
  const double place = std::ldexp(static_cast<double>(std::stoull(digest, nullptr, 16)), -4 * kDigits);
  if (place < sizes.test) return Split::Test;
  return place < sizes.test + sizes.validation ? Split::Validation : Split::Train;
}

}  // namespace ctforge::io
