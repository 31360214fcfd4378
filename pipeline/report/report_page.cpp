// HTML of the report.
#include "pipeline/report/report_page.h"

#include "pipeline/report/report_chart.h"

#include <version.h>

namespace ctforge::pipeline {

namespace {

constexpr const char* kStyle = R"(
:root { --ink: #1b2330; --soft: #5b6675; --line: #dfe4ea; --accent: #0072b2; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.5rem 4rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.8rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p.lead { color: var(--soft); margin: 0 0 1rem; max-width: 46rem; } p.missing { color: var(--soft); font-style: italic; }
.banner { border-left: 5px solid #d55e00; background: #fdf3ec; padding: .6rem 1rem; margin: 1rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.facts div { border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.facts b { display: block; font-size: 1.35rem; } .facts span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; margin: .6rem 0 1rem; font-size: .92rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; max-width: 44rem; font: 12px system-ui, sans-serif; } svg text { fill: var(--ink); }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--soft); } svg .bar { fill: #9cc6e0; }
svg .interval { stroke: var(--ink); stroke-width: 2; } svg .reference { stroke: #d55e00; stroke-width: 3; }
.row { display: grid; grid-template-columns: repeat(6, 1fr); gap: 6px; margin: 4px 0; max-width: 62rem; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 10px 18px; margin: 4px 0; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
figure { margin: 0; } figure img { display: block; width: 100%; image-rendering: pixelated; border-radius: 3px; }
figcaption { font-size: .78rem; color: var(--soft); max-width: 13rem; }
.key span { display: inline-block; margin-right: 1rem; font-size: .85rem; }
.key i { display: inline-block; width: .9rem; height: .9rem; margin-right: .35rem; vertical-align: -2px; border: 1px solid #888; }
pre { background: #f5f7f9; padding: .8rem; overflow-x: auto; font-size: .8rem; border-radius: 6px; }
code { word-break: break-all; }
@media print { h2 { break-after: avoid; } figure { break-inside: avoid; } }
)";

}  // namespace

std::string html_page(const std::string& title, const std::string& summary, const std::vector<PageSection>& sections) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'\"><title>" +
      escaped(title) + "</title><style>" + kStyle + "</style></head><body>\n<h1>" + escaped(title) + "</h1>\n" +
      summary;
  for (const PageSection& section : sections)
    html += "<h2>" + escaped(section.title) + "</h2>\n<p class=\"lead\">" + escaped(section.lead) + "</p>\n" +
            section.body + "\n";
  return html + "<p class=\"lead\">ctforge " + kVersion + " (" + kCommit + "), LibTorch " + kLibTorchVersion +
         "</p></body></html>\n";
}

std::string html_table(const std::vector<std::vector<std::string>>& rows) {
  std::string html = "<table>";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::string cell = r == 0 ? "th" : "td";
    html += "<tr>";
    for (const std::string& text : rows[r]) html += "<" + cell + ">" + text + "</" + cell + ">";
    html += "</tr>\n";
  }
  return html + "</table>";
}

std::string html_figure(const std::string& image_uri, const std::string& caption) {
  return "<figure><img alt=\"\" src=\"" + image_uri + "\"><figcaption>" + caption + "</figcaption></figure>";
}

}  // namespace ctforge::pipeline
