// Work in pieces, each computed by one thread alone.
#pragma once

#include <cstdint>
#include <functional>

namespace ctforge::pipeline {

// Calls work(0) ... work(count - 1), as many at once as this thread may use (torch::get_num_threads()), each on a
// thread on which LibTorch, oneDNN and BLAS compute without further ones: what comes of a piece does not depend on
// their number, as sums over several threads do. Gradients are off. Throws the first exception after all threads have
// ended.
void each_on_one_thread(std::int64_t count, const std::function<void(std::int64_t)>& work);

}  // namespace ctforge::pipeline
