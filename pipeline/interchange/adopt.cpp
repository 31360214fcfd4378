// Links to files of other runs, and their entries in the manifest.
#include "pipeline/interchange/adopt.h"

#include "io/file/atomic_file.h"
#include "models/train/checkpoint.h"
#include "pipeline/run/folder_lock.h"
#include "pipeline/run/manifest.h"
#include "pipeline/run/stage.h"
#include "pipeline/train/train_autoencoder.h"
#include "pipeline/train/train_metrics.h"

#include <system_error>

namespace ctforge::pipeline {

namespace fs = std::filesystem;

namespace {

void take(const fs::path& from, const fs::path& to) {
  if (to.extension() != ".jsonl") return io::link_or_copy(from, to);
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);  // written to in place: each run has its own
}

bool same_content(const fs::path& a, const fs::path& b) {
  return fs::exists(a) && fs::exists(b) && io::read_whole_file(a) == io::read_whole_file(b);
}

}  // namespace

void adopt_stages(const Config& config, const std::vector<std::string>& stages, const fs::path& other,
                  const fs::path& out) {
  fs::create_directories(out);
  const FolderLock lock(out);
  const Manifest theirs(other);
  Manifest ours(out);
  for (const std::string& name : stages) {
    const std::string print = fingerprint(config, name);
    if (!theirs.done(name, print)) return;  // what follows builds on it
    if (ours.done(name, print)) continue;
    for (const std::string& output : stage_named(name).outputs) fs::remove_all(out / output);
    for (const auto& [file, record] : theirs.json().at("stages").at(name).at("outputs").items())
      take(other / file, out / file);
    // The pseudonyms in the data follow from it.
    if (name == "prepare" && fs::exists(other / "patient.key") && !fs::exists(out / "patient.key"))
      take(other / "patient.key", out / "patient.key");
    ours.adopt(name, theirs);
  }
}

void adopt_autoencoder(const Config& config, const Config& theirs, const fs::path& other, const fs::path& out) {
  if (!trains_same_autoencoder(config.train, theirs.train)) return;
  fs::create_directories(out);
  const FolderLock lock(out);
  const bool finished = Manifest(other).done("train", fingerprint(theirs, "train"));
  const bool same_data = config.run.seed == theirs.run.seed &&
                         same_content(other / "data" / "prepare.json", out / "data" / "prepare.json");
  if (!finished || !same_data || fs::exists(out / "checkpoints")) return;
  for (const auto& file : train::CheckpointStore(other / "checkpoints", "autoencoder").files())
    take(file, out / "checkpoints" / file.filename());
  MetricsLog(out / "metrics.jsonl").take(other / "metrics.jsonl", "autoencoder");
}

void adopt_features(const fs::path& other, const fs::path& out) {
  const fs::path theirs = other / "evaluation" / "cells", ours = out / "evaluation" / "cells";
  if (!fs::is_directory(theirs)) return;
  const FolderLock lock(out);
  for (const auto& entry : fs::directory_iterator(theirs)) {
    const fs::path file = ours / entry.path().filename();
    if (file.filename().string().starts_with("features-") && !fs::exists(file)) take(entry.path(), file);
  }
}

}  // namespace ctforge::pipeline
