// What the prepare stage decides before it decodes a pixel: labels, classes, patch size, and who is in which split.
#pragma once

#include "io/file/shard.h"
#include "io/labels/class_table.h"
#include "io/volume/inventory.h"
#include "io/volume/split.h"
#include "pipeline/prepare/prepare.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Names of the kept label values, and what each found value becomes: -1 for a value without a name, which refuses a
// series.
struct LabelPlan {
  std::vector<std::string> names;
  std::array<int, 256> kept;
};
// Throws ConfigError for settings that contradict each other and maps that cannot be read or name nothing,
// DataError(InvalidTable) for a labels file.
LabelPlan plan_labels(const PrepareConfig& config, const std::filesystem::path& input);

// How patches get their class.
class ClassPlan {
 public:
  // Throws ConfigError or DataError(InvalidTable).
  ClassPlan(const PrepareConfig& config, const std::filesystem::path& input, const LabelPlan& labels,
            const std::vector<io::Series>& series);
  const std::vector<std::string>& classes() const { return classes_; }
  // slice: of the scanned series in axial order. counts: voxels of each label. Empty: the table has no class for it.
  std::optional<std::int32_t> find(const io::Series& series, std::int64_t slice,
                                   const std::array<std::int64_t, 256>& counts) const;
  // False when classes come from a table that has no row for the series.
  bool knows(const io::Series& series) const;
  // The class of a whole series; empty where it is a matter of slices or patches.
  std::optional<std::int32_t> of_series(const io::Series& series) const;
  std::int64_t table_rows() const { return table_ ? static_cast<std::int64_t>(table_->names().size()) : 0; }
  // Names in the table that no series has.
  std::int64_t unused_rows(const std::vector<io::Series>& series) const;

 private:
  std::string region_of(const io::Series& series) const;
  std::string from_;
  std::vector<std::string> classes_;
  std::map<std::string, std::string> regions_;  // body part -> class
  std::vector<std::size_t> priority_;           // label values
  std::int64_t min_voxels_;
  std::optional<io::ClassTable> table_;
};

// The series of one patient, to be taken one after another.
struct PatientTask {
  std::string patient;
  io::Split split = io::Split::Train;
  std::vector<std::size_t> series;  // indices into the inventory
};

struct PreparePlan {
  LabelPlan labels;
  ClassPlan classes;
  io::ShardInfo shard;
  std::vector<PatientTask> tasks;  // by split, then by pseudonym
  std::int64_t left_out = 0;       // training patients that prepare.split.train_fraction leaves out
};

// Whether an inventory is of all there is, or of a part, which may hold nothing that can be used.
enum class Extent { Whole, Part };

// inventory: refused series are passed over; those that cannot be used after all (no row in the class table) are
// refused in it. Throws io::DataError(NothingUsable) when nothing is left of the whole.
PreparePlan make_plan(const PrepareConfig& config, const std::filesystem::path& input, io::Inventory& inventory,
                      std::uint64_t seed, Extent extent = Extent::Whole);

// Series that have their label maps and that lack them; none where none are asked for.
struct LabelCount {
  std::int64_t with = 0, without = 0;
};
LabelCount count_labelled(const PrepareConfig& config, const io::Inventory& inventory);
// Warns of those that lack them. Throws io::DataError(NothingUsable) when all do: a pattern that misses them would
// teach that there are no organs.
void judge_labelled(const PrepareConfig& config, const LabelCount& count);

}  // namespace ctforge::pipeline
