// How a configuration struct tells of its fields: once, in its own header.
//
//   struct SampleConfig {
//     std::int64_t count = 256;      // samples to draw
//     std::string sampler = "heun";
//     template <class Visitor> void fields(Visitor& visit) {
//       visit("count", count, "samples to draw", Range{1, 1e9});
//       visit("sampler", sampler, "the solver", OneOf{{"heun", "ddim"}});
//       visit.section("guidance_interval", interval);   // a nested struct with fields() of its own
//     }
//   };
//
// The YAML reader, the writer of the resolved configuration and the help are visitors.
// Field types: bool, std::int64_t, double, std::string, std::vector of the last three, std::array<double, N>.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Inclusive limits of a number, or of each number in a list.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

// The values a text may have (an empty text in the list allows leaving it empty).
struct OneOf {
  std::vector<std::string> values;
};

}  // namespace ctforge::pipeline
