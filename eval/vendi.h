// The Vendi score: how many different images a set is worth, whatever the real ones are.
#pragma once

#include <torch/types.h>

namespace ctforge::eval {

// exp of the entropy of the eigenvalues of K / n with the cosine kernel K (Friedman and Dieng 2023, arXiv 2210.02410,
// definition 3.1): 1 where all rows point one way, n where no two have anything in common. features [N,D] of any
// floating type; float64, over the smaller of the N x N and the D x D side, whose eigenvalues above zero are the same.
// Throws std::invalid_argument for other shapes and for rows that are all zero.
double vendi_score(const torch::Tensor& features);

}  // namespace ctforge::eval
