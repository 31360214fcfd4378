// Shares of a batch.
#include "pipeline/train/train_share.h"

#include "models/train/parallel.h"

#include <stdexcept>

namespace ctforge::pipeline {

nets::BatchShare share_of(const train::Group* group, std::int64_t batch) {
  if (group == nullptr) return nets::all_of(batch);
  if (batch % group->size() != 0) throw std::invalid_argument("the processes do not divide the batch");
  const std::int64_t count = batch / group->size();
  return {group->rank() * count, count, batch};
}

}  // namespace ctforge::pipeline
