// What came of the cells of a sweep, as a table, a chart and JSON.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

struct SweepRow {
  std::vector<std::pair<std::string, std::string>> settings;  // key, value
  nlohmann::ordered_json figures = nlohmann::ordered_json::object();
  std::string failure;   // empty: none
  std::string pictures;  // HTML; empty: none
};

// Of a finished run: "<features>.frechet" with ".low", ".high" and ".floor", "train_s", "sample_s_per_1000",
// "validation_loss", "bits_per_dimension", "straightness" and "dice", "dice_difference" (with .low, .high), each where
// the run has it.
nlohmann::ordered_json figures_in(const std::filesystem::path& run);

// cells: how many there will be when all are done.
nlohmann::ordered_json sweep_json(const std::vector<SweepRow>& rows, std::size_t cells);
// One line a cell; texts with a comma, quote or line break in quotes (RFC 4180). Paths do not show.
std::string sweep_csv(const std::vector<SweepRow>& rows);
// A whole document. Cells that differ in a seed alone are one line, with mean and range.
std::string sweep_page(const std::vector<SweepRow>& rows, std::size_t cells);

}  // namespace ctforge::pipeline
