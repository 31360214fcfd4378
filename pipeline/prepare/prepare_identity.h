// By what an attempt at preparing knows that the one before would have written the same bytes.
#pragma once

#include "pipeline/prepare/prepare_patients.h"

#include <string>

namespace ctforge::pipeline {

// The program and what of its settings the bytes of the shards depend on.
std::string settings_text(const PrepareConfig& config);

// A keyed hash of all that the bytes of the shards depend on but the contents of the files: program, settings, plan,
// and names, sizes and times of the files, by the listing or, without one, by themselves.
std::string identity_of(const PrepareWork& work, const io::Inventory& inventory);

}  // namespace ctforge::pipeline
