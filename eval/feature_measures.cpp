// The measures of one round, and the sums over pairs of all rounds.
#include "eval/feature_measures.h"

#include "eval/frechet.h"
#include "eval/frechet_infinity.h"
#include "eval/vendi.h"
#include "io/file/random.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace ctforge::eval {
namespace {

constexpr double kNoMeasure = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kNoRound = std::numeric_limits<std::size_t>::max();

const Indices& drawn(const Round& round, std::int64_t contender) {
  return contender == kReal ? round.floor : round.contenders.at(static_cast<std::size_t>(contender));
}

// The rows that any round draws, and for each round which of them: [rows, rounds] of zeros and ones.
struct Draws {
  torch::Tensor rows;
  torch::Tensor weights;
};

Draws draws_of(const torch::Tensor& rows, const std::vector<const Indices*>& rounds) {
  Indices used;
  for (const Indices* round : rounds) used.insert(used.end(), round->begin(), round->end());
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  Draws draws{rows.index_select(0, torch::tensor(used)),
              torch::zeros({std::ssize(used), std::ssize(rounds)}, torch::kFloat64)};
  auto weights = draws.weights.accessor<double, 2>();
  for (std::size_t r = 0; r < rounds.size(); ++r) {
    for (const std::int64_t index : *rounds[r]) {
      const auto place = std::lower_bound(used.begin(), used.end(), index) - used.begin();
      weights[place][static_cast<std::int64_t>(r)] += 1;
    }
  }
  return draws;
}

// Sums over the pairs of a set's rows with each other, of all rounds, and of these the rows with themselves.
struct OwnSums {
  torch::Tensor pairs, diagonal;  // [rounds] float64
};

OwnSums own_sums(const Draws& draws, Kernel kernel) {
  return {kernel_sums(draws.rows, draws.rows, draws.weights, draws.weights, kernel),
          torch::matmul(draws.weights.t(), kernel_diagonal(draws.rows, kernel).unsqueeze(1)).squeeze(1)};
}

enum Place { kFrechet, kInfinity, kKid, kPrecision, kRecall, kDensity, kCoverage, kMmd, kVendi };

bool neighbours_wanted(const WantedMeasures& wanted) {
  return wanted[kPrecision] || wanted[kRecall] || wanted[kDensity] || wanted[kCoverage];
}

// Rows as the kernel takes them.
torch::Tensor prepared(const torch::Tensor& rows, Kernel kernel) {
  return kernel == Kernel::Gaussian ? unit_length(rows) : rows;
}

// What the rows alone tell; sums over pairs and neighbours are the caller's.
std::vector<double> row_measures(const torch::Tensor& rows, const torch::Tensor& reference, bool extrapolate,
                                 std::uint64_t seed, const WantedMeasures& wanted) {
  std::vector<double> values(kFeatureMeasures.size(), kNoMeasure);
  if (wanted[kFrechet]) values[kFrechet] = frechet_distance(rows, reference);
  if (wanted[kInfinity] && extrapolate && std::min(rows.size(0), reference.size(0)) >= kInfinityLeastRows)
    values[kInfinity] = frechet_infinity(rows, reference, seed);
  if (wanted[kVendi]) values[kVendi] = vendi_score(rows);
  return values;
}

void set_neighbours(std::vector<double>& values, const NeighbourhoodScores& scores, const WantedMeasures& wanted) {
  if (wanted[kPrecision]) values[kPrecision] = scores.precision;
  if (wanted[kRecall]) values[kRecall] = scores.recall;
  if (wanted[kDensity]) values[kDensity] = scores.density;
  if (wanted[kCoverage]) values[kCoverage] = scores.coverage;
}

}  // namespace

WantedMeasures wanted_measures(const std::vector<std::string>& names) {
  WantedMeasures wanted{};
  for (const std::string& name : names) {
    const auto found = std::find(kFeatureMeasures.begin(), kFeatureMeasures.end(), name);
    if (found == kFeatureMeasures.end()) throw std::invalid_argument("no measure is called '" + name + "'");
    wanted[static_cast<std::size_t>(found - kFeatureMeasures.begin())] = true;
  }
  return wanted;
}

std::vector<double> whole_set_measures(const torch::Tensor& real, const torch::Tensor& set, std::uint64_t seed,
                                       const WantedMeasures& wanted) {
  std::vector<double> values = row_measures(set, real, true, seed, wanted);
  if (wanted[kKid]) values[kKid] = kernel_distance(set, real);
  if (wanted[kMmd]) values[kMmd] = gaussian_mmd(prepared(set, Kernel::Gaussian), prepared(real, Kernel::Gaussian));
  if (neighbours_wanted(wanted) && std::min(real.size(0), set.size(0)) > kDensityNeighbour)
    set_neighbours(values, neighbourhood_scores(real, set), wanted);
  return values;
}

FeatureMeasures::FeatureMeasures(const ComparisonPlan& plan, torch::Tensor real, std::vector<torch::Tensor> sets,
                                 std::uint64_t seed, const WantedMeasures& wanted)
    : plan_(plan), real_(std::move(real)), sets_(std::move(sets)), seed_(seed), wanted_(wanted), round_(kNoRound) {
  if (plan.rounds.empty() || plan.rounds.front().contenders.size() != sets_.size()) {
    throw std::invalid_argument("features of other sets than were planned");
  }
  if (wanted_[kKid]) sum_pairs(Kernel::Cubic, cubic_);
  if (wanted_[kMmd]) sum_pairs(Kernel::Gaussian, gaussian_);
}

const torch::Tensor& FeatureMeasures::rows_of(std::int64_t contender) const {
  return contender == kReal ? real_ : sets_.at(static_cast<std::size_t>(contender));
}

torch::Tensor FeatureMeasures::draw(std::size_t round, std::int64_t contender) const {
  return rows_of(contender).index_select(0, torch::tensor(drawn(plan_.rounds.at(round), contender)));
}

void FeatureMeasures::sum_pairs(Kernel kernel, std::vector<std::vector<KernelSums>>& sums) const {
  std::vector<const Indices*> references;
  for (const Round& round : plan_.rounds) references.push_back(&round.reference);
  const Draws reference = draws_of(prepared(real_, kernel), references);
  const OwnSums own = own_sums(reference, kernel);
  for (std::int64_t contender = kReal; contender < std::ssize(sets_); ++contender) {
    std::vector<const Indices*> rounds;
    for (const Round& round : plan_.rounds) rounds.push_back(&drawn(round, contender));
    const Draws other = draws_of(prepared(rows_of(contender), kernel), rounds);
    const OwnSums theirs = own_sums(other, kernel);
    const torch::Tensor cross = kernel_sums(other.rows, reference.rows, other.weights, reference.weights, kernel);
    std::vector<KernelSums>& of_one = sums.emplace_back();
    for (std::int64_t r = 0; r < std::ssize(plan_.rounds); ++r) {
      of_one.push_back({.xx = theirs.pairs[r].item<double>(),
                        .yy = own.pairs[r].item<double>(),
                        .xy = cross[r].item<double>(),
                        .diagonal_x = theirs.diagonal[r].item<double>(),
                        .diagonal_y = own.diagonal[r].item<double>(),
                        .n = static_cast<double>(rounds[static_cast<std::size_t>(r)]->size()),
                        .m = static_cast<double>(references[static_cast<std::size_t>(r)]->size())});
    }
  }
}

void FeatureMeasures::take_reference(std::size_t round) {
  if (round == round_) return;
  reference_ = real_.index_select(0, torch::tensor(plan_.rounds.at(round).reference));
  centre_ = reference_.to(torch::kFloat64).mean(0);
  neighbourhoods_.reset();
  if (neighbours_wanted(wanted_) && reference_.size(0) > kDensityNeighbour)
    neighbourhoods_ = std::make_unique<Neighbourhoods>(reference_, centre_);
  round_ = round;
}

std::vector<double> FeatureMeasures::operator()(std::size_t round, std::int64_t contender) {
  take_reference(round);
  const torch::Tensor rows = draw(round, contender);
  // The floor's and the first contender's.
  std::vector<double> values = row_measures(rows, reference_, contender <= 0, io::mix_seed(seed_, round), wanted_);
  if (neighbourhoods_ && rows.size(0) > kDensityNeighbour)
    set_neighbours(values, neighbourhood_scores(*neighbourhoods_, Neighbourhoods(rows, centre_)), wanted_);
  const auto place = static_cast<std::size_t>(contender + 1);
  if (wanted_[kKid]) values[kKid] = unbiased_mmd(cubic_[place][round]);
  if (wanted_[kMmd]) values[kMmd] = kGaussianScale * biased_mmd(gaussian_[place][round]);
  return values;
}

}  // namespace ctforge::eval
