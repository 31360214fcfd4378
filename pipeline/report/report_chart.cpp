// SVG drawn by hand: axes with round numbers, lines, bars with intervals.
#include "pipeline/report/report_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace ctforge::pipeline {

namespace {

constexpr double kWidth = 640, kHeight = 260, kLeft = 70, kRight = 16, kTop = 14, kBottom = 42;
constexpr double kBeside = 3;  // intervals of one curve from those of the next
constexpr std::array<const char*, 6> kStrokes = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

std::string coordinate(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

// Round numbers that divide [low, high] into about four parts.
std::vector<double> ticks(double low, double high) {
  const double rough = (high - low) / 4;
  if (!(rough > 0) || !std::isfinite(rough)) return {low};
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  const double step = power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
  std::vector<double> values;
  for (double value = std::ceil(low / step) * step; value <= high + step * 1e-9; value += step)
    values.push_back(std::abs(value) < step * 1e-9 ? 0 : value);
  return values;
}

// Logarithms of 1, 2 and 5 times the powers of ten in between; of plain round numbers where those are too few.
std::vector<double> log_ticks(double low, double high) {
  std::vector<double> values;
  for (double power = std::floor(low); power <= high; ++power)
    for (const double lead : {1.0, 2.0, 5.0})
      if (const double value = power + std::log10(lead); value >= low && value <= high) values.push_back(value);
  if (values.size() >= 2) return values;
  values.clear();
  for (const double value : ticks(std::pow(10, low), std::pow(10, high))) values.push_back(std::log10(value));
  return values;
}

std::string text_at(double x, double y, const std::string& text, const std::string& anchor) {
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor + "\">" +
         escaped(text) + "</text>";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return "<line x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) + "\" y2=\"" +
         coordinate(y2) + "\" class=\"" + style + "\"/>";
}

struct Range2 {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

struct Frame {
  Range2 x, y;
  double to_x(double value) const {
    return kLeft + (value - x.low) / std::max(x.high - x.low, 1e-12) * (kWidth - kLeft - kRight);
  }
  double to_y(double value) const {
    return kHeight - kBottom - (value - y.low) / std::max(y.high - y.low, 1e-12) * (kHeight - kTop - kBottom);
  }
};

std::string axes(const Frame& frame, const std::string& x_label, const std::string& y_label, bool log_y) {
  std::string svg;
  for (const double value : log_y ? log_ticks(frame.y.low, frame.y.high) : ticks(frame.y.low, frame.y.high)) {
    svg += line(kLeft, frame.to_y(value), kWidth - kRight, frame.to_y(value), "grid");
    svg += text_at(kLeft - 6, frame.to_y(value) + 4, readable_number(log_y ? std::pow(10, value) : value), "end");
  }
  for (const double value : ticks(frame.x.low, frame.x.high))
    svg += text_at(frame.to_x(value), kHeight - kBottom + 16, readable_number(value), "middle");
  svg += line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, "axis");
  svg += text_at((kLeft + kWidth) / 2, kHeight - 6, x_label, "middle");
  svg += "<text x=\"0\" y=\"0\" text-anchor=\"middle\" transform=\"translate(14," +
         coordinate((kHeight - kBottom) / 2) + ") rotate(-90)\">" + escaped(y_label) + "</text>";
  return svg;
}

std::string path_of(const Curve& curve, const Frame& frame, bool log_y) {
  std::string path;
  bool pen_down = false;
  for (const auto& [x, y] : curve.points) {
    const double value = log_y ? std::log10(y) : y;
    if (!std::isfinite(value)) {
      pen_down = false;
      continue;
    }
    path += (pen_down ? "L" : "M") + coordinate(frame.to_x(x)) + " " + coordinate(frame.to_y(value));
    pen_down = true;
  }
  return path;
}

// A dot and its interval for each point of a curve that has them.
std::string dots_of(const Curve& curve, const Frame& frame, double aside, const std::string& stroke) {
  std::string svg;
  for (std::size_t i = 0; i < curve.intervals.size(); ++i) {
    const auto& [x, y] = curve.points.at(i);
    if (!std::isfinite(y)) continue;
    const std::string centre = coordinate(frame.to_x(x) + aside);
    const auto& [low, high] = curve.intervals[i];
    svg += "<circle cx=\"" + centre + "\" cy=\"" + coordinate(frame.to_y(y)) + "\" r=\"3\" fill=\"" + stroke + "\"/>";
    if (std::isfinite(low) && std::isfinite(high))
      svg += "<line x1=\"" + centre + "\" y1=\"" + coordinate(frame.to_y(low)) + "\" x2=\"" + centre + "\" y2=\"" +
             coordinate(frame.to_y(high)) + "\" stroke=\"" + stroke + "\"/>";
  }
  return svg;
}

std::string opened(double height) {
  return "<svg viewBox=\"0 0 " + coordinate(kWidth) + " " + coordinate(height) + "\" role=\"img\">";
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string readable_number(double value) {
  if (!std::isfinite(value)) return "n/a";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string three_decimals(double value, bool with_sign) {
  if (!std::isfinite(value)) return "n/a";
  char text[32];
  std::snprintf(text, sizeof text, with_sign ? "%+.3f" : "%.3f", value);
  return text;
}

std::string line_chart(const std::vector<Curve>& curves, const std::string& x_label, const std::string& y_label,
                       bool log_y) {
  Frame frame;
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : curve.points) {
      if (log_y && !(y > 0)) continue;
      frame.x.take(x);
      frame.y.take(log_y ? std::log10(y) : y);
    }
    for (const auto& [low, high] : curve.intervals) {
      frame.y.take(low);
      frame.y.take(high);
    }
  }
  if (frame.y.empty()) return "<p class=\"missing\">nothing was measured</p>";
  if (frame.y.high - frame.y.low < 1e-9) frame.y.high = frame.y.low + 1;
  std::string svg = opened(kHeight) + axes(frame, x_label, y_label, log_y);
  double legend_x = kLeft + 8;
  std::vector<std::string> names;
  for (const Curve& curve : curves) {
    const auto known = std::find(names.begin(), names.end(), curve.name);
    const auto colour = static_cast<std::size_t>(known - names.begin()) % kStrokes.size();
    const std::string stroke = kStrokes[colour];
    svg += "<path d=\"" + path_of(curve, frame, log_y) + "\" fill=\"none\" stroke=\"" + stroke +
           "\" stroke-width=\"1.6\"/>";
    svg += dots_of(curve, frame, kBeside * static_cast<double>(known - names.begin()), stroke);
    if (known != names.end()) continue;
    names.push_back(curve.name);
    svg += "<text x=\"" + coordinate(legend_x) + "\" y=\"" + coordinate(kTop + 4) + "\" style=\"fill:" + stroke +
           "\">" + escaped(curve.name) + "</text>";
    legend_x += 12 + 7.0 * static_cast<double>(curve.name.size());
  }
  return svg + "</svg>";
}

std::string bar_chart(const std::vector<Bar>& bars, const std::string& value_label) {
  constexpr double row = 26, name_width = 190;
  Range2 range;
  range.take(0);
  for (const Bar& bar : bars) {
    range.take(bar.value);
    range.take(bar.reference);
    if (bar.low <= bar.high) {
      range.take(bar.low);
      range.take(bar.high);
    }
  }
  if (bars.empty() || range.high - range.low <= 0) return "<p class=\"missing\">nothing was measured</p>";
  const double height = row * static_cast<double>(bars.size()) + kBottom + kTop;
  const auto to_x = [&](double value) {
    return name_width + (value - range.low) / (range.high - range.low) * (kWidth - name_width - 90);
  };
  std::string svg = opened(height);
  for (const double value : ticks(range.low, range.high)) {
    svg += line(to_x(value), kTop, to_x(value), height - kBottom, "grid");
    svg += text_at(to_x(value), height - kBottom + 16, readable_number(value), "middle");
  }
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double y = kTop + row * static_cast<double>(i);
    svg += text_at(name_width - 8, y + 17, bar.name, "end");
    if (!std::isfinite(bar.value)) continue;
    const double from = std::min(to_x(0), to_x(bar.value)), to = std::max(to_x(0), to_x(bar.value));
    svg += "<rect x=\"" + coordinate(from) + "\" y=\"" + coordinate(y + 5) + "\" width=\"" + coordinate(to - from) +
           "\" height=\"16\" class=\"bar\"/>";
    double label_x = to;
    if (bar.low <= bar.high) {
      svg += line(to_x(bar.low), y + 13, to_x(bar.high), y + 13, "interval");
      label_x = std::max(label_x, to_x(bar.high));
    }
    if (std::isfinite(bar.reference)) {
      svg += line(to_x(bar.reference), y + 2, to_x(bar.reference), y + 24, "reference");
      label_x = std::max(label_x, to_x(bar.reference));
    }
    svg += text_at(label_x + 6, y + 17, readable_number(bar.value), "start");
  }
  return svg + text_at((name_width + kWidth) / 2, height - 6, value_label, "middle") + "</svg>";
}

}  // namespace ctforge::pipeline
