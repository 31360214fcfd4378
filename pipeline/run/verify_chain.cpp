// The links of the chain, stage by stage.
#include "pipeline/run/verify_chain.h"

#include "io/file/digest.h"
#include "io/file/fault.h"
#include "io/file/shard.h"
#include "models/train/checkpoint.h"
#include "pipeline/evaluate/downstream_inputs.h"
#include "pipeline/evaluate/evaluate_inputs.h"
#include "pipeline/evaluate/fractions.h"
#include "pipeline/prepare/patient_key.h"
#include "pipeline/prepare/prepare.h"
#include "pipeline/run/json_file.h"
#include "pipeline/sample/generator.h"
#include "pipeline/sample/generator_record.h"
#include "pipeline/train/train_data.h"

#include <map>

namespace ctforge::pipeline {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

class Chain {
 public:
  Chain(const fs::path& run, const ordered_json& manifest, const std::optional<Config>& config, StageVerdict& verdict)
      : run_(run), manifest_(manifest), config_(config), verdict_(verdict) {}

  void prepare() {
    compare(summary(), read_object(run_ / "data" / "prepare.json"),
            "data/prepare.json is not what the manifest records of it");
    const auto key = key_of_inputs();
    if (!key) return;
    const PrepareConfig config = config_ ? config_->prepare : PrepareConfig{};
    const io::ScanOptions options = scan_options(config, run_, *key);
    if (!fs::exists(options.path)) return note("its input is out of reach and was not read again");
    Context context;
    context.out = run_;
    const SeriesReader reader = file_reader(config, context);
    std::map<std::string, const io::Series*> found;
    const io::Inventory inventory = reader.scan(options);
    for (const io::Series& series : inventory.series) found[series.id] = &series;
    std::int64_t gone = 0, changed = 0;
    for (const auto& series : read_object(run_ / "data" / "inventory.json").value("series", ordered_json::array())) {
      const std::string content = series.value("content_hmac_sha256", "");
      if (content.empty()) continue;
      const auto at = found.find(series.value("series", ""));
      if (at == found.end())
        ++gone;
      else if (io::hmac_sha256_hex(*key, reader.content_sha256(*at->second)) != content)
        ++changed;
    }
    if (gone > 0) wrong(std::to_string(gone) + " series of its input are not there any more");
    if (changed > 0) wrong(std::to_string(changed) + " series of its input have other contents than were read");
  }

  void load(const fs::path& checkpoint) {
    try {
      train::load_checkpoint(checkpoint);
    } catch (const io::DataError& error) {
      wrong("checkpoints/" + checkpoint.filename().string() + ": " + error.what());
    }
  }

  void train() {
    for (const char* prefix : {"autoencoder", "generator"}) try {
        for (const fs::path& file : train::CheckpointStore(checkpoints(), prefix).files()) load(file);
      } catch (const io::DataError& error) {
        wrong(error.what());
      }
    if (verdict_.state != "done") return;
    const auto generator = find_generator();
    if (!generator) return;
    const auto recorded = summary().value("diffusion", ordered_json::object()).value("checkpoint_sha256", "");
    if (recorded != generator->checkpoint_sha256) wrong("its newest checkpoint is not the one it ended with");
    if (io::has_shards(run_ / "data", "train"))
      compare(generator->train_sha256, split_sha256(run_ / "data", "train"),
              "the generator was trained on other patches than data/train-* hold");
    else
      note("its patches are not in this folder");
  }

  void sample() {
    const ordered_json samples = read_object(run_ / "samples" / "samples.json");
    if (verdict_.state != "done") return;
    compare(summary(), samples, "samples/samples.json is not what the manifest records of it");
    if (const auto generator = find_generator()) {
      compare(samples.value("checkpoint_sha256", ""), generator->checkpoint_sha256,
              "the samples were drawn from another checkpoint than the newest");
      compare(samples.value("autoencoder_sha256", ""), generator->autoencoder_sha256,
              "the samples were decoded by another autoencoder");
      compare(samples.value("train_sha256", ""), generator->train_sha256,
              "the samples name another training set than the checkpoint");
    }
    const io::ShardSet set(run_ / "samples", "synthetic");
    if (set.size() != samples.value("count", std::int64_t{-1})) wrong("the samples are not as many as were recorded");
    if (!set.info().synthetic) wrong("the samples are not marked as synthetic");
  }

  void evaluate() {
    if (verdict_.state != "done") return;
    const ordered_json distances = read_object(run_ / "evaluation" / "distances.json");
    const std::string recorded = distances.value("inputs_sha256", "");
    if (recorded.empty()) return note("it does not name what it compared");
    const auto settings = manifest_["stages"]["evaluate"].value("settings", ordered_json::object());
    const bool more = !settings.value("extra_sets", ordered_json::array()).empty();
    if (more && !config_) return note("it compared further sets outside of this folder: give --config to check them");
    compare(recorded, inputs_sha256(config_ ? config_->evaluate : EvaluateConfig{}, run_),
            "the patches and samples in this folder are not those it compared");
    check_fractions_seen();
  }

  void report() {
    if (verdict_.state != "done") return;
    const ordered_json report = read_object(run_ / "report.json");
    const auto part = [&](const char* key, const fs::path& file) {
      const ordered_json own = read_object(run_ / file);
      if (!own.empty() && report.value(key, ordered_json()) != own)
        wrong(std::string("report.json is of another ") + file.generic_string());
    };
    part("data", "data/prepare.json");
    part("samples", "samples/samples.json");
    for (const char* name : {"distances", "nearest", "downstream"}) {
      const ordered_json own = read_object(run_ / "evaluation" / (std::string(name) + ".json"));
      if (own.contains(name) && report.value(name, ordered_json()) != own[name])
        wrong("report.json is of another evaluation/" + std::string(name) + ".json");
    }
    const auto theirs = report.value("manifest", ordered_json::object()).value("stages", ordered_json::object());
    for (const auto& [stage, record] : manifest_["stages"].items())
      if (stage != "report" && record.value("state", "") == "done" && theirs.contains(stage) &&
          theirs[stage].value("outputs", ordered_json()) != record.value("outputs", ordered_json()))
        wrong("report.json is of another result of " + stage);
  }

 private:
  // That the experiment's networks saw what lies in the fractions' folders.
  void check_fractions_seen() {
    const ordered_json downstream = read_object(run_ / "evaluation" / "downstream.json");
    const ordered_json::json_pointer place("/downstream/fractions");
    if (!downstream.contains(place)) return;
    for (const ordered_json& fraction : downstream.at(place)) {
      const double part = fraction.at("fraction").get<double>();
      if (!(part < 1)) continue;
      const fs::path folder = fraction_folder(run_, part);
      const bool samples = fraction.at("synthetic_patches").get<std::int64_t>() > 0;
      if (!io::has_shards(folder / "data", "train") || (samples && !io::has_shards(folder / "samples", "synthetic"))) {
        note("fraction " + number_name(part) + " is not in this folder");
        continue;
      }
      compare(
          fraction.value("inputs_sha256", ""),
          fraction_sha256(split_sha256(folder / "data", "train"),
                          samples ? split_sha256(folder / "samples", "synthetic") : "", held_out_sha256(run_ / "data")),
          "fraction " + number_name(part) + " is not the one its networks learned from");
    }
  }

  void wrong(const std::string& line) { verdict_.discrepancies.push_back(line); }
  void note(const std::string& line) { verdict_.notes.push_back(line); }
  template <class Value>
  void compare(const Value& a, const Value& b, const std::string& otherwise) {
    if (a != b) wrong(otherwise);
  }

  fs::path checkpoints() const { return run_ / "checkpoints"; }
  ordered_json summary() const {
    return manifest_.at("stages").at(verdict_.stage).value("summary", ordered_json::object());
  }

  // With its autoencoder, whose weights it names.
  std::optional<Generator> find_generator() {
    try {
      return load_generator(checkpoints(), torch::kCPU);
    } catch (const io::DataError& error) {
      wrong(std::string("no generator: ") + error.what());
      return std::nullopt;
    }
  }

  // Nothing, and a note, where the input is not to be read again.
  std::optional<std::string> key_of_inputs() {
    if (verdict_.state != "done") return std::nullopt;
    const auto settings = manifest_["stages"]["prepare"].value("settings", ordered_json::object());
    const bool self_contained = settings.value("input", "?").empty() && settings.value("key_file", "?").empty();
    if (!config_ && !self_contained) {
      note("its input lies outside of this folder: give --config to have it read again");
      return std::nullopt;
    }
    const std::string file = config_ ? config_->prepare.key_file : "";
    if (file.empty() && !fs::exists(run_ / "patient.key")) {  // a new one would tell nothing
      note("the key of its pseudonyms is not here, so its input was not read again");
      return std::nullopt;
    }
    return patient_key(file, run_);
  }

  const fs::path& run_;
  const ordered_json& manifest_;
  const std::optional<Config>& config_;
  StageVerdict& verdict_;
};

}  // namespace

void check_chain(const fs::path& run, const ordered_json& manifest, const std::optional<Config>& config,
                 StageVerdict& verdict) {
  Chain chain(run, manifest, config, verdict);
  try {
    if (verdict.stage == "prepare") chain.prepare();
    if (verdict.stage == "train") chain.train();
    if (verdict.stage == "sample") chain.sample();
    if (verdict.stage == "evaluate") chain.evaluate();
    if (verdict.stage == "report") chain.report();
  } catch (const io::DataError& error) {
    verdict.discrepancies.emplace_back(error.what());
  } catch (const ordered_json::exception&) {
    verdict.discrepancies.emplace_back("a JSON file of this run has not the form that it was written in");
  }
}

}  // namespace ctforge::pipeline
