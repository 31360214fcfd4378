// The report's page, put together from sections of HTML, and its style.
#pragma once

#include <string>
#include <vector>

namespace ctforge::pipeline {

struct PageSection {
  std::string title;
  std::string lead;  // one sentence that says what the reader sees
  std::string body;  // HTML
};

// A whole document: no scripts, nothing fetched.
std::string html_page(const std::string& title, const std::string& summary, const std::vector<PageSection>& sections);

// Cells are HTML; the first row is the head.
std::string html_table(const std::vector<std::vector<std::string>>& rows);
// A picture with a caption; both are HTML.
std::string html_figure(const std::string& image_uri, const std::string& caption);

}  // namespace ctforge::pipeline
