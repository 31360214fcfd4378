// Radiomics of the compared sets: of whole patches, and of each organ under its mask.
#pragma once

#include "pipeline/evaluate/evaluate_distances.h"
#include "pipeline/run/context.h"

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// The content of radiomics.json: Fréchet radiomics distances of both versions, of the image's own features (none of the
// filtered images that frd-score's version 1 adds, hence the names). "radiomics": of whole patches, overall and per
// class. "organs": of each label but the background under its mask, its shape included, of the synthetic set, by the
// drawn patches that show the organ, as many of each class on every side. "organs_left_out": those of which fewer than
// evaluate.per_class_least are left so, or which do not vary: {patches}. Throws Interrupted.
nlohmann::ordered_json radiomics_json(const ComparedSets& compared, const EvaluateConfig& config,
                                      const Context& context);

}  // namespace ctforge::pipeline
