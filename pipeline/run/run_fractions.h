// Making the experiment's fractions where a run's own process does.
#pragma once

#include "pipeline/run/run.h"

#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Does prepare, train and sample, or some of them, of one fraction in its folder, resuming where it stopped; with
// several processes, together. Throws as run_stages does.
void run_fraction(const Config& config, const std::vector<std::string>& stages, const std::filesystem::path& out,
                  double fraction, const Together& together = {});

// All fractions that evaluate needs, one after the other, unless it is done. All processes of a group must call.
// Nothing where there will be no experiment. Throws what evaluate would end with for what lies in OUT.
void make_fractions(const Config& config, const std::filesystem::path& out, const Together& together = {});

}  // namespace ctforge::pipeline
