// Whose turn it is.
#include "pipeline/run/run_shared.h"

#include "models/train/parallel.h"

namespace ctforge::pipeline {

nlohmann::ordered_json run_shared(const Stage& stage, const Config& config, const Context& context) {
  train::Group* group = context.group;
  if (group == nullptr) return stage.run(config, context);
  nlohmann::ordered_json summary;
  const auto together = [&](bool takes_part, const Context& own) {
    bool interrupted = false;
    try {
      if (takes_part) summary = stage.run(config, own);
    } catch (const Interrupted&) {
      interrupted = true;
    }
    if (group->any(interrupted)) throw Interrupted{stage.name};
  };
  if (stage.sharing == Sharing::Parts) {
    Context own = context;
    own.part = Part{group->rank(), group->size()};
    together(true, own);
  }
  together(context.leads || stage.sharing == Sharing::Steps, context);
  return summary;
}

}  // namespace ctforge::pipeline
