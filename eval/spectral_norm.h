// The largest magnitude among the eigenvalues of a small symmetric matrix.
#pragma once

#include <cstddef>
#include <vector>

namespace ctforge::eval {

// Of a symmetric matrix [size,size], of which only the lower triangle is read. Householder's reduction to tridiagonal
// form and bisection by Sturm sequences (G. Golub and C. Van Loan, Matrix Computations, 4th ed., algorithm 8.3.1 and
// section 8.4.1), accurate to rounding: without a library whose own threads would fight with those of the caller.
// Throws std::invalid_argument when the sizes differ or size is 0.
double spectral_norm(std::vector<double> matrix, std::size_t size);

}  // namespace ctforge::eval
