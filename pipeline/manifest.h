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
  // True when the stage was finished with another fingerprint.
  bool done_differently(const std::string& stage, const std::string& fingerprint) const;
  // Seconds spent by earlier, interrupted attempts at this stage with this fingerprint.
  double seconds_before(const std::string& stage, const std::string& fingerprint) const;

  // Sets what holds for the run: the resolved configuration, seed, device, threads of each of the processes.
  void describe_run(const nlohmann::ordered_json& configuration, std::int64_t seed, const std::string& device,
                    int threads, int processes = 1);
  // Hashes the outputs, records the stage as done and writes the file.
  void finish(const std::string& stage, const StageRecord& record);
  // Records an interrupted attempt's time and writes the file.
  void interrupt(const std::string& stage, const std::string& fingerprint, double seconds);
  // Forgets a stage, so that nothing stale is taken for a result while it runs again; writes the file.
  bool forget(const std::string& stage);

  // Takes over what another run's manifest says of a finished stage whose outputs now lie here too.
  void adopt(const std::string& stage, const Manifest& other);

  const nlohmann::ordered_json& json() const { return json_; }

 private:
  void write() const;
  std::filesystem::path folder_;
  nlohmann::ordered_json json_;
};

// Files below DIR/relative (or that file itself), relative to DIR, sorted; temporary files are left out.
std::vector<std::string> files_below(const std::filesystem::path& folder, const std::string& relative);

}  // namespace ctforge::pipeline
