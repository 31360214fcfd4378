// The sweep command: the same run under every combination of some settings, and what came of each.
#pragma once

#include "pipeline/config/fields.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Section `sweep`.
struct SweepConfig {
  std::vector<std::string> grid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("grid", grid,
          "settings and their values, each \"section.key=value|value|...\", or \"key,key=value,value|...\" for those "
          "that "
          "vary together: every combination is run; seeds are averaged over");
  }
};

// Of combinations; throws ConfigError with what is wrong with any of them.
std::size_t check_sweep(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& assignments);

// The configuration of every cell is read and checked before the first is run. Writes under out:
//
//   cells/NAME/   a run's folder for each combination; stages, and autoencoders, that cells have in common are
//                 made once and linked
//   sweep.json    settings and figures of every cell
//   sweep.csv     the same as a table
//   sweep.html    table and chart, with the mean and range over seeds
//
// A cell that fails costs only itself: it is told of, and the others go on. Run again, finished cells are kept. Returns
// the number of cells that failed. Throws ConfigError with what is wrong with any cell's configuration, Interrupted
// when asked to stop.
std::int64_t run_sweep(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& assignments,
                       const std::filesystem::path& out);

}  // namespace ctforge::pipeline
