// The report of a run that is under way, or was stopped: how far it is, above everything else.
#pragma once

#include "pipeline/report/report_sections.h"

#include <string>

namespace ctforge::pipeline {

// From progress.json; empty where the last stage was finished and nobody is at work.
std::string state_block(const ReportInputs& inputs);
// What stands where something is missing: `otherwise`, or that it is still to come.
std::string missing_note(const ReportInputs& inputs, const std::string& otherwise);

}  // namespace ctforge::pipeline
