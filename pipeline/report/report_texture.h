// The sections of the report on what a distance of features does not show: texture, variety, labels and copies.
#pragma once

#include "pipeline/report/report_page.h"
#include "pipeline/report/report_sections.h"

namespace ctforge::pipeline {

// Radiomics, noise power and diversity; without a body where none of them was measured.
PageSection texture_section(const ReportInputs& inputs);
// How many samples have labels that look like no training patient's, beside the rate of false alarms, and why; without
// a body where that was not judged.
PageSection labels_section(const ReportInputs& inputs);
// What features tell of copies of the training set, beside what they tell of held-out patients; empty where they tell
// nothing.
std::string memorisation_table(const ReportInputs& inputs);

}  // namespace ctforge::pipeline
