// One scan filed twice: under two patients it would stand on both sides of the split.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ctforge::pipeline {

struct Scan {
  std::string sha256;  // equal for copies of one scan; empty for one that could not be read
  bool labelled = false;
};

class ScanRegister {
 public:
  enum class Verdict {
    Fresh,       // not met before
    Copy,        // of another scan of the same patient, which is taken
    SamePerson,  // the patient has a scan of another patient's: one person under two names
  };
  // Judges all scans of a patient at once and remembers them. Of copies within the patient one with labels is fresh.
  std::vector<Verdict> judge(const std::string& patient, const std::vector<Scan>& scans);

 private:
  std::map<std::string, std::string> person_;  // digest -> the patient whom the scan was met with first
};

}  // namespace ctforge::pipeline
