// Charts for the report, as SVG: they need no script and no network.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x, y; y that are not finite leave a gap
  // Low and high of each point, or none at all: points then are marked, and stand a little beside those of other
  // curves.
  std::vector<std::pair<double, double>> intervals = {};
};

// Lines over x with both axes labelled; log_y for losses (values not above 0 are left out). Curves of one name have one
// colour and stand once in the legend.
std::string line_chart(const std::vector<Curve>& curves, const std::string& x_label, const std::string& y_label,
                       bool log_y);

// One value with its interval; low > high: none.
struct Bar {
  std::string name;
  double value, low, high;
  double reference;  // drawn as a tick, such as the floor of a distance; not finite: none
};
// Horizontal bars from 0, to either side.
std::string bar_chart(const std::vector<Bar>& bars, const std::string& value_label);

// Text made safe for HTML.
std::string escaped(const std::string& text);
// At most four significant digits; "n/a" for what is no number.
std::string readable_number(double value);
// Three decimals, as Dice is reported; with its sign where it is a difference.
std::string three_decimals(double value, bool with_sign = false);

}  // namespace ctforge::pipeline
