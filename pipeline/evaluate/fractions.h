// The experiment's fractions of the training patients. Each is a run of its own in OUT/fractions/0.2 (prepare, train
// and sample of the same configuration with prepare.split.train_fraction), so that its generator sees that fraction
// alone.
//
// It has the whole run's key of pseudonyms and phantom cohort, as links into OUT, so that a run's folder may be moved.
#pragma once

#include "pipeline/config/config.h"

#include <filesystem>
#include <string>
#include <vector>

namespace ctforge::pipeline {

// Those below 1 that the experiment needs, ascending; none where it is switched off.
std::vector<double> fractions_to_make(const Config& config);
std::filesystem::path fraction_folder(const std::filesystem::path& out, double fraction);
// The stages that an experiment of these arms needs of each fraction: without synthetic patches, prepare alone.
std::vector<std::string> fraction_stages(const std::vector<std::string>& arms);
// What the fraction is made with. Samples are shards alone: nobody else takes them.
Config fraction_config(const Config& config, double fraction);

// Throws ConfigError with all that is wrong with the experiment beyond its own section: weights and pairs from
// elsewhere, through which a fraction's generator would learn from patients beyond it, and several candidates where
// there are no validation patients to choose among them.
void check_fractions(const Config& config);
// Of --fraction. Throws ConfigError for what is none of fractions_to_make.
double parsed_fraction(const Config& config, const std::string& text);

// Makes the fraction's folder with its links. Throws io::DataError where OUT is not prepared: the fraction would have
// other pseudonyms and another cohort.
void link_fraction(const Config& config, const std::filesystem::path& out, double fraction);

// Whether everything of the fraction is done with these settings.
bool is_made(const Config& config, const std::filesystem::path& out, double fraction);
// Whether the data in OUT have labels: without them there will be no experiment.
bool has_labels(const std::filesystem::path& out);
// For work that cannot make them: throws io::DataError, naming the command that does, where one that will be needed is
// not made.
void require_fractions(const Config& config, const std::filesystem::path& out);

}  // namespace ctforge::pipeline
