// Escaping, numbers and the file.
#include "pipeline/observe/prometheus.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <system_error>
#include <utility>

namespace ctforge::pipeline {

namespace {

std::string escaped_label(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::string sample_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

}  // namespace

void PrometheusText::family(const std::string& name, const std::string& type, const std::string& help) {
  name_ = name;
  head_ = "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void PrometheusText::sample(double value, const PrometheusLabels& labels) {
  text_ += std::exchange(head_, {}) + name_;
  PrometheusLabels all = labels_;
  all.insert(all.end(), labels.begin(), labels.end());
  std::string list;
  for (const auto& [name, value_of] : all)
    list += (list.empty() ? "" : ",") + name + "=\"" + escaped_label(value_of) + "\"";
  if (!list.empty()) text_ += "{" + list + "}";
  text_ += " " + sample_value(value) + "\n";
}

void write_prometheus(const std::filesystem::path& path, const std::string& text) {
  // Not io::write_atomically: its temporary files keep the ending, and what lasts until the next text need not be
  // forced to the disk.
  const std::filesystem::path part = path.string() + ".part";
  errno = 0;
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(), "cannot write");
  std::filesystem::rename(part, path);
}

}  // namespace ctforge::pipeline
