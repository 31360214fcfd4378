// The segmentation experiment from its inputs to its files.
#include "pipeline/evaluate/evaluate_downstream.h"

#include "pipeline/evaluate/downstream_cells.h"
#include "pipeline/evaluate/downstream_inputs.h"
#include "pipeline/evaluate/downstream_json.h"
#include "pipeline/evaluate/downstream_scores.h"
#include "pipeline/evaluate/downstream_table.h"

namespace ctforge::pipeline {

DownstreamReport run_downstream(const EvaluationInputs& inputs, const DownstreamConfig& config, const CellStore& cells,
                                const Context& context) {
  require_choice(config, inputs.validation);
  const DownstreamInputs sides = load_downstream(inputs, config, cells, context.out);
  const std::vector<nlohmann::ordered_json> trained = train_cells(sides, config, cells, context);
  if (context.part) return {};
  const DownstreamResult result = score_downstream(sides, config, trained, context.seed);
  return {{{"schema", 1}, {"downstream", downstream_result_json(result, sides, config)}},
          downstream_csv(result, inputs.test.labels)};
}

}  // namespace ctforge::pipeline
