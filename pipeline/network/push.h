// The push command: sends DICOM files to an archive and proves what arrived.
#pragma once

#include "pipeline/network/network_options.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace ctforge::pipeline {

// Section `push`.
struct PushConfig : NetworkConfig {
  bool verify = false;
  bool allow_real = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    NetworkConfig::fields(visit);
    visit("verify", verify, "ask the archive afterwards which of the objects it has");
    visit("allow_real", allow_real,
          "let objects leave that do not say that they are synthetic (SyntheticData (0008,001C) YES)");
  }
};

struct PushResult {
  std::int64_t objects = 0;  // to be pushed
  std::int64_t before = 0;   // of them, arrived in an earlier push
  std::int64_t arrived = 0;  // in this one, those that the archive had already among them
  std::int64_t found = -1;   // the archive says it has, where asked (verify)
  double seconds = 0;        // of sending
  std::int64_t lacking() const { return objects - (found >= 0 ? found : before + arrived); }
};

// Sends the DICOM files (PS3.10) of a folder, or one file, to `archive`; symbolic links are not followed, other files
// and DICOMDIRs are left. The ledger in context.out says what arrived: a rerun sends the rest. Nothing is sent when one
// object is not synthetic and may not leave. Throws ConfigError, io::DataError (NothingUsable without DICOM files,
// NotSynthetic, MalformedDicom), io::NetworkError when the tries are used up, Interrupted.
PushResult run_push(const PushConfig& config, const std::string& archive, const std::filesystem::path& from,
                    const Context& context);

}  // namespace ctforge::pipeline
