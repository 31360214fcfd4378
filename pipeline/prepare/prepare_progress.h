// What a prepare stage under way has done, on disk, so that an attempt that was interrupted or killed is gone on with.
//
// data/progress/NNNNNNNN.json holds what became of the patients since the file before it, how many shards of each split
// were finished then, and the name of the file with the patches that were in none yet. Each is written whole, after
// that file: the last one is what counts.
#pragma once

#include "io/file/shard.h"
#include "io/volume/inventory.h"
#include "io/volume/split.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// What is known of a series once it was cut, besides its patches.
struct CutSeries {
  std::optional<io::Finding> refusal;  // then nothing of the rest counts
  std::string content;                 // keyed hash of its files' contents
  std::string scan_sha256;             // equal for copies of one scan
  std::vector<int> contoured;          // kept label values in its label map
  std::vector<std::int64_t> classes;   // patches of each class
  std::int64_t dropped_empty = 0, dropped_unlabelled = 0, dropped_unclassed = 0;

  std::int64_t patches() const;  // of all classes
};
using CutPatient = std::vector<CutSeries>;  // in the order of the patient's series

struct PrepareState {
  std::vector<CutPatient> patients;                              // of the first tasks of the plan
  std::array<std::int64_t, std::size(io::kSplits)> shards = {};  // finished, of each split
  std::filesystem::path unfinished;                              // patches of the last split in no shard; empty: none
};

class PrepareProgress {
 public:
  // data: the folder that shards are written to. identity: a text that is the same only for attempts that would write
  // the same bytes.
  PrepareProgress(const std::filesystem::path& data, std::string identity);
  // What an attempt of the same identity saved last; nothing of another's.
  PrepareState load();
  // patients: those since what was saved before. writer: of the split being filled, or null.
  void save(const std::vector<CutPatient>& patients,
            const std::array<std::int64_t, std::size(io::kSplits)>& finished_shards, const io::ShardWriter* writer);
  // Removes all that was saved, of whatever identity.
  static void remove(const std::filesystem::path& data);

 private:
  std::filesystem::path folder_;
  std::string identity_;
  std::int64_t next_ = 0;  // number of the file to write
};

}  // namespace ctforge::pipeline
