// Noise power spectra of CT: how the variance of small regions is spread over spatial frequencies.
//
// NPS(u,v) = dx dy / (Nx Ny) <|DFT(region - trend)|^2>, HU^2 mm^2 (J. Siewerdsen et al., Med. Phys. 29:2655, 2002, eq.
// 9; AAPM Task Group 233, 2019, section 3.4), the trend a polynomial of second order fitted to each region. Its
// integral over frequencies is the variance (Parseval).
#pragma once

#include "eval/patch_set.h"

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace ctforge::eval {

// Regions [n,N,N] less their best-fitting a + bx + cy + dx^2 + exy + fy^2, float64.
torch::Tensor detrended(const torch::Tensor& regions);

// Spectrum of each region as it is, [n,N,N] float64 in HU^2 mm^2; frequencies in the order of the discrete Fourier
// transform, 1 / (N dx) apart. Throws std::invalid_argument for another shape or spacing that is not positive.
torch::Tensor noise_power(const torch::Tensor& regions, double dx_mm, double dy_mm);

enum class NoiseOf {
  SoftTissue,  // square regions that hold neither air nor bone (every pixel within -200 to 300 HU), detrended
  Residual,    // square regions everywhere, of the patch less itself smoothed by a Gaussian of 1.5 pixels: fine
               // structure, anatomical edges included, for patches too small or coarse to have a region without them
};

// Radial means of the spectra of each patch's regions.
struct NoiseSpectra {
  std::int64_t region_pixels = 0;        // along an edge
  std::vector<double> frequency_per_mm;  // middle of each ring, from one step up to the Nyquist frequency
  torch::Tensor power;                   // [N,rings] float64: summed over the patch's regions
  torch::Tensor variance_hu2;            // [N] float64: likewise, integrals of the spectra
  torch::Tensor regions;                 // [N] float64: how many there are
};

// Regions of 16 pixels (or of the patch, where that is smaller), half of one apart, of HU clipped to the set's window.
NoiseSpectra noise_spectra(const PatchSet& set, NoiseOf source);

// Mean over the regions of these patches: [rings], HU^2 mm^2. Not a number where they have none.
torch::Tensor pooled_power(const NoiseSpectra& spectra, const Indices& rows);
// Root of the mean variance, HU.
double pooled_deviation_hu(const NoiseSpectra& spectra, const Indices& rows);

// Root mean square over the rings of 10 log10(a / b): the log-spectral distance, dB.
double log_spectral_distance_db(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace ctforge::eval
