// Products of matrices whose result is symmetric, at a little over half of what a general product costs.
//
// LibTorch has no syrk and no trmm: the upper triangle is taken in strips of general products, and what is known to be
// zero is left out of them.
#pragma once

#include <torch/types.h>

namespace ctforge::eval {

// X^T X of rows [N,D], exactly symmetric: [D,D].
torch::Tensor gram(const torch::Tensor& rows);

// L^T S L of a lower triangular and a symmetric matrix [D,D], exactly symmetric: [D,D].
torch::Tensor congruence(const torch::Tensor& lower, const torch::Tensor& symmetric);

}  // namespace ctforge::eval
