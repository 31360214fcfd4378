// Rounds of class-matched, patient-disjoint draws and the spread of a measure over them.
#include "eval/comparison.h"

#include "io/file/fault.h"
#include "io/file/random.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {
namespace {

using ByClass = std::vector<Indices>;

template <class T>
void shuffle(std::vector<T>& values, io::Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

ByClass group_by_class(const std::vector<std::int32_t>& class_index, std::size_t classes) {
  ByClass groups(classes);
  for (std::size_t i = 0; i < class_index.size(); ++i) {
    groups.at(static_cast<std::size_t>(class_index[i])).push_back(static_cast<std::int64_t>(i));
  }
  return groups;
}

// Patients in random order, each to the half that has fewer patches of the classes the patient brings.
std::pair<ByClass, ByClass> halves(const PatchSet& real, io::Random& random) {
  std::vector<Indices> patients = by_patient(real);
  std::erase_if(patients, [](const Indices& patches) { return patches.empty(); });
  shuffle(patients, random);
  ByClass first(real.classes.size()), second(real.classes.size());
  for (const Indices& patches : patients) {
    std::int64_t surplus = 0;  // of the first half
    for (const std::int64_t index : patches) {
      const auto c = static_cast<std::size_t>(real.class_index[static_cast<std::size_t>(index)]);
      surplus += std::ssize(first[c]) - std::ssize(second[c]);
    }
    ByClass& half = surplus <= 0 ? first : second;
    for (const std::int64_t index : patches) {
      half[static_cast<std::size_t>(real.class_index[static_cast<std::size_t>(index)])].push_back(index);
    }
  }
  return {std::move(first), std::move(second)};
}

Indices draw(const ByClass& groups, const std::vector<std::int64_t>& per_class, io::Random& random) {
  Indices drawn;
  for (std::size_t c = 0; c < groups.size(); ++c) {
    Indices group = groups[c];
    shuffle(group, random);
    drawn.insert(drawn.end(), group.begin(), group.begin() + per_class[c]);
  }
  return drawn;
}

void lower_to(std::vector<std::int64_t>& per_class, const ByClass& groups) {
  for (std::size_t c = 0; c < per_class.size(); ++c) per_class[c] = std::min(per_class[c], std::ssize(groups[c]));
}

std::size_t patients_with_patches(const PatchSet& set) {
  const std::vector<Indices> groups = by_patient(set);
  return static_cast<std::size_t>(
      std::count_if(groups.begin(), groups.end(), [](const Indices& group) { return !group.empty(); }));
}

// How many patches of each class every side can give, in every round; classes with a single one are left out.
std::vector<std::int64_t> shared_counts(const std::vector<std::pair<ByClass, ByClass>>& splits,
                                        const std::vector<ByClass>& contenders, std::size_t classes) {
  std::vector<std::int64_t> per_class(classes, std::numeric_limits<std::int64_t>::max());
  for (const auto& [first, second] : splits) {
    lower_to(per_class, first);
    lower_to(per_class, second);
  }
  for (const ByClass& groups : contenders) {
    if (!groups.empty()) lower_to(per_class, groups);
  }
  for (std::int64_t& count : per_class) count = count < 2 ? 0 : count;
  return per_class;
}

}  // namespace

ComparisonPlan plan_comparison(const PatchSet& real, std::span<const Contender> contenders, std::int64_t rounds,
                               std::uint64_t seed) {
  if (rounds < 1) throw std::invalid_argument("a comparison needs at least one round");
  if (patients_with_patches(real) < 2) {
    throw io::DataError(io::Fault::InvalidShard,
                        "distances need real patches of at least two patients for their floor");
  }
  std::vector<std::pair<ByClass, ByClass>> splits;
  for (std::int64_t round = 0; round < rounds; ++round) {
    io::Random random(io::mix_seed(seed, static_cast<std::uint64_t>(round)));
    splits.push_back(halves(real, random));
  }
  std::vector<ByClass> groups;
  for (const Contender& contender : contenders) {
    const bool classless = contender.class_index.empty();
    groups.push_back(classless ? ByClass{} : group_by_class(contender.class_index, real.classes.size()));
  }
  ComparisonPlan plan;
  plan.per_class = shared_counts(splits, groups, real.classes.size());
  plan.count = std::accumulate(plan.per_class.begin(), plan.per_class.end(), std::int64_t{0});
  if (plan.count == 0) {
    throw io::DataError(io::Fault::InvalidShard, "no class has two patches on every side of the comparison");
  }
  for (std::size_t round = 0; round < splits.size(); ++round) {
    io::Random random(io::mix_seed(seed + 1, round));
    Round drawn{
        draw(splits[round].first, plan.per_class, random), draw(splits[round].second, plan.per_class, random), {}};
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (!groups[i].empty()) {
        drawn.contenders.push_back(draw(groups[i], plan.per_class, random));
        continue;
      }
      if (contenders[i].count < plan.count) throw std::invalid_argument("a classless contender has too few rows");
      Indices rows(static_cast<std::size_t>(contenders[i].count));
      std::iota(rows.begin(), rows.end(), 0);
      shuffle(rows, random);
      rows.resize(static_cast<std::size_t>(plan.count));
      drawn.contenders.push_back(std::move(rows));
    }
    plan.rounds.push_back(std::move(drawn));
  }
  return plan;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty() || !(q >= 0 && q <= 1)) throw std::invalid_argument("a quantile needs values and 0 <= q <= 1");
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument("no rounds to summarise");
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none, none, std::move(values)};
  }
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  const double low = quantile(values, 0.025), high = quantile(values, 0.975);
  return {mean, low, high, std::move(values)};
}

Compared compare(const ComparisonPlan& plan, const Measure& measure) {
  const Measures one = [&](std::size_t index, std::int64_t contender) {
    const Round& round = plan.rounds[index];
    const Indices& rows = contender == kReal ? round.floor : round.contenders[static_cast<std::size_t>(contender)];
    return std::vector<double>{measure(round.reference, contender, rows)};
  };
  return compare_all(plan, one).front();
}

std::vector<Compared> compare_all(const ComparisonPlan& plan, const Measures& measures) {
  if (plan.rounds.empty()) throw std::invalid_argument("a comparison without rounds");
  const auto contenders = static_cast<std::int64_t>(plan.rounds.front().contenders.size());
  std::vector<std::vector<std::vector<double>>> values;  // [measure][floor, contenders][round]
  for (std::size_t round = 0; round < plan.rounds.size(); ++round) {
    for (std::int64_t contender = kReal; contender < contenders; ++contender) {
      const std::vector<double> taken = measures(round, contender);
      values.resize(taken.size(), std::vector<std::vector<double>>(static_cast<std::size_t>(contenders + 1)));
      for (std::size_t m = 0; m < taken.size(); ++m)
        values[m][static_cast<std::size_t>(contender + 1)].push_back(taken[m]);
    }
  }
  std::vector<Compared> all;
  for (std::vector<std::vector<double>>& of_one : values) {
    Compared compared;
    compared.count = plan.count;
    compared.floor = spread_of(std::move(of_one[0]));
    for (std::size_t i = 1; i < of_one.size(); ++i) compared.contenders.push_back(spread_of(std::move(of_one[i])));
    all.push_back(std::move(compared));
  }
  return all;
}

ComparisonPlan confined(const ComparisonPlan& plan, std::int32_t class_index) {
  const auto wanted = static_cast<std::size_t>(class_index);
  if (wanted >= plan.per_class.size() || plan.per_class[wanted] == 0) {
    throw std::invalid_argument("the plan has no patches of this class");
  }
  const auto begin = std::accumulate(plan.per_class.begin(), plan.per_class.begin() + class_index, std::int64_t{0});
  const auto end = begin + plan.per_class[wanted];
  const auto cut = [begin, end](const Indices& rows) { return Indices(rows.begin() + begin, rows.begin() + end); };
  ComparisonPlan part;
  part.per_class.assign(plan.per_class.size(), 0);
  part.per_class[wanted] = plan.per_class[wanted];
  part.count = plan.per_class[wanted];
  for (const Round& round : plan.rounds) {
    Round confined_round{cut(round.reference), cut(round.floor), {}};
    for (const Indices& rows : round.contenders) confined_round.contenders.push_back(cut(rows));
    part.rounds.push_back(std::move(confined_round));
  }
  return part;
}

ComparisonPlan confined_to_rows(const ComparisonPlan& plan,
                                const std::function<bool(std::int64_t contender, std::int64_t row)>& has) {
  ComparisonPlan part;
  part.per_class.assign(plan.per_class.size(), 0);
  part.rounds.resize(plan.rounds.size());
  for (std::size_t r = 0; r < plan.rounds.size(); ++r)
    part.rounds[r].contenders.resize(plan.rounds[r].contenders.size());
  std::int64_t begin = 0;
  for (std::size_t c = 0; c < plan.per_class.size(); begin += plan.per_class[c++]) {
    auto fewest = static_cast<std::size_t>(plan.per_class[c]);
    std::vector<std::pair<Indices, Indices*>> kept;  // rows of this class, and where they go
    const auto keep = [&](std::int64_t contender, const Indices& rows, Indices& out) {
      Indices with;
      std::copy_if(rows.begin() + begin, rows.begin() + begin + plan.per_class[c], std::back_inserter(with),
                   [&](std::int64_t row) { return has(contender, row); });
      fewest = std::min(fewest, with.size());
      kept.emplace_back(std::move(with), &out);
    };
    for (std::size_t r = 0; r < plan.rounds.size(); ++r) {
      keep(kReal, plan.rounds[r].reference, part.rounds[r].reference);
      keep(kReal, plan.rounds[r].floor, part.rounds[r].floor);
      for (std::size_t i = 0; i < plan.rounds[r].contenders.size(); ++i)
        keep(static_cast<std::int64_t>(i), plan.rounds[r].contenders[i], part.rounds[r].contenders[i]);
    }
    for (const auto& [rows, out] : kept)
      for (std::size_t i = 0; i < fewest; ++i) out->push_back(rows[i * rows.size() / fewest]);
    part.per_class[c] = static_cast<std::int64_t>(fewest);
    part.count += part.per_class[c];
  }
  return part;
}

}  // namespace ctforge::eval
