// Real files damaged at random, and what becomes of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::test {

// Changed bytes, a cut, or two elements (of explicit little-endian DICOM; else two pieces) in each other's place.
enum class Damage { Flip, Cut, Swap };
std::string damaged(const std::string& bytes, Damage damage, std::uint64_t seed);

struct MutationCounts {
  int same = 0;      // accepted, all voxels as before
  int changed = 0;   // accepted with other voxels: their own bytes, or what scales them, were changed
  int refused = 0;   // by a fault other than the next
  int died = 0;      // the decoding process was ended by a signal, or by the time limit
  int no_image = 0;  // not recognised any more
  double slowest_s = 0;

  int total() const { return same + changed + refused + died + no_image; }
};

// Real single-file sources under the test data: DICOM in many encodings, enhanced CT, NIfTI.
std::vector<std::filesystem::path> mutation_sources(const std::filesystem::path& test_data);

// Scans and loads `count` damaged copies of a file, and fails the test when one that became shorter is accepted with
// other voxels, or one takes longer than the time limit of decoding and a little.
MutationCounts mutate(const std::filesystem::path& source, int count, std::uint64_t seed);

// Runs `count` mutations over all sources, prints the counts, and fails when a source is not there.
void mutate_all(const std::filesystem::path& test_data, int count, std::uint64_t seed);

}  // namespace ctforge::test
