// The text format that Prometheus scrapes and node_exporter's textfile collector reads.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ctforge::pipeline {

using PrometheusLabels = std::vector<std::pair<std::string, std::string>>;

// Builds an exposition: families in the order in which they are begun, samples below theirs.
class PrometheusText {
 public:
  // labels: of every sample.
  explicit PrometheusText(PrometheusLabels labels) : labels_(std::move(labels)) {}
  // type: "gauge" or "counter". A family without samples is left out.
  void family(const std::string& name, const std::string& type, const std::string& help);
  void sample(double value, const PrometheusLabels& labels = {});
  const std::string& text() const { return text_; }

 private:
  PrometheusLabels labels_;
  std::string name_, head_, text_;
};

// Replaces the file at once: a reader finds the text before or this one. The file on its way does not end in .prom,
// which node_exporter leaves alone. Throws std::system_error.
void write_prometheus(const std::filesystem::path& path, const std::string& text);

}  // namespace ctforge::pipeline
