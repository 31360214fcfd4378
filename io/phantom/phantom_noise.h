// Noise of filtered back-projection: its spectrum, and its level from the body's attenuation.
#pragma once

#include <cstdint>
#include <vector>

namespace ctforge::io::phantom {

// Noise power at radial frequency f (cycles a pixel), up to a factor: the ramp, times the squared apodisation (Hann to
// the Nyquist frequency), times the squared transfer function of a Gaussian point spread function. S. J. Riederer, N.
// J. Pelc and D. A. Chesler, Phys. Med. Biol. 1978;23:446, eq. 20; M. F. Kijewski and P. F. Judy, Phys. Med. Biol.
// 1987;32:565.
double noise_power(double frequency);

// One slice of unit-variance noise with that spectrum, [size,size]. Neighbouring slices are slightly correlated.
std::vector<float> noise_slice(std::int64_t size, std::int64_t slice, std::uint64_t seed);

// Standard deviation of the noise at every pixel of a slice [size,size] HU: the variance of filtered back-projection is
// the mean over angles of exp(line integral) (A. C. Kak and M. Slaney, Principles of Computerized Tomographic Imaging,
// 1988, eq. 5.47). noise_hu holds at the centre of 300 mm of water; the tube current follows the patient's size as
// automatic exposure control makes it, which takes out most of the difference between patients but not that within a
// slice.
std::vector<float> noise_level(const std::vector<float>& hu, std::int64_t size, double pixel_mm, double noise_hu);

}  // namespace ctforge::io::phantom
