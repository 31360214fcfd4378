// Random numbers that depend on (seed, index) alone: the same on any machine, in any order, on any number of threads.
#pragma once

#include <cstdint>

namespace ctforge::io {

// A seed for item `index` of the stream `seed`: two rounds of SplitMix64's finaliser (Steele, Lea and Flood 2014).
std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t index);

// A small generator (SplitMix64) with the distributions the phantom needs. Its results are specified here, unlike those
// of std::normal_distribution, which differ between standard libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  double uniform();                         // in [0, 1)
  double uniform(double low, double high);  // in [low, high)
  double normal();                          // mean 0, standard deviation 1 (Box and Muller 1958)
  double normal(double mean, double deviation) { return mean + deviation * normal(); }
  std::uint64_t below(std::uint64_t bound);  // in 0 .. bound-1, bound > 0
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace ctforge::io
