// manifest.json: what a run was, and which of its stages are done. Written atomically after each stage: a stage without
// an entry has no result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// What one finished stage used and left.
struct StageRecord {
  std::string fingerprint;             // hash of its configuration and of everything it builds on
  std::string builds_on;               // that of the stage before, or the seed
  std::string settings_sha256;         // of its section of the configuration
  nlohmann::ordered_json settings;     // that section, without paths of the data
  double seconds = 0;                  // wall time, summed over interrupted attempts
  std::int64_t peak_memory_bytes = 0;  // of this process while the stage ran
  nlohmann::ordered_json summary;      // the stage's own figures
  std::vector<std::string> outputs;    // files it left, relative to the run's folder
};

class Manifest {
 public:
  // Reads DIR/manifest.json when there is one. Throws io::DataError when it is damaged.
  explicit Manifest(std::filesystem::path folder);

  // True when the stage was finished with this fingerprint and all its outputs still have the recorded size.
  bool done(const std::string& stage, const std::string& fingerprint) const;
  // True when the stage was begun or finished with another fingerprint.
  bool begun_differently(const std::string& stage, const std::string& fingerprint) const;
  // Seconds spent by earlier, unfinished attempts at this stage with this fingerprint, as far as they were recorded.
  double seconds_before(const std::string& stage, const std::string& fingerprint) const;

  // Who worked on an unfinished stage of this fingerprint, as begin() was told; an empty list: nobody.
  nlohmann::ordered_json makers(const std::string& stage, const std::string& fingerprint) const;

  // Sets what holds for the run: the resolved configuration, the seed, and what it is made by (determinism.h).
  void describe_run(const nlohmann::ordered_json& configuration, std::int64_t seed,
                    const nlohmann::ordered_json& maker);
  // Records that a stage is being worked on, by the maker that describe_run was told and those others, so that nothing
  // stale is taken for its result; writes the file.
  void begin(const std::string& stage, const std::string& fingerprint,
             const nlohmann::ordered_json& others = nlohmann::ordered_json::array());
  // Hashes the outputs, records the stage as done and writes the file.
  void finish(const std::string& stage, const StageRecord& record);
  // Records an interrupted attempt's time and writes the file.
  void interrupt(const std::string& stage, const std::string& fingerprint, double seconds);
  // Forgets a stage, whose result no longer counts; writes the file. False where there was none.
  bool forget(const std::string& stage);

  // Takes over what another run's manifest says of a finished stage whose outputs now lie here too.
  void adopt(const std::string& stage, const Manifest& other);

  const nlohmann::ordered_json& json() const { return json_; }

 private:
  nlohmann::ordered_json unfinished(const std::string& stage, const std::string& fingerprint) const;
  void write() const;
  std::filesystem::path folder_;
  nlohmann::ordered_json json_;
  nlohmann::ordered_json maker_;  // of this process; null: not told
};

// Files below DIR/relative (or that file itself), relative to DIR, sorted; temporary files are left out.
std::vector<std::string> files_below(const std::filesystem::path& folder, const std::string& relative);

}  // namespace ctforge::pipeline
