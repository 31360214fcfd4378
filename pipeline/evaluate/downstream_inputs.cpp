// Reading the fractions and holding them against the whole.
#include "pipeline/evaluate/downstream_inputs.h"

#include "eval/label_quality.h"
#include "io/file/digest.h"
#include "io/file/fault.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/run/json_file.h"
#include "pipeline/train/learned_scans.h"
#include "pipeline/train/train_data.h"

#include <algorithm>
#include <memory>
#include <set>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

using Names = std::set<std::string>;

Names names_of(const eval::PatchSet& set) { return {set.patients.begin(), set.patients.end()}; }

eval::PatchSet opened_split(const fs::path& folder, const std::string& prefix) {
  return eval::patches_of(std::make_shared<const io::ShardSet>(folder, prefix));
}

Names patients_in(const fs::path& data, const std::string& prefix) {
  return io::has_shards(data, prefix) ? names_of(opened_split(data, prefix)) : Names();
}

[[noreturn]] void refuse(double fraction, const std::string& what) {
  throw io::DataError(io::Fault::OtherConfiguration, "fraction " + number_name(fraction) + " of the experiment " +
                                                         what + ": no result would mean anything");
}

// The patients of the fraction's folder against those of OUT.
void guard_patients(const FractionInputs& own, const EvaluationInputs& whole, const fs::path& data) {
  eval::require_same_kind(own.train, whole.train);
  const std::string name = "fraction " + number_name(own.fraction) + "'s training patients and ";
  eval::require_disjoint_patients(own.train, whole.validation, name + "validation");
  eval::require_disjoint_patients(own.train, whole.test, name + "test");
  const Names all = names_of(whole.train), some = names_of(own.train);
  if (!std::includes(all.begin(), all.end(), some.begin(), some.end()))
    refuse(own.fraction, "has training patients that are not among the whole's");
  if (patients_in(data, "test") != names_of(whole.test) ||
      patients_in(data, "validation") != names_of(whole.validation))
    refuse(own.fraction, "was prepared with other validation or test patients");
}

// Also what its generator began with, if it was trained from another.
void guard_generator(double fraction, const fs::path& folder) {
  const auto learned = read_learned(folder / "checkpoints"), own = training_scans(folder / "data");
  if (!learned || !own) return;  // of another program, or of scans without digests; the training set is compared anyway
  if (!std::includes(own->begin(), own->end(), learned->begin(), learned->end()))
    refuse(fraction, "has a generator that learned from scans beyond the fraction");
}

// Samples of a generator of unknown origin may show the very patients that are held out.
void guard_origin(const FractionInputs& own, const fs::path& folder) {
  if (read_object(folder / "samples" / "samples.json").value("train_sha256", "").empty())
    refuse(own.fraction, "has samples that do not tell what their generator was trained on");
  require_trained_on(own.train_sha256, folder / "samples");
  guard_generator(own.fraction, folder);
}

void guard_samples(const FractionInputs& own, const EvaluationInputs& whole, const fs::path& folder) {
  guard_origin(own, folder);
  eval::require_same_kind(own.synthetic, own.train);
  for (const eval::PatchSet* real : {&own.train, &whole.validation, &whole.test})
    eval::require_disjoint_patients(*real, own.synthetic, "real and synthetic");
  if (own.synthetic.size() != whole.synthetic.size())
    refuse(own.fraction, "has " + std::to_string(own.synthetic.size()) + " samples where the whole has " +
                             std::to_string(whole.synthetic.size()));
}

FractionInputs load_fraction(double fraction, const EvaluationInputs& whole, bool with_samples, const fs::path& out) {
  const fs::path folder = fraction_folder(out, fraction);
  FractionInputs own;
  own.fraction = fraction;
  own.train = opened_split(folder / "data", "train");
  own.train_sha256 = split_sha256(folder / "data", "train");
  guard_patients(own, whole, folder / "data");
  own.synthetic = eval::subset(whole.synthetic, {});
  if (!with_samples) return own;
  own.synthetic = opened_split(folder / "samples", "synthetic");
  own.synthetic_sha256 = split_sha256(folder / "samples", "synthetic");
  guard_samples(own, whole, folder);
  return own;
}

eval::Indices plausible(const FractionInputs& own, const CellStore& cells) {
  std::string name = "plausible-of-" + number_name(own.fraction);
  std::replace(name.begin(), name.end(), '.', '_');  // a plain word, as cells are called
  const std::string key = own.train_sha256 + own.synthetic_sha256;
  if (const auto kept = cells.load(name, key)) return kept->get<eval::Indices>();
  const eval::Indices found = eval::plausible(own.synthetic, own.train);
  cells.save(name, key, found);
  return found;
}

void reject_labels(FractionInputs& own, const CellStore& cells) {
  const std::int64_t drawn = own.synthetic.size();
  own.synthetic = eval::subset(own.synthetic, plausible(own, cells));
  own.rejected = drawn - own.synthetic.size();
  if (own.synthetic.size() == 0)
    throw io::DataError(io::Fault::NothingUsable, "the labels of all samples of fraction " + number_name(own.fraction) +
                                                      " are rejected: more training, or "
                                                      "evaluate.downstream.reject_labels=false");
}

bool takes_samples(const DownstreamConfig& config) {
  return std::any_of(config.arms.begin(), config.arms.end(), uses_synthetic);
}

}  // namespace

void require_origin(const DownstreamConfig& config, const fs::path& out) {
  if (!takes_samples(config)) return;
  FractionInputs whole;
  whole.train_sha256 = split_sha256(out / "data", "train");
  guard_origin(whole, out);
}

DownstreamInputs load_downstream(const EvaluationInputs& inputs, const DownstreamConfig& config, const CellStore& cells,
                                 const fs::path& out) {
  const fs::path data = out / "data";
  DownstreamInputs result;
  result.validation = inputs.validation;
  result.test = inputs.test;
  result.held_out_sha256 = held_out_sha256(data);
  const bool with_samples = takes_samples(config);
  for (const double fraction : config.fractions) {
    if (fraction < 1) result.fractions.push_back(load_fraction(fraction, inputs, with_samples, out));
  }
  FractionInputs whole;
  whole.train = inputs.train;
  whole.train_sha256 = split_sha256(data, "train");
  if (with_samples) guard_origin(whole, out);
  whole.synthetic = inputs.synthetic;
  whole.synthetic_sha256 = split_sha256(out / "samples", "synthetic");
  result.fractions.push_back(std::move(whole));
  if (config.reject_labels && with_samples)
    for (FractionInputs& fraction : result.fractions) reject_labels(fraction, cells);
  return result;
}

std::string held_out_sha256(const fs::path& data) {
  return io::sha256_hex((io::has_shards(data, "validation") ? split_sha256(data, "validation") : "") +
                        split_sha256(data, "test"));
}

std::string fraction_sha256(const std::string& train, const std::string& synthetic, const std::string& held_out) {
  return io::sha256_hex(train + synthetic + held_out);
}

}  // namespace ctforge::pipeline
