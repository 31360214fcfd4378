// Analog bits, the identity codec and the codec around an autoencoder.
#include "models/diffusion/codec.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace ctforge::diffusion {

namespace {

// [labels, bits] of -1 and +1.
torch::Tensor bit_table(std::int64_t labels, const torch::TensorOptions& options) {
  const std::int64_t bits = bit_count(labels);
  auto table = torch::empty({labels, bits}, torch::kFloat32);
  auto value = table.accessor<float, 2>();
  for (std::int64_t label = 0; label < labels; ++label) {
    for (std::int64_t bit = 0; bit < bits; ++bit) value[label][bit] = ((label >> bit) & 1) != 0 ? 1.0F : -1.0F;
  }
  return table.to(options);
}

void check_shape(const torch::Tensor& x, const std::vector<std::int64_t>& shape) {
  if (x.dim() != 4 || x.sizes().slice(1) != at::IntArrayRef(shape)) {
    throw std::invalid_argument("a tensor of another shape than the codec's");
  }
}

}  // namespace

std::int64_t bit_count(std::int64_t labels) {
  if (labels < 1 || labels > 256) throw std::invalid_argument("labels must number 1 to 256");
  std::int64_t bits = 0;
  while ((std::int64_t{1} << bits) < labels) ++bits;
  return bits;
}

torch::Tensor to_analog_bits(const torch::Tensor& mask, std::int64_t labels, double scale) {
  const auto options = torch::TensorOptions().dtype(torch::kFloat32).device(mask.device());
  const auto index = mask.to(torch::kInt64);
  if (mask.numel() > 0 && (index.min().item<std::int64_t>() < 0 || index.max().item<std::int64_t>() >= labels)) {
    throw std::invalid_argument("a mask value is no label: " + std::to_string(labels) + " labels");
  }
  const auto codes = bit_table(labels, options) * scale;
  // [N,H,W] -> [N,H,W,bits] -> [N,bits,H,W]
  return codes.index_select(0, index.flatten())
      .view({mask.size(0), mask.size(1), mask.size(2), codes.size(1)})
      .permute({0, 3, 1, 2})
      .contiguous();
}

torch::Tensor from_analog_bits(const torch::Tensor& bits, std::int64_t labels) {
  if (bits.dim() != 4 || bits.size(1) != bit_count(labels)) throw std::invalid_argument("not the labels' bits");
  if (labels == 1) return torch::zeros({bits.size(0), bits.size(2), bits.size(3)}, bits.options().dtype(torch::kUInt8));
  // All codes have the same length, so the nearest is that of the greatest inner product.
  const auto codes = bit_table(labels, bits.options().dtype(torch::kFloat32));
  const auto score = torch::matmul(bits.to(torch::kFloat32).permute({0, 2, 3, 1}), codes.t());  // [N,H,W,labels]
  return score.argmax(-1).to(torch::kUInt8);
}

Codec identity_codec(std::int64_t height, std::int64_t width, std::int64_t labels, double bit_scale) {
  if (!(bit_scale > 0)) throw std::invalid_argument("the scale of analog bits must be positive");
  Codec codec;
  codec.shape = {1 + bit_count(labels), height, width};
  codec.encode = [labels, bit_scale, shape = codec.shape](const torch::Tensor& image, const torch::Tensor& mask) {
    const auto x0 = torch::cat({image.to(torch::kFloat32), to_analog_bits(mask, labels, bit_scale)}, 1);
    check_shape(x0, shape);
    return x0;
  };
  codec.decode = [labels, shape = codec.shape](const torch::Tensor& latents) {
    check_shape(latents, shape);
    return Decoded{latents.narrow(1, 0, 1).to(torch::kFloat32).clamp(-1, 1),
                   from_analog_bits(latents.narrow(1, 1, shape[0] - 1), labels)};
  };
  return codec;
}

Codec latent_codec(Autoencoder autoencoder, torch::Tensor shift, torch::Tensor scale, std::vector<std::int64_t> shape) {
  if (shape.size() != 3) throw std::invalid_argument("a latent shape is [C,h,w]");
  if (shift.sizes() != at::IntArrayRef{shape[0]} || scale.sizes() != shift.sizes()) {
    throw std::invalid_argument("shift and scale need one value a latent channel");
  }
  if (!scale.gt(0).all().item<bool>()) throw std::invalid_argument("latent scales must be positive");
  const auto per_channel = [](const torch::Tensor& values) { return values.to(torch::kFloat32).view({1, -1, 1, 1}); };
  Codec codec;
  codec.shape = std::move(shape);
  codec.encode = [autoencoder, shift = per_channel(shift), scale = per_channel(scale), shape = codec.shape](
                     const torch::Tensor& image, const torch::Tensor& mask) {
    const auto raw = autoencoder.encode(image, mask).to(torch::kFloat32);
    check_shape(raw, shape);
    return (raw - shift.to(raw.device())) * scale.to(raw.device());
  };
  codec.decode = [autoencoder, shift = per_channel(shift), scale = per_channel(scale),
                  shape = codec.shape](const torch::Tensor& latents) {
    check_shape(latents, shape);
    const auto x0 = latents.to(torch::kFloat32);
    const auto output = autoencoder.decode(x0 / scale.to(x0.device()) + shift.to(x0.device()));
    return Decoded{output.image.to(torch::kFloat32).clamp(-1, 1), output.mask_logits.argmax(1).to(torch::kUInt8)};
  };
  return codec;
}

}  // namespace ctforge::diffusion
