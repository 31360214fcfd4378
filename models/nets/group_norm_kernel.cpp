// Group normalisation on raw CPU memory: cuts the array into tiles, sums over them, and combines.
//
// With m = mean, r = 1/sqrt(var + eps) of a group and xhat = (x + shift - m) r, the normalised and scaled value is
// z = weight r x + (bias + weight r (shift - m)): one multiplication and addition an element with a scale and an offset
// a channel. The gradient likewise (Wu and He 2018; the chain rule through m and r), with dz = dy act'(z), M elements
// a group, A = sum(weight dz), B = sum(weight dz xhat) over the group:
//   dx = r (weight dz - A/M - xhat B/M).
#include "models/nets/group_norm_kernel.h"

#include "models/nets/group_norm_loops.h"
#include "models/nets/group_norm_tiling.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>

namespace ctforge::nets::kernel {

namespace {

// The switches over type and activation stand inside the functions that are compiled for each instruction set, so that
// everything below them is inlined there.
template <template <class, Act> class Loop>
CTFORGE_INLINE void run(const Tile& tile) {
  const bool is_float = tile.element == Element::Float32;
  switch (tile.act) {
    case Act::None:
      return is_float ? Loop<float, Act::None>::run(tile) : Loop<BFloat16, Act::None>::run(tile);
    case Act::Silu:
      return is_float ? Loop<float, Act::Silu>::run(tile) : Loop<BFloat16, Act::Silu>::run(tile);
    case Act::LeakyRelu:
      return is_float ? Loop<float, Act::LeakyRelu>::run(tile) : Loop<BFloat16, Act::LeakyRelu>::run(tile);
  }
}

template <class T, Act A>
struct Moments {
  static CTFORGE_INLINE void run(const Tile& tile) { sum_moments<T>(tile); }
};
template <class T, Act A>
struct Normalise {
  static CTFORGE_INLINE void run(const Tile& tile) { normalise<T, A>(tile); }
};
template <class T, Act A>
struct Sums {
  static CTFORGE_INLINE void run(const Tile& tile) { sum_gradients<T, A>(tile); }
};
template <class T, Act A>
struct Propagate {
  static CTFORGE_INLINE void run(const Tile& tile) { propagate<T, A>(tile); }
};

struct Loops {
  void (*moments)(const Tile&);
  void (*normalise)(const Tile&);
  void (*sums)(const Tile&);
  void (*propagate)(const Tile&);
};

// One set of the four loops, compiled for an instruction set.
// NOLINTBEGIN(bugprone-macro-parentheses): attributes and names cannot stand in parentheses
#define CTFORGE_LOOPS(name, attribute)                                  \
  attribute void name##_moments(const Tile& t) { run<Moments>(t); }     \
  attribute void name##_normalise(const Tile& t) { run<Normalise>(t); } \
  attribute void name##_sums(const Tile& t) { run<Sums>(t); }           \
  attribute void name##_propagate(const Tile& t) { run<Propagate>(t); } \
  constexpr Loops name = {name##_moments, name##_normalise, name##_sums, name##_propagate}
// NOLINTEND(bugprone-macro-parentheses)

CTFORGE_LOOPS(kBaseline, );
#if defined(__x86_64__)
CTFORGE_LOOPS(kAvx2, __attribute__((target("avx2,fma"))));
CTFORGE_LOOPS(kAvx512, __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))));
#endif

const Loops& loops() {
#if defined(__x86_64__)
  static const Loops& best = [&]() -> const Loops& {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
      return kAvx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? kAvx2 : kBaseline;
  }();
  return best;
#else
  return kBaseline;
#endif
}

float first_pixel(const Problem& p, const void* x, std::int64_t sample, std::int64_t channel) {
  const std::int64_t index =
      p.channels_last ? sample * p.channels * p.pixels + channel : (sample * p.channels + channel) * p.pixels;
  if (p.element == Element::Float32) return static_cast<const float*>(x)[index];
  return load(static_cast<const BFloat16*>(x)[index]);
}

// Mean and 1/sqrt(variance + eps) of each group from shifted sums a channel (Chan, Golub and LeVeque 1983, eq. 1.5 for
// combining them): subtracting a sample's own value first avoids the cancellation of sum(x^2) - sum(x)^2 / n.
void combine_moments(const Tiling& tiling, const Inputs& in, const float* centre, const float* sum1, const float* sum2,
                     float* mean, float* rstd) {
  const Problem& p = tiling.p;
  const std::int64_t width = p.channels / p.groups;
  const double pixels = static_cast<double>(p.pixels);
  at::parallel_for(0, p.samples * p.groups, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t group = begin; group < end; ++group) {
      const std::int64_t sample = group / p.groups, first = (group % p.groups) * width;
      double group_mean = 0, squares = 0;
      for (std::int64_t c = first; c < first + width; ++c) {
        double s1 = 0, s2 = 0;
        for (std::int64_t part = 0; part < tiling.chunks; ++part) {
          s1 += sum1[tiling.place(sample, part, c)];
          s2 += sum2[tiling.place(sample, part, c)];
        }
        const std::int64_t at_channel = sample * p.channels + c;
        const double shift = in.shift != nullptr ? in.shift[at_channel] : 0.0;
        const double channel_mean = centre[at_channel] + s1 / pixels + shift;
        const double count = static_cast<double>(c - first);  // channels before this one
        const double step = channel_mean - group_mean;
        squares += (s2 - s1 * s1 / pixels) + step * step * pixels * count / (count + 1);
        group_mean += step / (count + 1);
      }
      const double variance = std::max(squares, 0.0) / (pixels * static_cast<double>(width));
      mean[group] = static_cast<float>(group_mean);
      // max() above drops a NaN, the mean keeps it: the output must show it.
      rstd[group] = std::isnan(squares) ? std::nanf("") : static_cast<float>(1.0 / std::sqrt(variance + p.eps));
    }
  });
}

// What a sample's channel is multiplied with and what is added: z = scale x + offset.
struct Affine {
  std::vector<float> scale, offset;
};

Affine affine(const Problem& p, const Inputs& in, const float* mean, const float* rstd) {
  const std::int64_t width = p.channels / p.groups;
  const auto size = static_cast<std::size_t>(p.samples * p.channels);
  Affine result{std::vector<float>(size), std::vector<float>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t c = static_cast<std::int64_t>(i) % p.channels;
    const std::int64_t group = static_cast<std::int64_t>(i) / p.channels * p.groups + c / width;
    const float shift = in.shift != nullptr ? in.shift[i] : 0.0F;
    result.scale[i] = in.weight[c] * rstd[group];
    result.offset[i] = in.bias[c] + result.scale[i] * (shift - mean[group]);
  }
  return result;
}

// The sums over all pixels of one channel of one sample.
struct ChannelSums {
  double dz = 0, dz_x = 0, x = 0;  // of dz, dz (x - m), x - m
};

ChannelSums channel_sums(const Tiling& tiling, const std::vector<float>& partial, std::int64_t sample, std::int64_t c) {
  const std::int64_t all = tiling.count() * tiling.values();
  ChannelSums sums;
  for (std::int64_t part = 0; part < tiling.chunks; ++part) {
    const std::int64_t place = tiling.place(sample, part, c);
    sums.dz += partial[static_cast<std::size_t>(place)];
    sums.dz_x += partial[static_cast<std::size_t>(all + place)];
    sums.x += partial[static_cast<std::size_t>(2 * all + place)];
  }
  return sums;
}

// Coefficients of the gradient of x a channel: dx = to_slope dz + to_x x + to_offset.
struct Coefficients {
  std::vector<float> to_slope, to_x, to_offset;
};

Coefficients combine_gradients(const Tiling& tiling, const Inputs& in, const float* mean, const float* rstd,
                               const std::vector<float>& partial, const Gradients& out) {
  const Problem& p = tiling.p;
  const std::int64_t width = p.channels / p.groups;
  const double pixels = static_cast<double>(p.pixels), elements = pixels * static_cast<double>(width);
  const auto size = static_cast<std::size_t>(p.samples * p.channels);
  Coefficients k{std::vector<float>(size), std::vector<float>(size), std::vector<float>(size)};
  std::vector<double> grad_weight(static_cast<std::size_t>(p.channels)), grad_bias(grad_weight);
  std::vector<ChannelSums> sums(static_cast<std::size_t>(width));
  for (std::int64_t group = 0; group < p.samples * p.groups; ++group) {
    const std::int64_t sample = group / p.groups, first = (group % p.groups) * width;
    const double r = rstd[group];
    double a = 0, b = 0;  // A / M and r B / M of the file's head
    for (std::int64_t i = 0; i < width; ++i) {
      const auto c = static_cast<std::size_t>(first + i);
      const ChannelSums s = sums[static_cast<std::size_t>(i)] = channel_sums(tiling, partial, sample, first + i);
      grad_bias[c] += s.dz;
      grad_weight[c] += s.dz_x * r;
      a += in.weight[c] * s.dz / elements;
      b += in.weight[c] * s.dz_x * r * r / elements;
    }
    for (std::int64_t i = 0; i < width; ++i) {
      const std::int64_t c = first + i;
      const auto place = static_cast<std::size_t>(sample * p.channels + c);
      const ChannelSums& s = sums[static_cast<std::size_t>(i)];
      const double centre = mean[group] - (in.shift != nullptr ? static_cast<double>(in.shift[place]) : 0.0);
      k.to_slope[place] = static_cast<float>(in.weight[c] * r);
      k.to_x[place] = static_cast<float>(-r * b);
      k.to_offset[place] = static_cast<float>(r * (b * centre - a));
      if (out.shift != nullptr) out.shift[place] = static_cast<float>(r * (in.weight[c] * s.dz - a * pixels - b * s.x));
    }
  }
  std::transform(grad_weight.begin(), grad_weight.end(), out.weight, [](double v) { return static_cast<float>(v); });
  std::transform(grad_bias.begin(), grad_bias.end(), out.bias, [](double v) { return static_cast<float>(v); });
  return k;
}

}  // namespace

void group_norm_forward(const Problem& problem, const Inputs& in, void* y, float* mean, float* rstd) {
  const Tiling tiling(problem);
  const Problem& p = tiling.p;
  std::vector<float> centre(static_cast<std::size_t>(p.samples * p.channels));
  for (std::int64_t i = 0; i < p.samples * p.channels; ++i)
    centre[static_cast<std::size_t>(i)] = first_pixel(p, in.x, i / p.channels, i % p.channels);
  const auto all = static_cast<std::size_t>(tiling.count() * tiling.values());
  std::vector<float> partial(2 * all);
  float* sum1 = partial.data();
  float* sum2 = sum1 + all;
  tiling.for_each([&](Tile& tile, std::int64_t channel, std::int64_t first, std::int64_t sums) {
    tile.act = Act::None;
    tile.x = at(in.x, p.element, first);
    tile.centre = centre.data() + channel;
    tile.sum1 = sum1 + sums;
    tile.sum2 = sum2 + sums;
    loops().moments(tile);
  });
  combine_moments(tiling, in, centre.data(), sum1, sum2, mean, rstd);
  const Affine z = affine(p, in, mean, rstd);
  tiling.for_each([&](Tile& tile, std::int64_t channel, std::int64_t first, std::int64_t) {
    tile.x = at(in.x, p.element, first);
    tile.out = at(y, p.element, first);
    tile.scale = z.scale.data() + channel;
    tile.offset = z.offset.data() + channel;
    loops().normalise(tile);
  });
}

void group_norm_backward(const Problem& problem, const Inputs& in, const float* mean, const float* rstd,
                         const void* grad_y, const Gradients& out) {
  const Tiling tiling(problem);
  const Problem& p = tiling.p;
  const Affine z = affine(p, in, mean, rstd);
  const std::int64_t width = p.channels / p.groups;
  std::vector<float> centre(z.scale.size());
  for (std::size_t i = 0; i < centre.size(); ++i) {
    const std::int64_t sample = static_cast<std::int64_t>(i) / p.channels,
                       c = static_cast<std::int64_t>(i) % p.channels;
    centre[i] = mean[sample * p.groups + c / width] - (in.shift != nullptr ? in.shift[i] : 0.0F);
  }
  const auto all = static_cast<std::size_t>(tiling.count() * tiling.values());
  std::vector<float> partial(3 * all);
  const auto describe = [&](Tile& tile, std::int64_t channel, std::int64_t first) {
    tile.x = at(in.x, p.element, first);
    tile.grad_y = at(grad_y, p.element, first);
    tile.scale = z.scale.data() + channel;
    tile.offset = z.offset.data() + channel;
  };
  tiling.for_each([&](Tile& tile, std::int64_t channel, std::int64_t first, std::int64_t sums) {
    describe(tile, channel, first);
    tile.centre = centre.data() + channel;
    tile.sum1 = partial.data() + sums;
    tile.sum2 = tile.sum1 + all;
    tile.sum3 = tile.sum2 + all;
    loops().sums(tile);
  });
  const Coefficients k = combine_gradients(tiling, in, mean, rstd, partial, out);
  tiling.for_each([&](Tile& tile, std::int64_t channel, std::int64_t first, std::int64_t) {
    describe(tile, channel, first);
    tile.out = at(out.x, p.element, first);
    tile.to_slope = k.to_slope.data() + channel;
    tile.to_x = k.to_x.data() + channel;
    tile.to_offset = k.to_offset.data() + channel;
    loops().propagate(tile);
  });
}

}  // namespace ctforge::nets::kernel
