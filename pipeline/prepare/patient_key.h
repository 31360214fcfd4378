// The secret that keys the pseudonyms of patients and series.
#pragma once

#include <filesystem>
#include <string>

namespace ctforge::pipeline {

// The bytes of `file`; when that is empty, of OUT/patient.key, which is made of 32 random bytes, readable by its owner
// alone, if it is not there. Throws ConfigError for a key that cannot be read or has fewer than 16 bytes, and for a
// `file` that users outside its owner and group can read or change; std::system_error when one cannot be made.
std::string patient_key(const std::filesystem::path& file, const std::filesystem::path& out);

}  // namespace ctforge::pipeline
