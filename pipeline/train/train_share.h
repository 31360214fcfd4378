// This process's share of a training batch.
#pragma once

#include "models/nets/batch_share.h"

#include <cstdint>

namespace ctforge::train {
class Group;
}

namespace ctforge::pipeline {

// Equal shares, in the order of the ranks; all of it without a group. Throws std::invalid_argument where the processes
// do not divide the batch.
nets::BatchShare share_of(const train::Group* group, std::int64_t batch);

}  // namespace ctforge::pipeline
