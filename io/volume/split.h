// Dividing patients, never slices, into training, validation and test sets.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ctforge::io {

enum class Split { Train, Validation, Test };

std::string split_name(Split split);  // "train", "validation", "test"
inline constexpr Split kSplits[] = {Split::Train, Split::Validation, Split::Test};

struct SplitPatient {
  std::string id;       // pseudonym
  std::string name;     // orders the draw, so that it does not depend on the pseudonyms' key; equal names: by id
  std::string stratum;  // patients of one stratum are divided in proportion; all empty: not stratified
};

struct SplitSizes {
  double validation = 0;  // below 1: this part of the patients (rounded, at least one if above 0); else their number
  double test = 0;
};

// Draws by the order of HMAC-SHA-256(seed, name): the same patients give the same split whatever their order, and a
// patient keeps its place in the order when others join. Strata are served by largest remainder. Throws
// std::invalid_argument for sizes that are negative or not whole from 1 on; DataError(TooFewPatients) when no patient
// would be left to train on.
std::map<std::string, Split> split_patients(const std::vector<SplitPatient>& patients, const SplitSizes& sizes,
                                            std::uint64_t seed);

// Ids of this fraction of the patients, rounded up. They are taken from the front of one order, so that a smaller
// fraction is part of a larger one: the order of HMAC-SHA-256(seed, name) within each stratum, the strata taking turns
// in proportion to their sizes. Throws std::invalid_argument unless 0 < fraction <= 1.
std::set<std::string> nested_fraction(const std::vector<SplitPatient>& patients, double fraction, std::uint64_t seed);

// Of a patient by itself, whoever else there is: HMAC-SHA-256(seed, id) as a number in [0,1) that is below sizes.test
// for testing, below sizes.test + sizes.validation for validation. The sizes are met on average. Throws
// std::invalid_argument unless both are parts below 1 that leave something.
Split split_of(const std::string& id, const SplitSizes& sizes, std::uint64_t seed);

}  // namespace ctforge::io
