// JSON that another stage, or another run of the program, left.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The object in the file; an empty one where there is no file, or something else in it.
nlohmann::ordered_json read_object(const std::filesystem::path& file);

}  // namespace ctforge::pipeline
